/* SPDX-License-Identifier: MIT */
/*
 * history.h - the summaries of many runs in one SQLite file. The run files stay the source: all but
 * what a person accepted can be imported anew. A series is one cell's headline over runs; a new
 * fingerprint, or other CPUs, start a new segment of it, and no change is looked for across.
 */
#ifndef BENCH_HISTORY_H
#define BENCH_HISTORY_H

#include "run/run.h"
#include "stats/changepoint.h"

#include <stdbool.h>

#define HISTORY_REFERENCE                                               \
    "pipe" /* the transport that others are divided by: see history_add \
            */

struct history; /* an open file */

/* Opens the file, made with its tables if `make`. 0 or -errno with a problem. */
int history_open(const char *path, bool make, struct history **history, struct problem *problem);
void history_close(struct history *history);

/* Between the two, everything happens or, when the process ends before, nothing. */
int history_begin(struct history *history, struct problem *problem);
int history_commit(struct history *history, struct problem *problem);

/* Forgets all runs, but nothing that was accepted. */
int history_forget(struct history *history, struct problem *problem);

/* Adds a run. 1: it is there already (same host, date and seed), and nothing changes. Each ok cell
 * is a point: its headline (p50, or ns a message where there is no latency), the interval, and the
 * ratio to the reference transport at the same workload, wait, placement and size of the same run,
 * which carries the day's drift too; none where the run has no such cell, or is of it. */
int history_add(struct history *history, const char *path, const struct run *run,
                struct problem *problem);

/* Looks for changes in the series that got points since the last time, and keeps what it finds. */
int history_update(struct history *history, struct problem *problem);

/* ---- what is asked ---- */

struct history_point {
    char date[32], commit[48], fingerprint[20], cpus[24];
    double value, low, high; /* ns; NaN: not known */
    double ratio;            /* to the reference; NaN: none */
    size_t trials, flagged;
};

struct history_change {
    char key[CELL_KEY_BYTES];
    char date[32], commit[48], commit_before[48]; /* of the first run after, and the last before */
    double shift;                                 /* of the median: 0.1 is 10% more */
    double p;
    bool by_ratio;    /* of the ratios to the reference, else of the values */
    char reason[256]; /* why it was accepted; empty: it was not */
};

/* Calls `take` for each series whose key matches the pattern (GLOB of SQLite; NULL: all), with its
 * number of points. A negative result of `take` ends it. */
int history_series(struct history *history, const char *pattern,
                   int (*take)(void *context, const char *key, size_t points), void *context,
                   struct problem *problem);

/* The last `most` points of a series (0: all), oldest first; the caller frees. */
int history_points(struct history *history, const char *key, size_t most,
                   struct history_point **points, size_t *count, struct problem *problem);

/* Was point i measured on another host, build or CPUs than the one before it? */
bool history_starts_segment(const struct history_point *points, size_t i);

/* The changes of the series that match, the newest first; the caller frees. */
int history_changes(struct history *history, const char *pattern, struct history_change **changes,
                    size_t *count, struct problem *problem);

/* Records why a change is no news: that of this key which began with this commit. -EINVAL with a
 * problem when there is none. It stays accepted when the runs are imported anew. */
int history_accept(struct history *history, const char *key, const char *commit, const char *reason,
                   const char *date, struct problem *problem);

/* How many runs and points there are. */
int history_count(struct history *history, size_t *runs, size_t *points, struct problem *problem);

#endif
