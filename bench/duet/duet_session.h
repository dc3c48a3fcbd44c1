/* SPDX-License-Identifier: MIT */
/*
 * duet_session.h - one `ipcbench duet`: the suite of cells that both builds have, and its trials,
 * each in a process of its own.
 */
#ifndef BENCH_DUET_SESSION_H
#define BENCH_DUET_SESSION_H

#include "base/progress.h"
#include "base/stop.h"
#include "duet/duet_gate.h"
#include "duet/duet_options.h"
#include "duet/duet_trial.h"

#define DUET_SCHEMA "ipcbench-duet-1"

struct duet_session {
    struct duet_options options;
    struct duet_suite suite;   /* cells first, canaries last */
    struct duet_trial *trials; /* all that ran, in their order; owned */
    size_t *trial_cells;       /* of which cell each was; owned */
    size_t trial_count, trial_room;
    uint64_t random; /* the state of the generator */
    uint64_t started_ns, ended_ns;
    size_t least; /* trials of a cell, see duet_gate_least */
    bool interrupted;
    struct stop stop;
    struct progress progress;
    struct problem *problem;
};

/* Makes the suite (duet_suite.c): the cells that the options select out of the head's transports.
 * One that the base lacks is left out, one that only the base has is there and not compared. 0, or
 * -errno with a problem. */
int duet_suite_make(struct duet_session *session);

/* Runs the trials, in rounds of random order. A request to stop ends it early, with `interrupted`.
 * 0, or -errno with a problem. */
int duet_session_run(struct duet_session *session);

void duet_session_free(struct duet_session *session);

/* What came out, as text or as JSON (duet_print.c, duet_json.c). 0 or -ENOMEM. */
int duet_session_print(const struct duet_session *session, const struct duet_judgement *judgement,
                       FILE *to);
json_t *duet_session_to_json(const struct duet_session *session,
                             const struct duet_judgement *judgement);

#endif
