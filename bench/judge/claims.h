/* SPDX-License-Identifier: MIT */
/*
 * claims.h - what Python's Socket HOWTO says in prose about IPC on one machine, and whether this
 * run supports it. The criteria are fixed here and in the table of claims.c, before any data.
 *
 * A claim is held against pairs of cells that differ in their transport (or design) only: same
 * workload, wait, placement and size, except where the claim is about one of these. There are two
 * rules:
 *
 * FASTEST: the left side wins a pair where its interval lies wholly below the right's, and loses
 *   where it lies wholly above. Supported: at least one win, no loss, and as many wins as ties or
 *   more. Refuted: at least one loss, no win, and as many losses as ties or more. Anything else:
 *   cannot tell.
 * TIMES: is the right side's cost at least `threshold` times the left's? With three pairs or more,
 *   by the 95% interval of the median ratio over pairs; with fewer, by each pair's own. Supported:
 *   wholly above the threshold. Refuted: wholly below. Anything else: cannot tell.
 */
#ifndef BENCH_CLAIMS_H
#define BENCH_CLAIMS_H

#include "judge/contest.h"

enum claims_rule { CLAIMS_FASTEST, CLAIMS_TIMES };
enum claims_answer { CLAIMS_CANNOT_TELL, CLAIMS_SUPPORTED, CLAIMS_REFUTED };
extern const char *const claims_answers[]; /* "cannot tell", "supported", "refuted" */

struct claim;

/* A row of the table: everything that a page says about a claim, stated once. */
struct claims_kind {
    const char *name;         /* stable: programs read it */
    const char *says;         /* in the HOWTO's sense */
    const char *criterion;    /* of this claim, in words */
    const char *measure;      /* the command that brings the cells */
    const char *left, *right; /* what the sides are called */
    enum claims_rule rule;
    double threshold; /* of CLAIMS_TIMES */
    bool shows_route; /* the routes of both sides are evidence too */
    /* Adds the claim's pairs. 0 or -ENOMEM. */
    int (*gather)(const struct run *run, struct claim *claim);
};

#define CLAIMS 6
extern const struct claims_kind claims_kinds[CLAIMS];

struct claim {
    const struct claims_kind *kind;
    enum claims_answer answer;
    struct contest *pairs; /* the evidence */
    size_t count;
    size_t left_faster, right_faster, ties, unknown;
    double times, times_low, times_high;  /* right's cost as a multiple of left's: the median over
                                             the pairs, and its 95% interval from three pairs on */
    const char *left_route, *right_route; /* facts of the first pair's trials; NULL: none */
};

/* Answers all claims; they point into the run. 0, or -ENOMEM, and then there is nothing to free. */
int claims_make(const struct run *run, struct claim claims[CLAIMS]);
void claims_free(struct claim claims[CLAIMS]);

/* Why the answer is what it is, in a sentence. */
void claims_say(const struct claim *claim, char *text, size_t room);

/* A new reference to an array with an object for each claim, or NULL without memory. */
json_t *claims_to_json(const struct claim claims[CLAIMS]);

#endif
