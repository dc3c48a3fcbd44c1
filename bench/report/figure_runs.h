/* SPDX-License-Identifier: MIT */
/*
 * figure_runs.h - what a report says of its runs: the name of each, and on which host, CPU and day
 * it was measured. No system calls.
 */
#ifndef BENCH_FIGURE_RUNS_H
#define BENCH_FIGURE_RUNS_H

#include "report/figure.h"

/* Gives each run its name, from the path of its file: plain text, short, and unique. */
void figure_runs_name(struct figure_run *runs, const char *const *paths, size_t count);

/* Allocates the caption: a line for each of the first runs, and how many more there are. What a
 * run doesn't know is left out. 0 or -ENOMEM with a problem. */
int figure_runs_caption(const struct figure_run *runs, size_t count, char **caption,
                        struct problem *problem);

#endif
