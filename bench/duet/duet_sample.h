/* SPDX-License-Identifier: MIT */
/*
 * duet_sample.h - from the spans of one duet's trial to the percentiles of each side. No system
 * calls.
 */
#ifndef BENCH_DUET_SAMPLE_H
#define BENCH_DUET_SAMPLE_H

#include "trial/workload_duet.h"

#include <stddef.h>

enum duet_statistic { DUET_P50, DUET_P90, DUET_P99, DUET_STATISTICS };
extern const double duet_percents[DUET_STATISTICS];

/* One side of one trial. NaN: not known, or too few spans to carry it. */
struct duet_sample {
    double exchanges; /* measured */
    double ns[DUET_STATISTICS];
};

/* Sorts `count` numbers, ascending; `scratch` has room for as many. */
void duet_sample_sort(uint32_t *values, uint32_t *scratch, size_t count);

/* A quantile of a sample whose values come in steps, those of the clock: where the middle of the
 * distribution function passes `fraction`, with straight lines between the values that occur (the
 * mid-distribution quantile: Ma, Genton and Parzen 2011, "Asymptotic properties of sample quantiles
 * of discrete distributions"). It moves smoothly where an ordinary quantile would jump by a whole
 * step, or stand still. NaN for an empty sample. */
double duet_sample_quantile(const uint32_t *sorted, size_t count, double fraction);

/* Fills `samples` of both sides. `scratch` has room for twice the spans. */
void duet_sample_take(const struct workload_duet_result *result, unsigned first, double ns_per_tick,
                      uint32_t *scratch, struct duet_sample *samples);

/* The log of second side / first side (1 / 0) of one percentile: the median over the quads of what
 * each says by itself, so that a host whose state changes within the trial moves both sides of a
 * quad or spoils only that one. Where too few quads carry it, the ratio of `samples`, of the whole
 * trial; NaN where these don't either. `scratch` as above. */
double duet_sample_log_ratio(const struct workload_duet_result *result, unsigned first,
                             enum duet_statistic statistic, const struct duet_sample *samples,
                             uint32_t *scratch);

#endif
