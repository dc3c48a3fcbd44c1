/* SPDX-License-Identifier: MIT */
/*
 * workload_lossy.c - the stream over what may lose messages: gaps in the sequence numbers are
 * counted, and neither end waits for ever for a message that was lost. Nothing in here allocates,
 * prints, makes a system call of its own, or knows which transport it drives.
 *
 * A phase, its bounds and its end are told through memory that both ends share, since a message
 * that told them might be lost; the closing message only wakes the server, and is sent again until
 * it did. Credit is cumulative: one that comes makes up for those before it, and one that doesn't
 * is given up, so that the window opens anyway, when the transport says that it waited for long.
 */
#include "trial/workload_steps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define NOT_AHEAD   (UINT64_C(1) << 34) /* a number that far ahead is a damaged one */
#define NUMBER_BITS 32                  /* of a credit; its phase stands above */
/* For the end of a phase; then twice as long, and so on, MOST_DOUBLED times. */
#define FIRST_WAIT_NS UINT64_C(1000000)
#define MOST_DOUBLED  6
#define LOOK_NS       UINT64_C(200000)

enum { MOST_CLOSING = 100, MOST_SILENT = 30 };

/* Verifies what stands in the buffer, whose number is `expected` or, after a loss, a later one; and
 * says which. */
static int verify_from(struct workload *w, uint64_t expected, uint64_t *number) {
    uint64_t head;
    memcpy(&head, w->buffer, sizeof head);
    *number = head ^ w->incoming->salt;
    if (*number - expected >= NOT_AHEAD)
        *number = expected; /* which it is not, and so it is explained */
    return workload_verify(w, *number);
}

/* ---- the server ---- */

/* One phase, as the server saw it. */
struct seen {
    uint64_t phase;      /* from 1 */
    uint64_t from, turn; /* its bounds; before they are known: those of the phase before */
    uint64_t received, given;
    uint64_t first, last; /* ticks */
};

/* A receiver that waited for long looks for losses, and waits again: the sender has to see to it
 * that something comes. */
static int take(struct workload *w, uint64_t *number) {
    int error;
    while ((error = w->messages->recv(w->end, w->buffer, w->incoming->bytes)) == -ETIMEDOUT)
        continue;
    if (error == 0)
        error = verify_from(w, w->sequence, number);
    if (error == 0)
        w->sequence = *number + 1;
    return error;
}

/* Messages up to this one are done with, lost or not. */
static int give_credit(struct workload *w, struct seen *seen, uint64_t number) {
    uint64_t due = (number + 1 - seen->from) / (w->plan->depth / 2);
    if (due == seen->given)
        return 0;
    seen->given = due;
    payload_stamp(w->outgoing, seen->phase << NUMBER_BITS | due);
    return w->messages->send(w->end, w->outgoing->message, w->outgoing->bytes);
}

static int receive_phase(struct workload *w, struct seen *seen) {
    uint64_t from_before = seen->from, turn_before = seen->turn, number = 0;
    seen->phase++;
    seen->received = seen->given = 0;
    for (int error = 0; error == 0;) {
        if ((error = take(w, &number)) != 0)
            return error;
        uint64_t now = clock_ticks(w->clock);
        seen->from = atomic_load_explicit(&w->lossy->from, memory_order_acquire);
        seen->turn = atomic_load_explicit(w->turn, memory_order_acquire);
        if (seen->from == from_before || number < seen->from)
            continue; /* closes the phase before once more */
        if (seen->turn != turn_before && number >= seen->turn)
            break;
        if (seen->received++ == 0)
            seen->first = now;
        seen->last = now;
        error = give_credit(w, seen, number);
        if (error)
            return error;
    }
    atomic_store_explicit(&w->lossy->closed, seen->phase, memory_order_release);
    return 0;
}

/* The time is that between the first message and the last, and so that of all but the first. */
static int conclude(struct workload *w, const struct seen *seen) {
    uint64_t sent = seen->turn - seen->from;
    struct workload_result *result = w->result;
    if (seen->received < 2) {
        w->end->fault.call = "stream";
        (void)snprintf(w->end->fault.detail, sizeof w->end->fault.detail,
                       "of %" PRIu64 " messages %" PRIu64 " came, which makes no rate", sent,
                       seen->received);
        return -ENODATA;
    }
    result->lost = sent - seen->received;
    result->unstamped = seen->received - 1;
    result->batches_ns = result->measured_ns = clock_span_ns(w->clock, seen->last - seen->first);
    return 0;
}

int workload_lossy_server(struct workload *w) {
    struct seen seen = {.from = UINT64_MAX, .turn = UINT64_MAX};
    int error = receive_phase(w, &seen);
    if (error)
        return error;
    w->mark(w->context, WORKLOAD_BEGIN);
    error = receive_phase(w, &seen); /* the settling one */
    if (error == 0)
        error = receive_phase(w, &seen);
    if (error == 0)
        error = conclude(w, &seen);
    if (error)
        return error;
    w->mark(w->context, WORKLOAD_END);
    return 0;
}

