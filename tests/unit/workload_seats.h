/* SPDX-License-Identifier: MIT */
/*
 * workload_seats.h - a client and a server of one workload, as two threads of a test, which brings
 * the ends, what moves their messages, and what is done at their marks.
 */
#ifndef TEST_WORKLOAD_SEATS_H
#define TEST_WORKLOAD_SEATS_H

#include "trial/workload.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

enum { SEATS_BYTES = 64 }; /* of the largest message */

struct seat {
    struct workload workload; /* its context is the seat */
    struct payload outgoing, incoming;
    unsigned char buffer[SEATS_BYTES];
    int marks, result;
};

struct seats {
    struct seat server, client;
    _Atomic uint64_t turn;
    struct workload_lossy lossy;
    struct clock clock;
    struct workload_result result;
};

/* What a test does at the marks, given the seat; at least this. */
static inline void seats_count_mark(void *context, enum workload_mark when) {
    struct seat *seat = context;
    assert_int_equal((int)when, seat->marks++);
}

static inline void seats_rest(void *context, uint64_t ns) {
    const struct timespec span = {.tv_nsec = (long)ns};
    (void)context;
    (void)nanosleep(&span, NULL);
}

static inline void seats_place(struct seats *s, struct seat *seat, struct ipc_end *end,
                               const struct ipc_messages *messages,
                               const struct workload_plan *plan, size_t bytes,
                               void (*mark)(void *, enum workload_mark)) {
    bool client = seat == &s->client;
    size_t reply = workload_reply_bytes(plan, bytes);
    assert_int_equal(payload_make(&seat->outgoing, client ? bytes : reply, 1, !client, false), 0);
    assert_int_equal(payload_make(&seat->incoming, client ? reply : bytes, 1, client, false), 0);
    seat->workload = (struct workload){.plan = plan,
                                       .clock = &s->clock,
                                       .end = end,
                                       .messages = messages,
                                       .outgoing = &seat->outgoing,
                                       .incoming = &seat->incoming,
                                       .buffer = seat->buffer,
                                       .turn = &s->turn,
                                       .lossy = &s->lossy,
                                       .result = &s->result,
                                       .mark = mark,
                                       .rest = seats_rest,
                                       .context = seat};
}

/* On zeroed memory; seats_free frees what it holds. */
static inline void seats_init(struct seats *s, struct ipc_end *server, struct ipc_end *client,
                              const struct ipc_messages *messages, const struct workload_plan *plan,
                              size_t bytes, void (*mark)(void *, enum workload_mark)) {
    s->turn = UINT64_MAX;
    s->clock = (struct clock){.source = CLOCK_SYSTEM, .ns_per_tick = 1, .hz = 1e9};
    seats_place(s, &s->server, server, messages, plan, bytes, mark);
    seats_place(s, &s->client, client, messages, plan, bytes, mark);
}

static inline void seats_free(struct seats *s) {
    payload_free(&s->server.outgoing);
    payload_free(&s->server.incoming);
    payload_free(&s->client.outgoing);
    payload_free(&s->client.incoming);
}

static inline void *seats_serve(void *of) {
    struct seat *seat = of;
    seat->result = workload_server(&seat->workload);
    return NULL;
}

/* The client plays in the calling thread; both results are there afterwards. */
static inline void seats_play(struct seats *s) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, seats_serve, &s->server), 0);
    s->client.result = workload_client(&s->client.workload);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

#endif
