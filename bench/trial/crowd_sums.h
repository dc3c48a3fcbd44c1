/* SPDX-License-Identifier: MIT */
/*
 * crowd_sums.h - what many clients add up to: their rate, how evenly they were served, and whether
 * the figures agree with each other. No system calls.
 */
#ifndef BENCH_CROWD_SUMS_H
#define BENCH_CROWD_SUMS_H

#include "trial/crowd.h"

/* Jain's index of the clients' exchanges: 1 when all had the same number, 1/count when one had all.
 * NaN without exchanges. */
double crowd_sums_fairness(const double *exchanges, size_t count);

/* Little's law: `count` requests were always under way, so count = rate x mean latency. Their
 * ratio: rate x mean / count. 1 is perfect. Less: clients stood still for part of the time. More is
 * impossible. NaN where a figure is. */
double crowd_sums_little(double per_second, double mean_ns, size_t count);

/* What may be missing from 1: 5%, and at the edges of the measured time, where not all clients are
 * at work, twice the share of one latency. */
double crowd_sums_tolerance(double mean_ns, double duration_ns);

/* Fills in `result` (of the control block) and the extremes of its histogram from what the clients
 * left: all exchanges, and the time from the first client's start to the last one's end. */
void crowd_sums_close(const struct crowd *crowd, size_t count, const struct clock *clock,
                      struct control *control);

#endif
