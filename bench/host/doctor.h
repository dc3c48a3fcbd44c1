/* SPDX-License-Identifier: MIT */
/*
 * doctor.h - what on this host would spoil the numbers: for each thing what was found, what it does
 * to the numbers, and the command that mends it.
 */
#ifndef BENCH_DOCTOR_H
#define BENCH_DOCTOR_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

enum doctor_verdict {
    DOCTOR_OK,
    DOCTOR_UNKNOWN, /* this host doesn't tell; counts neither for nor against it */
    DOCTOR_WARNING, /* the numbers hold, with this in mind */
    DOCTOR_UNFIT,   /* numbers from here are worth nothing */
    DOCTOR_VERDICTS
};

/* "ok", "unknown", "warning", "unfit", NULL. */
extern const char *const doctor_verdicts[];

struct doctor_finding {
    const char *name; /* unique in a report */
    enum doctor_verdict verdict;
    char found[192];    /* a few words */
    const char *effect; /* one sentence: what it does to the numbers */
    char mend[512];     /* a command, or why there is none; "" when nothing needs mending */
};

enum { DOCTOR_ROOM = 32 }; /* more than there are checks */

struct doctor_report {
    struct doctor_finding findings[DOCTOR_ROOM];
    size_t count;
    char cpus[128]; /* those that the default plan runs on, "2-3"; "" when not known */
};

/* Examines the host. With "" as `root` that is this one: it sleeps for half a second to see what
 * others do meanwhile, opens and closes a few counters, and makes a network namespace in a child
 * that it reaps; the caller must have one thread. With another root, the files of /proc and /sys
 * are read below it, nothing is waited for or tried, and what only trying can tell is unknown. 0 or
 * -ENOMEM. */
int doctor_examine(const char *root, struct doctor_report *report);

/* The gravest verdict, where unknown counts as ok: DOCTOR_OK, DOCTOR_WARNING or DOCTOR_UNFIT. */
enum doctor_verdict doctor_overall(const struct doctor_report *report);

/* A new reference to {"fit": "fit", "warnings" or "unfit", "checks": [{name, found, verdict,
 * effect, mend}]}, where a mend of "" is null; NULL without memory. */
json_t *doctor_to_json(const struct doctor_report *report);

/* Prints lines of at most 100 columns, the gravest first (doctor_print.c). */
void doctor_print(FILE *to, const struct doctor_report *report);

#endif
