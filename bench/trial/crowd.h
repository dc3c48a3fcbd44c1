/* SPDX-License-Identifier: MIT */
/*
 * crowd.h - many clients and one server, still as the two ends of a trial: what the parent and both
 * ends share, and one end's life.
 *
 * A client is a thread of the client's process with a link of its own, a payload of its own, one
 * request under way at a time, and no time to think. All of them share the client's CPU, and sleep
 * while they wait; so a latency holds the wait for that CPU, as it would for a client's process.
 *
 * The server is one of the designs of workload_spec.h: a thread or a process (a child of the
 * server's) for each client, which waits for that client alone; or a single thread that watches all
 * of them.
 */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include "trial/task.h"

enum { CROWD_MOST = WORKLOAD_MOST_CLIENTS };

/* What the buffers of all clients may take together, at one end. */
#define CROWD_MOST_BYTES (UINT64_C(64) << 20)

/* Where the members of one end wait for each other. */
enum crowd_gate {
    CROWD_ATTACHED,
    CROWD_GO,
    CROWD_WARM,    /* all have closed the warm-up */
    CROWD_MARKED,  /* the readings are taken */
    CROWD_SETTLED, /* all have had their settling exchange */
    CROWD_CLOSED,  /* all have closed the measured phase */
    CROWD_DONE,
    CROWD_LEAVE,
    CROWD_GATES
};

/* The phases of a connection for each exchange. */
enum crowd_phase { CROWD_CONNECT, CROWD_EXCHANGE, CROWD_CLOSE, CROWD_PHASES };

/* What one client leaves, and the process that serves it. */
struct crowd_client {
    _Alignas(IPC_ALIGN) _Atomic uint64_t turn; /* as of workload.h, for this client's exchanges */
    _Alignas(IPC_ALIGN) struct workload_result result;
    uint64_t first_ticks, last_ticks; /* of its measured part */
    uint64_t min_ns, max_ns;
    _Atomic pid_t worker; /* the process that serves it; 0: none of its own */
    struct usage before, after;
};

/* Shared by the parent and both ends; zeroed. */
struct crowd {
    struct gate gates[IPC_ROLES][CROWD_GATES];
    _Alignas(
        IPC_ALIGN) _Atomic int64_t left; /* exchanges that nobody has begun, of a number given */
    _Alignas(IPC_ALIGN) _Atomic int64_t ports; /* connections that may still be made, within */
    uint64_t budget;                           /* so many; 0: any number */
    struct histogram phases[CROWD_PHASES];
    struct crowd_client clients[CROWD_MOST];
};

/* One end, in its own process. */
struct crowd_crew;

/* Takes up all of the end's links. On failure `carrier`, the end that the caller has anyway, tells
 * the fault. 0 or a negative errno; *made is the caller's on failure, too. */
int crowd_attach(const struct end_task *task, enum ipc_role role, struct ipc_end *carrier,
                 struct crowd_crew **made);

/* Runs the end's half. `mark` as of workload.h; called by one member, on behalf of all. */
int crowd_work(struct crowd_crew *crew, void (*mark)(void *context, enum workload_mark mark),
               void *context);

/* After every end has finished. */
int crowd_detach(struct crowd_crew *crew);
void crowd_free(struct crowd_crew *crew);

/* In the parent, once both ends are gone: reaps the processes that a dead server left to it. */
void crowd_reap(struct crowd *crowd);

#endif
