/* SPDX-License-Identifier: MIT */
/*
 * workload.c - the ping-pong. Nothing in here allocates, prints, makes a system call of its own, or
 * knows which transport it drives.
 */
#include "workload.h"

#include "stats.h"

#include <errno.h>
#include <math.h>

#define OPEN_GRACE_NS UINT64_C(20000000) /* what may hold up a short run without overload */
#define CYCLE_NS      2000000 /* about how long one stretch of stamped and unstamped exchanges lasts */

static int reject(struct workload *w, uint64_t sequence) {
    struct ipc_fault *fault = &w->end->fault;
    fault->call = "verify";
    return payload_explain(w->incoming, w->buffer, sequence, fault->detail, sizeof fault->detail);
}

/* Is message `sequence`, which stands in the buffer, what it should be? */
static inline int verify(struct workload *w, uint64_t sequence) {
    payload_stamp(w->incoming, sequence);
    if (__builtin_expect(payload_matches(w->incoming, w->buffer, sequence), 1))
        return 0;
    return reject(w, sequence);
}

/* First half of an exchange: sends the request, then, while it travels, verifies the last reply and
 * prepares the next request. */
static inline int post(struct workload *w) {
    int error = w->messages->send(w->end, w->outgoing->message, w->outgoing->bytes);
    if (__builtin_expect(error, 0))
        return error;
    if (w->sequence > 0)
        error = verify(w, w->sequence - 1);
    payload_stamp(w->outgoing, w->sequence + 1);
    return error;
}

/* Second half: waits for the reply. */
static inline int collect(struct workload *w) {
    int error = w->messages->recv(w->end, w->buffer, w->outgoing->bytes);
    if (__builtin_expect(error == 0, 1))
        w->sequence++;
    return error;
}

static inline int exchange(struct workload *w) {
    int error = post(w);
    return error ? error : collect(w);
}

/* Up to `count` stamped exchanges, fewer when `stop` (in ticks) comes first. Counts a span only
 * once the next request is on its way. */
static int stamped_stretch(struct workload *w, uint64_t count, uint64_t stop) {
    uint64_t before = clock_ticks(w->clock);
    uint64_t span = 0;
    for (uint64_t i = 0; i < count && before < stop; i++) {
        int error = post(w);
        if (i > 0)
            histogram_record(w->histogram, clock_span_ns(w->clock, span));
        if (error || (error = collect(w)) != 0)
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
        int error = exchange(w);
        if (__builtin_expect(error, 0))
            return error;
    }
    w->result->batches_ns += clock_span_ns(w->clock, clock_ticks(w->clock) - before);
    w->result->unstamped += count;
    return 0;
}

/* Tells the server that the next exchange closes the phase, and makes that exchange. */
static int close_phase(struct workload *w) {
    atomic_store_explicit(w->turn, w->sequence, memory_order_release);
    return exchange(w);
}

static uint64_t ticks_of(const struct clock *clock, uint64_t ns) {
    return (uint64_t)((double)ns / clock->ns_per_tick);
}

