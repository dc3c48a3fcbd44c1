/* SPDX-License-Identifier: MIT */
/*
 * losses.h - the messages that a cell's streams sent and that never came, in words. No system
 * calls.
 */
#ifndef BENCH_LOSSES_H
#define BENCH_LOSSES_H

#include "run/run.h"

#include <stdbool.h>

/* Did the cell's trials lose any? */
bool losses_has(const struct cell_summary *cell);

/* "15802 messages lost, 79% of those sent" */
void losses_say(const struct cell_summary *cell, char *text, size_t room);

#endif