/* ---- the client ---- */

/* How far the client is in a phase. */
struct course {
    uint64_t phase, from;
    uint64_t limit; /* the number of the first message that may not leave yet */
    int silent;     /* times in a row that no credit came */
};

static void begin_phase(struct workload *w, struct course *course) {
    course->phase++;
    course->from = w->sequence;
    course->limit = w->sequence + w->plan->depth;
    course->silent = 0;
    atomic_store_explicit(&w->lossy->from, w->sequence, memory_order_release);
}

static int push(struct workload *w, uint64_t count) {
    int (*const send)(struct ipc_end *, const void *, size_t) = w->messages->send;
    uint64_t end = w->sequence + count;
    int error = 0;
    while (w->sequence < end &&
           (error = send(w->end, w->outgoing->message, w->outgoing->bytes)) == 0)
        payload_stamp(w->outgoing, ++w->sequence);
    return error;
}

/* Hears a credit, perhaps a late one of the phase before; or gives one up. */
static int hear_credit(struct workload *w, struct course *course) {
    uint64_t number = 0, stride = w->plan->depth / 2;
    int error = w->messages->recv(w->end, w->buffer, w->incoming->bytes);
    if (error == -ETIMEDOUT && ++course->silent <= MOST_SILENT) {
        course->limit += stride;
        return 0;
    }
    if (error == 0)
        error = verify_from(w, w->credits, &number);
    if (error)
        return error;
    w->credits = number + 1;
    course->silent = 0;
    if (number >> NUMBER_BITS != course->phase)
        return 0;
    uint64_t limit = course->from + (number & UINT32_MAX) * stride + w->plan->depth;
    if (limit > course->limit)
        course->limit = limit;
    return 0;
}

static int push_on_credit(struct workload *w, struct course *course, uint64_t count) {
    for (int error = 0; count > 0;) {
        while (w->sequence >= course->limit)
            if ((error = hear_credit(w, course)) != 0)
                return error;
        uint64_t now = workload_least(count, course->limit - w->sequence);
        if ((error = push(w, now)) != 0)
            return error;
        count -= now;
    }
    return 0;
}

/* Waits for the server to end the phase, but not for long. */
static bool has_closed(const struct workload *w, uint64_t phase, uint64_t wait_ns) {
    uint64_t stop = clock_ticks(w->clock) + workload_ticks(w->clock, wait_ns);
    while (atomic_load_explicit(&w->lossy->closed, memory_order_acquire) != phase) {
        if (clock_ticks(w->clock) >= stop)
            return false;
        w->rest(w->context, LOOK_NS);
    }
    return true;
}

static int close_phase(struct workload *w, const struct course *course) {
    atomic_store_explicit(w->turn, w->sequence, memory_order_release);
    for (unsigned tries = 0; tries < MOST_CLOSING; tries++) {
        int error = push(w, 1);
        if (error)
            return error;
        uint64_t doubled = workload_least(tries, MOST_DOUBLED);
        if (has_closed(w, course->phase, FIRST_WAIT_NS << doubled))
            return 0;
    }
    w->end->fault.call = "stream";
    (void)snprintf(w->end->fault.detail, sizeof w->end->fault.detail,
                   "none of %d messages that close a phase came", MOST_CLOSING);
    return -ETIMEDOUT;
}

/* Sends `count` messages, or, when that is 0, bursts of them for so long. */
static int send_phase(struct workload *w, struct course *course, uint64_t count, uint64_t time_ns,
                      uint64_t burst, uint64_t *sent, uint64_t *ns) {
    uint64_t start = clock_ticks(w->clock), from = w->sequence, now = start;
    uint64_t stop = start + workload_ticks(w->clock, time_ns), left = count ? count : UINT64_MAX;
    int error = 0;
    begin_phase(w, course);
    while (error == 0 && left > 0 && (count > 0 || now < stop)) {
        uint64_t round = workload_least(left, burst);
        error = push_on_credit(w, course, round);
        left -= round;
        now = clock_ticks(w->clock);
    }
    *sent = w->sequence - from;
    *ns = clock_span_ns(w->clock, now - start);
    return error ? error : close_phase(w, course);
}

int workload_lossy_client(struct workload *w) {
    const struct workload_plan *plan = w->plan;
    struct course course = {0};
    uint64_t sent = 0, ns = 0;
    int error =
        send_phase(w, &course, plan->warmup_exchanges, plan->warmup_ns, WORKLOAD_WARMING_BURST,
                   &w->result->warmup_exchanges, &w->result->warmup_ns);
    if (error)
        return error;
    w->mark(w->context, WORKLOAD_BEGIN);
    begin_phase(w, &course);
    error = close_phase(w, &course); /* the server has taken its reading by then, too */
    if (error == 0)
        error = send_phase(w, &course, plan->exchanges, plan->time_ns, workload_burst(w->result),
                           &sent, &ns);
    if (error)
        return error;
    w->mark(w->context, WORKLOAD_END);
    return 0;
}
