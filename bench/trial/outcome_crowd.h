/* SPDX-License-Identifier: MIT */
/*
 * outcome_crowd.h - from what many clients left to a trial's record. No system calls.
 */
#ifndef BENCH_OUTCOME_CROWD_H
#define BENCH_OUTCOME_CROWD_H

#include "trial/crowd.h"
#include "trial/record.h"

/* Sums up the clients into the control block, so that it reads like that of one client. */
void outcome_crowd_close(const struct end_task *task);

/* After the record has its rate and mean: adds phases, clients and facts, and holds the rate
 * against the mean (Little's law): what is impossible fails the trial. */
void outcome_crowd_record(const struct end_task *task, struct record *record);

/* Is the trial's time not the clients' own? A word for record->flags. */
bool outcome_crowd_uneven(const struct record *record);

#endif
