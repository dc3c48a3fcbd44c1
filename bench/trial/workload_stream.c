/* SPDX-License-Identifier: MIT */
/*
 * workload_stream.c - the stream: one end sends, the other receives. Nothing in here allocates,
 * prints, makes a system call of its own, or knows which transport it drives.
 */
#include "trial/workload_steps.h"

/* So many messages are good for one credit; UINT64_MAX: credit isn't given. */
static uint64_t stride_of(const struct workload *w) {
    uint64_t depth = w->plan->depth;
    return depth == 0 ? UINT64_MAX : depth == 1 ? 1 : depth / 2;
}

/* ---- the messages ---- */

/* Sends `count` messages. Inlined for a size that is known, where a call to copy or to compare a
 * few bytes would cost more than the message. */
static inline __attribute__((always_inline)) int push_sized(struct workload *w, uint64_t count,
                                                            size_t bytes) {
    int (*const send)(struct ipc_end *, const void *, size_t) = w->messages->send;
    struct payload outgoing = *w->outgoing;
    uint64_t sequence = w->sequence, end = sequence + count;
    int error = 0;
    outgoing.bytes = bytes;
    while (sequence < end && (error = send(w->end, outgoing.message, bytes)) == 0)
        payload_stamp(&outgoing, ++sequence);
    w->sequence = sequence;
    return error;
}

/* Receives and verifies up to `count` messages, fewer when the one that closes the phase is among
 * them; `last` says so. */
static inline __attribute__((always_inline)) int take_sized(struct workload *w, uint64_t count,
                                                            bool *last, size_t bytes) {
    int (*const recv)(struct ipc_end *, void *, size_t) = w->messages->recv;
    struct payload incoming = *w->incoming;
    void *const buffer = w->buffer;
    uint64_t sequence = w->sequence;
    int error = 0;
    incoming.bytes = bytes;
    while (count-- > 0 && !*last && (error = recv(w->end, buffer, bytes)) == 0) {
        payload_stamp(&incoming, sequence);
        if (__builtin_expect(!payload_matches(&incoming, buffer, sequence), 0)) {
            error = workload_reject(w, sequence);
            break;
        }
        *last = sequence++ == atomic_load_explicit(w->turn, memory_order_relaxed);
    }
    w->sequence = sequence;
    return error;
}

/* The sequence number at the head of a message that is only handed over. */
static inline uint64_t mark_of(const struct payload *payload, uint64_t sequence) {
    return sequence ^ payload->salt;
}

static inline size_t mark_bytes(const struct payload *payload) {
    return payload->bytes < sizeof(uint64_t) ? payload->bytes : sizeof(uint64_t);
}

/* Writes a message where it will be read. */
static inline void produce(const struct workload *w, void *message) {
    uint64_t mark = mark_of(w->outgoing, w->sequence);
    if (w->plan->inplace == WORKLOAD_HANDOVER) {
        memcpy(message, &mark, mark_bytes(w->outgoing));
        return;
    }
    payload_stamp(w->outgoing, w->sequence);
    memcpy(message, w->outgoing->message, w->outgoing->bytes);
}

static int push_in_place(struct workload *w, uint64_t count) {
    const struct ipc_in_place *in_place = w->in_place;
    for (; count > 0; count--) {
        void *message = NULL;
        int error = in_place->reserve(w->end, w->outgoing->bytes, &message);
        if (error)
            return error;
        produce(w, message);
        if ((error = in_place->commit(w->end)) != 0)
            return error;
        w->sequence++;
    }
    return 0;
}

/* Reads a message where it was written: is it what it should be? */
static inline bool consume(const struct workload *w, const void *message) {
    uint64_t mark = mark_of(w->incoming, w->sequence);
    if (w->plan->inplace == WORKLOAD_HANDOVER)
        return memcmp(message, &mark, mark_bytes(w->incoming)) == 0;
    payload_stamp(w->incoming, w->sequence);
    return memcmp(message, w->incoming->message, w->incoming->bytes) == 0;
}

static int take_in_place(struct workload *w, uint64_t count, bool *last) {
    const struct ipc_in_place *in_place = w->in_place;
    int error = 0;
    while (count-- > 0 && !*last && error == 0) {
        const void *message = NULL;
        error = in_place->peek(w->end, w->incoming->bytes, &message);
        if (error)
            return error;
        if (__builtin_expect(!consume(w, message), 0)) {
            payload_stamp(w->incoming, w->sequence);
            memcpy(w->buffer, message, w->incoming->bytes);
            return workload_reject(w, w->sequence);
        }
        error = in_place->release(w->end);
        *last = w->sequence++ == atomic_load_explicit(w->turn, memory_order_relaxed);
    }
    return error;
}

static int push(struct workload *w, uint64_t count) {
    if (w->plan->inplace != WORKLOAD_COPIED)
        return push_in_place(w, count);
    switch (w->outgoing->bytes) {
    case 4:
        return push_sized(w, count, 4);
    case 8:
        return push_sized(w, count, 8);
    case 64:
        return push_sized(w, count, 64);
    default:
        return push_sized(w, count, w->outgoing->bytes);
    }
}

