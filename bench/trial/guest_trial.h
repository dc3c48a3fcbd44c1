/* SPDX-License-Identifier: MIT */
/*
 * guest_trial.h - one trial by a guest: gives it the request, waits for its result within the
 * deadline, and makes a record of that, which it checks as the word of a stranger.
 */
#ifndef BENCH_GUEST_TRIAL_H
#define BENCH_GUEST_TRIAL_H

#include "base/problem.h"
#include "trial/record.h"
#include "trial/trial.h"

/* Runs it and fills the record, whose request is described already. 0, or -errno with a problem
 * when there is no record: -EINTR after a request to stop on `stop_fd`. */
int guest_trial_run(const struct trial_options *options, int stop_fd, struct record *record,
                    struct problem *problem);

/* Fills a record from what a guest printed; also to be tested without a guest. What is wrong with
 * it becomes the record's own failure. 0, or -ENOMEM. */
int guest_trial_read(const char *text, const struct trial_options *options, double wall_ns,
                     struct record *record);

#endif
