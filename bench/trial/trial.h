/* SPDX-License-Identifier: MIT */
/*
 * trial.h - one trial: a parent, a server and a client; gates; deadline; cleanup.
 */
#ifndef BENCH_TRIAL_H
#define BENCH_TRIAL_H

#include "host/network.h"
#include "plugin/cell.h"
#include "plugin/registry.h"
#include "trial/record.h"

struct trial_options {
    struct cell cell;
    const struct registry_entry *entry;
    struct placement placement;
    uint64_t exchanges;        /* measured exchanges; 0: go by time_ns */
    uint64_t time_ns;          /* measured time; 0: go by exchanges */
    uint64_t warmup_exchanges; /* with both 0 there is no warm-up */
    uint64_t warmup_ns;
    uint64_t deadline_ns; /* for the whole trial; then both ends are killed */
    uint64_t seed;
    bool verify_full; /* every byte of every message, also of large ones */
    enum network_mode net;
    enum record_purpose purpose;
};

/* Runs it. The record always says what happened; a trial that fails, is skipped or is not
 * applicable is a record too, and 0 is returned. Negative errno only when there is no record:
 * -EINVAL for a wrong knob, -EINTR after a request to stop, or no memory. */
int trial_run(const struct trial_options *options, struct record *record, struct problem *problem);

/* The record of a trial that this host can't run, before anything was tried. */
void trial_skip(const struct trial_options *options, const char *why, struct record *record);

#endif