static int take(struct workload *w, uint64_t count, bool *last) {
    if (w->plan->inplace != WORKLOAD_COPIED)
        return take_in_place(w, count, last);
    switch (w->incoming->bytes) {
    case 4:
        return take_sized(w, count, last, 4);
    case 8:
        return take_sized(w, count, last, 8);
    case 64:
        return take_sized(w, count, last, 64);
    default:
        return take_sized(w, count, last, w->incoming->bytes);
    }
}

/* ---- the server ---- */

/* A credit, or the answer that closes a phase. */
static int answer(struct workload *w) {
    int error = w->messages->send(w->end, w->outgoing->message, w->outgoing->bytes);
    payload_stamp(w->outgoing, ++w->credits);
    return error;
}

/* Receives up to the message that closes the phase, and answers that. The time is that between the
 * first message and the last, and so that of all but the first. */
static int receive_phase(struct workload *w, uint64_t *messages, uint64_t *ns) {
    uint64_t stride = stride_of(w), from = w->sequence;
    bool last = false;
    int error = take(w, 1, &last);
    uint64_t first = clock_ticks(w->clock);
    for (uint64_t had = 1; error == 0 && !last; had = 0) {
        error = take(w, stride - had, &last);
        if (error == 0 && !last)
            error = answer(w);
    }
    *ns = clock_span_ns(w->clock, clock_ticks(w->clock) - first);
    *messages = w->sequence - from - 1;
    return error ? error : answer(w);
}

int workload_stream_server(struct workload *w) {
    uint64_t messages = 0, ns = 0;
    int error = receive_phase(w, &messages, &ns);
    if (error)
        return error;
    w->mark(w->context, WORKLOAD_BEGIN);
    error = receive_phase(w, &messages, &ns); /* the settling one */
    if (error == 0)
        error = receive_phase(w, &messages, &ns);
    if (error)
        return error;
    w->result->unstamped = messages;
    w->result->batches_ns = w->result->measured_ns = ns;
    w->mark(w->context, WORKLOAD_END);
    return 0;
}

/* ---- the client ---- */

/* How far the client is in a phase. */
struct course {
    uint64_t stride; /* messages that a credit is good for */
    uint64_t credit; /* messages that may leave now */
    uint64_t owed;   /* sent since the last for which the server gave a credit that was heard */
};

static struct course begin_phase(const struct workload *w) {
    uint64_t stride = stride_of(w);
    return (struct course){.stride = stride,
                           .credit = stride == UINT64_MAX ? UINT64_MAX : w->plan->depth};
}

static int hear(struct workload *w) {
    int error = w->messages->recv(w->end, w->buffer, w->incoming->bytes);
    return error ? error : workload_verify(w, w->credits++);
}

static int hear_credit(struct workload *w, struct course *course) {
    course->credit += course->stride;
    course->owed -= course->stride;
    return hear(w);
}

/* Sends `count` messages; waits for credit whenever there is none left. */
static int push_on_credit(struct workload *w, struct course *course, uint64_t count) {
    if (course->stride == UINT64_MAX)
        return push(w, count);
    for (int error = 0; count > 0;) {
        if (course->credit == 0 && (error = hear_credit(w, course)) != 0)
            return error;
        uint64_t now = workload_least(count, course->credit);
        if ((error = push(w, now)) != 0)
            return error;
        course->credit -= now;
        course->owed += now;
        count -= now;
    }
    return 0;
}

/* Takes the credit that is still under way, sends the message that closes the phase, for which
 * there is none, and takes the answer. */
static int close_phase(struct workload *w, struct course *course) {
    int error = 0;
    while (error == 0 && course->owed >= course->stride)
        error = hear_credit(w, course);
    if (error)
        return error;
    atomic_store_explicit(w->turn, w->sequence, memory_order_release);
    error = push(w, 1);
    return error ? error : hear(w);
}

/* Sends `count` messages, or, when that is 0, bursts of them for so long. */
static int send_phase(struct workload *w, uint64_t count, uint64_t time_ns, uint64_t burst,
                      uint64_t *sent, uint64_t *ns) {
    struct course course = begin_phase(w);
    uint64_t start = clock_ticks(w->clock), from = w->sequence, now = start;
    uint64_t stop = start + workload_ticks(w->clock, time_ns), left = count ? count : UINT64_MAX;
    int error = 0;
    while (error == 0 && left > 0 && (count > 0 || now < stop)) {
        uint64_t round = workload_least(left, burst);
        error = push_on_credit(w, &course, round);
        left -= round;
        now = clock_ticks(w->clock);
    }
    *sent = w->sequence - from;
    *ns = clock_span_ns(w->clock, now - start);
    return error ? error : close_phase(w, &course);
}

int workload_stream_client(struct workload *w) {
    const struct workload_plan *plan = w->plan;
    struct course settling = begin_phase(w);
    uint64_t sent = 0, ns = 0;
    int error = send_phase(w, plan->warmup_exchanges, plan->warmup_ns, WORKLOAD_WARMING_BURST,
                           &w->result->warmup_exchanges, &w->result->warmup_ns);
    if (error)
        return error;
    w->mark(w->context, WORKLOAD_BEGIN);
    error = close_phase(w, &settling); /* returns once the server has taken its reading too */
    if (error == 0)
        error =
            send_phase(w, plan->exchanges, plan->time_ns, workload_burst(w->result), &sent, &ns);
    if (error)
        return error;
    w->mark(w->context, WORKLOAD_END);
    return 0;
}
