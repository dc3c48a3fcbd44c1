/* SPDX-License-Identifier: MIT */
/*
 * tracer.h - counts the system calls of both ends by ptrace, for a trial that counts where the
 * tracepoint of counters.h can't be used. Each call takes some tens of microseconds so.
 */
#ifndef BENCH_TRACER_H
#define BENCH_TRACER_H

#include "trial/task.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct tracer {
    int fd;          /* readable when an end may have stopped; -1: nothing is traced */
    sigset_t before; /* the signal mask to go back to */
    struct sigaction action_before;
    bool followed[IPC_ROLES];    /* stopped once, as tracer_offer does, and was let go */
    bool inside_call[IPC_ROLES]; /* stopped on its way into a system call, not yet out of it */
};

/* In the parent, before it starts the ends: from here on SIGCHLD waits to be read. 0 or -errno;
 * then the tracer is closed. */
int tracer_open(struct tracer *tracer);

/* Leaves SIGCHLD as it was. Both ends must be gone. A closed tracer is fine. */
void tracer_close(struct tracer *tracer);

/* In an end, before its work: lets its parent trace it and stops until the parent's tracer_step.
 * Where ptrace is forbidden it returns at once, and the end's calls stay unknown. */
void tracer_offer(void);

/* Takes the stops that have come and lets the ends (0: none) go on. A call counts into the end's
 * report when the end enters it while it is measuring. Never blocks; reaps nobody. */
void tracer_step(struct tracer *tracer, const pid_t ends[IPC_ROLES], struct control *control);

#endif
