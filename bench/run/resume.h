/* SPDX-License-Identifier: MIT */
/*
 * resume.h - `ipcbench run --resume`: brings a session to where an interrupted run was, so that the
 * trials that follow are those that would have followed.
 */
#ifndef BENCH_RESUME_H
#define BENCH_RESUME_H

#include "run/session.h"

/* Reads the run of config.resume into session->run, opens its journal (see store_resume; there is
 * none when that run is complete), and fills session->config with what that run was asked for. 0 or
 * -errno with a problem. */
int resume_load(struct session *session);

/* Once the plan is made: checks that this host and this build would plan the same, hands the plan
 * every finished trial in its order, and sets session->started_ns so that the budget goes on. The
 * random numbers are drawn as the run drew them, so that order and seeds go on too. 0, -EINVAL with
 * a problem when the run can't be gone on with here. */
int resume_replay(struct session *session);

#endif
