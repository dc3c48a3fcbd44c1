/* SPDX-License-Identifier: MIT */
/*
 * figure_pareto.h - data of the figure that sets latency against what it costs in CPU time: one
 * point for each transport, wait and placement. A function of the table in figure.c.
 */
#ifndef BENCH_FIGURE_PARETO_H
#define BENCH_FIGURE_PARETO_H

#include "report/figure.h"

/* front: 2 where no other point is both faster and cheaper, 1 where none of the same wait and
 * placement is, else 0. place: where the name stands (figure_labels.h). */
#define FIGURE_PARETO                                                                              \
    "series,transport_number,run_number,label,key,trials,name,front,cpu_ns,p50_ns,p50_low_ns,p50_" \
    "high_ns,place"
int figure_pareto(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                  struct problem *problem);

#endif
