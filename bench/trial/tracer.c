/* SPDX-License-Identifier: MIT */
/*
 * tracer.c - PTRACE_TRACEME in the end, PTRACE_SYSCALL in its parent. The end asks to be traced,
 * since that is allowed under more of Yama's settings than its parent's attaching is, and leaves no
 * moment in which it runs untraced.
 */
#include "trial/tracer.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* What PTRACE_O_TRACESYSGOOD makes of SIGTRAP at a system call's beginning and end. */
#define CALL_STOP (SIGTRAP | 0x80)

int tracer_open(struct tracer *tracer) {
    /* Ignored, as it may have been inherited, SIGCHLD would not be sent. */
    const struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t set;
    *tracer = (struct tracer){.fd = -1};
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (sigprocmask(SIG_BLOCK, &set, &tracer->before) < 0 ||
        sigaction(SIGCHLD, &plain, &tracer->action_before) < 0) {
        int error = -errno;
        (void)close(fd);
        return error;
    }
    tracer->fd = fd;
    return 0;
}

void tracer_close(struct tracer *tracer) {
    if (tracer->fd < 0)
        return;
    (void)close(tracer->fd);
    (void)sigaction(SIGCHLD, &tracer->action_before, NULL);
    (void)sigprocmask(SIG_SETMASK, &tracer->before, NULL);
    tracer->fd = -1;
}

void tracer_offer(void) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
        (void)raise(SIGSTOP);
}

/* ptrace takes numbers in the place of pointers. */
static void *as_pointer(int number) {
    return (void *)(intptr_t)number;
}

/* The stop of tracer_offer. The signal goes no further than this. */
static void follow(struct tracer *tracer, int role, pid_t end, struct end_report *report) {
    tracer->followed[role] = true;
    if (ptrace(PTRACE_SETOPTIONS, end, NULL,
               as_pointer(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) == 0) {
        report->traced_calls = 0;
        (void)ptrace(PTRACE_SYSCALL, end, NULL, NULL);
    } else {
        (void)ptrace(PTRACE_DETACH, end, NULL, NULL);
    }
}

/* Any later stop: at a call's beginning or end, or since a signal is on its way to the end, which
 * is handed on. An end that was killed meanwhile can't be let go, and needn't. */
static void let_go(struct tracer *tracer, int role, pid_t end, int code,
                   struct end_report *report) {
    bool at_call = code == CALL_STOP;
    if (at_call)
        tracer->inside_call[role] = !tracer->inside_call[role];
    if (at_call && tracer->inside_call[role])
        report->traced_calls += atomic_load(&report->stage) == END_MEASURING;
    (void)ptrace(PTRACE_SYSCALL, end, NULL, as_pointer(at_call ? 0 : code));
}

/* Signals of one kind merge, so all of them are taken before looking at both ends: what stops after
 * that sends another. */
static void take_signals(const struct tracer *tracer) {
    struct signalfd_siginfo info;
    while (read(tracer->fd, &info, sizeof info) == (ssize_t)sizeof info)
        continue;
}

void tracer_step(struct tracer *tracer, const pid_t ends[IPC_ROLES], struct control *control) {
    take_signals(tracer);
    for (int role = 0; role < IPC_ROLES; role++) {
        siginfo_t info = {.si_pid = 0};
        /* Without WEXITED the dead stay for whoever reaps them. */
        if (ends[role] <= 0 ||
            waitid(P_PID, (id_t)ends[role], &info, WSTOPPED | WNOHANG | __WALL) < 0 ||
            info.si_pid == 0)
            continue;
        if (tracer->followed[role])
            let_go(tracer, role, ends[role], info.si_status, &control->ends[role]);
        else
            follow(tracer, role, ends[role], &control->ends[role]);
    }
}
