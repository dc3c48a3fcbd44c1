/* SPDX-License-Identifier: MIT */
/*
 * show_curves.h - the round trips of a run as curves for a terminal, drawn by gnuplot with
 * characters from the data of the report's figures.
 */
#ifndef BENCH_SHOW_CURVES_H
#define BENCH_SHOW_CURVES_H

#include "report/show.h"

#include "base/problem.h"

enum { SHOW_CURVES_COLUMNS = 80, SHOW_CURVES_MOST_COLUMNS = 120 };

/* Prints a picture for each wait and placement of ping-pong that passes: p50 by size, or, of a run
 * with one size only, the round trip by percentile. Without gnuplot, or its scripts, it prints a
 * sentence instead. 0 or -errno with a problem. */
int show_curves(FILE *to, const struct run *run, const struct show_filter *filter, unsigned columns,
                struct problem *problem);

#endif
