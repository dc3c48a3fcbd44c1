/* SPDX-License-Identifier: MIT */
/*
 * workload.h - the identical workloads that every transport runs. All code that is timed is in
 * workload*.c, one file for each of them.
 *
 * Both ends verify each message. Phases: warm-up; one settling exchange, which nobody counts; the
 * measured exchanges; and at the end of warm-up and of measuring one closing exchange, which tells
 * the server that the phase is over (workload.turn): no end needs to know beforehand how many
 * exchanges there will be.
 *
 * pingpong (workload_pingpong.c): the client sends a message and waits for the reply, over and
 * over; the server answers each. Verifying the last message, stamping the next one and counting the
 * last span happen while a message is on its way, so that they are not part of the round trip as
 * long as the peer takes longer than they do. Measuring alternates between stretches in which every
 * exchange is stamped (one clock read each; the end of one is the start of the next) and, for a
 * quarter of the exchanges, unstamped batches, whose mean is free of the clock's cost.
 *
 * rate (workload_rate.c): open loop. Requests are due at times that were settled before, whatever
 * the replies do, and the latency of each counts from the moment at which it was due, so that
 * waiting behind a slow one counts too (no coordinated omission: G. Tene, "How NOT to Measure
 * Latency"). One exchange is under way at a time; those that are due meanwhile queue up at the
 * client and leave as soon as they can.
 *
 * write-write-read (workload_twice.c): a ping-pong whose requests leave in two messages, of which a
 * reply answers both, so that what holds back a second small write shows (Nagle).
 *
 * stream (workload_stream.c): one way. The client sends as fast as it may, and the server receives
 * and verifies. How far the client may be ahead is settled by the transport's own flow control, or
 * by a depth: then the server gives credit, one small message for each half of the depth. Settling
 * and closing "exchanges" are one message and one of those. The time is the server's, from the
 * first message that it receives in the measured phase to the last. In place, messages aren't
 * copied: they are handed over with nothing but a sequence number written and read, or produced and
 * consumed there, with all bytes written and all bytes compared. Where the transport says that it
 * may lose messages (workload_lossy.c), gaps in their numbers are counted; closing messages are
 * sent again until the server has heard one, and none of them counts.
 *
 * serve (workload_serve.c): many clients and one server, see crowd.h; each client is one of
 * pingpong, but with every exchange stamped, all within the same time.
 *
 * connect (workload_connect.c): a connection for each exchange.
 */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include "base/clock.h"
#include "plugin/workload_spec.h"
#include "stats/histogram.h"
#include "transport.h"
#include "trial/payload.h"

#include <stdatomic.h>

/* How long. Of each pair the count is used when it isn't 0, else the time; a warm-up may be 0. An
 * exchange of a stream is one message. */
struct workload_plan {
    enum workload_kind kind;
    uint64_t exchanges, time_ns;
    uint64_t warmup_exchanges, warmup_ns;
    /* rate: the mean gap between two requests, and whether the gaps are those of a Poisson process.
     */
    double gap_ns;
    bool poisson;
    uint64_t seed;  /* of the random gaps */
    uint64_t depth; /* stream: messages under way at most; 0: as many as there is room for */
    enum workload_inplace inplace; /* stream */
    bool lossy;                    /* stream: losses are counted; needs a depth of 2 and 8 bytes */
    size_t clients;                /* serve, connect */
    enum workload_design design;   /* serve */
};

/* The longest message that the server sends of its own accord in a stream: a credit. */
enum { WORKLOAD_CREDIT_BYTES = 8 };

/* How long the server's messages are: what the client's `incoming` expects. */
static inline size_t workload_reply_bytes(const struct workload_plan *plan, size_t size_bytes) {
    bool credit = plan->kind == WORKLOAD_STREAM && size_bytes > WORKLOAD_CREDIT_BYTES;
    return credit ? WORKLOAD_CREDIT_BYTES : size_bytes;
}

/* The moments at which the caller may take readings, outside of what is timed. */
enum workload_mark { WORKLOAD_BEGIN, WORKLOAD_END };

/* What was found: by the client, except for a stream's messages and their time. */
struct workload_result {
    uint64_t warmup_exchanges, warmup_ns;
    uint64_t stamped;    /* exchanges in the histogram */
    uint64_t unstamped;  /* exchanges in batches; a stream's messages */
    uint64_t batches_ns; /* the time of those */
    uint64_t measured_ns;
    uint64_t lost;   /* stream: measured messages that were sent and never came */
    uint64_t unsent; /* rate: due in the measured time, but still queued when the run was given
                        up, since it took twice that time and more */
};

/* WORKLOAD_UNCOUNTED exchanges run between the two marks beyond those in the result. */
enum { WORKLOAD_UNCOUNTED = 2 };

/* How the ends of a stream that may lose messages tell each other of a phase; zeroed. */
struct workload_lossy {
    _Alignas(IPC_ALIGN) _Atomic uint64_t from;   /* the number of its first message */
    _Alignas(IPC_ALIGN) _Atomic uint64_t closed; /* phases that the server has ended */
};

/* One end's view. The caller owns everything that is pointed to. */
struct workload {
    const struct workload_plan *plan;
    const struct clock *clock;
    struct ipc_end *end;
    const struct ipc_messages *messages;
    const struct ipc_in_place *in_place;       /* of a stream in place */
    const struct ipc_connections *connections; /* connect */
    struct payload *outgoing, *incoming;       /* what is sent, and what is expected */
    void *buffer;                              /* what comes: as large as `incoming` */
    _Atomic uint64_t *turn; /* shared by both ends: the sequence number of the exchange that closes
                               the phase; UINT64_MAX before it is known */
    struct workload_lossy *lossy;   /* shared by both ends; of a plan that is lossy */
    struct histogram *histogram;    /* client: the stamped exchanges */
    struct workload_result *result; /* shared by both ends */
    void (*mark)(void *context, enum workload_mark mark);
    /* rate: sleeps for about so long, but never longer; returns at once where the client is not to
     * sleep. What is left is spun away on the clock. */
    void (*rest)(void *context, uint64_t ns);
    /* One of many clients: explains a wrong message instead of payload_explain. */
    int (*explain)(struct workload *workload, uint64_t sequence);
    void *context;
    uint64_t sequence; /* of the next exchange; on failure: of the exchange that failed */
    uint64_t credits;  /* stream: of the server's next message */
};

/* Both return 0, or the transport's negative errno, or -EBADMSG when a payload was wrong; the end's
 * fault says which call, or which message. A solo transport has no server. */
int workload_client(struct workload *workload);
int workload_server(struct workload *workload);

#endif
