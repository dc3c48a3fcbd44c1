/* SPDX-License-Identifier: MIT */
/*
 * crowd.c - the life of one end of a crowd: its members attach, pass the gates, do their part and
 * detach; as threads, as processes, or all by one thread.
 */
#include "base/analyzer.h"
#include "trial/crowd_crew.h"
#include "trial/crowd_workers.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char *const crowd_phases[CROWD_PHASES + 1] = {"connect", "exchange", "close", NULL};

static void *zeroed(size_t bytes) {
    size_t room = (bytes + IPC_ALIGN - 1) / IPC_ALIGN * IPC_ALIGN;
    void *memory = aligned_alloc(IPC_ALIGN, room);
    return memory ? memset(memory, 0, room) : NULL;
}

/* ---- members ---- */

/* A message of another client's is explained as one. */
static int explain(struct workload *w, uint64_t sequence) {
    const struct crowd_member *member = crowd_member_of(w);
    struct ipc_fault *fault = &w->end->fault;
    size_t other = payload_owner(w->incoming, w->buffer, sequence, member->crew->count);
    fault->call = "verify";
    if (other == member->index || other >= member->crew->count)
        return payload_explain(w->incoming, w->buffer, sequence, fault->detail,
                               sizeof fault->detail);
    (void)snprintf(fault->detail, sizeof fault->detail,
                   "message %llu was mixed up: one of client %zu came in its place",
                   (unsigned long long)sequence, other);
    return -EBADMSG;
}

/* The first member's facts stand for all. */
static void note_nothing(void *notes, const char *name, const char *value) {
    (void)notes;
    (void)name;
    (void)value;
}

static void fill_end(struct crowd_member *member) {
    const struct end_task *task = member->crew->task;
    const struct ipc_end *carrier = member->crew->carrier;
    struct ipc_end *end = member->end;
    end->link = task->links[task->link_count > 1 ? member->index : 0];
    end->role = member->crew->role;
    end->note = member->index == 0 ? carrier->note : note_nothing;
    end->notes = carrier->notes;
}

int crowd_member_make(struct crowd_member *member) {
    struct crowd_crew *crew = member->crew;
    const struct end_task *task = crew->task;
    int out = crew->role == IPC_CLIENT ? 0 : 1;
    struct workload *w = &member->workload;
    member->end = zeroed(task->transport->end_bytes);
    w->buffer = zeroed(task->size_bytes);
    int error = member->end && w->buffer ? 0 : -ENOMEM;
    if (!error)
        error =
            payload_make(&member->outgoing, task->size_bytes, task->seed, out, task->verify_full);
    if (!error)
        error = payload_make(&member->incoming, task->size_bytes, task->seed, 1 - out,
                             task->verify_full);
    if (error)
        return error;
    fill_end(member);
    payload_own(&member->outgoing, member->index);
    payload_own(&member->incoming, member->index);
    w->plan = &task->plan;
    w->clock = task->clock;
    w->end = member->end;
    w->messages = task->transport->messages[task->link->wait];
    w->connections = task->transport->connections;
    w->outgoing = &member->outgoing;
    w->incoming = &member->incoming;
    w->turn = &member->shared->turn;
    w->histogram = &task->control->histogram;
    w->result = &member->shared->result;
    w->explain = explain;
    w->context = member;
    return 0;
}

void crowd_member_free(struct crowd_member *member) {
    payload_free(&member->outgoing);
    payload_free(&member->incoming);
    free(member->workload.buffer);
    free(member->end);
    member->workload.buffer = NULL;
    member->end = NULL;
}

int crowd_blame(struct crowd_member *member, int error) {
    static const struct ipc_fault no_memory = {.call = "malloc"};
    const struct ipc_fault *fault = member->end ? &member->end->fault : &no_memory;
    struct ipc_fault *to = &member->crew->carrier->fault;
    if (error == 0)
        return 0;
    to->call = fault->call;
    if (member->crew->count == 1)
        (void)snprintf(to->detail, sizeof to->detail, "%s", fault->detail);
    else
        (void)snprintf(to->detail, sizeof to->detail, "client %zu of %zu%s%.150s", member->index,
                       member->crew->count, fault->detail[0] ? ": " : "", fault->detail);
    return error;
}

/* ---- the marks: one reading for all threads, one each for processes ---- */

static void mark_shared(struct crowd_member *member, enum workload_mark when) {
    struct crowd_crew *crew = member->crew;
    crowd_pass(crew, when == WORKLOAD_BEGIN ? CROWD_WARM : CROWD_CLOSED);
    if (member->index == 0)
        crew->mark(crew->context, when);
    if (when == WORKLOAD_BEGIN)
        crowd_pass(crew, CROWD_MARKED);
}

static void mark(void *context, enum workload_mark when) {
    struct crowd_member *member = context;
    if (member->crew->processes)
        crowd_mark_worker(member, when);
    else
        mark_shared(member, when);
}

/* ---- a member's life ---- */

static int attach(struct crowd_member *member) {
    const struct ipc_transport *transport = member->crew->task->transport;
    int error = crowd_member_make(member);
    return error || transport->attach == NULL ? error : transport->attach(member->end);
}

static int detach(struct crowd_member *member) {
    const struct ipc_transport *transport = member->crew->task->transport;
    return transport->detach ? transport->detach(member->end) : 0;
}

static int work(struct crowd_member *member) {
    struct workload *w = &member->workload;
    w->mark = mark;
    return member->crew->role == IPC_CLIENT ? workload_client(w) : workload_server(w);
}

