/* SPDX-License-Identifier: MIT */
/*
 * figure_rows.h - the data of each kind of figure: the functions of the table in figure.c, and the
 * header line that each of them fills. The first columns are those that all of them share.
 */
#ifndef BENCH_FIGURE_ROWS_H
#define BENCH_FIGURE_ROWS_H

#include "report/figure.h"

#define FIGURE_ROWS_SHARED "series,transport_number,run_number,label,key,trials,"

#define FIGURE_ROWS_LATENCY \
    FIGURE_ROWS_SHARED "size_bytes,exchanges,min_ns,p50_ns,p50_low_ns,p50_high_ns,p99_ns"
int figure_rows_latency(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                        struct problem *problem);

/* least and most: of the single trials. */
#define FIGURE_ROWS_THROUGHPUT \
    FIGURE_ROWS_SHARED "size_bytes,bytes_per_second,least_bytes_per_second,most_bytes_per_second"
int figure_rows_throughput(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                           struct problem *problem);

/* beyond = 1 / (1 - percentile / 100); marked: 1 at 50, 90, 99, 99.9 ... percent, else 0. */
#define FIGURE_ROWS_PERCENTILES FIGURE_ROWS_SHARED "exchanges,percentile,beyond,marked,value_ns"
int figure_rows_percentiles(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                            struct problem *problem);

/* All ok cells of all runs with a header line: a table of its own, and no figure's. */
void figure_rows_cells(const struct figure_run *runs, size_t count, FILE *csv);

#endif
