/* SPDX-License-Identifier: MIT */
/*
 * supervise.h - starts the processes of a trial's ends and watches them until both are gone: done,
 * dead (then the other is killed too), late, or interrupted by a signal to the parent.
 */
#ifndef BENCH_SUPERVISE_H
#define BENCH_SUPERVISE_H

#include "trial/task.h"

#include <stdbool.h>
#include <stdint.h>

/* How it went. */
struct supervision {
    int status[IPC_ROLES];  /* as of waitpid */
    bool killed[IPC_ROLES]; /* by us */
    bool timed_out;         /* the deadline passed; both were killed */
    bool interrupted;       /* a request to stop came; both were killed */
};

/* Starts both ends (the client alone for a solo transport) and returns when neither is alive. The
 * ends die with the caller, whatever kills it. `stop_fd`: see stop.h. 0, or -errno when an end
 * could not be started. */
int supervise_ends(const struct end_task *task, uint64_t deadline_ns, int stop_fd,
                   struct supervision *supervision);

#endif
