/* SPDX-License-Identifier: MIT */
/*
 * duet_end.h - one end of a duet's trial, as a process of its own: what end.h is for a plain trial,
 * with a link of each of the two builds.
 */
#ifndef BENCH_DUET_END_H
#define BENCH_DUET_END_H

#include "trial/end.h"
#include "trial/workload_duet.h"

enum duet_side { DUET_BASE, DUET_HEAD, DUET_SIDES };
extern const char *const duet_sides[]; /* "base", "head", NULL */

/* Shared by the parent and both ends, beside struct control; zeroed. */
struct duet_shared {
    struct workload_duet_signs signs;
    struct workload_duet_result result;
};

/* What an end needs to know. `task` comes first, so that supervise.h can start such an end: it is
 * that of the base, its `run` is duet_end_run. */
struct duet_task {
    struct end_task task;
    const struct ipc_transport *transports[DUET_SIDES];
    struct ipc_link *links[DUET_SIDES];
    struct workload_duet_plan plan;
    struct duet_shared *shared;
};

/* Runs one end in the calling process. Returns 0 or 1, for _exit. */
int duet_end_run(const struct end_task *task, enum ipc_role role);

#endif
