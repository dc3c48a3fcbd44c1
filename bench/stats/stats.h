/* SPDX-License-Identifier: MIT */
/*
 * stats.h - the arithmetic of few independent numbers, such as one median for each of several
 * trials. No system calls, no allocation, no state. Functions that take `sorted` expect ascending
 * numbers without NaN, as stats_sort leaves them.
 */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

#include <stddef.h>
#include <stdint.h>

/* Puts the known numbers first, ascending, and returns how many are known (not NaN). */
size_t stats_sort(double *values, size_t count);

/* The quantile (fraction from 0 to 1), interpolated between neighbours at (count - 1) * fraction:
 * type 7 of Hyndman and Fan (1996), which R and NumPy take by default. NaN without numbers. */
double stats_quantile(const double *sorted, size_t count, double fraction);
double stats_median(const double *sorted, size_t count);

struct stats_interval {
    double low, high; /* NaN where there are too few numbers for any interval */
    double coverage;  /* exact share of samples whose interval holds the true median, whatever the
                         (continuous) distribution; NaN where the method doesn't know it */
};

/* An interval of the median between two of the numbers, from the binomial distribution: the
 * narrowest pair (k-th smallest, k-th largest) that covers at least `confidence`. When not even the
 * smallest and the largest do, it is these two, and `coverage` says so: 0.5 for 2 numbers, 0.75 for
 * 3, 0.875 for 4, 0.9375 for 5; 0.96875 for 6 is the first beyond 95%. NaN below 2 numbers. */
struct stats_interval stats_order_interval(const double *sorted, size_t count, double confidence);

/* The percentile bootstrap: medians of `resamples` samples drawn with replacement, and between
 * which of them the middle `confidence` lies. The same seed gives the same interval. `scratch` has
 * room for count + resamples numbers. Below 10 numbers it promises too much: with 95% asked it
 * covers 50, 75, 87, 93, 94, 87, 92, 92% at 2 to 9 numbers (normal distribution; others are alike).
 * NaN below 2 numbers. */
struct stats_interval stats_bootstrap_interval(const double *sorted, size_t count,
                                               double confidence, size_t resamples, uint64_t seed,
                                               double *scratch);

/* The 95% interval of the median to print, NaN below 2 numbers:
 * - from 6 numbers on, the hull of the order interval, which keeps the promise by itself, and of
 *   the bootstrap;
 * - from 2 to 5 numbers no interval inside the sample can reach 95%, so it is the hull of smallest
 *   to largest and of Student's t interval, which reaches beyond the sample and supposes that the
 *   numbers, or if all are positive their logarithms, scatter about evenly to both sides. It is
 * wide (at 3 numbers about 2.6 times their range): that is what so few trials know. In simulations
 * of 2 to 10 positive numbers it covered 95 to 99% of lognormal samples; the worst was 88%, at 2
 * numbers of a distribution with two modes a factor of 8 apart. `coverage` is
 * that of the order interval within it, so 95% is promised only where it says at least 0.95. */
struct stats_interval stats_median_interval(const double *sorted, size_t count, size_t resamples,
                                            uint64_t seed, double *scratch);

/* The next number of the splitmix64 generator (Steele, Lea, Flood: Fast Splittable Pseudorandom
 * Number Generators, OOPSLA 2014). Any state is a good seed. */
uint64_t stats_random(uint64_t *state);

/* A random number from 0 to bound - 1, for bounds from 1 to 2^32: even but for a share of at most
 * bound / 2^32. */
uint64_t stats_random_below(uint64_t *state, uint64_t bound);

#endif
