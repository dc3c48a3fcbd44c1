/* SPDX-License-Identifier: MIT */
/*
 * figure_cells.h - collects the cells that figures can show, numbers their series, and brings them
 * into the order of figures. No system calls.
 */
#ifndef BENCH_FIGURE_CELLS_H
#define BENCH_FIGURE_CELLS_H

#include "report/figure.h"

/* The ok cells of all runs, in the order of figures (placements from near to far).
 * Allocates *cells, which the caller frees; *count may be 0. The cells point into the runs. 0 or
 * -ENOMEM with a problem. */
int figure_cells_collect(const struct figure_run *runs, size_t run_count,
                         struct figure_cell **cells, size_t *count, struct problem *problem);

/* The cells of a workload. */
struct figure_slice figure_cells_of(const struct figure_slice *all, const char *workload);

/* Copies to `to`, which has room for all, the cells of at most `most` series (0: all): the core
 * transports first, then those with the least p50 at the size nearest to FIGURE_SIZE_BYTES (for
 * streams, the highest rate); in the slice's order. *series is how many there are in the slice.
 * Returns how many cells were copied. */
size_t figure_cells_pick(const struct figure_slice *slice, size_t most, struct figure_cell *to,
                         size_t *series);

/* The cells at the start of the slice that share its first cell's wait and placement. */
struct figure_slice figure_cells_group(const struct figure_slice *slice);

/* The size in the slice that is nearest to `bytes` by ratio; of two, the smaller. 0 when empty. */
uint64_t figure_cells_size(const struct figure_slice *slice, uint64_t bytes);

#endif
