/* SPDX-License-Identifier: MIT */
/*
 * duet_gate.h - the judge: from the log ratios of a duet's trials to a verdict for each cell and
 * one for all. No system calls, so that a simulation can ask it thousands of times.
 */
#ifndef BENCH_DUET_GATE_H
#define BENCH_DUET_GATE_H

#include "duet/duet_sample.h"
#include "plugin/cell.h"
#include "stats/rank.h"

enum {
    DUET_FIRST_TRIALS = 8,  /* the fewest that --trials may allow, and that carry a 99% interval */
    DUET_LEAST_TRIALS = 12, /* of each cell, unless the options allow no more than fewer */
    DUET_STEP_TRIALS = 4,
    DUET_MOST_TRIALS = 24,
    DUET_GATED = DUET_P90 + 1, /* the statistics that are gated: p50 and p90; p99 is shown */
    DUET_LEAST_TRANSPORTS = 3  /* so many, before their moving together is called environment */
};
#define DUET_ALPHA      0.05 /* of a false alarm anywhere in the suite */
#define DUET_CONFIDENCE 0.99 /* of the interval that is shown, and that says pass */
#define DUET_PRECISION  0.02 /* half of that interval, at which no more trials are wanted */
#define DUET_ALARM      0.02 /* a change up to that is nobody's business */
#define DUET_TOLERANCE  0.05 /* an interval within that, to both sides, is a pass */

enum duet_verdict {
    DUET_PASS,
    DUET_REGRESSION,
    DUET_IMPROVEMENT,
    DUET_INCONCLUSIVE,
    DUET_ENVIRONMENT,  /* of all: something else moved the cells */
    DUET_NOT_COMPARED, /* of a cell: no trials; of all: a trial failed */
    DUET_VERDICTS
};
extern const char *const duet_verdicts[]; /* "pass", "regression", ..., NULL */

struct duet_limits {
    double alarm, tolerance; /* shares: 0.02 is 2% */
    bool gated;              /* false: shown, never an alarm */
    char reason[256];        /* why they are not the default ones; empty: they are */
};

struct duet_finding {
    struct rank_shift shift; /* of the log ratios */
    double p, holm;          /* NaN: not gated */
    enum duet_verdict verdict;
    double smallest; /* the smallest slowdown that would have been called a regression, as a share;
                        NaN: none would, there are too few trials */
};

struct duet_cell {
    char key[CELL_KEY_BYTES];
    struct cell cell;
    bool canary; /* base against base: must not move */
    struct duet_limits limits;
    size_t count; /* trials that are ok */
    double logs[DUET_STATISTICS][DUET_MOST_TRIALS];
    char why[256];   /* why it was not compared, or not any more; empty: it was */
    size_t failures; /* trials that failed */
    bool failed;     /* they are why */
    /* what the judge found */
    struct duet_finding findings[DUET_STATISTICS];
    enum duet_verdict verdict;
};

struct duet_suite {
    struct duet_cell *cells;
    size_t count;
};

struct duet_judgement {
    enum duet_verdict verdict;
    size_t counts[DUET_VERDICTS]; /* of the cells that are no canaries, gated or not */
    char why[512];                /* one sentence */
};

/* The trials of a cell after which a false alarm is rare enough to be one at all: where every trial
 * says the same, Holm must be able to believe it. A multiple of DUET_STEP_TRIALS,
 * DUET_LEAST_TRIALS at least, DUET_MOST_TRIALS at most. */
size_t duet_gate_least(const struct duet_suite *suite);

/* Does this cell want more trials, after a whole step of them? Looks at how precise its p50 is,
 * never at whether it moved. `least`: of duet_gate_least. */
bool duet_gate_wants_more(const struct duet_cell *cell, size_t least);

/* Judges every cell and the suite. */
void duet_gate_judge(struct duet_suite *suite, struct duet_judgement *judgement);

#endif
