/* SPDX-License-Identifier: MIT */
/*
 * null.c - no transport at all: there is no server, and the client gets back what it sent, at once
 * (null: what the harness itself costs) or after a delay that is known (known-delay: the harness
 * must report just that).
 *
 * A message costs no system call, 2 copies within the client, and no wake-up.
 *
 * A delay is a number of steps of a loop whose steps depend on each other, timed when the end
 * attaches: finer than the clock's own steps, which it is there to check. Fences keep the CPU from
 * starting the next exchange while the loop still runs; known-delay has them also when its delay is
 * 0, so that the difference to that is the delay and nothing else.
 */
#include "helper.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct null_link {
    struct ipc_link base;
    uint64_t delay_ns;
    uint64_t one_in;
    uint64_t fence;
};

struct null_end {
    struct ipc_end base;
    void *kept; /* the message sent last: the caller may change its own before it receives */
    uint64_t steps;
    bool fenced;
    uint64_t one_in, until; /* exchanges from one delayed one to the next, and left until it */
};

static const struct ipc_knob knobs[] = {
    {.name = "delay",
     .kind = IPC_KNOB_NUMBER,
     .offset = offsetof(struct null_link, delay_ns),
     .fallback = "0",
     .high = 1000000000,
     .help = "delay of a reply in ns"},
    {.name = "one-in",
     .kind = IPC_KNOB_NUMBER,
     .offset = offsetof(struct null_link, one_in),
     .fallback = "1",
     .low = 1,
     .high = 1000000,
     .help = "delay one reply in that many: 100 delays 1%"},
    {.name = "fence",
     .kind = IPC_KNOB_FLAG,
     .offset = offsetof(struct null_link, fence),
     .fallback = "0",
     .help = "1: no exchange overlaps the delay of the one before it"},
    {.name = NULL}};

static const struct ipc_preset presets[] = {
    {.name = "null", .knobs = "", .summary = "no transport at all: what the harness itself costs"},
    {.name = "known-delay",
     .knobs = "delay=1000,fence=1",
     .summary = "no transport, and a known delay: the harness must report just that"},
    {.name = NULL}};

static int setup(struct ipc_link *base) {
    (void)base;
    return 0;
}

/* Nothing after it starts before all before it is done. */
static inline void fence(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_lfence();
#elif defined(__aarch64__)
    __asm__ volatile("dsb sy\n\tisb" ::: "memory");
#endif
}

/* A chain of multiplications, none of which can start before the last one is done. */
static void burn(uint64_t steps) {
    uint64_t x = steps | 1;
    for (uint64_t i = 0; i < steps; i++) {
        x *= UINT64_C(0x9e3779b97f4a7c15);
        __asm__ volatile("" : "+r"(x));
    }
}

static double now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double time_of(uint64_t steps) {
    double before = now_ns();
    fence();
    burn(steps);
    fence();
    return now_ns() - before;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The steps that take `ns`: from the difference between two lengths, so that what a call costs
 * drops out, and from the median of several, since the trial won't have the quickest moments only.
 */
static uint64_t steps_of(uint64_t ns) {
    enum { STEPS = 50000, TRIES = 41 };
    double took[TRIES];
    for (int i = 0; i < TRIES; i++)
        took[i] = time_of(2 * STEPS) - time_of(STEPS);
    qsort(took, TRIES, sizeof *took, compare);
    double step_ns = took[TRIES / 2] / STEPS;
    return step_ns > 0 ? (uint64_t)((double)ns / step_ns + 0.5) : 0;
}

static int attach(struct ipc_end *base) {
    struct null_end *end = (struct null_end *)base;
    const struct null_link *link = (const struct null_link *)base->link;
    end->steps = link->delay_ns > 0 ? steps_of(link->delay_ns) : 0;
    end->fenced = link->fence != 0;
    end->one_in = end->until = link->one_in;
    end->kept = malloc(base->link->max_bytes);
    return end->kept ? 0 : ipc_fail_with(&base->fault, "malloc", ENOMEM);
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    memcpy(((struct null_end *)base)->kept, message, bytes);
    return 0;
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct null_end *end = (struct null_end *)base;
    if (end->fenced)
        fence();
    if (end->steps > 0 && --end->until == 0) {
        burn(end->steps);
        end->until = end->one_in;
    }
    if (end->fenced)
        fence();
    memcpy(message, end->kept, bytes);
    return 0;
}

static int detach(struct ipc_end *base) {
    free(((struct null_end *)base)->kept);
    return 0;
}

static void cleanup(struct ipc_link *base) {
    (void)base;
}

static const struct ipc_messages messages = {send_message, recv_message};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "null",
    .summary = "no transport: the client talks to itself",
    .group = "control",
    .cost = "no system call, 2 copies within the client",
    .link_bytes = sizeof(struct null_link),
    .end_bytes = sizeof(struct null_end),
    .knobs = knobs,
    .presets = presets,
    .solo = true,
    .one_at_a_time = "there is one end, which keeps what it sent until it has received it",
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages},
};
