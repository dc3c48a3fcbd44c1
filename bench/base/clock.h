/* SPDX-License-Identifier: MIT */
/*
 * clock.h - the clock that stamps exchanges: the invariant time stamp counter where there is one
 * (the virtual counter on aarch64), else clock_gettime. Its rate, cost and quantum are measured.
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum clock_source {
    CLOCK_COUNTER, /* rdtsc or cntvct_el0 */
    CLOCK_SYSTEM,  /* clock_gettime(CLOCK_MONOTONIC) */
    CLOCK_MANUAL   /* a variable that a test advances */
};

struct clock {
    enum clock_source source;
    const uint64_t *manual; /* CLOCK_MANUAL: the time, in ns */
    double ns_per_tick;
    double hz;         /* ticks a second */
    double cost_ns;    /* one read, back to back */
    double quantum_ns; /* the step in which it advances */
};

/* Picks the source and measures it; takes about 6 ms. */
void clock_calibrate(struct clock *clock);

/* The step of a counter in ticks, of which these differences between reads, at times that have
 * nothing to do with it, are multiples; 1 where they have none in common. */
uint64_t clock_step_of(const uint64_t *differences, size_t count);

/* "tsc", "cntvct", "clock_gettime", "manual". */
const char *clock_name(const struct clock *clock);

static inline uint64_t clock_system_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* The hardware counter; not fenced: what it would be fenced against ends in a system call or in a
 * mispredicted spin loop, and a fence costs as much as the read. */
static inline uint64_t clock_counter(void) {
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
    return clock_system_ns();
#endif
}

/* Now, in ticks. */
static inline uint64_t clock_ticks(const struct clock *clock) {
    if (__builtin_expect(clock->source == CLOCK_COUNTER, 1))
        return clock_counter();
    if (clock->source == CLOCK_MANUAL)
        return *clock->manual;
    return clock_system_ns();
}

/* A span of ticks in ns, rounded down. */
static inline uint64_t clock_span_ns(const struct clock *clock, uint64_t ticks) {
    return (uint64_t)((double)ticks * clock->ns_per_tick);
}

#endif
