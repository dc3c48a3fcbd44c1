/* SPDX-License-Identifier: MIT */
/*
 * serve_uring.c - the server of one thread by io_uring: a read or a write is under way for each
 * client, and one system call hands in the next ones and awaits what is done. No readiness, and no
 * second call to move the bytes.
 */
#include "trial/serve_uring.h"
#include "trial/serve_replies.h"

#include "helper.h"

#ifdef HAVE_LIBURING

#include <liburing.h>

struct uring {
    struct crowd_crew *crew;
    struct io_uring ring;
    struct serve_reply *replies;
    size_t open;
};

static int submit_read(struct uring *u, struct serve_reply *reply) {
    struct workload *w = &reply->member->workload;
    struct io_uring_sqe *entry = io_uring_get_sqe(&u->ring);
    if (entry == NULL)
        return serve_fail(reply, "io_uring_get_sqe", EBUSY);
    io_uring_prep_read(entry, reply->in, (char *)w->buffer + reply->came,
                       (unsigned)(w->incoming->bytes - reply->came), (uint64_t)-1);
    io_uring_sqe_set_data(entry, reply);
    return 0;
}

static int submit_write(struct uring *u, struct serve_reply *reply) {
    const struct payload *outgoing = reply->member->workload.outgoing;
    struct io_uring_sqe *entry = io_uring_get_sqe(&u->ring);
    if (entry == NULL)
        return serve_fail(reply, "io_uring_get_sqe", EBUSY);
    io_uring_prep_write(entry, reply->out, outgoing->message + reply->sent,
                        (unsigned)(outgoing->bytes - reply->sent), (uint64_t)-1);
    io_uring_sqe_set_data(entry, reply);
    return 0;
}

static int was_read(struct uring *u, struct serve_reply *reply, int result) {
    if (result <= 0 && result != -EAGAIN && result != -EINTR)
        return serve_fail(reply, "io_uring read", result == 0 ? EPIPE : -result);
    reply->came += result > 0 ? (size_t)result : 0;
    if (reply->came < reply->member->incoming.bytes)
        return submit_read(u, reply);
    serve_note_request(reply);
    return submit_write(u, reply);
}

static int was_written(struct uring *u, struct serve_reply *reply, int result) {
    if (result <= 0 && result != -EAGAIN && result != -EINTR)
        return serve_fail(reply, "io_uring write", result == 0 ? EPIPE : -result);
    reply->sent += result > 0 ? (size_t)result : 0;
    if (reply->sent < reply->member->outgoing.bytes)
        return submit_write(u, reply);
    int error = serve_over(reply, &u->open);
    return error ? error : submit_read(u, reply);
}

static int take_completions(struct uring *u) {
    struct io_uring_cqe *done;
    unsigned head, count = 0;
    int error = 0;
    io_uring_for_each_cqe(&u->ring, head, done) {
        struct serve_reply *reply = io_uring_cqe_get_data(done);
        count++;
        error = reply->answering ? was_written(u, reply, done->res) : was_read(u, reply, done->res);
        if (error) {
            (void)crowd_blame(reply->member, error);
            break;
        }
    }
    io_uring_cq_advance(&u->ring, count);
    return error;
}

static int serve_phase(struct uring *u) {
    int error = 0;
    for (u->open = u->crew->count; u->open > 0 && error == 0;) {
        int result = io_uring_submit_and_wait(&u->ring, 1);
        if (result < 0 && result != -EINTR && result != -EAGAIN)
            return ipc_fail_with(&u->crew->carrier->fault, "io_uring_enter", -result);
        error = take_completions(u);
    }
    return error;
}

static int serve(struct uring *u) {
    struct crowd_crew *crew = u->crew;
    int error = serve_replies_make(crew, false, &u->replies);
    for (size_t i = 0; i < crew->count && error == 0; i++)
        error = crowd_blame(&crew->members[i], submit_read(u, &u->replies[i]));
    if (!error)
        error = serve_phase(u);
    if (error)
        return error;
    crew->mark(crew->context, WORKLOAD_BEGIN);
    error = serve_phase(u);
    if (!error)
        crew->mark(crew->context, WORKLOAD_END);
    return error;
}

/* One user only, and completions run when that one waits, where the kernel has these. */
static int open_ring(struct uring *u) {
    unsigned entries = (unsigned)u->crew->count;
    int result = io_uring_queue_init(entries, &u->ring,
                                     IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
    if (result == -EINVAL)
        result = io_uring_queue_init(entries, &u->ring, 0);
    return result < 0 ? ipc_fail_with(&u->crew->carrier->fault, "io_uring_setup", -result) : 0;
}

int serve_uring(struct crowd_crew *crew) {
    struct uring uring = {.crew = crew};
    int error = open_ring(&uring);
    if (error)
        return error;
    error = serve(&uring);
    io_uring_queue_exit(&uring.ring);
    free(uring.replies);
    return error;
}

const char *serve_uring_refusal(void) {
    struct io_uring ring;
    int result = io_uring_queue_init(1, &ring, 0);
    if (result < 0)
        return "io_uring can't be used here; see sysctl kernel.io_uring_disabled and, in a "
               "container, "
               "its seccomp profile";
    io_uring_queue_exit(&ring);
    return NULL;
}

#else

int serve_uring(struct crowd_crew *crew) {
    return ipc_fail_with(&crew->carrier->fault, "io_uring", ENOSYS);
}

const char *serve_uring_refusal(void) {
    return "this ipcbench was built without liburing; 'make setup' installs it, then run 'make' "
           "again";
}

#endif
