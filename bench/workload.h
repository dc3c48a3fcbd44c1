/* SPDX-License-Identifier: MIT */
/*
 * workload.h - the identical ping-pong that every transport runs: all code that is timed.
 *
 * The client sends a message and waits for the reply, over and over; the server answers each. Both
 * verify what they get. Verifying the last message, stamping the next one and counting the last
 * span happen while a message is on its way, so that they are not part of the round trip as long
 * as the peer takes longer than they do.
 *
 * Phases: warm-up; one settling exchange, which nobody counts; the measured exchanges; and at the
 * end of warm-up and of measuring one closing exchange, which tells the server that the phase is
 * over (workload_turn): no end needs to know beforehand how many exchanges there will be.
 *
 * Measuring alternates between stretches in which every exchange is stamped (one clock read each;
 * the end of one is the start of the next) and, for a quarter of the exchanges, unstamped batches,
 * whose mean is free of the clock's cost.
 *
 * Open loop: requests are due at times that were settled before, whatever the replies do, and the
 * latency of each counts from the moment at which it was due, so that waiting behind a slow one
 * counts too (no coordinated omission: G. Tene, "How NOT to Measure Latency"). One exchange is
 * under way at a time; those that are due meanwhile queue up at the client and leave as soon as
 * they can.
 */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include "clock.h"
#include "histogram.h"
#include "payload.h"
#include "transport.h"

#include <stdatomic.h>

/* How long. Of each pair the count is used when it isn't 0, else the time; a warm-up may be 0. */
struct workload_plan {
    uint64_t exchanges, time_ns;
    uint64_t warmup_exchanges, warmup_ns;
    /* Open loop: the mean gap between two requests, and whether the gaps are those of a Poisson
     * process; 0: closed loop. */
    double gap_ns;
    bool poisson;
    uint64_t seed; /* of the random gaps */
};

/* The moments at which the caller may take readings, outside of what is timed. */
enum workload_mark { WORKLOAD_BEGIN, WORKLOAD_END };

/* What the client found. */
struct workload_result {
    uint64_t warmup_exchanges, warmup_ns;
    uint64_t stamped;    /* exchanges in the histogram */
    uint64_t unstamped;  /* exchanges in batches */
    uint64_t batches_ns; /* the time of those batches */
    uint64_t measured_ns;
    uint64_t unsent; /* open loop: due in the measured time, but still queued when the run was given
                        up, since it took twice that time and more */
};

/* WORKLOAD_UNCOUNTED exchanges run between the two marks beyond those in the result. */
enum { WORKLOAD_UNCOUNTED = 2 };

/* One end's view. The caller owns everything that is pointed to. */
struct workload {
    const struct workload_plan *plan;
    const struct clock *clock;
    struct ipc_end *end;
    const struct ipc_messages *messages;
    struct payload *outgoing, *incoming; /* the same size; what is sent, and what is expected */
    void *buffer;                        /* that size: what comes */
    _Atomic uint64_t *turn; /* shared by both ends: the sequence number of the exchange that closes
                               the phase; UINT64_MAX before it is known */
    struct histogram *histogram;    /* client: the stamped exchanges */
    struct workload_result *result; /* client */
    void (*mark)(void *context, enum workload_mark mark);
    /* Open loop: sleeps for about so long, but never longer; returns at once where the client is
     * not to sleep. What is left is spun away on the clock. */
    void (*rest)(void *context, uint64_t ns);
    void *context;
    uint64_t sequence; /* of the next exchange; on failure: of the exchange that failed */
};

/* Both return 0, or the transport's negative errno, or -EBADMSG when a payload was wrong; the end's
 * fault says which call, or which message. A solo transport has no server. */
int workload_client(struct workload *workload);
int workload_server(struct workload *workload);

#endif
