/* SPDX-License-Identifier: MIT */
/*
 * crowd_crew.h - the members of one end of a crowd: for crowd*.c and serve*.c alone.
 */
#ifndef BENCH_CROWD_CREW_H
#define BENCH_CROWD_CREW_H

#include "crowd.h"
#include "workload_steps.h"

#include <pthread.h>

struct crowd_crew;

/* A client; or, at the server, the connection to one. `workload` comes first, so that a workload's
 * functions can find the rest. */
struct crowd_member {
    struct workload workload;
    struct crowd_crew *crew;
    struct crowd_client *shared;
    size_t index;
    struct ipc_end *end;
    struct payload outgoing, incoming;
    pthread_t thread;
    bool started; /* a thread of its own, or a process, was started */
    int pidfd;    /* of the process */
};

struct crowd_crew {
    const struct end_task *task;
    struct crowd *crowd;
    enum ipc_role role;
    struct ipc_end *carrier;
    size_t count; /* members */
    bool processes;
    uint32_t all;  /* who passes a gate: the members, and who leads processes */
    int arrivals;  /* an eventfd by which processes say that they have arrived */
    void (*mark)(void *context, enum workload_mark mark);
    void *context;
    struct crowd_member *members;
};

/* Allocates what a member needs, or what its process does: an end, payloads that tell it from all
 * others, a buffer. 0 or -ENOMEM. */
int crowd_member_make(struct crowd_member *member);
void crowd_member_free(struct crowd_member *member);

/* Explains a message that isn't the one that this member expects: was it another client's? */
int crowd_explain(struct crowd_member *member, uint64_t sequence);

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

/* The halves, each for one member. */
int serve_client(struct workload *workload);
int serve_worker(struct workload *workload);
int connect_client(struct workload *workload);

/* The server's half for all members, by one thread. */
int serve_watch(struct crowd_crew *crew);
int serve_uring(struct crowd_crew *crew);
int connect_server(struct crowd_crew *crew);

#endif
