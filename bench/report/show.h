/* SPDX-License-Identifier: MIT */
/*
 * show.h - a run as text tables, for a terminal of 100 columns: what `show` prints, and `run` at
 * its end. Plain text, no colour.
 */
#ifndef BENCH_SHOW_H
#define BENCH_SHOW_H

#include "run/run.h"

#include <stdbool.h>
#include <stdio.h>

/* Which cells to show; NULL shows all of them. */
struct show_filter {
    const char *wait;      /* "block", ...; NULL: every wait */
    const char *placement; /* as in the cells' keys; NULL: every placement */
};

bool show_filter_is_empty(const struct show_filter *filter);
bool show_filter_passes(const struct show_filter *filter, const struct cell *cell);

/* Prints host and date, one table for each workload, wait and placement, and what could not be
 * measured, with the reasons; at last, what the run says in short (show_answers.h). Needs
 * run->cells (run_summarise). 0 or -ENOMEM. */
int show_run(FILE *to, const struct run *run);

/* The same for the cells that pass; what the run says in short only where all do. */
int show_part(FILE *to, const struct run *run, const struct show_filter *filter);

/* Only the tables, and what could not be measured. */
int show_tables(FILE *to, const struct run *run, const struct show_filter *filter);

#endif
