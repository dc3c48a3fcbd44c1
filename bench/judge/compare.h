/* SPDX-License-Identifier: MIT */
/*
 * compare.h - stored runs against stored runs: from trials, or where a side has several runs from
 * the runs' medians, to a verdict for each cell and one for all. No system calls.
 */
#ifndef BENCH_COMPARE_H
#define BENCH_COMPARE_H

#include "run/run.h"
#include "stats/blocks.h"

#include <stdbool.h>

#define COMPARE_ALPHA     0.05 /* of a false alarm anywhere, as far as chance goes */
#define COMPARE_ALARM     0.02 /* a change up to that is nobody's business */
#define COMPARE_TOLERANCE 0.05 /* an interval within that is a pass */

/* What two runs of one build differ by, minutes apart, with nothing changed (docs/ci.md): no
 * number of trials within a run tells anything of it, so where a side is one run, it is added to
 * both sides of the interval. */
#define COMPARE_DRIFT_ONE_CPU  0.03
#define COMPARE_DRIFT_TWO_CPUS 0.24

enum compare_verdict {
    COMPARE_PASS,
    COMPARE_REGRESSION,
    COMPARE_IMPROVEMENT,
    COMPARE_INCONCLUSIVE,
    COMPARE_ENVIRONMENT,   /* of all: more than half of the cells moved the same way */
    COMPARE_NOT_COMPARABLE /* of a cell: see why; of all: host or build differ */
};
extern const char *const compare_verdicts[];

/* How the numbers stand to each other. */
enum compare_design {
    COMPARE_PAIRED, /* by turns: signed ranks of the pairs */
    COMPARE_BLOCKS, /* several runs a side: Mann and Whitney over runs */
    COMPARE_SINGLE  /* one run on a side: over trials, with the drift added */
};
extern const char *const compare_designs[];

struct compare_side {
    const struct run *runs; /* in order of their dates */
    size_t count;
};

struct compare_cell {
    char key[CELL_KEY_BYTES];
    enum compare_design design;
    bool by_ratio; /* to the reference transport of the same run */
    size_t base_count, new_count;
    struct blocks_shift shift; /* of logarithms */
    double drift;              /* a logarithm; 0 unless COMPARE_SINGLE */
    double holm, smallest;     /* smallest: the least slowdown (a share) that could have been seen;
                                  NaN: none, with so few numbers */
    enum compare_verdict verdict;
    char why[256]; /* not compared: why */
};

struct compare {
    struct compare_cell *cells; /* owned */
    size_t count;
    json_t *differences; /* owned: [{fact, was, is, accepted}] of the fingerprints */
    size_t unaccepted;   /* of them */
    enum compare_verdict verdict;
    char why[512]; /* one sentence */
};

/* `across`: facts that may differ, since they are what is compared (NULL-terminated).
 * `reference`: the transport to divide by; NULL: none. 0, or -ENOMEM with a problem. */
int compare_runs(const struct compare_side *base, const struct compare_side *head,
                 const char *const *across, const char *reference, struct compare *compare,
                 struct problem *problem);
void compare_free(struct compare *compare);

#endif
