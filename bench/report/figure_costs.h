/* SPDX-License-Identifier: MIT */
/*
 * figure_costs.h - data of the figure that says where the time of a round trip goes: what the
 * floors predict, part by part, beside what was measured. A function of the table in figure.c.
 */
#ifndef BENCH_FIGURE_COSTS_H
#define BENCH_FIGURE_COSTS_H

#include "report/figure.h"

#include <stdbool.h>

/* The parts of a round trip, each from the run's own floors; NaN where a floor is not known. */
struct figure_costs {
    double system_calls_ns; /* the counted calls, each at the cost of the least one */
    double copies_ns;       /* four of the message: into the kernel and out of it, there and back */
    double wakeups_ns;      /* two wake-ups across CPUs, or two switches on one; spinning: none */
    double coherence_ns;    /* a cache line there and back, on two CPUs */
    double predicted_ns;    /* all that is known of these */
    double measured_ns;     /* the mean; NaN: not known */
};

/* Whether the cell's counts and its run's floors allow it; then fills `costs`. */
bool figure_costs_of(const struct run *run, const struct cell_summary *cell,
                     struct figure_costs *costs);

#define FIGURE_COSTS                                                                          \
    "series,transport_number,run_number,label,key,trials,row,row_label,system_calls_percent," \
    "copies_percent,wakeups_percent,coherence_percent,predicted_ns,measured_ns"
int figure_costs_rows(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                      struct problem *problem);

#endif
