/* SPDX-License-Identifier: MIT */
/*
 * workload_pingpong.c - the ping-pong: closed loop, one message there and one back. Nothing in here
 * allocates, prints, makes a system call of its own, or knows which transport it drives.
 */
#include "trial/workload_steps.h"

#define CYCLE_NS 2000000 /* about how long one stretch of stamped and unstamped exchanges lasts */

/* ---- the client's phases ---- */

/* Tells the server that the next exchange closes the phase, and makes that exchange. */
static int close_phase(struct workload *w, int (*exchange)(struct workload *workload)) {
    atomic_store_explicit(w->turn, w->sequence, memory_order_release);
    return exchange(w);
}

static int warm_up(struct workload *w, int (*exchange)(struct workload *workload)) {
    const struct workload_plan *plan = w->plan;
    uint64_t start = clock_ticks(w->clock);
    uint64_t stop = start + workload_ticks(w->clock, plan->warmup_ns);
    uint64_t done = 0;
    while (plan->warmup_exchanges ? done < plan->warmup_exchanges : clock_ticks(w->clock) < stop) {
        int error = exchange(w);
        if (error)
            return error;
        done++;
    }
    w->result->warmup_exchanges = done;
    w->result->warmup_ns = clock_span_ns(w->clock, clock_ticks(w->clock) - start);
    return close_phase(w, exchange);
}

int workload_round_trips(struct workload *w, int (*exchange)(struct workload *workload),
                         int (*measure)(struct workload *workload)) {
    int error = warm_up(w, exchange);
    if (error)
        return error;
    w->mark(w->context, WORKLOAD_BEGIN);
    error = exchange(w); /* returns once the server has taken its reading too */
    if (!error)
        error = measure(w);
    if (!error)
        error = close_phase(w, exchange);
    if (error)
        return error;
    w->mark(w->context, WORKLOAD_END);
    return workload_verify(w, w->sequence - 1);
}

/* ---- measuring ---- */

/* Up to `count` stamped exchanges, fewer when `stop` (in ticks) comes first. Counts a span only
 * once the next request is on its way. */
static int stamped_stretch(struct workload *w, uint64_t count, uint64_t stop) {
    uint64_t before = clock_ticks(w->clock);
    uint64_t span = 0;
    for (uint64_t i = 0; i < count && before < stop; i++) {
        int error = workload_post(w);
        if (i > 0)
            histogram_record(w->histogram, clock_span_ns(w->clock, span));
        if (error || (error = workload_collect(w)) != 0)
            return error;
        uint64_t now = clock_ticks(w->clock);
        span = now - before;
        before = now;
        w->result->stamped++;
        if (i + 1 == count || now >= stop)
            histogram_record(w->histogram, clock_span_ns(w->clock, span));
    }
    return 0;
}

static int unstamped_batch(struct workload *w, uint64_t count) {
    uint64_t before = clock_ticks(w->clock);
    for (uint64_t i = 0; i < count; i++) {
        int error = workload_exchange(w);
        if (__builtin_expect(error, 0))
            return error;
    }
    w->result->batches_ns += clock_span_ns(w->clock, clock_ticks(w->clock) - before);
    w->result->unstamped += count;
    return 0;
}

/* How many exchanges make a cycle: a power of two, from what the warm-up took for one. */
static uint64_t cycle_length(const struct workload_result *result) {
    uint64_t length = 8;
    uint64_t wanted = 8;
    if (result->warmup_ns > 0)
        wanted = result->warmup_exchanges * CYCLE_NS / result->warmup_ns;
    while (length < wanted && length < 8192)
        length *= 2;
    return length;
}

static int measure(struct workload *w) {
    uint64_t start = clock_ticks(w->clock);
    uint64_t left = w->plan->exchanges ? w->plan->exchanges : UINT64_MAX;
    uint64_t stop =
        w->plan->exchanges ? UINT64_MAX : start + workload_ticks(w->clock, w->plan->time_ns);
    uint64_t cycle = cycle_length(w->result);
    while (left > 0 && clock_ticks(w->clock) < stop) {
        uint64_t before = w->sequence;
        int error = stamped_stretch(w, workload_least(left, cycle - cycle / 4), stop);
        if (error)
            return error;
        left -= w->sequence - before;
        uint64_t batch = workload_least(left, cycle / 4);
        if (batch == 0 || clock_ticks(w->clock) >= stop)
            break;
        if ((error = unstamped_batch(w, batch)) != 0)
            return error;
        left -= batch;
    }
    w->result->measured_ns = clock_span_ns(w->clock, clock_ticks(w->clock) - start);
    return 0;
}

int workload_pingpong_client(struct workload *w) {
    return workload_round_trips(w, workload_exchange, measure);
}

/* ---- the server ---- */

/* Answers until the exchange that closes the phase, that one included. The reply leaves before the
 * request is verified: it does not depend on the request, and the client is waiting. */
static int serve_phase(struct workload *w) {
    for (;;) {
        uint64_t sequence = w->sequence;
        int error = w->messages->recv(w->end, w->buffer, w->incoming->bytes);
        if (__builtin_expect(error, 0))
            return error;
        uint64_t turn = atomic_load_explicit(w->turn, memory_order_relaxed);
        error = w->messages->send(w->end, w->outgoing->message, w->outgoing->bytes);
        if (__builtin_expect(error, 0) || (error = workload_verify(w, sequence)) != 0)
            return error;
        payload_stamp(w->outgoing, sequence + 1);
        w->sequence = sequence + 1;
        if (sequence == turn)
            return 0;
    }
}

int workload_answers(struct workload *w, int (*serve)(struct workload *workload)) {
    int error = serve(w);
    if (error)
        return error;
    w->mark(w->context, WORKLOAD_BEGIN);
    error = serve(w);
    if (!error)
        w->mark(w->context, WORKLOAD_END);
    return error;
}

int workload_pingpong_server(struct workload *w) {
    return workload_answers(w, serve_phase);
}