/* Of a member that is not the thread that leads. Whoever fails ends the process: the rest may wait
 * for it for ever. */
static void must(struct crowd_member *member, int error) {
    struct crowd_crew *crew = member->crew;
    if (error == 0)
        return;
    end_blame(crew->task->control, crew->role, crowd_blame(member, error), &crew->carrier->fault);
    _exit(1);
}

void crowd_live(struct crowd_member *member) {
    struct crowd_crew *crew = member->crew;
    must(member, attach(member));
    crowd_arrive(crew, CROWD_ATTACHED);
    crowd_pass(crew, CROWD_GO);
    must(member, work(member));
    crowd_arrive(crew, CROWD_DONE);
    crowd_pass(crew, CROWD_LEAVE);
    must(member, detach(member));
}

/* ---- the end ---- */

/* As in end.c: what is shared is mapped, but not yet in this process' page table. */
static void warm_pages(const struct crowd *crowd) {
    const volatile char *bytes = (const volatile char *)crowd;
    for (size_t at = 0; at < sizeof *crowd; at += 4096)
        (void)bytes[at];
}

static int make_crew(const struct end_task *task, enum ipc_role role, struct ipc_end *carrier,
                     struct crowd_crew *crew) {
    enum workload_design design = task->plan.design;
    bool server = role == IPC_SERVER;
    bool serves = task->plan.kind == WORKLOAD_SERVE;
    *crew = (struct crowd_crew){.task = task,
                                .crowd = task->crowd,
                                .role = role,
                                .carrier = carrier,
                                .count = task->plan.clients,
                                .one = server && (!serves || design > WORKLOAD_PROCESS),
                                .processes = server && serves && design == WORKLOAD_PROCESS,
                                .arrivals = -1};
    crew->all = (uint32_t)crew->count + crew->processes;
    crew->members = calloc(crew->count, sizeof *crew->members);
    carrier->fault.call = "malloc";
    for (size_t i = 0; crew->members != NULL && i < crew->count; i++) {
        crew->members[i].crew = crew;
        crew->members[i].index = i;
        crew->members[i].shared = &task->crowd->clients[i];
        crew->members[i].pidfd = -1;
    }
    return crew->members ? 0 : -ENOMEM;
}

ANALYZER_NO_LEAK("crowd_free frees the members that make_crew left in *made");
/* A connection for each exchange: the one server has one end, for whoever comes. */
static size_t ends_of(const struct crowd_crew *crew) {
    bool meets = crew->task->plan.kind == WORKLOAD_CONNECT && crew->role == IPC_SERVER;
    return meets ? 1 : crew->count;
}

static int attach_all(struct crowd_crew *crew) {
    int error = 0;
    for (size_t i = 0; i < ends_of(crew) && error == 0; i++)
        error = crowd_blame(&crew->members[i], attach(&crew->members[i]));
    return error;
}
ANALYZER_END;

/* The leading thread is the first member. */
static int attach_threads(struct crowd_crew *crew) {
    int error = crowd_start_threads(crew);
    if (error == 0)
        error = crowd_blame(&crew->members[0], attach(&crew->members[0]));
    if (error == 0)
        crowd_pass(crew, CROWD_ATTACHED);
    return error;
}

int crowd_attach(const struct end_task *task, enum ipc_role role, struct ipc_end *carrier,
                 struct crowd_crew **made) {
    struct crowd_crew *crew = malloc(sizeof *crew);
    *made = crew;
    if (crew == NULL)
        return -ENOMEM;
    int error = make_crew(task, role, carrier, crew);
    warm_pages(task->crowd);
    if (error)
        return error;
    if (crew->one)
        return attach_all(crew);
    return crew->processes ? crowd_start_processes(crew) : attach_threads(crew);
}

static int work_alone(struct crowd_crew *crew) {
    if (crew->task->plan.kind == WORKLOAD_CONNECT)
        return workload_connect_serve(crew);
    return crew->task->plan.design == WORKLOAD_URING ? serve_uring(crew) : serve_watch(crew);
}

int crowd_work(struct crowd_crew *crew, void (*mark_end)(void *context, enum workload_mark mark),
               void *context) {
    crew->mark = mark_end;
    crew->context = context;
    if (crew->one)
        return work_alone(crew);
    crowd_pass(crew, CROWD_GO);
    if (crew->processes)
        return crowd_await_processes(crew);
    int error = crowd_blame(&crew->members[0], work(&crew->members[0]));
    if (error == 0)
        crowd_pass(crew, CROWD_DONE);
    return error;
}

int crowd_detach(struct crowd_crew *crew) {
    int error = 0;
    if (!crew->one)
        crowd_pass(crew, CROWD_LEAVE);
    if (crew->processes)
        return crowd_end_processes(crew);
    size_t own = crew->one ? ends_of(crew) : 1;
    for (size_t i = 0; i < own && error == 0; i++)
        error = crowd_blame(&crew->members[i], detach(&crew->members[i]));
    return error ? error : crowd_end_threads(crew);
}

void crowd_free(struct crowd_crew *crew) {
    for (size_t i = 0; crew != NULL && crew->members != NULL && i < crew->count; i++)
        crowd_member_free(&crew->members[i]);
    if (crew != NULL)
        free(crew->members);
    free(crew);
}

void crowd_reap(struct crowd *crowd) {
    for (size_t i = 0; i < CROWD_MOST; i++) {
        pid_t worker = atomic_load(&crowd->clients[i].worker);
        if (worker > 0)
            (void)waitpid(worker, NULL, 0); /* its death is sure: its parent's is its own */
    }
}
