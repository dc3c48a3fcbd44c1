/* SPDX-License-Identifier: MIT */
/*
 * crowd_workers.c - threads and processes for the members of a crowd, and what each does in its
 * own.
 */
#include "trial/crowd_workers.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES ((size_t)512 << 10) /* what libraries may want within an end's calls */

/* ---- a member's life ---- */

/* Says that this member stands at the gate, and, unless it is a process that only the leader waits
 * for, waits for the others. */
static void arrive(struct crowd_crew *crew, enum crowd_gate gate) {
    static const uint64_t one = 1;
    if (!crew->processes)
        crowd_pass(crew, gate);
    else
        (void)!write(crew->arrivals, &one, sizeof one);
}

/* One reading for all threads, one each for processes. */
static void mark_process(struct crowd_member *member, enum workload_mark when) {
    _Atomic int *stage = &member->crew->task->control->ends[IPC_SERVER].stage;
    struct crowd_client *shared = member->shared;
    if (when == WORKLOAD_BEGIN) {
        atomic_store(stage, END_MEASURING);
        shared->after = (struct usage){.cpu = -1}; /* its page is there before faults are counted */
        usage_read_slow(&shared->before, -1, -1);
        usage_read(&shared->before);
    } else {
        usage_read(&shared->after);
        usage_read_slow(&shared->after, -1, -1);
        atomic_store(stage, END_FINISHING);
    }
}

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
        mark_process(member, when);
    else
        mark_shared(member, when);
}

int crowd_member_work(struct crowd_member *member) {
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
    task_blame(crew->task->control, crew->role, crowd_blame(member, error), &crew->carrier->fault);
    _exit(1);
}

static void live(struct crowd_member *member) {
    struct crowd_crew *crew = member->crew;
    must(member, crowd_member_attach(member));
    arrive(crew, CROWD_ATTACHED);
    crowd_pass(crew, CROWD_GO);
    must(member, crowd_member_work(member));
    arrive(crew, CROWD_DONE);
    crowd_pass(crew, CROWD_LEAVE);
    must(member, crowd_member_detach(member));
}

/* ---- threads ---- */

static void *live_as_thread(void *member) {
    live(member);
    return NULL;
}

int crowd_start_threads(struct crowd_crew *crew) {
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error == 0)
        error = pthread_attr_setstacksize(&attributes, STACK_BYTES);
    for (size_t i = 1; i < crew->count && error == 0; i++) {
        struct crowd_member *member = &crew->members[i];
        error = pthread_create(&member->thread, &attributes, live_as_thread, member);
        member->started = error == 0;
    }
    crew->carrier->fault.call = "pthread_create";
    (void)pthread_attr_destroy(&attributes);
    return -error;
}

int crowd_end_threads(struct crowd_crew *crew) {
    for (size_t i = 1; i < crew->count; i++)
        if (crew->members[i].started)
            (void)pthread_join(crew->members[i].thread, NULL);
    return 0;
}

/* ---- processes ---- */

/* In the child: dies with the server. */
static _Noreturn void become_worker(struct crowd_member *member, pid_t parent) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    live(member);
    _exit(0);
}

static int start_process(struct crowd_member *member) {
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        become_worker(member, parent);
    member->crew->carrier->fault.call = "fork";
    if (pid < 0)
        return -errno;
    atomic_store(&member->shared->worker, pid);
    member->crew->carrier->fault.call = "pidfd_open";
    member->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    member->started = true;
    return member->pidfd < 0 ? -errno : 0;
}

int crowd_start_processes(struct crowd_crew *crew) {
    int error = 0;
    crew->arrivals = eventfd(0, EFD_CLOEXEC);
    if (crew->arrivals < 0) {
        crew->carrier->fault.call = "eventfd";
        return -errno;
    }
    for (size_t i = 0; i < crew->count && error == 0; i++)
        error = start_process(&crew->members[i]);
    return error ? error : crowd_await_processes(crew);
}

static int reap(struct crowd_member *member) {
    int status = 0;
    pid_t worker = atomic_load(&member->shared->worker);
    while (waitpid(worker, &status, 0) < 0 && errno == EINTR)
        continue;
    atomic_store(&member->shared->worker, 0);
    (void)close(member->pidfd);
    member->pidfd = -1;
    return status;
}

/* A worker that failed has said so itself; one that was killed can't. */
static int blame_worker(struct crowd_member *member, int status) {
    struct ipc_fault *fault = &member->crew->carrier->fault;
    fault->call = "a worker's process";
    if (WIFSIGNALED(status))
        (void)snprintf(fault->detail, sizeof fault->detail,
                       "the process that serves client %zu was killed by signal %d (%s)",
                       member->index, WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        (void)snprintf(fault->detail, sizeof fault->detail,
                       "the process that serves client %zu ended before its work was over",
                       member->index);
    return -ECHILD;
}

/* Adds what has arrived since; returns an error when one is dead. */
static int look(struct crowd_crew *crew, struct pollfd *watched, uint64_t *arrived) {
    uint64_t more = 0;
    while (poll(watched, crew->count + 1, -1) < 0)
        if (errno != EINTR)
            return -errno;
    if (watched[crew->count].revents && read(crew->arrivals, &more, sizeof more) == sizeof more)
        *arrived += more;
    for (size_t i = 0; i < crew->count && *arrived < crew->count; i++)
        if (watched[i].revents)
            return blame_worker(&crew->members[i], reap(&crew->members[i]));
    return 0;
}

int crowd_await_processes(struct crowd_crew *crew) {
    struct pollfd *watched = calloc(crew->count + 1, sizeof *watched);
    uint64_t arrived = 0;
    int error = watched ? 0 : -ENOMEM;
    crew->carrier->fault.call = watched ? "poll" : "malloc";
    for (size_t i = 0; watched && i < crew->count; i++)
        watched[i] = (struct pollfd){.fd = crew->members[i].pidfd, .events = POLLIN};
    if (watched)
        watched[crew->count] = (struct pollfd){.fd = crew->arrivals, .events = POLLIN};
    while (error == 0 && arrived < crew->count)
        error = look(crew, watched, &arrived);
    free(watched);
    return error;
}

/* What all processes used together counts as the server's. */
static void add_up(struct crowd_crew *crew) {
    struct end_report *report = &crew->task->control->ends[crew->role];
    report->before = report->after = (struct usage){.cpu = -1};
    for (size_t i = 0; i < crew->count; i++) {
        usage_add(&report->before, &crew->crowd->clients[i].before);
        usage_add(&report->after, &crew->crowd->clients[i].after);
    }
    report->threads = 0;
    for (int i = 0; i < COUNTERS; i++)
        report->counted_before[i] = report->counted_after[i] = -1;
}

int crowd_end_processes(struct crowd_crew *crew) {
    int error = 0;
    for (size_t i = 0; i < crew->count; i++) {
        int status = reap(&crew->members[i]);
        if (status != 0 && error == 0)
            error = blame_worker(&crew->members[i], status);
    }
    (void)close(crew->arrivals);
    add_up(crew);
    return error;
}
