/* SPDX-License-Identifier: MIT */
/*
 * surroundings.h - what a transport needs around it (enum ipc_need): namespaces, a folder, names;
 * made before its probe, undone after its cleanup, and gone with the process where the kernel can
 * see to that.
 */
#ifndef BENCH_SURROUNDINGS_H
#define BENCH_SURROUNDINGS_H

#include "base/folder.h"
#include "base/problem.h"
#include "host/network.h"
#include "transport.h"

struct surroundings {
    struct network network;
    char name[48]; /* "ipcbench-PID-RANDOM" */
    struct folder folder;
    char objects_text[64]; /* "private (root)", "host (why)"; empty: not needed */
};

/* Makes what `needs` (of enum ipc_need, or-ed) names around the calling process, which is
 * single-threaded. 0 or -errno with a problem; then what was made is undone or vanishes with the
 * process. -EOPNOTSUPP: this host forbids what can't be done without, which is to be skipped. */
int surroundings_enter(unsigned needs, enum network_mode mode, struct surroundings *surroundings,
                       struct problem *problem);

/* Points a link at them; they must live as long as the link. Fills its token, too. */
void surroundings_give(const struct surroundings *surroundings, unsigned needs,
                       struct ipc_link *link);

/* Tells, by `note` as of transport.h, which namespaces there are. */
void surroundings_note(const struct surroundings *surroundings,
                       void (*note)(void *notes, const char *name, const char *value), void *notes);

/* Removes the folder and all that is in it. */
void surroundings_leave(struct surroundings *surroundings);

#endif
