/* SPDX-License-Identifier: MIT */
/*
 * doctor_print.c - the findings as text: the gravest first with what they do and how to mend them,
 * the harmless ones in a line each.
 */
#include "host/doctor.h"

#include "base/table.h"

#include <string.h>

#define NAME_COLUMNS 20

/* The groups in the order of print, and whether their findings need explaining. */
static const struct group {
    const char *title;
    enum doctor_verdict verdict;
    bool explained;
} groups[] = {
    {"Unfit", DOCTOR_UNFIT, true},
    {"Warnings", DOCTOR_WARNING, true},
    {"Unknown", DOCTOR_UNKNOWN, false},
    {"Ok", DOCTOR_OK, false},
};
enum { GROUPS = sizeof groups / sizeof *groups };

static size_t count(const struct doctor_report *report, enum doctor_verdict verdict) {
    size_t found = 0;
    for (size_t i = 0; i < report->count; i++)
        found += report->findings[i].verdict == verdict;
    return found;
}

static void print_finding(FILE *to, const struct doctor_finding *finding, bool explained) {
    char first[64];
    (void)snprintf(first, sizeof first, "  %-*s", NAME_COLUMNS, finding->name);
    table_wrap(to, first, "                      ", finding->found);
    if (!explained)
        return;
    table_wrap(to, "    effect: ", "            ", finding->effect);
    if (finding->mend[0] != '\0')
        table_wrap(to, "    mend:   ", "            ", finding->mend);
}

static void print_group(FILE *to, const struct doctor_report *report, const struct group *group) {
    if (count(report, group->verdict) == 0)
        return;
    (void)fprintf(to, "\n%s\n", group->title);
    for (size_t i = 0; i < report->count; i++)
        if (report->findings[i].verdict == group->verdict)
            print_finding(to, &report->findings[i], group->explained);
}

void doctor_print(FILE *to, const struct doctor_report *report) {
    static const char *const sentences[DOCTOR_VERDICTS] = {
        [DOCTOR_OK] = "This host is fit to be measured",
        [DOCTOR_WARNING] = "This host can be measured, with the warnings below in mind",
        [DOCTOR_UNFIT] = "This host is unfit to be measured now",
    };
    char text[384];
    (void)snprintf(text, sizeof text, "%s: %zu unfit, %zu warning%s, %zu unknown, %zu ok%s%s.",
                   sentences[doctor_overall(report)], count(report, DOCTOR_UNFIT),
                   count(report, DOCTOR_WARNING), count(report, DOCTOR_WARNING) == 1 ? "" : "s",
                   count(report, DOCTOR_UNKNOWN), count(report, DOCTOR_OK),
                   report->cpus[0] ? "; trials run on CPUs " : "", report->cpus);
    table_wrap(to, "", "", text);
    for (int i = 0; i < GROUPS; i++)
        print_group(to, report, &groups[i]);
}
