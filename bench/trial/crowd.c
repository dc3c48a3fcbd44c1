/* SPDX-License-Identifier: MIT */
/*
 * crowd.c - the life of one end of a crowd: its members attach, pass the gates, do their part and
 * detach; as threads, as processes, or all by one thread.
 */
#include "base/analyzer.h"
#include "trial/crowd_crew.h"
#include "trial/crowd_workers.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>

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
        error = crowd_blame(&crew->members[i], crowd_member_attach(&crew->members[i]));
    return error;
}
ANALYZER_END;

/* The leading thread is the first member. */
static int attach_threads(struct crowd_crew *crew) {
    int error = crowd_start_threads(crew);
    if (error == 0)
        error = crowd_blame(&crew->members[0], crowd_member_attach(&crew->members[0]));
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
    int error = crowd_blame(&crew->members[0], crowd_member_work(&crew->members[0]));
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
        error = crowd_blame(&crew->members[i], crowd_member_detach(&crew->members[i]));
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
