/* SPDX-License-Identifier: MIT */
/*
 * crowd_crew.h - the members of one end of a crowd; for crowd*.c and the files of its workloads
 * alone.
 */
#ifndef BENCH_CROWD_CREW_H
#define BENCH_CROWD_CREW_H

#include "trial/crowd.h"
#include "trial/workload_steps.h"

#include <pthread.h>

/* A client; or, at the server, the connection to one. `workload` comes first, so that a workload's
 * functions find the rest. */
struct crowd_member {
    struct workload workload;
    struct crowd_crew *crew;
    struct crowd_client *shared;
    size_t index;
    struct ipc_end *end;
    struct payload outgoing, incoming;
    pthread_t thread;
    bool started; /* a thread or a process of its own was started */
    int pidfd;    /* of the process */
};

struct crowd_crew {
    const struct end_task *task;
    struct crowd *crowd;
    enum ipc_role role;
    struct ipc_end *carrier;
    size_t count;   /* members */
    bool one;       /* one thread does what all members have to */
    bool processes; /* each member is a process */
    uint32_t all;   /* who passes a gate: the members, and who leads processes */
    int arrivals;   /* an eventfd by which processes say that they have arrived */
    void (*mark)(void *context, enum workload_mark mark);
    void *context;
    struct crowd_member *members;
};

static inline struct crowd_member *crowd_member_of(struct workload *workload) {
    return (struct crowd_member *)(void *)workload;
}

static inline void crowd_pass(struct crowd_crew *crew, enum crowd_gate gate) {
    gate_pass(&crew->crowd->gates[crew->role][gate], crew->all);
}

/* Counts one latency in a histogram of many writers: all but its least and greatest. */
static inline void crowd_record(struct histogram *histogram, uint64_t ns) {
    uint64_t held = ns > HISTOGRAM_MAX_NS ? HISTOGRAM_MAX_NS : ns;
    __atomic_fetch_add(&histogram->counts[histogram_index(held)], 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&histogram->total, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&histogram->sum_ns, held, __ATOMIC_RELAXED);
}

/* May this client begin another exchange? `now` in ticks. */
static inline bool crowd_may_go_on(struct crowd_member *member, uint64_t now, uint64_t stop) {
    if (member->workload.plan->exchanges == 0)
        return now < stop;
    return atomic_fetch_sub_explicit(&member->crew->crowd->left, 1, memory_order_relaxed) > 0;
}

/* Counts one latency of this client. */
static inline void crowd_note_latency(struct crowd_member *member, uint64_t ns) {
    struct crowd_client *shared = member->shared;
    crowd_record(member->workload.histogram, ns);
    if (ns < shared->min_ns || shared->result.stamped == 0)
        shared->min_ns = ns;
    if (ns > shared->max_ns)
        shared->max_ns = ns;
    shared->result.stamped++;
}

void crowd_member_free(struct crowd_member *member);

/* Makes and attaches it; detaches it. 0 or -errno. */
int crowd_member_attach(struct crowd_member *member);
int crowd_member_detach(struct crowd_member *member);

/* A fault of a member becomes that of the end, which says whose it is. Returns `error`. */
int crowd_blame(struct crowd_member *member, int error);

/* The server's half for all members, by one thread. */
int serve_watch(struct crowd_crew *crew);
int serve_uring(struct crowd_crew *crew);
int workload_connect_serve(struct crowd_crew *crew);

#endif
