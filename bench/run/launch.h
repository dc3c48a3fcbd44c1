/* SPDX-License-Identifier: MIT */
/*
 * launch.h - runs one trial in a process of its own and brings its record home. Whatever that
 * process does (crash, hang, flood, print nonsense), the run gets a record and nothing is left
 * behind.
 */
#ifndef BENCH_LAUNCH_H
#define BENCH_LAUNCH_H

#include "base/problem.h"
#include "trial/record.h"

#include <stddef.h>
#include <stdint.h>

#define LAUNCH_GRACE_NS     UINT64_C(5000000000) /* beyond the deadline that the trial keeps itself */
#define LAUNCH_STOP_NS      UINT64_C(2000000000) /* between SIGTERM and SIGKILL */
#define LAUNCH_OUTPUT_BYTES ((size_t)8 << 20)    /* no record is that long */

struct launch_request {
    const char *program; /* NULL: this very executable */
    const struct cell *cell;
    const struct placement *placement;
    uint64_t time_ns, warmup_ns;          /* measured, and before */
    uint64_t exchanges, warmup_exchanges; /* unless exchanges is 0, these instead of the times */
    enum record_purpose purpose;
    uint64_t deadline_ns; /* of the whole trial */
    uint64_t grace_ns;    /* after which it is killed from here: LAUNCH_GRACE_NS */
    uint64_t seed;
    const char *net;        /* a word of network_modes */
    const char *verify;     /* "window" or "full" */
    const char *transports; /* the folder; NULL: where the trial looks by itself */
    int stop_fd;            /* of struct stop, or -1 */
};

/* Runs `program trial KEY ...` and waits for its end. The trial is the leader of a process group of
 * its own, so that a terminal's Ctrl-C reaches it only through us, and gets SIGTERM when we die.
 * 0: `record` holds what the trial printed or, when that is no record of this cell, or disagrees
 * with its exit code, status failed and a sentence that says why. -EINTR: a signal came; the trial
 * was told to end (a second signal kills it) and there is no record. -ENOMEM with a problem. In
 * each case the whole process group is gone and reaped. */
int launch_trial(const struct launch_request *request, struct record *record,
                 struct problem *problem);

/* Fills a record of that request without running anything: the status and its sentence, and what
 * would have been run. */
void launch_stand_in(const struct launch_request *request, enum record_status status,
                     const char *why, struct record *record);

#endif
