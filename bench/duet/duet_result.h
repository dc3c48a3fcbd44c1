/* SPDX-License-Identifier: MIT */
/*
 * duet_result.h - what a duet found, read back from the file that it wrote: for exports. The trials
 * and all that only explains them stay in the file.
 */
#ifndef BENCH_DUET_RESULT_H
#define BENCH_DUET_RESULT_H

#include "duet/duet_gate.h"

struct duet_result {
    struct duet_suite suite; /* owned; without the log ratios of its trials */
    struct duet_judgement judgement;
    char host[64], date[32]; /* "not known" where the file doesn't say */
    double took_s;
    bool interrupted;
};

/* Reads the file of a duet. 0, or -errno with a problem; `result` is then empty. */
int duet_result_load(const char *path, struct duet_result *result, struct problem *problem);
void duet_result_free(struct duet_result *result);

/* One sentence on what the cell's verdict means, without its key; empty where the verdict says it
 * all. */
void duet_result_words(const struct duet_cell *cell, char *text, size_t room);

#endif
