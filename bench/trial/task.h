/* SPDX-License-Identifier: MIT */
/*
 * task.h - what an end of a trial is told, and the control block, which the trial's parent shares
 * with both ends: everything that an end has to say goes into that.
 */
#ifndef BENCH_TASK_H
#define BENCH_TASK_H

#include "host/bounce.h"
#include "host/counters.h"
#include "host/usage.h"
#include "stats/histogram.h"
#include "trial/gate.h"
#include "trial/record.h"
#include "trial/workload.h"

enum end_stage {
    END_STARTING,
    END_ATTACHING,
    END_WARMING,
    END_MEASURING, /* exactly between the two marks, their own readings left out */
    END_FINISHING,
    END_DETACHING,
    END_OVER,
    END_STAGES
};
extern const char *const task_stages[]; /* "while starting", "while attaching", ... */

/* What an end leaves behind. */
struct end_report {
    _Atomic int stage;
    _Atomic int failed; /* somebody of this end has told the error below, or is about to */
    int error;          /* 0 or a negative errno, from `call` */
    char call[64];
    char detail[192];
    struct usage before, after; /* the measured part */
    int64_t counted_before[COUNTERS], counted_after[COUNTERS];
    int threads;          /* of its process, while measuring; 0: not known */
    int64_t traced_calls; /* system calls while measuring, by the parent's tracer; -1: not known */
    size_t note_count;
    struct record_fact notes[RECORD_FACTS / 2];
};

/* Shared by the parent and both ends; zeroed. */
struct control {
    struct gate ready, done;
    struct bounce bounces[2]; /* before and after the workload */
    _Alignas(IPC_ALIGN) _Atomic uint64_t turn;
    struct workload_lossy lossy;
    _Alignas(IPC_ALIGN) _Atomic int first_failed; /* role + 1 of the end that failed first */
    struct end_report ends[IPC_ROLES];
    struct workload_result result;
    double bounce_ns[2]; /* NaN: the ends do not run on two CPUs of their own */
    double canary_ns[2]; /* before and after, on the client's CPU */
    struct histogram histogram;
};

struct crowd;

/* What an end needs to know; owned by the parent, inherited by fork. */
struct end_task {
    const struct ipc_transport *transport;
    struct ipc_link *link;
    struct control *control;
    const struct clock *clock;
    struct workload_plan plan;
    size_t size_bytes;
    uint64_t seed;
    bool verify_full;
    int64_t tracepoint;  /* see counters.h; not COUNTERS_NO_TRACEPOINT: count system calls */
    bool trace;          /* count them by ptrace instead: see tracer.h */
    int cpus[IPC_ROLES]; /* -1: not pinned */
    int (*run)(const struct end_task *task, enum ipc_role role); /* NULL: end_run */

    /* Workloads of many clients, see crowd.h; else NULL. `links`: one for each client, or one for
     * all. `reserved`: descriptors of low numbers, held until the server's select wants them. */
    struct crowd *crowd;
    struct ipc_link *const *links;
    size_t link_count;
    const int *reserved;
    size_t reserved_count;
};

/* Leaves in the report what failed, unless somebody of that end has done so before, and in the
 * control block who was the first. */
void task_blame(struct control *control, enum ipc_role role, int error,
                const struct ipc_fault *fault);

#endif
