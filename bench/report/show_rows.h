/* SPDX-License-Identifier: MIT */
/*
 * show_rows.h - the columns of a cell: which ones a workload has, and what stands in them.
 */
#ifndef BENCH_SHOW_ROWS_H
#define BENCH_SHOW_ROWS_H

#include "base/table.h"
#include "run/run.h"

#include <stdio.h>

/* The workload as it stands above its table: without what is a column there. */
void show_rows_heading(const struct cell *cell, char heading[WORKLOAD_SPEC_BYTES]);

/* An empty table for cells of that cell's workload. */
void show_rows_begin(struct table *table, const struct cell *like);

/* Adds the row of one cell. `precision`: the half width at which its headline counts as known. */
void show_rows_add(struct table *table, const struct cell_summary *cell, double precision);

/* What a table of that workload is sorted by: the less, the further up. NaN: not known. */
double show_rows_rank(const struct cell_summary *cell);

/* Explains the columns of the workloads that the cells have. */
void show_rows_legend(FILE *to, const struct cell_summary *const *cells, size_t count);

#endif
