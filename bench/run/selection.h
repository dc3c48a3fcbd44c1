/* SPDX-License-Identifier: MIT */
/*
 * selection.h - what a person selects for a run: the comma-separated lists of -t, -w, -s, -W and
 * -p, taken apart and checked as far as their form goes. No system calls.
 */
#ifndef BENCH_SELECTION_H
#define BENCH_SELECTION_H

#include "base/problem.h"
#include "plugin/cell.h"

#include <stddef.h>

#define SELECTION_MAX 64 /* entries of one list */

/* "pipe" or "pipe:bufsize=1M,other=2". Whether the name exists is not checked here. */
struct selection_transport {
    char name[32];
    char knobs[128];
};

/* A list with no entries was not given: the plan's default stands in for it. */
struct selection {
    struct selection_transport transports[SELECTION_MAX];
    size_t transport_count;
    char workloads[SELECTION_MAX][WORKLOAD_SPEC_BYTES];
    size_t workload_count;
    uint64_t sizes[SELECTION_MAX]; /* bytes, 1 to CELL_MAX_SIZE */
    size_t size_count;
    enum ipc_wait waits[SELECTION_MAX];
    size_t wait_count;
    char placements[SELECTION_MAX][24];
    size_t placement_count;
};

/* Each reads one list and appends what it names, in order, to the selection; an entry that stands
 * there already is not added again. 0, or -EINVAL with a sentence that names the wrong part. */

/* A comma starts another knob of the transport before it where '=' is what comes first after it
 * ("pipe:bufsize=1M,nodelay=0"), and another transport everywhere else ("pipe:bufsize=1M,unix" and
 * "pipe:bufsize=1M,unix:buffer=64K"). */
int selection_transports(const char *text, struct selection *selection, struct problem *problem);

/* Commas as with transports. "rate:hz=1..10000" is the rates 1, 3, 10, 30 and so on to 10000. */
int selection_workloads(const char *text, struct selection *selection, struct problem *problem);

/* "1..1M" is a ladder that shows steps: the powers of two between the two sizes, and beside each
 * the sizes that are 3 bytes less and 3 bytes more (as NetPIPE's), where steps such as a page's or
 * a buffer's edge would show. */
int selection_sizes(const char *text, struct selection *selection, struct problem *problem);
int selection_waits(const char *text, struct selection *selection, struct problem *problem);

/* Two numbers in a row are a pair of CPUs, server first: "same-core,0,3" is "same-core" and "0,3".
 */
int selection_placements(const char *text, struct selection *selection, struct problem *problem);

/* The list of an option by its letter: 't', 'w', 's', 'W' or 'p'. */
int selection_list(int option, const char *text, struct selection *selection,
                   struct problem *problem);

#endif
