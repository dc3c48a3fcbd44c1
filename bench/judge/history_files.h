/* SPDX-License-Identifier: MIT */
/*
 * history_files.h - run files, and folders of them, into the history.
 */
#ifndef BENCH_HISTORY_FILES_H
#define BENCH_HISTORY_FILES_H

#include "judge/history.h"

struct history_import_counts {
    size_t added, known; /* run files */
    size_t damaged; /* that say they are run files, and can't be read; each is named on stderr */
    size_t other;   /* JSON files of folders that are no run files */
};

/* Adds what the paths name: run files, or folders, of which each *.json is looked at, in the order
 * of names. A named file that can't be read is an error; one found in a folder is counted. */
int history_import(struct history *history, const char *const *paths, size_t count,
                   struct history_import_counts *counts, struct problem *problem);

#endif
