/* SPDX-License-Identifier: MIT */
/*
 * stats.c - medians, quantiles, and intervals of the median.
 */
#include "stats/stats.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

size_t stats_sort(double *values, size_t count) {
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            values[known++] = values[i];
    for (size_t i = known; i < count; i++)
        values[i] = NAN;
    qsort(values, known, sizeof *values, ascending);
    return known;
}

double stats_quantile(const double *sorted, size_t count, double fraction) {
    if (count == 0)
        return NAN;
    double position = (double)(count - 1) * fmin(fmax(fraction, 0), 1);
    size_t below = (size_t)position;
    double part = position - (double)below;
    /* The second case would interpolate with infinity, or beyond the end. */
    if (part == 0 || sorted[below] == sorted[below + 1])
        return sorted[below];
    return sorted[below] + part * (sorted[below + 1] - sorted[below]);
}

double stats_median(const double *sorted, size_t count) {
    return stats_quantile(sorted, count, 0.5);
}

uint64_t stats_random(uint64_t *state) {
    uint64_t mixed = (*state += UINT64_C(0x9e3779b97f4a7c15));
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

uint64_t stats_random_below(uint64_t *state, uint64_t bound) {
    return ((stats_random(state) >> 32) * bound) >> 32;
}

/* The probability that a fair coin thrown `count` times shows heads exactly `heads` times. */
static double coin(size_t count, size_t heads) {
    double n = (double)count;
    double k = (double)heads;
    return exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) - n * log(2));
}

struct stats_interval stats_order_interval(const double *sorted, size_t count, double confidence) {
    struct stats_interval interval = {NAN, NAN, NAN};
    if (count < 2)
        return interval;
    /* The true median lies outside the k-th smallest and k-th largest when fewer than k numbers are
     * below it, or above it. */
    double outside = 2 * coin(count, 0);
    size_t k = 1;
    while (k < count / 2 && outside + 2 * coin(count, k) <= 1 - confidence)
        outside += 2 * coin(count, k++);
    interval.low = sorted[k - 1];
    interval.high = sorted[count - k];
    interval.coverage = 1 - outside;
    return interval;
}

static double resampled_median(const double *sorted, size_t count, uint64_t *state,
                               double *sample) {
    for (size_t i = 0; i < count; i++)
        sample[i] = sorted[stats_random_below(state, count)];
    return stats_median(sample, stats_sort(sample, count));
}

struct stats_interval stats_bootstrap_interval(const double *sorted, size_t count,
                                               double confidence, size_t resamples, uint64_t seed,
                                               double *scratch) {
    struct stats_interval interval = {NAN, NAN, NAN};
    if (count < 2 || resamples == 0)
        return interval;
    double *medians = scratch;
    double *sample = scratch + resamples;
    for (size_t i = 0; i < resamples; i++)
        medians[i] = resampled_median(sorted, count, &seed, sample);
    (void)stats_sort(medians, resamples);
    interval.low = stats_quantile(medians, resamples, (1 - confidence) / 2);
    interval.high = stats_quantile(medians, resamples, (1 + confidence) / 2);
    return interval;
}

/* Student's t at 97.5% for 2 to 5 numbers (1 to 4 degrees of freedom). */
static const double student[] = {[2] = 12.706, [3] = 4.303, [4] = 3.182, [5] = 2.776};
enum { FEW = sizeof student / sizeof *student - 1 };

static double identity(double x) {
    return x;
}

/* Of the logarithms, where there are any: latencies scatter by factors, and no interval of theirs
 * reaches below zero. */
static struct stats_interval student_interval(const double *sorted, size_t count) {
    bool positive = sorted[0] > 0;
    double (*const to)(double) = positive ? log : identity;
    double (*const from)(double) = positive ? exp : identity;
    double mean = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        mean += to(sorted[i]) / (double)count;
    for (size_t i = 0; i < count; i++)
        squares += (to(sorted[i]) - mean) * (to(sorted[i]) - mean);
    double half = student[count] * sqrt(squares / (double)(count - 1) / (double)count);
    return (struct stats_interval){from(mean - half), from(mean + half), NAN};
}

struct stats_interval stats_median_interval(const double *sorted, size_t count, size_t resamples,
                                            uint64_t seed, double *scratch) {
    struct stats_interval hull = stats_order_interval(sorted, count, 0.95);
    if (count < 2)
        return hull;
    struct stats_interval other =
        count <= FEW ? student_interval(sorted, count)
                     : stats_bootstrap_interval(sorted, count, 0.95, resamples, seed, scratch);
    hull.low = fmin(hull.low, other.low);
    hull.high = fmax(hull.high, other.high);
    return hull;
}