static int warm_up(struct workload *w) {
    const struct workload_plan *plan = w->plan;
    uint64_t start = clock_ticks(w->clock);
    uint64_t stop = start + ticks_of(w->clock, plan->warmup_ns);
    uint64_t done = 0;
    while (plan->warmup_exchanges ? done < plan->warmup_exchanges : clock_ticks(w->clock) < stop) {
        int error = exchange(w);
        if (error)
            return error;
        done++;
    }
    w->result->warmup_exchanges = done;
    w->result->warmup_ns = clock_span_ns(w->clock, clock_ticks(w->clock) - start);
    return close_phase(w);
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

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static int measure(struct workload *w) {
    uint64_t start = clock_ticks(w->clock);
    uint64_t left = w->plan->exchanges ? w->plan->exchanges : UINT64_MAX;
    uint64_t stop = w->plan->exchanges ? UINT64_MAX : start + ticks_of(w->clock, w->plan->time_ns);
    uint64_t cycle = cycle_length(w->result);
    while (left > 0 && clock_ticks(w->clock) < stop) {
        uint64_t before = w->sequence;
        int error = stamped_stretch(w, least(left, cycle - cycle / 4), stop);
        if (error)
            return error;
        left -= w->sequence - before;
        uint64_t batch = least(left, cycle / 4);
        if (batch == 0 || clock_ticks(w->clock) >= stop)
            break;
        if ((error = unstamped_batch(w, batch)) != 0)
            return error;
        left -= batch;
    }
    w->result->measured_ns = clock_span_ns(w->clock, clock_ticks(w->clock) - start);
    return 0;
}

/* A gap between two requests, in ticks. The uniform number is in (0, 1], so that its logarithm is
 * finite. */
static double next_gap(struct workload *w, uint64_t *random) {
    double mean = w->plan->gap_ns / w->clock->ns_per_tick;
    if (!w->plan->poisson)
        return mean;
    return -log(((double)(stats_random(random) >> 11) + 1) * 0x1p-53) * mean;
}

/* Returns at the tick `due`, or at once when it is past. */
static void await_due(struct workload *w, uint64_t due) {
    uint64_t now = clock_ticks(w->clock);
    if (now < due)
        w->rest(w->context, clock_span_ns(w->clock, due - now));
    while (clock_ticks(w->clock) < due)
        continue;
}

/* Requests at their times until the measured time is over or their number is reached; gives up when
 * the queue has grown so long that all would take more than twice the time. */
static int measure_open(struct workload *w) {
    const struct workload_plan *plan = w->plan;
    uint64_t random = plan->seed;
    uint64_t start = clock_ticks(w->clock);
    uint64_t time_ns =
        plan->exchanges ? (uint64_t)((double)plan->exchanges * plan->gap_ns) : plan->time_ns;
    uint64_t stop = start + ticks_of(w->clock, time_ns);
    uint64_t give_up = start + ticks_of(w->clock, 2 * time_ns + OPEN_GRACE_NS);
    double offset = next_gap(w, &random);
    uint64_t due = start + (uint64_t)offset, now = start;
    for (uint64_t sent = 0; plan->exchanges ? sent < plan->exchanges : due < stop; sent++) {
        await_due(w, due);
        int error = exchange(w);
        if (error)
            return error;
        now = clock_ticks(w->clock);
        histogram_record(w->histogram, clock_span_ns(w->clock, now - due));
        w->result->stamped++;
        offset += next_gap(w, &random);
        due = start + (uint64_t)offset;
        if (now > give_up)
            break;
    }
    for (; now > give_up && due < stop; due = start + (uint64_t)offset) {
        offset += next_gap(w, &random);
        w->result->unsent++;
    }
    w->result->measured_ns = clock_span_ns(w->clock, now - start);
    return 0;
}

int workload_client(struct workload *w) {
    w->sequence = 0;
    *w->result = (struct workload_result){0};
    payload_stamp(w->outgoing, 0);
    int error = warm_up(w);
    if (error)
        return error;
    w->mark(w->context, WORKLOAD_BEGIN);
    error = exchange(w); /* returns once the server has taken its reading too */
    if (!error)
        error = w->plan->gap_ns > 0 ? measure_open(w) : measure(w);
    if (!error)
        error = close_phase(w);
    if (error)
        return error;
    w->mark(w->context, WORKLOAD_END);
    return verify(w, w->sequence - 1);
}

/* Answers until the exchange that closes the phase, that one included. The reply leaves before the
 * request is verified: it does not depend on the request, and the client is waiting. */
static int serve_phase(struct workload *w) {
    for (;;) {
        uint64_t sequence = w->sequence;
        int error = w->messages->recv(w->end, w->buffer, w->outgoing->bytes);
        if (__builtin_expect(error, 0))
            return error;
        uint64_t turn = atomic_load_explicit(w->turn, memory_order_relaxed);
        error = w->messages->send(w->end, w->outgoing->message, w->outgoing->bytes);
        if (__builtin_expect(error, 0) || (error = verify(w, sequence)) != 0)
            return error;
        payload_stamp(w->outgoing, sequence + 1);
        w->sequence = sequence + 1;
        if (sequence == turn)
            return 0;
    }
}

int workload_server(struct workload *w) {
    w->sequence = 0;
    payload_stamp(w->outgoing, 0);
    int error = serve_phase(w);
    if (error)
        return error;
    w->mark(w->context, WORKLOAD_BEGIN);
    error = serve_phase(w);
    if (!error)
        w->mark(w->context, WORKLOAD_END);
    return error;
}
