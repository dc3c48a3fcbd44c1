/* SPDX-License-Identifier: MIT */
/*
 * figure_dots.h - data of the figures with a row for each transport and a dot for each class (a
 * wait, a placement, a run): the fastest row first. Functions of the table in figure.c.
 */
#ifndef BENCH_FIGURE_DOTS_H
#define BENCH_FIGURE_DOTS_H

#include "report/figure.h"

/* Here the series are the classes. scripts/dots.gp reads the last three columns by their place. */
#define FIGURE_DOTS_NS \
    "series,transport_number,run_number,label,key,trials,row,row_label,value_ns,low_ns,high_ns"
#define FIGURE_DOTS_TIMES                                                                \
    "series,transport_number,run_number,label,key,trials,row,row_label,value_times,low_" \
    "times,high_times"

/* p50 of every wait and placement. */
int figure_dots_overview(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                         struct problem *problem);

/* The waits of the nearest two cores: p50, and CPU for each exchange. */
int figure_dots_waiting(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                        struct problem *problem);
int figure_dots_waiting_cpu(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                            struct problem *problem);

/* The placements of blocking cells. */
int figure_dots_placement(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                          struct problem *problem);

/* Connecting for each exchange; its phases where the run has them. */
int figure_dots_connections(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                            struct problem *problem);

/* A library as a multiple of the raw transport that it uses. */
int figure_dots_tax(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                    struct problem *problem);

/* Every later run as a multiple of the first. */
int figure_dots_runs(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                     struct problem *problem);

#endif
