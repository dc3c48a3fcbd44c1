/* SPDX-License-Identifier: MIT */
/*
 * contest.h - which of two cells is faster, with the interval and without wishful thinking: where
 * the intervals meet it is a tie. What verdict.c and claims.c stand on. No system calls.
 */
#ifndef BENCH_CONTEST_H
#define BENCH_CONTEST_H

#include "run/run.h"

#include <stdbool.h>

/* What a cell costs, in ns: less is better. NaN: not known. */
struct contest_cost {
    double ns, low_ns, high_ns;
};

enum contest_outcome {
    CONTEST_UNKNOWN, /* a cost or an interval is not known: one trial has none */
    CONTEST_TIE,     /* the intervals overlap, or touch */
    CONTEST_LEFT,    /* the left one is faster */
    CONTEST_RIGHT
};

struct contest {
    const struct cell_summary *left, *right;
    struct contest_cost left_cost, right_cost;
    double times, times_low, times_high; /* right's cost as a multiple of left's. Its interval runs
                                            from least against greatest to greatest against least,
                                            which promises less than it could. */
    enum contest_outcome outcome;
};

/* The p50 with its interval over trials, half a step of the clock wider to both sides, since a
 * median is a whole number of steps. Where many requests are under way (stream, serve), the time
 * for each from the rate, with the interval of the trials' rates. */
struct contest_cost contest_cost_of(const struct run *run, const struct cell_summary *cell);

struct contest contest_between(const struct run *run, const struct cell_summary *left,
                               const struct cell_summary *right);

/* May a person choose this cell's transport for messages? Its status is ok, it is no control, and
 * it is a channel. */
bool contest_admits(const struct cell_summary *cell);

/* Is the workload this one, whatever its knobs? */
bool contest_runs(const struct cell *cell, const char *workload);

/* The fastest cell for which `wanted` is true, or NULL. */
const struct cell_summary *contest_best(const struct run *run,
                                        bool (*wanted)(const struct cell_summary *cell,
                                                       const void *context),
                                        const void *context);

#endif
