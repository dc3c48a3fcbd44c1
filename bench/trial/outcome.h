/* SPDX-License-Identifier: MIT */
/*
 * outcome.h - from what a trial's ends left behind to its record: who failed, where and why, or
 * what was measured. No system calls.
 */
#ifndef BENCH_OUTCOME_H
#define BENCH_OUTCOME_H

#include "trial/record.h"
#include "trial/supervise.h"
#include "trial/task.h"

/* Judges how the ends ended; the record stays ok when they ended well, each on its own CPU. */
void outcome_judge(const struct end_task *task, const struct supervision *supervision,
                   uint64_t deadline_ns, struct record *record);

/* Merges what the ends noted into the record's facts. */
void outcome_note(const struct control *control, struct record *record);

/* Fills in what a histogram of single round trips says: its mean, its ends, and those of the
 * percentiles that it carries (NAN for others). */
void outcome_latency(const struct histogram *histogram, struct record *record);

/* Fills in everything that was measured. 0 or -ENOMEM. */
int outcome_measured(const struct end_task *task, struct record *record);

#endif
