/* SPDX-License-Identifier: MIT */
/*
 * histogram.c - what is asked of a histogram once the timed loop is over.
 */
#include "stats/histogram.h"

#include <float.h>
#include <math.h>
#include <string.h>

_Static_assert(HISTOGRAM_COUNTS == 28672, "HdrHistogram's array for 1 to 2^36 with 3 digits");

void histogram_reset(struct histogram *histogram) {
    memset(histogram, 0, sizeof *histogram);
}

uint64_t histogram_lowest(uint32_t index) {
    if (index < 2 * HISTOGRAM_HALF)
        return index;
    uint32_t octave = index / HISTOGRAM_HALF - 1;
    return (uint64_t)(index - octave * HISTOGRAM_HALF) << octave;
}

uint64_t histogram_value(uint32_t index) {
    return histogram_lowest(index + 1) - 1;
}

/* How many values, counted from the smallest, make up that percentage: rounded up, so that they
 * are at least that many, and at least one. The product of decimal fractions may come out a few
 * units in the last place too high (99.9 / 100 * 1000 is above 999): those are taken off first. */
static double rank(const struct histogram *histogram, double percent) {
    double exact = percent / 100 * (double)histogram->total;
    return fmax(1, ceil(exact * (1 - 4 * DBL_EPSILON)));
}

uint64_t histogram_percentile(const struct histogram *histogram, double percent) {
    if (histogram->total == 0)
        return 0;
    double wanted = rank(histogram, percent);
    uint64_t seen = 0;
    for (uint32_t index = 0; index < HISTOGRAM_COUNTS; index++) {
        seen += histogram->counts[index];
        if ((double)seen < wanted)
            continue;
        uint64_t value = histogram_value(index);
        return value < histogram->max_ns ? value : histogram->max_ns;
    }
    return histogram->max_ns;
}

int histogram_carries(const struct histogram *histogram, double percent) {
    return (double)histogram->total - rank(histogram, percent) >= 10;
}

double histogram_mean(const struct histogram *histogram) {
    return histogram->total == 0 ? NAN : (double)histogram->sum_ns / (double)histogram->total;
}

void histogram_add(struct histogram *to, const struct histogram *from) {
    if (from->total == 0)
        return;
    if (to->total == 0 || from->min_ns < to->min_ns)
        to->min_ns = from->min_ns;
    if (from->max_ns > to->max_ns)
        to->max_ns = from->max_ns;
    to->total += from->total;
    to->sum_ns += from->sum_ns;
    for (uint32_t index = 0; index < HISTOGRAM_COUNTS; index++)
        to->counts[index] += from->counts[index];
}
