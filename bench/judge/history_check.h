/* SPDX-License-Identifier: MIT */
/*
 * history_check.h - is a file a history, and sound? Only for history*.c.
 */
#ifndef BENCH_HISTORY_CHECK_H
#define BENCH_HISTORY_CHECK_H

#include "judge/history_sql.h"

#include <stdbool.h>

/* To be called before a file is opened: it is a regular one, and no larger than what is read. One
 * that is not there passes if `make`. Keeps its size. 0, or -EINVAL with a problem. */
int history_check_size(struct history *history, bool make, struct problem *problem);

/* To be called between opening and the first statement: SQLite's own defences, all of them. */
void history_check_guard(struct history *history);

/* Its version, its tables and every page; makes the tables in an empty file if `make`. 0, or -errno
 * with a problem. Reads the file once, in time and memory bounded by its size. */
int history_check(struct history *history, bool make, struct problem *problem);

#endif
