/* SPDX-License-Identifier: MIT */
/*
 * supervise.c - fork, poll on pidfds, reap: no end outlives this.
 */
#include "trial/supervise.h"

#include "base/stop.h"
#include "trial/crowd.h"
#include "trial/end.h"
#include "trial/tracer.h"

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
    struct tracer tracer;
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
    if (task->trace)
        tracer_offer();
    _exit(task->run ? task->run(task, role) : end_run(task, role));
}

static int start(struct watch *w, enum ipc_role role) {
    pid_t parent = getpid();
    w->task->control->ends[role].traced_calls = -1;
    pid_t pid = fork();
    if (pid == 0)
        become_end(w->task, role, parent);
    if (pid < 0)
        return -errno;
    w->pids[role] = pid;
    w->pidfds[role] = (int)syscall(SYS_pidfd_open, pid, 0);
    return w->pidfds[role] < 0 ? -errno : 0;
}

/* Only for an end that is dead or was killed: of one that is traced, waitpid tells its stops too.
 */
static void reap(struct watch *w, int role) {
    int *status = &w->found->status[role];
    pid_t pid;
    do
        pid = waitpid(w->pids[role], status, 0);
    while (pid < 0 ? errno == EINTR : WIFSTOPPED(*status));
    w->pids[role] = 0;
    if (w->pidfds[role] >= 0)
        (void)close(w->pidfds[role]);
}

/* Needs no poll, which may be what fails. */
static void kill_all(struct watch *w) {
    for (int role = 0; role < IPC_ROLES; role++)
        if (w->pids[role] > 0) {
            w->found->killed[role] = true;
            (void)kill(w->pids[role], SIGKILL);
        }
    for (int role = 0; role < IPC_ROLES; role++)
        if (w->pids[role] > 0)
            reap(w, role);
}

/* An end that is gone: did it do all that it had to? */
static bool went_well(const struct watch *w, int role) {
    return w->found->status[role] == 0 &&
           atomic_load(&w->task->control->ends[role].stage) == END_OVER;
}

/* What was seen at one look. */
struct sight {
    bool bad;  /* an end died and left its work */
    bool stop; /* a request to stop has come */
    bool late; /* the time passed */
};

/* Waits for an end's death, a request to stop, or the time to pass (in ms), and reaps
 * the ends that are dead. Lets those go on that stopped to be traced, which is nothing to wait for:
 * it may return with nothing seen. */
static void look(struct watch *w, int wait_ms, struct sight *sight) {
    enum { STOP = IPC_ROLES, TRACER, WATCHED };
    struct pollfd watched[WATCHED] = {
        [STOP] = {w->stop_fd, POLLIN, 0}, [TRACER] = {w->tracer.fd, POLLIN, 0}};
    for (int role = 0; role < IPC_ROLES; role++)
        watched[role] = (struct pollfd){w->pids[role] > 0 ? w->pidfds[role] : -1, POLLIN, 0};
    int ready = poll(watched, WATCHED, wait_ms);
    if (ready < 0 && errno != EINTR)
        (void)usleep(1000); /* it may fail until the time is over */
    bool traced = ready > 0 && watched[TRACER].revents;
    for (int role = 0; ready > 0 && role < IPC_ROLES; role++)
        if (w->pids[role] > 0 && watched[role].revents) {
            reap(w, role);
            sight->bad |= !went_well(w, role);
        }
    if (traced)
        tracer_step(&w->tracer, w->pids, w->task->control);
    sight->stop |= ready > 0 && watched[STOP].revents && stop_requested(w->stop_fd);
    /* A poll that fails, be it for ever, must not hide that the time is over. */
    sight->late |= ready == 0 || (wait_ms == 0 && (ready < 0 || (ready == 1 && traced)));
}

/* Until a moment of the system clock, rounded up. */
static int ms_until(uint64_t moment) {
    uint64_t now = clock_system_ns();
    return now >= moment ? 0 : (int)((moment - now) / 1000000 + 1);
}

static bool anyone_alive(const struct watch *w) {
    return w->pids[IPC_SERVER] > 0 || w->pids[IPC_CLIENT] > 0;
}

#define GRACE_NS UINT64_C(50000000)

/* One end's failure is often the other's doing: one that is killed closes its descriptors before it
 * can be reaped, and its peer fails. So the other gets a moment to be found dead by itself. */
static void grant_grace(struct watch *w, struct sight *sight) {
    uint64_t end = clock_system_ns() + GRACE_NS;
    struct sight during = {.bad = false};
    while (anyone_alive(w) && !during.late && !during.stop)
        look(w, ms_until(end), &during);
    sight->stop |= during.stop;
}

static void watch(struct watch *w) {
    struct sight sight = {.bad = false};
    look(w, ms_until(w->deadline), &sight);
    w->found->timed_out |= sight.late;
    if (sight.bad && !sight.stop)
        grant_grace(w, &sight);
    w->found->interrupted |= sight.stop;
    if (sight.bad || sight.stop || sight.late)
        kill_all(w);
}

/* Starts the ends; those that did start are gone when another could not be. */
static int start_all(struct watch *w) {
    int error = w->task->transport->solo ? 0 : start(w, IPC_SERVER);
    if (!error)
        error = start(w, IPC_CLIENT);
    if (!error)
        return 0;
    kill_all(w);
    return error;
}

int supervise_ends(const struct end_task *task, uint64_t deadline_ns, int stop_fd,
                   struct supervision *supervision) {
    struct watch w = {.task = task,
                      .found = supervision,
                      .pidfds = {-1, -1},
                      .stop_fd = stop_fd,
                      .tracer = {.fd = -1},
                      .deadline = clock_system_ns() + deadline_ns};
    *supervision = (struct supervision){0};
    if (task->crowd)
        (void)prctl(PR_SET_CHILD_SUBREAPER, 1); /* a killed server leaves its workers to us */
    int error = task->trace ? tracer_open(&w.tracer) : 0;
    if (!error)
        error = start_all(&w);
    while (!error && anyone_alive(&w))
        watch(&w);
    if (task->crowd)
        crowd_reap(task->crowd);
    tracer_close(&w.tracer);
    return error;
}
