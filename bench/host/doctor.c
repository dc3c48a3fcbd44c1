/* SPDX-License-Identifier: MIT */
/*
 * doctor.c - lets each row of the tables of checks look at the host, and sums up.
 */
#include "host/doctor.h"

#include "base/fields.h"
#include "host/doctor_host.h"

#include <stdarg.h>
#include <string.h>

const char *const doctor_verdicts[] = {"ok", "unknown", "warning", "unfit", NULL};

static const struct doctor_check *const tables[] = {doctor_processor_checks, doctor_share_checks,
                                                    doctor_quota_checks, doctor_system_checks};
enum { TABLES = sizeof tables / sizeof *tables };

void doctor_found(struct doctor_finding *finding, enum doctor_verdict verdict, const char *format,
                  ...) {
    va_list arguments;
    finding->verdict = verdict;
    va_start(arguments, format);
    (void)vsnprintf(finding->found, sizeof finding->found, format, arguments);
    va_end(arguments);
}

void doctor_mend(struct doctor_finding *finding, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(finding->mend, sizeof finding->mend, format, arguments);
    va_end(arguments);
}

void doctor_absent(const struct doctor_host *host, struct doctor_finding *finding) {
    static const char *const texts[] = {"not visible", "not visible on this host",
                                        "not visible in this guest"};
    doctor_found(finding, DOCTOR_UNKNOWN, "%s", texts[doctor_guest(host) + 1]);
}

/* A superuser may not even have sudo, as in most containers. */
static void drop_sudo(char *command) {
    static const char word[] = "sudo ";
    for (char *at = command; (at = strstr(at, word)) != NULL;)
        memmove(at, at + sizeof word - 1, strlen(at + sizeof word - 1) + 1);
}

static void look(const struct doctor_host *host, const struct doctor_check *check,
                 struct doctor_finding *finding) {
    *finding = (struct doctor_finding){.name = check->name, .effect = check->effect};
    check->look(host, finding);
    bool bad = finding->verdict == DOCTOR_WARNING || finding->verdict == DOCTOR_UNFIT;
    if (bad && finding->mend[0] == '\0' && check->mend != NULL)
        doctor_mend(finding, "%s", check->mend);
    if (host->answers.superuser)
        drop_sudo(finding->mend);
}

void doctor_look(const struct doctor_host *host, struct doctor_report *report) {
    *report = (struct doctor_report){.count = 0};
    if (!hwloc_bitmap_iszero(host->used))
        (void)hwloc_bitmap_list_snprintf(report->cpus, sizeof report->cpus, host->used);
    for (int table = 0; table < TABLES; table++)
        for (const struct doctor_check *check = tables[table]; check->name != NULL; check++)
            if (report->count < DOCTOR_ROOM)
                look(host, check, &report->findings[report->count++]);
}

int doctor_examine(const char *root, struct doctor_report *report) {
    struct doctor_host host;
    int error = doctor_host_open(root, &host);
    if (error == 0)
        doctor_look(&host, report);
    doctor_host_close(&host);
    return error;
}

enum doctor_verdict doctor_overall(const struct doctor_report *report) {
    enum doctor_verdict gravest = DOCTOR_UNKNOWN;
    for (size_t i = 0; i < report->count; i++)
        if (report->findings[i].verdict > gravest)
            gravest = report->findings[i].verdict;
    return gravest == DOCTOR_UNKNOWN ? DOCTOR_OK : gravest;
}

static json_t *finding_to_json(const struct doctor_finding *finding) {
    return json_pack("{s:s, s:o, s:s, s:s, s:o}", "name", finding->name, "found",
                     fields_text(finding->found), "verdict", doctor_verdicts[finding->verdict],
                     "effect", finding->effect, "mend",
                     finding->mend[0] == '\0' ? json_null() : fields_text(finding->mend));
}

json_t *doctor_to_json(const struct doctor_report *report) {
    static const char *const fits[DOCTOR_VERDICTS] = {
        [DOCTOR_OK] = "fit", [DOCTOR_WARNING] = "warnings", [DOCTOR_UNFIT] = "unfit"};
    json_t *checks = json_array();
    for (size_t i = 0; i < report->count; i++) {
        if (json_array_append_new(checks, finding_to_json(&report->findings[i])) != 0) {
            json_decref(checks);
            return NULL;
        }
    }
    return json_pack("{s:s, s:o}", "fit", fits[doctor_overall(report)], "checks", checks);
}
