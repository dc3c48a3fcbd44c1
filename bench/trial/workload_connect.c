/* SPDX-License-Identifier: MIT */
/*
 * workload_connect.c - a connection for each exchange: the client connects, sends a message, waits
 * for the reply and hangs up; the server takes one connection after the other, answers, and hangs
 * up once the client has. With several clients these are threads of the client's process, and the
 * server doesn't know whose connection comes next: it tells by the message. No allocation, no
 * printing, no system call of its own.
 */
#include "trial/crowd_crew.h"

#include <errno.h>
#include <stdio.h>

/* The ticks at which the parts of one connection began, and the end of the last. */
struct stamps {
    uint64_t at[CROWD_PHASES + 1];
};

static int connect_once(struct workload *w, struct stamps *stamps) {
    int error = w->connections->connect(w->end);
    if (__builtin_expect(error, 0))
        return error;
    stamps->at[CROWD_EXCHANGE] = clock_ticks(w->clock);
    if ((error = workload_exchange(w)) != 0)
        return error;
    stamps->at[CROWD_CLOSE] = clock_ticks(w->clock);
    if ((error = w->connections->hang_up(w->end)) != 0)
        return error;
    stamps->at[CROWD_PHASES] = clock_ticks(w->clock);
    return 0;
}

static int close_phase(struct workload *w) {
    struct stamps unused;
    atomic_store_explicit(w->turn, w->sequence, memory_order_release);
    return connect_once(w, &unused);
}

/* Within the ports that there are: the warm-up may take a third of them. */
static int warm_up(struct workload *w) {
    const struct crowd_member *member = crowd_member_of(w);
    const struct workload_plan *plan = w->plan;
    uint64_t most = member->crew->crowd->budget / 3 / member->crew->count;
    uint64_t start = clock_ticks(w->clock), done = 0;
    uint64_t stop = start + workload_ticks(w->clock, plan->warmup_ns);
    struct stamps unused;
    for (; plan->warmup_exchanges ? done < plan->warmup_exchanges : clock_ticks(w->clock) < stop;
         done++) {
        if (most > 0 && done >= most)
            break;
        int error = connect_once(w, &unused);
        if (error)
            return error;
    }
    w->result->warmup_exchanges = done;
    w->result->warmup_ns = clock_span_ns(w->clock, clock_ticks(w->clock) - start);
    return close_phase(w);
}

static void note(struct crowd_member *member, const struct stamps *stamps) {
    const struct clock *clock = member->workload.clock;
    for (int i = 0; i < CROWD_PHASES; i++)
        crowd_record(&member->crew->crowd->phases[i],
                     clock_span_ns(clock, stamps->at[i + 1] - stamps->at[i]));
    crowd_note_latency(member, clock_span_ns(clock, stamps->at[CROWD_PHASES] - stamps->at[0]));
}

static int measure(struct workload *w) {
    struct crowd_member *member = crowd_member_of(w);
    struct crowd *crowd = member->crew->crowd;
    struct stamps stamps;
    crowd_pass(member->crew, CROWD_SETTLED);
    stamps.at[0] = clock_ticks(w->clock);
    uint64_t stop = stamps.at[0] + workload_ticks(w->clock, w->plan->time_ns);
    member->shared->first_ticks = stamps.at[0];
    while (crowd_may_go_on(member, stamps.at[0], stop)) {
        if (crowd->budget > 0 &&
            atomic_fetch_sub_explicit(&crowd->ports, 1, memory_order_relaxed) <= 0)
            break;
        int error = connect_once(w, &stamps);
        if (error)
            return error;
        note(member, &stamps);
        stamps.at[0] = stamps.at[CROWD_PHASES];
    }
    member->shared->last_ticks = stamps.at[0];
    return 0;
}

int workload_connect_client(struct workload *w) {
    struct stamps unused;
    int error = warm_up(w);
    if (error)
        return error;
    w->mark(w->context, WORKLOAD_BEGIN);
    error = connect_once(w, &unused);
    if (!error)
        error = measure(w);
    if (!error)
        error = close_phase(w);
    if (error)
        return error;
    w->mark(w->context, WORKLOAD_END);
    return workload_verify(w, w->sequence - 1);
}

/* ---- the server ---- */

struct meeting {
    struct crowd_crew *crew;
    struct workload *w; /* of the one end; its payloads serve all clients in turn */
    size_t open;        /* clients that have not closed the phase */
};

/* Whose message stands in the buffer? Its own client's number is what each has sent so far. */
static struct crowd_member *who(const struct meeting *m) {
    struct crowd_crew *crew = m->crew;
    for (size_t i = 0; crew->count > 1 && i < crew->count; i++)
        if (payload_is(m->w->incoming, m->w->buffer, i, crew->members[i].workload.sequence))
            return &crew->members[i];
    return &crew->members[0];
}

static int answer(struct meeting *m) {
    struct workload *w = m->w;
    int error = w->messages->recv(w->end, w->buffer, w->incoming->bytes);
    if (__builtin_expect(error, 0))
        return error;
    struct crowd_member *member = who(m);
    uint64_t sequence = member->workload.sequence++;
    uint64_t turn = atomic_load_explicit(&member->shared->turn, memory_order_relaxed);
    payload_own(w->outgoing, member->index);
    payload_stamp(w->outgoing, sequence);
    error = w->messages->send(w->end, w->outgoing->message, w->outgoing->bytes);
    if (error)
        return error;
    payload_own(w->incoming, member->index);
    m->open -= sequence == turn;
    return workload_verify(w, sequence);
}

static int serve_phase(struct meeting *m) {
    struct workload *w = m->w;
    int error = 0;
    for (m->open = m->crew->count; m->open > 0 && error == 0;) {
        error = w->connections->accept(w->end);
        if (!error)
            error = answer(m);
        if (!error)
            error = w->connections->hang_up(w->end);
    }
    return error;
}

int workload_connect_serve(struct crowd_crew *crew) {
    struct meeting meeting = {.crew = crew, .w = &crew->members[0].workload};
    int error = serve_phase(&meeting);
    if (!error)
        crew->mark(crew->context, WORKLOAD_BEGIN);
    if (!error)
        error = serve_phase(&meeting);
    if (!error)
        crew->mark(crew->context, WORKLOAD_END);
    return crowd_blame(&crew->members[0], error);
}
