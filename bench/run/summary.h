/* SPDX-License-Identifier: MIT */
/*
 * summary.h - a cell's summary to JSON and back: an entry of a run file's "cells".
 */
#ifndef BENCH_SUMMARY_H
#define BENCH_SUMMARY_H

#include "run/run.h"

/* A new reference, or NULL without memory. */
json_t *summary_to_json(const struct cell_summary *summary);

/* 0, or -EINVAL with a problem that names the field. */
int summary_from_json(const json_t *json, struct cell_summary *summary, struct problem *problem);

#endif
