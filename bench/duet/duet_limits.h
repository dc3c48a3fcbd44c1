/* SPDX-License-Identifier: MIT */
/*
 * duet_limits.h - thresholds of single cells, from a small JSON file: each with the reason for it.
 *
 *   {"cells": [
 *     {"match": "GLOB", "alarm": 0.05, "tolerance": 0.1, "reason": "..."},
 *     {"match": "GLOB", "gated": false, "reason": "..."}
 *   ]}
 *
 * "match" is a pattern of the shell's over cells' keys, in which '*' matches '/' too; of several
 * that match the last one counts. "alarm" and "tolerance" are shares.
 */
#ifndef BENCH_DUET_LIMITS_H
#define BENCH_DUET_LIMITS_H

#include "duet/duet_gate.h"

/* Sets the limits of every cell: the defaults, then what the file says (`path` NULL: nothing). 0,
 * or -EINVAL with a problem that names the entry: no reason, a pattern that matches no cell, a
 * wrong number, or a field that nobody knows. */
int duet_limits_apply(const char *path, struct duet_suite *suite, struct problem *problem);

#endif
