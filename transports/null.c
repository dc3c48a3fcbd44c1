/* SPDX-License-Identifier: MIT */
/*
 * null.c - no transport at all: there is no server, and the client gets back what it sent, at once
 * (null: what the harness itself costs) or after a delay that is known (known-delay: the harness
 * must report just that).
 *
 * A message costs no system call, 2 copies within the client, and no wake-up.
 *
 * A delay is a number of steps of a loop whose steps depend on each other, timed when the end
 * attaches: finer than the clock's own steps, which it is there to check.
 */
#include "helper.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct null_link {
    struct ipc_link base;
    uint64_t delay_ns;
    uint64_t one_in;
};

struct null_end {
    struct ipc_end base;
    void *kept; /* the message sent last: the caller may change its own before it receives */
    uint64_t steps;
    uint64_t one_in, until; /* exchanges from one delayed one to the next, and left until it */
};

static const struct ipc_knob knobs[] = {{.name = "delay",
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
                                        {.name = NULL}};

static const struct ipc_preset presets[] = {
    {.name = "null", .knobs = "", .summary = "no transport at all: what the harness itself costs"},
    {.name = "known-delay",
     .knobs = "delay=1000",
     .summary = "no transport, and a known delay: the harness must report just that"},
    {.name = NULL}};

static int setup(struct ipc_link *base) {
    (void)base;
    return 0;
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

/* The steps that take `ns`: from the fastest of several timings, since interruptions only add. */
static uint64_t steps_of(uint64_t ns) {
    enum { STEPS = 400000, TRIES = 9 };
    double least = 1e18;
    for (int i = 0; ns > 0 && i < TRIES; i++) {
        double before = now_ns();
        burn(STEPS);
        double took = now_ns() - before;
        least = took < least ? took : least;
    }
    return (uint64_t)((double)ns * STEPS / least + 0.5);
}

static int attach(struct ipc_end *base) {
    struct null_end *end = (struct null_end *)base;
    const struct null_link *link = (const struct null_link *)base->link;
    end->steps = steps_of(link->delay_ns);
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
    if (end->steps > 0 && --end->until == 0) {
        burn(end->steps);
        end->until = end->one_in;
    }
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
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages},
};
