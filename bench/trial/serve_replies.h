/* SPDX-License-Identifier: MIT */
/*
 * serve_replies.h - how far a server of one thread is with each of its clients: what has come of
 * the request, what has left of the reply; for workload_serve.c and serve_uring.c.
 */
#ifndef BENCH_SERVE_REPLIES_H
#define BENCH_SERVE_REPLIES_H

#include "trial/crowd_crew.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct serve_reply {
    struct crowd_member *member;
    int in, out; /* the transport's */
    size_t came, sent;
    bool answering; /* the request has come; the reply hasn't left wholly */
    bool writing;   /* it is awaited that there is room for more */
    uint64_t turn;  /* as it was when the request had come */
};

/* One for each client, for free(3). `nonblocking`: makes their descriptors so. 0 or -errno. */
int serve_replies_make(struct crowd_crew *crew, bool nonblocking, struct serve_reply **replies);

/* Lets go of the low descriptors that the parent held for this server's select. */
void serve_release_low(const struct end_task *task);

static inline int serve_fail(struct serve_reply *reply, const char *call, int error) {
    reply->member->end->fault.call = call;
    return -error;
}

static inline void serve_note_request(struct serve_reply *reply) {
    reply->answering = true;
    reply->turn = atomic_load_explicit(reply->member->workload.turn, memory_order_relaxed);
}

/* Reads what is there of the request. */
static inline int serve_read(struct serve_reply *reply) {
    struct workload *w = &reply->member->workload;
    size_t left = w->incoming->bytes - reply->came;
    ssize_t got = read(reply->in, (char *)w->buffer + reply->came, left);
    if (__builtin_expect(got > 0, 1)) {
        reply->came += (size_t)got;
        if (reply->came == w->incoming->bytes)
            serve_note_request(reply);
        return 0;
    }
    if (got == 0)
        return serve_fail(reply, "read", EPIPE);
    return errno == EAGAIN || errno == EINTR ? 0 : serve_fail(reply, "read", errno);
}

/* Writes what there is room for of the reply. */
static inline int serve_write(struct serve_reply *reply) {
    const struct payload *outgoing = reply->member->workload.outgoing;
    ssize_t put = write(reply->out, outgoing->message + reply->sent, outgoing->bytes - reply->sent);
    if (__builtin_expect(put > 0, 1)) {
        reply->sent += (size_t)put;
        return 0;
    }
    return put == 0 || errno == EAGAIN || errno == EINTR ? 0 : serve_fail(reply, "write", errno);
}

/* The whole reply has left: verifies its request, prepares the next. Counts `open` down when the
 * client has closed the phase with it. */
static inline int serve_over(struct serve_reply *reply, size_t *open) {
    struct workload *w = &reply->member->workload;
    int error = workload_verify(w, w->sequence);
    *open -= w->sequence == reply->turn;
    w->sequence++;
    payload_stamp(w->outgoing, w->sequence);
    reply->came = reply->sent = 0;
    reply->answering = false;
    return error;
}

#endif
