/* SPDX-License-Identifier: MIT */
/*
 * run_options.h - what a run was asked for and what it decided, as the "options" of its run file:
 * enough to do it again.
 */
#ifndef BENCH_RUN_OPTIONS_H
#define BENCH_RUN_OPTIONS_H

#include "run/config.h"
#include "run/plan.h"
#include "run/resolve.h"

#include <jansson.h>

/* A new reference, or NULL without memory. `command` is what the user typed. */
json_t *run_options_to_json(int argc, char **argv, const struct config *config,
                            const struct resolve_placements *placements, const struct plan *plan);

#endif
