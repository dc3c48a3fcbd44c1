/* SPDX-License-Identifier: MIT */
/*
 * guest.h - guests: programs in the transports folder (NAME.guest) that describe themselves and run
 * a whole trial with both its ends, in whatever language (docs/adding-a-guest.md). Here they are
 * asked what they are; guest_trial.h runs them.
 */
#ifndef BENCH_GUEST_H
#define BENCH_GUEST_H

#include "base/problem.h"
#include "transport.h"

#include <stdbool.h>
#include <stddef.h>

#define GUEST_PROTOCOL 1

/* One transport of a guest. To plan, selection and listing it is a transport like any other; its
 * operations are never called. */
struct guest {
    struct ipc_transport transport; /* its texts point into this struct */
    char name[32], summary[128], cost[256];
    char why[512];           /* a sentence, where it can't run here; else empty */
    bool streams[IPC_WAITS]; /* the ways to wait in which it can run the workload `stream`, too */
};

/* Asks the program what it is. 0, or -errno with a problem: it can't be run, hangs, or says nothing
 * that can be understood. The list is allocated, and the caller frees it; its elements stay where
 * they are. */
int guest_describe(const char *path, struct guest **list, size_t *count, struct problem *problem);

/* The same from the text that it printed. */
int guest_read(const char *text, struct guest **list, size_t *count, struct problem *problem);

#endif
