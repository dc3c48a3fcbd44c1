/* SPDX-License-Identifier: MIT */
/*
 * duet_sample.c - sorts the spans of each side and takes their percentiles.
 */
#include "duet/duet_sample.h"

#include "stats/stats.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { RADIX_BITS = 11, RADIX = 1 << RADIX_BITS, PASSES = 3 }; /* 3 x 11 bits hold 32 */
enum {
    LEAST_BEYOND = 10, /* spans beyond a percentile, as histogram_carries: fewer can't carry it */
    LEAST_IN_QUAD = 2  /* likewise where many quads stand together */
};

const double duet_percents[DUET_STATISTICS] = {50, 90, 99};

/* One pass of a radix sort: stable, by one digit. */
static void sort_by_digit(const uint32_t *from, uint32_t *to, size_t count, int shift) {
    size_t places[RADIX + 1] = {0};
    for (size_t i = 0; i < count; i++)
        places[((from[i] >> shift) & (RADIX - 1)) + 1]++;
    for (int digit = 0; digit < RADIX; digit++)
        places[digit + 1] += places[digit];
    for (size_t i = 0; i < count; i++)
        to[places[(from[i] >> shift) & (RADIX - 1)]++] = from[i];
}

void duet_sample_sort(uint32_t *values, uint32_t *scratch, size_t count) {
    uint32_t *from = values, *to = scratch;
    for (int pass = 0; pass < PASSES; pass++) {
        sort_by_digit(from, to, count, pass * RADIX_BITS);
        uint32_t *other = from;
        from = to;
        to = other;
    }
    memcpy(values, scratch, count * sizeof *values); /* an odd number of passes ends there */
}

double duet_sample_quantile(const uint32_t *sorted, size_t count, double fraction) {
    double wanted = fraction * (double)count;
    double last_middle = 0, last_value = NAN;
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && sorted[next] == sorted[i];)
            next++;
        double middle = (double)(i + next) / 2;
        double value = (double)sorted[i];
        if (middle >= wanted)
            return isnan(last_value) ? value
                                     : last_value + (value - last_value) * (wanted - last_middle) /
                                                        (middle - last_middle);
        last_middle = middle;
        last_value = value;
    }
    return last_value;
}

/* Copies the spans of one side out of the slices `from` to `to`; returns how many. */
static size_t gather(const struct workload_duet_result *result, unsigned first, unsigned side,
                     uint32_t from, uint32_t to, uint32_t *spans) {
    size_t count = 0;
    for (uint32_t i = from; i < to; i++) {
        uint32_t start = result->starts[i], length = result->starts[i + 1] - start;
        if (workload_duet_side(first, i) != side)
            continue;
        memcpy(spans + count, result->ticks + start, length * sizeof *spans);
        count += length;
    }
    return count;
}

static bool carries(size_t count, enum duet_statistic statistic, double least_beyond) {
    return (double)count * (100 - duet_percents[statistic]) / 100 >= least_beyond;
}

/* What one quad says, in ticks. */
static double quad_value(const struct workload_duet_result *result, unsigned first, unsigned side,
                         uint32_t from, enum duet_statistic statistic, uint32_t *scratch) {
    size_t count = gather(result, first, side, from, from + WORKLOAD_DUET_QUAD, scratch);
    if (!carries(count, statistic, LEAST_IN_QUAD))
        return NAN;
    duet_sample_sort(scratch, scratch + result->spans, count);
    return duet_sample_quantile(scratch, count, duet_percents[statistic] / 100);
}

void duet_sample_take(const struct workload_duet_result *result, unsigned first, double ns_per_tick,
                      uint32_t *scratch, struct duet_sample *samples) {
    double ns = ns_per_tick / (double)(result->per_stamp > 0 ? result->per_stamp : 1);
    for (unsigned side = 0; side < WORKLOAD_DUET_SIDES; side++) {
        size_t count = gather(result, first, side, 0, result->slices, scratch);
        duet_sample_sort(scratch, scratch + result->spans, count);
        samples[side].exchanges = (double)result->exchanges[side];
        for (int i = 0; i < DUET_STATISTICS; i++) {
            bool carried = carries(count, (enum duet_statistic)i, LEAST_BEYOND);
            double ticks = duet_sample_quantile(scratch, count, duet_percents[i] / 100);
            samples[side].ns[i] = carried ? ticks * ns : NAN;
        }
    }
}

double duet_sample_log_ratio(const struct workload_duet_result *result, unsigned first,
                             enum duet_statistic statistic, const struct duet_sample *samples,
                             uint32_t *scratch) {
    double logs[WORKLOAD_DUET_MOST_SLICES / WORKLOAD_DUET_QUAD];
    size_t quads = 0;
    for (uint32_t i = 0; i + WORKLOAD_DUET_QUAD <= result->slices; i += WORKLOAD_DUET_QUAD) {
        double base = quad_value(result, first, 0, i, statistic, scratch);
        double head = quad_value(result, first, 1, i, statistic, scratch);
        logs[quads++] = log(head / base);
    }
    size_t known = stats_sort(logs, quads);
    double whole = log(samples[1].ns[statistic] / samples[0].ns[statistic]);
    return 2 * known > quads ? stats_median(logs, known) : whole;
}
