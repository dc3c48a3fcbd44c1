/* SPDX-License-Identifier: MIT */
/*
 * plan.h - which trials a run makes, and in which order: the cells that a selection means, rounds
 * over all of them in random order, and what is left of the budget for the cells that are known
 * least. Everything it needs is handed in: no system calls, no clock.
 */
#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H

#include "base/problem.h"
#include "host/topology.h"
#include "plugin/cell.h"
#include "plugin/registry.h"
#include "run/knee.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAN_CHOOSE      UINT64_MAX /* a time that the plan chooses */
#define PLAN_NO_BUDGET   UINT64_MAX
#define PLAN_MAX_TRIALS  200 /* of one cell */
#define PLAN_MAX_REPEATS 3   /* of flagged trials of one cell: on a busy host all are */
#define PLAN_END         ((size_t)-1)

/* Beside warm-up and measured time: starting a process, finding the topology, making a namespace,
 * the end. Only an estimate to begin with; later the trials themselves show it. */
#define PLAN_OVERHEAD_NS UINT64_C(20000000)

/* A transport that may run, and what it can do. */
struct plan_transport {
    char name[32];
    char knobs[128];
    bool named; /* by the user: what it can't do is kept, to be called not applicable */
    const struct registry_entry *entry; /* what it can do beyond that; NULL: anything */
    bool solo;                          /* runs by itself: at one placement only */
    bool waits[IPC_WAITS];              /* the ways in which it can wait */
    uint64_t max_bytes;                 /* its largest message; 0: no limit */
};

/* What the cells are made of. Each list is in the order in which the cells shall stand. */
struct plan_input {
    const struct plan_transport *transports;
    size_t transport_count;
    const char (*workloads)[WORKLOAD_SPEC_BYTES];
    size_t workload_count;
    const enum ipc_wait *waits;
    size_t wait_count;
    bool waits_named;                   /* by the user; else they are defaults */
    const struct placement *placements; /* an empty `related`: this host has no such CPUs */
    size_t placement_count;
    bool placements_named;
    const uint64_t *sizes;
    size_t size_count;
    bool sizes_named;
};

struct plan_cell {
    struct cell cell;
    char key[CELL_KEY_BYTES];
    size_t placement; /* its index in the input */
    bool possible;    /* false: its one trial will only say why it is skipped or not applicable */
    bool settled;     /* gets no more trials */
    size_t failures;
    size_t trials; /* that are ok; their medians, ascending: */
    double p50_ns[PLAN_MAX_TRIALS];
    double width;     /* half of the 95% interval of the median, as a share of the median; infinite
                         while too few trials stand behind it */
    size_t owed;      /* repetitions for trials that were flagged */
    size_t repeated;  /* repetitions granted so far */
    bool searches;    /* its trials are those of other cells: knee_search_next says which */
    struct knee knee; /* how far that search is; the plan only looks whether it is done */
    uint64_t last_ns; /* how long its last trial took in all; 0: none yet */
};

struct plan {
    struct plan_cell *cells; /* owned */
    size_t cell_count;
    bool dropped[IPC_WAITS]; /* the user named this wait or the placement same-core, not both, so
                                that their cells were left out */
    /* the schedule */
    size_t rounds;
    bool adaptive; /* after the rounds, trials for the widest cells */
    uint64_t time_ns, warmup_ns, budget_ns;
    double precision; /* the width that is narrow enough */
    /* how far it is */
    size_t *order; /* owned: the current round */
    size_t round, position;
    uint64_t random; /* the state of the generator */
    bool running;    /* a trial was picked and is not noted yet */
    size_t done;     /* trials that ran */
    size_t timed;    /* of these, those of possible cells, which took: */
    uint64_t timed_ns;
};

/* Makes the cells: transport by transport, then workload, wait, placement, size.
 * - Spinning or parking on one shared core takes milliseconds a round trip: such cells are made
 * only when the user named both that wait and that placement.
 * - A solo transport gets one placement: same-core if that is listed, else the first.
 * - What a transport cannot do is left out, unless the user named the transport and the wait (or
 *   the size): then the cell is there, and not possible.
 * 0, -ENOMEM, or -EINVAL with a problem when no cell is left. */
int plan_make(const struct plan_input *input, struct plan *plan, struct problem *problem);
void plan_free(struct plan *plan);

/* What the user wishes; the plan chooses the rest. */
struct plan_wishes {
    uint64_t budget_ns;  /* for the whole run; PLAN_NO_BUDGET */
    uint64_t reserve_ns; /* of it, for each cell: what runs before the rounds */
    size_t trials;       /* of each cell, and no more; 0: the plan chooses */
    uint64_t time_ns;    /* measured, of each trial; or PLAN_CHOOSE */
    uint64_t warmup_ns;  /* of each trial; or PLAN_CHOOSE */
    double precision;
    uint64_t seed;
};

/* Chooses the rounds, the measured time and the warm-up: five rounds if 30 ms of measuring fit
 * after a warm-up of 70 ms, up to ten if 100 ms do, fewer if they must be; then the trials grow to
 * fill the budget, to 500 ms at most. 0, -ENOMEM, or -EINVAL with a problem that says which budget
 * is needed, when not even one round (or the trials wished for) fits. */
int plan_schedule(struct plan *plan, const struct plan_wishes *wishes, struct problem *problem);

/* The cell of the next trial, or PLAN_END. `elapsed_ns`: of the run so far. After the rounds come
 * the repetitions, then the widest cells. Ends when the next trial would pass the budget, or when
 * all rounds are over and each cell is as narrow as wished. */
size_t plan_next(struct plan *plan, uint64_t elapsed_ns);

/* The seed for that trial's own randomness: below 2^32, so that every reader of JSON keeps it. */
uint64_t plan_trial_seed(struct plan *plan);

enum plan_outcome {
    PLAN_OK,
    PLAN_FLAGGED, /* ok, but something interfered: counts, and is repeated after the rounds unless
                     the user wished for a number of trials */
    PLAN_FAILED,  /* the cell is given up after its second failure */
    PLAN_NOT_HERE /* skipped or not applicable: would be so again */
};

/* Are the system calls of that cell counted? */
bool plan_counts(const struct plan_cell *cell);

/* Notes what came of a trial: its outcome, its median when ok, and how long it took in all. A
 * search gets trials, also after the rounds, until it is done. */
void plan_note(struct plan *plan, size_t index, enum plan_outcome outcome, double p50_ns,
               uint64_t took_ns);

/* How many trials the run will have made at its end, and how long it will still take, as far as can
 * be told now. */
size_t plan_expected_trials(const struct plan *plan, uint64_t elapsed_ns);
uint64_t plan_left_ns(const struct plan *plan, uint64_t elapsed_ns);

#endif
