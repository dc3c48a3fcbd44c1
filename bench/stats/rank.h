/* SPDX-License-Identifier: MIT */
/*
 * rank.h - the statistics of the gate: exact tests and intervals that assume no distribution, for
 * few numbers. No system calls, no state.
 */
#ifndef BENCH_RANK_H
#define BENCH_RANK_H

#include <stddef.h>

#define RANK_MOST 50 /* numbers: their 2^50 signs are still counted exactly in a double */

/* The exact two-sided p of Wilcoxon's signed-rank test of "symmetric around 0". Zeros are left out
 * (as Wilcoxon did), ties share their middle rank, and the distribution is that of all signs over
 * the ranks as they are, ties included. 1 without numbers that differ from 0; at most RANK_MOST. */
double rank_signed_p(const double *values, size_t count);

struct rank_shift {
    double estimate;  /* Hodges and Lehmann: the median of the Walsh averages, (a + b) / 2 of all
                         pairs,  each number with itself too */
    double low, high; /* the interval between two Walsh averages that inverts the test */
    double coverage;  /* what it really covers: at least what was asked, or the most that so few
                         numbers can, 1 - 2^(1 - count) */
};

/* Where the middle of the numbers is. NaN in every field without numbers; at most RANK_MOST. */
struct rank_shift rank_shift_of(const double *values, size_t count, double confidence);

/* Holm's step-down adjustment: adjusted[i] < alpha rejects hypothesis i so that the chance of any
 * false rejection is at most alpha, whatever the dependence. NaN stays NaN and counts for nothing.
 */
void rank_holm(const double *p, size_t count, double *adjusted);

struct rank_bounds {
    double low, high;
};

/* Clopper and Pearson's exact interval of a share of which `hits` of `count` were seen. */
struct rank_bounds rank_share(size_t hits, size_t count, double confidence);

#endif
