/* SPDX-License-Identifier: MIT */
/*
 * blocks.h - two groups of numbers that were not measured by turns: an exact test and an interval
 * of how far one lies from the other, and whether they were measured by turns after all. No system
 * calls, no state.
 */
#ifndef BENCH_BLOCKS_H
#define BENCH_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

#define BLOCKS_MOST 50 /* numbers of a group */

struct blocks_shift {
    double estimate;  /* Hodges and Lehmann: the median of all differences, second minus first */
    double low, high; /* between two of the differences, inverting the test */
    double
        coverage; /* exact where no two numbers are equal; less than asked when there are too few */
    double p;     /* Mann and Whitney, exact, two-sided, ties by their middle ranks */
    double least_p; /* that groups of these sizes could have reached at all */
};

/* NaN in every field when a group is empty; at most BLOCKS_MOST each. */
struct blocks_shift blocks_compare(const double *first, size_t first_count, const double *second,
                                   size_t second_count, double confidence);

/* Were they measured by turns? Both have as many, and in order of time each neighbouring two are
 * one of each (ABAB, ABBA and so on). Equal times say nothing, so they are not. Times ascend. */
bool blocks_interleaved(const double *first, size_t first_count, const double *second,
                        size_t second_count);

#endif
