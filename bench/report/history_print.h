/* SPDX-License-Identifier: MIT */
/*
 * history_print.h - the history as a person reads it in a terminal, and as JSON for a report.
 */
#ifndef BENCH_HISTORY_PRINT_H
#define BENCH_HISTORY_PRINT_H

#include "judge/history.h"

#include <stdio.h>

/* Each series that matches in a line: how many runs, the last value, the last change, and the last
 * runs as a curve. A single series also shows these runs one by one. */
int history_print_trend(FILE *to, struct history *history, const char *pattern,
                        struct problem *problem);

/* {"series": [{key, points: [...], changes: [...]}]}: every point, oldest first. */
int history_print_json(FILE *to, struct history *history, const char *pattern,
                       struct problem *problem);

/* The changes, a paragraph each. */
void history_print_changes(FILE *to, const struct history_change *changes, size_t count);

/* A new reference, or NULL without memory. */
json_t *history_change_to_json(const struct history_change *change);

#endif
