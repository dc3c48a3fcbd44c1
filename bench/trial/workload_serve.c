/* SPDX-License-Identifier: MIT */
/*
 * workload_serve.c - one of many clients in a closed loop, and the server that watches all of them
 * with select, poll or epoll. A server of threads or processes is that of pingpong, once for each
 * client. No allocation, no printing.
 */
#include "trial/crowd_crew.h"
#include "trial/poller.h"
#include "trial/serve_replies.h"

/* ---- a client ---- */

/* Each exchange is stamped, with one clock read: the end of one is the start of the next. */
static int measure(struct workload *w) {
    struct crowd_member *member = crowd_member_of(w);
    struct crowd_client *shared = member->shared;
    crowd_pass(member->crew, CROWD_SETTLED);
    uint64_t before = clock_ticks(w->clock);
    uint64_t stop = before + workload_ticks(w->clock, w->plan->time_ns);
    shared->first_ticks = before;
    while (crowd_may_go_on(member, before, stop)) {
        int error = workload_exchange(w);
        if (__builtin_expect(error, 0))
            return error;
        uint64_t now = clock_ticks(w->clock);
        crowd_note_latency(member, clock_span_ns(w->clock, now - before));
        before = now;
    }
    shared->last_ticks = before;
    return 0;
}

int workload_serve_client(struct workload *w) {
    return workload_round_trips(w, workload_exchange, measure);
}

/* ---- a server of one thread ---- */

struct serving {
    struct crowd_crew *crew;
    struct poller poller;
    struct serve_reply *replies;
    size_t open; /* clients that have not closed the phase */
};

static int watch(struct serving *s, size_t client, bool writing) {
    struct serve_reply *reply = &s->replies[client];
    reply->writing = writing;
    return poller_watch(&s->poller, client, writing ? reply->out : reply->in, writing,
                        &reply->member->end->fault);
}

/* One look at a client that is ready. A reply for which there is no room now leaves when there is.
 */
static int step(struct serving *s, size_t client) {
    struct serve_reply *reply = &s->replies[client];
    int error = reply->answering ? 0 : serve_read(reply);
    if (error || !reply->answering)
        return error;
    error = serve_write(reply);
    if (error == 0 && reply->sent == reply->member->outgoing.bytes)
        error = serve_over(reply, &s->open);
    if (error == 0 && reply->writing != reply->answering)
        error = watch(s, client, reply->answering);
    return error;
}

static int serve_phase(struct serving *s) {
    struct ipc_fault *fault = &s->crew->carrier->fault;
    for (s->open = s->crew->count; s->open > 0;) {
        int error = poller_wait(&s->poller, fault);
        if (__builtin_expect(error, 0))
            return error;
        for (size_t i = 0; i < s->poller.ready_count; i++) {
            size_t client = s->poller.ready[i];
            if ((error = step(s, client)) != 0)
                return crowd_blame(s->replies[client].member, error);
        }
    }
    return 0;
}

static int serve(struct serving *s) {
    struct crowd_crew *crew = s->crew;
    int error = serve_phase(s);
    if (error)
        return error;
    crew->mark(crew->context, WORKLOAD_BEGIN);
    error = serve_phase(s);
    if (!error)
        crew->mark(crew->context, WORKLOAD_END);
    return error;
}

static int begin(struct serving *s) {
    struct crowd_crew *crew = s->crew;
    int error = serve_replies_make(crew, true, &s->replies);
    serve_release_low(crew->task);
    for (size_t i = 0; i < crew->count && error == 0; i++)
        error = crowd_blame(&crew->members[i], watch(s, i, false));
    return error;
}

int serve_watch(struct crowd_crew *crew) {
    struct serving serving = {.crew = crew};
    int error =
        poller_open(&serving.poller, crew->task->plan.design, crew->count, &crew->carrier->fault);
    if (!error)
        error = begin(&serving);
    if (!error)
        error = serve(&serving);
    free(serving.replies);
    poller_close(&serving.poller);
    return error;
}
