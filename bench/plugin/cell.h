/* SPDX-License-Identifier: MIT */
/*
 * cell.h - a cell: one point of what is measured, and its key. A key is readable and stable, since
 * CI history hangs on it: transport[:knob=value,...]/workload[:knob=value,...]/wait/placement/size,
 * for example "pipe/pingpong/block/cross-core/64B". No system calls.
 */
#ifndef BENCH_CELL_H
#define BENCH_CELL_H

#include "base/problem.h"
#include "plugin/workload_spec.h"
#include "transport.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CELL_KEY_BYTES 288
#define CELL_MAX_SIZE  (UINT64_C(1) << 20) /* the largest message: 1 MiB */

struct cell {
    char transport[32];                 /* as listed: a transport without presets, or a preset */
    char knobs[128];                    /* "bufsize=1M,nodelay=0", or empty */
    char workload[WORKLOAD_SPEC_BYTES]; /* "pingpong", "rate:hz=1000" */
    enum ipc_wait wait;
    char placement[24];  /* "same-core", "cross-core", ..., "unpinned", or two CPUs "0,3" */
    uint64_t size_bytes; /* 1 to CELL_MAX_SIZE */
};

/* Parses a key. 0, or -EINVAL with a sentence that names the part that is wrong and the nearest
 * right word. Whether the transport exists, and whether the placement does here, is not its
 * business. */
int cell_parse(const char *key, struct cell *cell, struct problem *problem);

/* Writes the canonical key, which parses back to the same cell. */
void cell_format(const struct cell *cell, char key[CELL_KEY_BYTES]);

/* The words: "block", "spin", "park"; the workloads; the placements that have a name;
 * NULL-terminated. */
extern const char *const cell_waits[];
extern const char *const cell_workloads[];
extern const char *const cell_placements[];

/* The index of a word in a NULL-terminated list, or -EINVAL with a problem that starts with `what`
 * ("wait"), lists the words, and suggests the nearest. */
int cell_parse_word(const char *word, const char *what, const char *const *words,
                    struct problem *problem);

/* A placement's form is right: one of cell_placements or two CPUs as "N,M", without leading
 * zeros. 0 or -EINVAL with a problem. */
int cell_check_placement(const char *placement, struct problem *problem);

/* Parses a size from 1 to CELL_MAX_SIZE. 0 or -EINVAL with a problem that says what is allowed. */
int cell_parse_size(const char *text, uint64_t *bytes, struct problem *problem);

#endif
