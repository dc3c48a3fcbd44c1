/* SPDX-License-Identifier: MIT */
/*
 * trust.h - how far the numbers of a run can be trusted, from what the run itself recorded. The
 * criteria are fixed here:
 *
 * - no: doctor called the host unfit, or something interfered with more than a third of the trials;
 * - with care: doctor warned, or something interfered with more than a tenth, or a trial failed;
 * - yes: none of these;
 * - cannot tell: no trial is valid.
 *
 * The smallest difference that two cells of a placement could show is the median over its cells of
 * p50_high / p50_low - 1: two such intervals, further apart than that, no longer overlap.
 */
#ifndef BENCH_TRUST_H
#define BENCH_TRUST_H

#include "run/run.h"

enum trust_answer { TRUST_CANNOT_TELL, TRUST_YES, TRUST_WITH_CARE, TRUST_NO };
extern const char *const trust_answers[]; /* "cannot tell", "yes", ... */

enum { TRUST_FLAGS = 8, TRUST_PLACES = 8 };

struct trust {
    enum trust_answer answer;
    const char *fit;                /* doctor's word; "not known" */
    size_t warnings;                /* of doctor, unfit ones too */
    size_t trials, failed, flagged; /* that were to time; not ok; ok, but interfered with */
    double steal_share;             /* of the time of the CPUs used; NaN: not known */
    struct trust_flag {
        char name[24];
        size_t trials;
    } flags[TRUST_FLAGS];
    size_t flag_count;
    struct trust_place {
        const char *placement;
        size_t cells;    /* with an interval */
        double smallest; /* as a share; NaN: not known */
    } places[TRUST_PLACES];
    size_t place_count;
};

/* Points into the run. 0 or -ENOMEM. */
int trust_make(const struct run *run, struct trust *trust);

/* What it rests on, as sentences, allocated: "doctor: fit, 0 findings. Trials: ...". NULL without
 * memory. */
char *trust_say(const struct trust *trust);

#endif
