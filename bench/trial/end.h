/* SPDX-License-Identifier: MIT */
/*
 * end.h - one end of a trial, as a process of its own: pins itself, attaches, runs its half of the
 * workload, detaches.
 */
#ifndef BENCH_END_H
#define BENCH_END_H

#include "trial/task.h"

/* Runs one end in the calling process. Returns 0 or 1, for _exit. */
int end_run(const struct end_task *task, enum ipc_role role);

/* Pins the calling process to that CPU; -1: doesn't. 0 or -errno, with the fault's call. */
int end_pin(int cpu, struct ipc_fault *fault);

#endif
