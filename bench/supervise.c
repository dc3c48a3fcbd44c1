/* SPDX-License-Identifier: MIT */
/*
 * supervise.c - fork, poll on pidfds, reap: no end outlives this.
 */
#include "supervise.h"

#include "stop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

struct watch {
    const struct end_task *task;
    struct supervision *found;
    pid_t pids[IPC_ROLES]; /* 0: not started, or reaped */
    int pidfds[IPC_ROLES];
    int stop_fd;
    uint64_t deadline; /* on the system clock */
};

/* In the child: dies with its parent, and leaves Ctrl-C in the terminal to it. */
static _Noreturn void become_end(const struct end_task *task, enum ipc_role role, pid_t parent) {
    sigset_t none;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    _exit(end_run(task, role));
}

static int start(struct watch *w, enum ipc_role role) {
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        become_end(w->task, role, parent);
    if (pid < 0)
        return -errno;
    w->pids[role] = pid;
    w->pidfds[role] = (int)syscall(SYS_pidfd_open, pid, 0);
    return w->pidfds[role] < 0 ? -errno : 0;
}

static void kill_all(const struct watch *w) {
    for (int role = 0; role < IPC_ROLES; role++)
        if (w->pids[role] > 0) {
            w->found->killed[role] = true;
            (void)kill(w->pids[role], SIGKILL);
        }
}

static void reap(struct watch *w, int role) {
    while (waitpid(w->pids[role], &w->found->status[role], 0) < 0 && errno == EINTR)
        continue;
    w->pids[role] = 0;
    if (w->pidfds[role] >= 0)
        (void)close(w->pidfds[role]);
}

/* An end that is gone: did it do all that it had to? */
static bool went_well(const struct watch *w, int role) {
    return w->found->status[role] == 0 &&
           atomic_load(&w->task->control->ends[role].stage) == END_OVER;
}

/* Waits for an end's death, a request to stop, or the time to pass (in ms, -1: endless), and reaps
 * the ends that are dead. Returns what poll does; `bad` tells whether one of them left its work. */
static int wait_once(struct watch *w, int wait_ms, bool *stop, bool *bad) {
    struct pollfd watched[IPC_ROLES + 1];
    for (int role = 0; role < IPC_ROLES; role++)
        watched[role] = (struct pollfd){w->pids[role] > 0 ? w->pidfds[role] : -1, POLLIN, 0};
    watched[IPC_ROLES] = (struct pollfd){w->stop_fd, POLLIN, 0};
    int ready = poll(watched, IPC_ROLES + 1, wait_ms);
    for (int role = 0; ready > 0 && role < IPC_ROLES; role++)
        if (w->pids[role] > 0 && watched[role].revents) {
            reap(w, role);
            *bad |= !went_well(w, role);
        }
    *stop |= ready > 0 && watched[IPC_ROLES].revents && stop_requested(w->stop_fd);
    return ready;
}

static int time_left_ms(const struct watch *w) {
    uint64_t now = clock_system_ns();
    if (w->found->timed_out || w->found->interrupted)
        return -1; /* they have been killed, so something will happen */
    return now >= w->deadline ? 0 : (int)((w->deadline - now) / 1000000 + 1);
}

/* One end's failure is often the other's doing: one that is killed closes its descriptors before it
 * can be reaped, and its peer fails. So the other gets a moment to be found dead by itself. */
enum { GRACE_MS = 50 };

static void watch(struct watch *w) {
    bool bad = false, stop = false;
    int ready = wait_once(w, time_left_ms(w), &stop, &bad);
    w->found->timed_out |= ready == 0;
    if (bad && !stop && (w->pids[IPC_SERVER] > 0 || w->pids[IPC_CLIENT] > 0))
        (void)wait_once(w, GRACE_MS, &stop, &bad);
    w->found->interrupted |= stop;
    if (bad || stop || ready == 0)
        kill_all(w);
}

int supervise_ends(const struct end_task *task, uint64_t deadline_ns, int stop_fd,
                   struct supervision *supervision) {
    struct watch w = {.task = task,
                      .found = supervision,
                      .pidfds = {-1, -1},
                      .stop_fd = stop_fd,
                      .deadline = clock_system_ns() + deadline_ns};
    *supervision = (struct supervision){0};
    int error = task->transport->solo ? 0 : start(&w, IPC_SERVER);
    if (!error)
        error = start(&w, IPC_CLIENT);
    if (error) {
        kill_all(&w);
        for (int role = 0; role < IPC_ROLES; role++)
            if (w.pids[role] > 0)
                reap(&w, role);
        return error;
    }
    while (w.pids[IPC_SERVER] > 0 || w.pids[IPC_CLIENT] > 0)
        watch(&w);
    return 0;
}
