/* SPDX-License-Identifier: MIT */
/*
 * workload_twice.c - write-write-read: a request leaves in two messages, as a header and a body do,
 * and one reply answers both. A ping-pong hides what becomes of the second write: Nagle's algorithm
 * holds it back until the first is acknowledged, which the receiver puts off. Nothing in here
 * allocates, prints, makes a system call of its own, or knows which transport it drives.
 */
#include "trial/workload_steps.h"

/* Request n is the messages 2n and 2n + 1; while they travel, the last reply is verified. */
static int exchange(struct workload *w) {
    const struct ipc_messages *messages = w->messages;
    struct payload *out = w->outgoing;
    int error = messages->send(w->end, out->message, out->bytes);
    payload_stamp(out, 2 * w->sequence + 1);
    if (error == 0)
        error = messages->send(w->end, out->message, out->bytes);
    if (error == 0 && w->sequence > 0)
        error = workload_verify(w, w->sequence - 1);
    payload_stamp(out, 2 * w->sequence + 2);
    return error ? error : workload_collect(w);
}

/* Every exchange is stamped: one of them takes several messages' time. */
static int measure(struct workload *w) {
    const struct workload_plan *plan = w->plan;
    uint64_t start = clock_ticks(w->clock), before = start;
    uint64_t stop = start + workload_ticks(w->clock, plan->time_ns);
    while (plan->exchanges ? w->result->stamped < plan->exchanges : before < stop) {
        int error = exchange(w);
        if (error)
            return error;
        uint64_t now = clock_ticks(w->clock);
        histogram_record(w->histogram, clock_span_ns(w->clock, now - before));
        w->result->stamped++;
        before = now;
    }
    w->result->measured_ns = clock_span_ns(w->clock, before - start);
    return 0;
}

int workload_twice_client(struct workload *w) {
    return workload_round_trips(w, exchange, measure);
}

static int take(struct workload *w, uint64_t sequence) {
    int error = w->messages->recv(w->end, w->buffer, w->incoming->bytes);
    return error ? error : workload_verify(w, sequence);
}

/* Answers until the exchange that closes the phase, that one included. */
static int serve_phase(struct workload *w) {
    for (;;) {
        uint64_t sequence = w->sequence;
        int error = take(w, 2 * sequence);
        if (error == 0)
            error = take(w, 2 * sequence + 1);
        if (error)
            return error;
        uint64_t turn = atomic_load_explicit(w->turn, memory_order_relaxed);
        error = w->messages->send(w->end, w->outgoing->message, w->outgoing->bytes);
        if (error)
            return error;
        payload_stamp(w->outgoing, ++w->sequence);
        if (sequence == turn)
            return 0;
    }
}

int workload_twice_server(struct workload *w) {
    return workload_answers(w, serve_phase);
}
