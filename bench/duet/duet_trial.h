/* SPDX-License-Identifier: MIT */
/*
 * duet_trial.h - one trial of a duet: two builds of one transport, alternating, in one process tree
 * of its own. What trial.h is for a plain trial.
 */
#ifndef BENCH_DUET_TRIAL_H
#define BENCH_DUET_TRIAL_H

#include "duet/duet_end.h"
#include "duet/duet_sample.h"
#include "host/network.h"
#include "host/topology.h"
#include "plugin/cell.h"
#include "trial/record.h"

struct duet_request {
    struct cell cell;
    const char *folders[DUET_SIDES]; /* where each build's plug-ins are */
    struct placement placement;
    struct workload_duet_plan plan;
    uint64_t deadline_ns, seed;
    enum network_mode net;
};

struct duet_trial {
    char key[CELL_KEY_BYTES];
    enum record_status status;
    char why[768]; /* unless ok */
    uint64_t seed;
    enum duet_side first;
    size_t per_stamp, slices;
    struct duet_sample sides[DUET_SIDES];
    double log_ratios[DUET_STATISTICS]; /* of head / base; NaN: not known */
};

/* Runs it in this process tree: moves the calling process into the namespaces that it needs. As
 * with trial_run the trial always says what happened; negative errno only without one: -EINVAL for
 * a wrong knob, -EINTR after a request to stop, or no memory. */
int duet_trial_run(const struct duet_request *request, struct duet_trial *trial,
                   struct problem *problem);

/* To JSON, NULL without memory, and back, 0 or -EINVAL with a problem (duet_json.c). */
json_t *duet_trial_to_json(const struct duet_trial *trial);
int duet_trial_from_json(const json_t *json, struct duet_trial *trial, struct problem *problem);

#endif
