/* SPDX-License-Identifier: MIT */
/*
 * progress.h - one line on a terminal that says how far a run is, redrawn in place. Where there is
 * no terminal, nothing is written at all.
 */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct progress {
    FILE *to;
    bool on;    /* it is a terminal, and the user wants to see it */
    bool bold;  /* NO_COLOR is not set */
    bool drawn; /* a line stands there */
};

void progress_begin(struct progress *progress, FILE *to, bool quiet);

/* Draws the line, cut to the terminal's width: trials done and expected, the current cell, seconds
 * left. */
void progress_show(struct progress *progress, size_t done, size_t expected, const char *cell,
                   double left_seconds);

/* Removes the line, so that something else can be written there. */
void progress_clear(struct progress *progress);

#endif
