/* SPDX-License-Identifier: MIT */
/*
 * compare_values.h - the numbers of one cell on one side: of each trial, or of each run.
 */
#ifndef BENCH_COMPARE_VALUES_H
#define BENCH_COMPARE_VALUES_H

#include "judge/compare.h"

#define COMPARE_VALUES_MOST BLOCKS_MOST

struct compare_values {
    double logs[COMPARE_VALUES_MOST];    /* of p50, or ns a message where there is no latency */
    double seconds[COMPARE_VALUES_MOST]; /* when, in ascending order; the first ones are kept */
    size_t count;
    char cpus[24]; /* "server,client" of the first trial */
    bool one_cpu;
};

/* Has every run of the side this transport at the cell's workload, wait, placement and size? Not
 * for a cell of that transport itself, and not without a reference (NULL). */
bool compare_values_have_reference(const struct compare_side *side, const char *key,
                                   const char *reference);

/* With a reference, each trial is divided by that one of the reference's trials in its run which
 * began nearest. `by_run`: the median of each run is one number. */
void compare_values_of(const struct compare_side *side, const char *key, const char *reference,
                       bool by_run, struct compare_values *values);

#endif
