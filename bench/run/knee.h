/* SPDX-License-Identifier: MIT */
/*
 * knee.h - finds the rate at which an open loop saturates: which rate to try next, from what the
 * trials before have shown. No system calls.
 *
 * A rate is kept up when
 * - the achieved rate is at most 1% below it (with random gaps, 3 standard deviations of the number
 *   of requests come on top), and
 * - the p99, from when each request was due, is known and at most 10 times that at the low rate.
 * The p99 at the low rate is the median of three trials, since everything is held against it.
 * A rate that a trial could not keep up is tried once more before that is believed. The knee is the
 * highest rate that was kept up, once a rate that was not is at most 10% above it.
 *
 * From the low rate it goes up by factors of 4; then it halves what is left, on a log scale.
 */
#ifndef BENCH_KNEE_H
#define BENCH_KNEE_H

#include <stdbool.h>
#include <stdint.h>

#define KNEE_SHORTFALL  0.01
#define KNEE_TAIL       10.0
#define KNEE_RESOLUTION 1.1
#define KNEE_STEP       UINT64_C(4)

/* Requests in a trial at least, so that it carries a p99. */
enum { KNEE_REQUESTS = 1200, KNEE_MOST_TRIALS = 40, KNEE_REFERENCES = 3 };

/* What a trial showed. NaN: not known. */
struct knee_seen {
    double per_second, p99_ns, requests;
    bool poisson;
};

struct knee {
    uint64_t try_hz;             /* the next trial's rate; the last one's when done */
    uint64_t low_hz;             /* where it began */
    uint64_t kept_hz, missed_hz; /* the highest kept up, and the lowest that was not; 0: none yet */
    double low_p99_ns;           /* at the low rate; NaN: not known yet */
    double references_ns[KNEE_REFERENCES]; /* what it is the median of */
    unsigned reference_count;
    unsigned trials;
    bool doubted; /* try_hz was missed once */
    bool done;
};

void knee_begin(struct knee *knee, uint64_t low_hz);

/* Is that rate kept up? `low_p99_ns` NaN: this is the low rate itself. */
bool knee_keeps_up(uint64_t hz, const struct knee_seen *seen, double low_p99_ns);

/* Notes what the trial at try_hz showed, and chooses the next rate, or is done: with the knee
 * between kept_hz and missed_hz; without missed_hz when WORKLOAD_MOST_HZ was kept up; without
 * kept_hz when the low rate was not. At most KNEE_MOST_TRIALS trials. */
void knee_note(struct knee *knee, const struct knee_seen *seen);

#endif
