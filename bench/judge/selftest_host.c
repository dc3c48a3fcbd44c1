/* SPDX-License-Identifier: MIT */
/*
 * selftest_host.c - judges the host during the controls: what disturbed their trials, and what
 * doctor says.
 */
#include "judge/selftest.h"

#include <stdbool.h>
#include <string.h>

#define FLAGGED_SHARE (1.0 / 3)

/* What comes from outside, in the words of interference.h. Of "distance" a virtual machine has its
 * share at the best of times, and faults are the ends' own. */
static const struct {
    const char *word, *meaning;
} disturbances[] = {
    {"neighbour", "something else runs on"},
    {"steal", "the hypervisor gives others"},
    {"migrated", "something moves pinned processes from"},
    {"frequency", "the speed changes of"},
};
enum { DISTURBANCES = sizeof disturbances / sizeof *disturbances };

struct flagged {
    size_t trials, disturbed, moved;
    size_t by[DISTURBANCES];
    const struct record *first[DISTURBANCES];
};

static void count_flags(const struct record *record, struct flagged *flagged) {
    bool disturbed = false;
    for (int i = 0; i < DISTURBANCES; i++) {
        if (strstr(record->flags, disturbances[i].word) == NULL)
            continue;
        if (flagged->by[i]++ == 0)
            flagged->first[i] = record;
        disturbed = true;
    }
    flagged->trials++;
    flagged->disturbed += disturbed;
    flagged->moved += strstr(record->flags, "distance") != NULL;
}

/* "something else runs on CPU 1", the commonest disturbance. */
static void explain(const struct flagged *flagged, char *text, size_t room) {
    int most = 0;
    for (int i = 1; i < DISTURBANCES; i++)
        if (flagged->by[i] > flagged->by[most])
            most = i;
    text[0] = '\0';
    if (flagged->by[most] == 0)
        return;
    const struct placement *placement = &flagged->first[most]->placement;
    if (placement->server_cpu == placement->client_cpu)
        (void)snprintf(text, room, ", most of them since %s CPU %d", disturbances[most].meaning,
                       placement->client_cpu);
    else
        (void)snprintf(text, room, ", most of them since %s CPU %d or %d",
                       disturbances[most].meaning, placement->server_cpu, placement->client_cpu);
}

void selftest_judge_interference(const struct record *trials, size_t count,
                                 struct selftest_check *check) {
    struct flagged flagged = {0};
    char why[160];
    for (size_t i = 0; i < count; i++)
        if (trials[i].status == RECORD_OK)
            count_flags(&trials[i], &flagged);
    explain(&flagged, why, sizeof why);
    bool unfit = (double)flagged.disturbed > FLAGGED_SHARE * (double)flagged.trials;
    check->verdict = unfit ? SELFTEST_UNFIT : SELFTEST_PASS;
    (void)snprintf(check->expected, sizeof check->expected, "at most a third of the trials");
    (void)snprintf(check->found, sizeof check->found, "%zu of %zu disturbed", flagged.disturbed,
                   flagged.trials);
    (void)snprintf(check->why, sizeof check->why,
                   "%zu of %zu trials were disturbed%s; in %zu the distance between the CPUs "
                   "changed, which isn't counted.",
                   flagged.disturbed, flagged.trials, why, flagged.moved);
}

/* The first finding that is unfit, or NULL. */
static const struct doctor_finding *unfit_finding(const struct doctor_report *doctor) {
    for (size_t i = 0; i < doctor->count; i++)
        if (doctor->findings[i].verdict == DOCTOR_UNFIT)
            return &doctor->findings[i];
    return NULL;
}

void selftest_judge_doctor(const struct doctor_report *doctor, struct selftest_check *check) {
    const struct doctor_finding *unfit = unfit_finding(doctor);
    size_t warnings = 0;
    for (size_t i = 0; i < doctor->count; i++)
        warnings += doctor->findings[i].verdict == DOCTOR_WARNING;
    check->verdict = unfit != NULL ? SELFTEST_UNFIT : SELFTEST_PASS;
    (void)snprintf(check->expected, sizeof check->expected, "nothing unfit");
    (void)snprintf(check->found, sizeof check->found, "%s, %zu warning%s",
                   unfit != NULL ? "unfit" : "fit", warnings, warnings == 1 ? "" : "s");
    if (unfit != NULL)
        (void)snprintf(check->why, sizeof check->why, "%s: %s; `ipcbench doctor` says more.",
                       unfit->name, unfit->found);
    else
        (void)snprintf(check->why, sizeof check->why,
                       "`ipcbench doctor` finds nothing that makes the numbers worthless.");
}
