/* SPDX-License-Identifier: MIT */
/*
 * session.h - everything that one `ipcbench run` holds, from its plan to its run file, and the part
 * of it that measures.
 */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include "base/progress.h"
#include "base/stop.h"
#include "plugin/registry.h"
#include "run/calibration.h"
#include "run/config.h"
#include "run/plan.h"
#include "run/resolve.h"
#include "run/run.h"
#include "run/store.h"

/* Everything that one run holds. */
struct session {
    struct config config;
    struct registry registry;
    struct resolve_transports transports;
    struct topology *topology;
    struct resolve_placements placements;
    struct plan plan;
    struct calibration floors;
    struct run run;
    struct store *store;
    struct stop stop;
    struct progress progress;
    struct problem *problem;
    char path[4096];
    uint64_t started_ns;
    size_t counted; /* cells whose system calls are counted, or that need not be */
    bool interrupted;
};

/* What counting the system calls of one cell takes, about. */
#define SESSION_COUNTING_NS UINT64_C(25000000)

/* Runs the trials of the plan, one by one, and keeps each record in the journal and in
 * session->run. A request to stop ends it early, with session->interrupted. 0, or -errno with a
 * problem when a record could not be kept. */
int session_measure(struct session *session);

/* What the plan is told of a finished trial: how it went, and the median that stands for it. */
enum plan_outcome session_outcome(const struct record *record);
double session_median_ns(const struct record *record);

#endif
