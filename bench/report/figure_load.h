/* SPDX-License-Identifier: MIT */
/*
 * figure_load.h - data of the figures that follow the load: requests at a rate, and servers with
 * many clients. Functions of the table in figure.c.
 */
#ifndef BENCH_FIGURE_LOAD_H
#define BENCH_FIGURE_LOAD_H

#include "report/figure.h"

/* x is the rate (hz) or the number of clients; the series are a transport with its wait, its
 * placement and what else names the workload. */
#define FIGURE_LOAD_RATE                                                                           \
    "series,transport_number,run_number,label,key,trials,size_bytes,x,p50_ns,p50_low_ns,p50_high_" \
    "ns,p99_ns,cpu_ns,per_second"
int figure_load_rate(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                     struct problem *problem);

#define FIGURE_LOAD_CLIENTS FIGURE_LOAD_RATE
int figure_load_clients(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                        struct problem *problem);

#endif
