/* SPDX-License-Identifier: MIT */
/*
 * workload_duet.c - the ping-pong by turns. Nothing in here allocates, prints, makes a system call
 * of its own, or knows which transport it drives, or which of the two builds.
 */
#include "trial/workload_duet.h"

#include <errno.h>

enum { MOST_PER_STAMP = 64 };

static int reject(struct workload_duet_link *link, uint64_t sequence) {
    struct ipc_fault *fault = &link->end->fault;
    fault->call = "verify";
    return payload_explain(link->incoming, link->buffer, sequence, fault->detail,
                           sizeof fault->detail);
}

static inline int verify(struct workload_duet_link *link, uint64_t sequence) {
    payload_stamp(link->incoming, sequence);
    if (__builtin_expect(payload_matches(link->incoming, link->buffer, sequence), 1))
        return 0;
    return reject(link, sequence);
}

/* As in workload.c: the last reply is verified, and the next request prepared, while this one is on
 * its way. */
static inline int exchange(struct workload_duet_link *link) {
    int error = link->messages->send(link->end, link->outgoing->message, link->outgoing->bytes);
    if (__builtin_expect(error, 0))
        return error;
    if (link->sequence > 0 && (error = verify(link, link->sequence - 1)) != 0)
        return error;
    payload_stamp(link->outgoing, link->sequence + 1);
    error = link->messages->recv(link->end, link->buffer, link->outgoing->bytes);
    if (__builtin_expect(error == 0, 1))
        link->sequence++;
    return error;
}

static inline int exchange_many(struct workload_duet_link *link, uint32_t count) {
    int error = 0;
    for (uint32_t i = 0; i < count && error == 0; i++)
        error = exchange(link);
    return error;
}

static uint64_t ticks_of(const struct clock *clock, uint64_t ns) {
    return (uint64_t)((double)ns / clock->ns_per_tick);
}

/* Tells the server that the next exchange closes the slice, and makes that exchange. */
static int close_slice(struct workload_duet *w, unsigned side, bool last) {
    struct workload_duet_link *link = &w->links[side];
    atomic_store_explicit(&w->signs->over, last, memory_order_relaxed);
    atomic_store_explicit(&w->signs->sides[side].turn, link->sequence, memory_order_release);
    int error = exchange(link);
    return error ? error : verify(link, link->sequence - 1);
}

/* Keeps a span, as far as there is room. */
static inline void keep(struct workload_duet_result *result, uint64_t ticks) {
    if (result->spans < WORKLOAD_DUET_MOST_SPANS)
        result->ticks[result->spans++] = ticks < UINT32_MAX ? (uint32_t)ticks : UINT32_MAX;
}

/* One slice without its end; adds the exchanges that it stamped to *exchanges. */
static int run_slice(struct workload_duet *w, unsigned side, uint64_t slice_ticks, bool kept,
                     uint64_t *exchanges) {
    struct workload_duet_link *link = &w->links[side];
    uint32_t count = w->result->per_stamp;
    int error = exchange(link);
    uint64_t before = clock_ticks(w->clock), stop = before + slice_ticks;
    while (before < stop && error == 0) {
        error = exchange_many(link, count);
        uint64_t now = clock_ticks(w->clock);
        if (kept)
            keep(w->result, now - before);
        *exchanges += count;
        before = now;
    }
    return error;
}

/* Whole quads until the time is over. */
static int warm_up(struct workload_duet *w) {
    struct workload_duet_result *result = w->result;
    uint64_t slice = ticks_of(w->clock, w->plan->slice_ns);
    uint64_t start = clock_ticks(w->clock);
    uint64_t stop = start + ticks_of(w->clock, w->plan->warmup_ns);
    int error = 0;
    result->per_stamp = 1;
    for (uint64_t i = 0; error == 0; i++) {
        if (i % WORKLOAD_DUET_QUAD == 0 && clock_ticks(w->clock) >= stop)
            break;
        w->failed = workload_duet_side(w->plan->first, i);
        error = run_slice(w, w->failed, slice, false, &result->warmup_exchanges);
        if (error == 0)
            error = close_slice(w, w->failed, false);
    }
    result->warmup_ns = clock_span_ns(w->clock, clock_ticks(w->clock) - start);
    return error;
}

/* So many that a stamp covers the time that the plan wants. */
static uint32_t per_stamp(const struct workload_duet *w) {
    const struct workload_duet_result *result = w->result;
    uint64_t wanted = 1;
    if (result->warmup_ns > 0)
        wanted += result->warmup_exchanges * w->plan->stamp_ns / result->warmup_ns;
    return wanted < MOST_PER_STAMP ? (uint32_t)wanted : MOST_PER_STAMP;
}

static int measure(struct workload_duet *w) {
    struct workload_duet_result *result = w->result;
    uint64_t slice = ticks_of(w->clock, w->plan->slice_ns);
    uint64_t quad_ns = w->plan->slice_ns * WORKLOAD_DUET_QUAD;
    uint64_t slices = (w->plan->time_ns + quad_ns - 1) / quad_ns * WORKLOAD_DUET_QUAD;
    int error = 0;
    if (slices > WORKLOAD_DUET_MOST_SLICES)
        slices = WORKLOAD_DUET_MOST_SLICES;
    result->per_stamp = per_stamp(w);
    for (uint64_t i = 0; i < slices && error == 0; i++) {
        w->failed = workload_duet_side(w->plan->first, i);
        error = run_slice(w, w->failed, slice, true, &result->exchanges[w->failed]);
        if (error == 0)
            error = close_slice(w, w->failed, i + 1 == slices);
        result->slices++;
        result->starts[result->slices] = result->spans;
    }
    return error;
}

static void begin(struct workload_duet *w) {
    for (int side = 0; side < WORKLOAD_DUET_SIDES; side++) {
        w->links[side].sequence = 0;
        payload_stamp(w->links[side].outgoing, 0);
    }
}

int workload_duet_client(struct workload_duet *w) {
    begin(w);
    int error = warm_up(w);
    return error ? error : measure(w);
}

/* Answers on one link until the exchange that closes the slice, that one included. */
static int serve_slice(struct workload_duet_link *link, const _Atomic uint64_t *turn) {
    for (;;) {
        uint64_t sequence = link->sequence;
        int error = link->messages->recv(link->end, link->buffer, link->outgoing->bytes);
        if (__builtin_expect(error, 0))
            return error;
        uint64_t closing = atomic_load_explicit(turn, memory_order_acquire);
        error = link->messages->send(link->end, link->outgoing->message, link->outgoing->bytes);
        if (__builtin_expect(error, 0) || (error = verify(link, sequence)) != 0)
            return error;
        payload_stamp(link->outgoing, sequence + 1);
        link->sequence = sequence + 1;
        if (sequence == closing)
            return 0;
    }
}

int workload_duet_server(struct workload_duet *w) {
    begin(w);
    for (uint64_t i = 0;; i++) {
        w->failed = workload_duet_side(w->plan->first, i);
        int error = serve_slice(&w->links[w->failed], &w->signs->sides[w->failed].turn);
        if (error)
            return error;
        if (atomic_load_explicit(&w->signs->over, memory_order_relaxed))
            return 0;
    }
}
