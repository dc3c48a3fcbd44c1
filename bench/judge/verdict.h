/* SPDX-License-Identifier: MIT */
/*
 * verdict.h - the first answer of a report: which transport for a small and for a larger request
 * and reply, if a core may be burnt and if it may not. The criteria stand here, before any data:
 *
 * - Candidates are the cells of ping-pong at exactly the question's size that are ok, controls and
 *   what is no channel left out. Where a core may be burnt, every wait; else `block` alone, since
 *   `park` burns its budget before each sleep.
 * - Only cells of one placement are compared: two cores (the nearest pair that was measured), or
 *   one CPU for both ends.
 * - The best has the least p50. The runner-up is the next transport, whatever its wait. It is a tie
 *   where the two 95% intervals overlap or touch; then every transport that ties with the best is
 *   named, and of these the one that costs the least CPU.
 */
#ifndef BENCH_VERDICT_H
#define BENCH_VERDICT_H

#include "judge/contest.h"

enum { VERDICT_QUESTIONS = 6, VERDICT_MOST_TIED = 12 };

struct verdict_question {
    uint64_t size_bytes;
    bool burn;      /* a core may be burnt */
    bool two_cores; /* each end on a core of its own */
    const char *asks;
};
extern const struct verdict_question verdict_questions[VERDICT_QUESTIONS];

struct verdict {
    const struct verdict_question *question;
    const char *placement;           /* that was compared; NULL: there is none */
    size_t candidates;               /* transports */
    const struct cell_summary *best; /* NULL: no candidate */
    struct contest runner_up;        /* best against it; its right is NULL: nobody else ran */
    const struct cell_summary *tied[VERDICT_MOST_TIED]; /* with the best, the best not among them */
    size_t tied_count;
    const struct cell_summary *cheapest; /* of best and tied, by CPU; NULL without a tie */
};

/* Answers all questions; points into the run. */
void verdict_make(const struct run *run, struct verdict verdicts[VERDICT_QUESTIONS]);

/* Words for a page: a cell's transport with its knobs; a multiple ("8.70"); a cost with its
 * interval; by how much the best leads, or with whom it ties. */
void verdict_name(const struct cell *cell, char *text, size_t room);
void verdict_times(double times, char *text, size_t room);
void verdict_cost(const struct contest_cost *cost, char *text, size_t room);
void verdict_lead(const struct verdict *verdict, char *text, size_t room);

/* All of it in a line: "shm, spin, 130 ns (120 ns to 140 ns); next is ..." */
void verdict_say(const struct verdict *verdict, char *text, size_t room);

/* A new reference to an array with an object for each question, or NULL without memory. */
json_t *verdict_to_json(const struct verdict verdicts[VERDICT_QUESTIONS]);

#endif
