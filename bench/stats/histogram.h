/* SPDX-License-Identifier: MIT */
/*
 * histogram.h - a log-linear histogram of latencies in ns: 3 significant digits from 1 ns to 68 s,
 * fixed size, no allocation, no pointers, so that it can live in shared memory. Its buckets are
 * those of HdrHistogram (lowest discernible value 1, 3 digits), whose tools read what we store.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 11 /* 2048 linear steps: 3 significant digits */
#define HISTOGRAM_HALF     (1 << (HISTOGRAM_SUB_BITS - 1))
#define HISTOGRAM_MAX_NS   (UINT64_C(1) << 36) /* larger values count as this */
#define HISTOGRAM_BUCKETS  (36 - HISTOGRAM_SUB_BITS + 1 + 1)
#define HISTOGRAM_COUNTS   ((HISTOGRAM_BUCKETS + 1) * HISTOGRAM_HALF)

struct histogram {
    uint64_t total;
    uint64_t sum_ns; /* exact, not from the buckets */
    uint64_t min_ns; /* exact; 0 when empty */
    uint64_t max_ns; /* exact; 0 when empty */
    uint64_t counts[HISTOGRAM_COUNTS];
};

void histogram_reset(struct histogram *histogram);

/* The index of the bucket that holds a value: linear up to 2^11, then 1024 steps per octave. */
static inline uint32_t histogram_index(uint64_t ns) {
    uint32_t octave =
        63 - (uint32_t)__builtin_clzll(ns | (2 * HISTOGRAM_HALF - 1)) - (HISTOGRAM_SUB_BITS - 1);
    return octave * HISTOGRAM_HALF + (uint32_t)(ns >> octave);
}

/* Counts one value. */
static inline void histogram_record(struct histogram *histogram, uint64_t ns) {
    if (__builtin_expect(ns > HISTOGRAM_MAX_NS, 0))
        ns = HISTOGRAM_MAX_NS;
    histogram->counts[histogram_index(ns)]++;
    histogram->total++;
    histogram->sum_ns += ns;
    if (ns < histogram->min_ns || histogram->total == 1)
        histogram->min_ns = ns;
    if (ns > histogram->max_ns)
        histogram->max_ns = ns;
}

/* Counts one value, above 0, so many times. */
static inline void histogram_record_many(struct histogram *histogram, uint64_t ns, uint64_t times) {
    if (times == 0)
        return;
    histogram_record(histogram, ns);
    ns = ns > HISTOGRAM_MAX_NS ? HISTOGRAM_MAX_NS : ns;
    histogram->counts[histogram_index(ns)] += times - 1;
    histogram->total += times - 1;
    histogram->sum_ns += ns * (times - 1);
}

/* The highest value that counts as equal to those of this bucket (HdrHistogram's convention), and
 * the lowest. */
uint64_t histogram_value(uint32_t index);
uint64_t histogram_lowest(uint32_t index);

/* The value at or below which `percent` (0 to 100) of the recorded values lie; 0 when empty. It is
 * histogram_value of the bucket, but never beyond the largest value that was recorded. */
uint64_t histogram_percentile(const struct histogram *histogram, double percent);

/* True when at least 10 recorded values lie beyond that percentile: fewer cannot carry it. */
int histogram_carries(const struct histogram *histogram, double percent);

/* Exact; NaN when empty. */
double histogram_mean(const struct histogram *histogram);

/* Adds what `from` holds to `to`. */
void histogram_add(struct histogram *to, const struct histogram *from);

#endif
