/* SPDX-License-Identifier: MIT */
/*
 * selftest.h - the controls that ship with the program: which trials they need, and what follows
 * from their records about this host now. A control is something whose answer is known beforehand:
 * where it comes out otherwise, the suite is broken or the host lies. No system calls.
 */
#ifndef BENCH_SELFTEST_H
#define BENCH_SELFTEST_H

#include "host/doctor.h"
#include "trial/record.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

enum selftest_cell {
    SELFTEST_NULL,
    SELFTEST_NO_DELAY, /* the path of the delayed ones, without a delay */
    SELFTEST_DELAY_200,
    SELFTEST_DELAY_1000,
    SELFTEST_RARE_DELAY, /* 1 ms in one exchange of a hundred */
    SELFTEST_SAME_CORE,
    SELFTEST_SAME_CORE_TWIN, /* the same under another name */
    SELFTEST_CROSS_CORE,
    SELFTEST_CROSS_CORE_TWIN,
    SELFTEST_FLOOR, /* close to the floor by its nature */
    SELFTEST_CELLS
};
extern const struct cell selftest_cells[SELFTEST_CELLS];

#define SELFTEST_ROUNDS 40 /* at most */

enum selftest_verdict {
    SELFTEST_PASS,
    SELFTEST_SKIPPED, /* not possible on this host; counts neither way */
    SELFTEST_UNFIT,   /* the host was disturbed, or the trials are too few to tell */
    SELFTEST_FAIL,    /* not as known beforehand */
    SELFTEST_VERDICTS
};

/* "pass", "skipped", "unfit", "fail", NULL. */
extern const char *const selftest_verdicts[];

struct selftest_check {
    const char *name; /* unique in a report */
    enum selftest_verdict verdict;
    char found[128], expected[128];
    char why[900]; /* one sentence: what the verdict rests on */
};

enum { SELFTEST_ROOM = 12, SELFTEST_PLACES = 2 };

/* "same-core", "cross-core": where the smallest difference is told. */
extern const char *const selftest_places[SELFTEST_PLACES];

struct selftest_report {
    struct selftest_check checks[SELFTEST_ROOM];
    size_t count;
    size_t rounds;
    /* The half-width of the 95% interval of the ratio of two twins, as a share; at least one step
     * of the clock. A smaller difference would go unseen. NaN: not known. */
    double smallest[SELFTEST_PLACES];
    /* PASS: can be measured; UNFIT: can't now; FAIL: a control came out wrong. Where interference
     * or doctor say unfit, that explains a wrong control, and unfit is the answer. */
    enum selftest_verdict verdict;
};

/* Judges. The trial of a cell in a round is trials[round * SELFTEST_CELLS + cell]; one that is not
 * possible here is a record that is skipped and says why. `floor_ns` must be in those of
 * SELFTEST_FLOOR. 0, or -ENOMEM. */
int selftest_judge(const struct record *trials, size_t rounds, const struct doctor_report *doctor,
                   struct selftest_report *report);

/* The last two checks, those of the host: was more than a third of the ok trials disturbed, and
 * does doctor call it unfit (selftest_host.c)? */
void selftest_judge_interference(const struct record *trials, size_t count,
                                 struct selftest_check *check);
void selftest_judge_doctor(const struct doctor_report *doctor, struct selftest_check *check);

/* A new reference to {"verdict": "fit", "failed" or "unfit", "rounds", "smallest_difference":
 * {"same-core": share or null, ...}, "checks": [{name, found, expected, verdict, why}]}; NULL
 * without memory (selftest_print.c). */
json_t *selftest_to_json(const struct selftest_report *report);

/* Prints the same as text, in lines of at most 100 columns (selftest_print.c). 0 or -ENOMEM. */
int selftest_print(FILE *to, const struct selftest_report *report);

#endif
