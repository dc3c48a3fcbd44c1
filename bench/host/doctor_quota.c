/* SPDX-License-Identifier: MIT */
/*
 * doctor_quota.c - the check of how much CPU time the control groups, of version 1 and 2, give to
 * this process: the tightest limit from its own group up to the root that it sees.
 */
#include "host/doctor_host.h"

#include "host/hostfiles.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 2048

/* Both in CPUs: INFINITY without a limit, NAN when the folder doesn't say. */
static double limit_v2(const struct doctor_host *host, const char *folder) {
    char path[PATH_BYTES + 32], text[64];
    double quota, period;
    (void)snprintf(path, sizeof path, "%s/cpu.max", folder);
    if (!doctor_line(host, path, text, sizeof text))
        return NAN;
    if (strncmp(text, "max", 3) == 0)
        return INFINITY;
    bool sound = sscanf(text, "%lf %lf", &quota, &period) == 2 && period > 0 && quota > 0;
    return sound ? quota / period : NAN;
}

static double limit_v1(const struct doctor_host *host, const char *folder) {
    char path[PATH_BYTES + 32];
    (void)snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
    long long quota = doctor_number(host, path, 0);
    (void)snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    long long period = doctor_number(host, path, 0);
    if (quota < 0)
        return INFINITY;
    return quota > 0 && period > 0 ? (double)quota / (double)period : NAN;
}

/* Where control groups may be mounted; version 2 has one hierarchy, whose line names none. */
struct hierarchy {
    const char *mount, *controller;
    double (*limit)(const struct doctor_host *host, const char *folder);
    const char *no_limit, *file;
};
static const struct hierarchy hierarchies[] = {
    {"/sys/fs/cgroup", "", limit_v2, "max", "cpu.max"},
    {"/sys/fs/cgroup/unified", "", limit_v2, "max", "cpu.max"},
    {"/sys/fs/cgroup/cpu", "cpu", limit_v1, "-1", "cpu.cfs_quota_us"},
    {"/sys/fs/cgroup/cpu,cpuacct", "cpu", limit_v1, "-1", "cpu.cfs_quota_us"},
};
enum { HIERARCHIES = sizeof hierarchies / sizeof *hierarchies };

struct quota {
    double cpus; /* INFINITY: no limit */
    char folder[PATH_BYTES];
    const struct hierarchy *hierarchy;
    bool known;
};

/* Finds the line "ID:CONTROLLERS:PATH" of the controller in /proc/self/cgroup. */
static bool find_group(const struct doctor_host *host, const char *controller, char *group,
                       size_t room) {
    char text[8192], *rest = NULL;
    if (!hostfiles_read(host->root, "/proc/self/cgroup", text, sizeof text))
        return false;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *names = strchr(line, ':');
        char *path = names ? strchr(names + 1, ':') : NULL;
        if (path == NULL)
            continue;
        *path = '\0';
        names++;
        if (controller[0] == '\0' ? names[0] == '\0' : doctor_has_word(names, controller)) {
            (void)snprintf(group, room, "%s", path + 1);
            return true;
        }
    }
    return false;
}

static void consider(const struct doctor_host *host, const struct hierarchy *hierarchy,
                     const char *folder, struct quota *quota) {
    double cpus = hierarchy->limit(host, folder);
    if (isnan(cpus) || cpus >= quota->cpus)
        return;
    quota->cpus = cpus;
    quota->hierarchy = hierarchy;
    (void)snprintf(quota->folder, sizeof quota->folder, "%s", folder);
}

/* Without a namespace of its own, a container's group is named as its host sees it, and the folders
 * of that name aren't there; what is mounted is then the container's own group. */
static void climb(const struct doctor_host *host, const struct hierarchy *hierarchy,
                  struct quota *quota) {
    char group[PATH_BYTES / 2], folder[PATH_BYTES], procs[16];
    (void)snprintf(folder, sizeof folder, "%s/cgroup.procs", hierarchy->mount);
    if (!find_group(host, hierarchy->controller, group, sizeof group) ||
        !hostfiles_read(host->root, folder, procs, sizeof procs))
        return;
    quota->known = true;
    if (strcmp(group, "/") == 0)
        group[0] = '\0';
    for (char *end = group + strlen(group); end != NULL; end = strrchr(group, '/')) {
        *end = '\0';
        (void)snprintf(folder, sizeof folder, "%s%s", hierarchy->mount, group);
        consider(host, hierarchy, folder, quota);
    }
}

/* A host may have both versions at a time; the controller of CPU time is in one of them. */
static struct quota find_quota(const struct doctor_host *host) {
    char group[PATH_BYTES / 2];
    struct quota quota = {.cpus = INFINITY};
    const char *controller = find_group(host, "cpu", group, sizeof group) ? "cpu" : "";
    for (int i = 0; i < HIERARCHIES; i++)
        if (strcmp(hierarchies[i].controller, controller) == 0)
            climb(host, &hierarchies[i], &quota);
    return quota;
}

/* How often the group was throttled since it was made. */
static long long throttled(const struct doctor_host *host, const struct quota *quota) {
    char path[PATH_BYTES + 32], text[2048];
    (void)snprintf(path, sizeof path, "%s/cpu.stat", quota->folder);
    if (!hostfiles_read(host->root, path, text, sizeof text))
        return 0;
    const char *line = strstr(text, "nr_throttled ");
    return line ? strtoll(line + sizeof "nr_throttled " - 1, NULL, 10) : 0;
}

static void mend(const struct quota *quota, struct doctor_finding *finding) {
    const struct hierarchy *hierarchy = quota->hierarchy;
    if (strcmp(quota->folder, hierarchy->mount) == 0)
        doctor_mend(finding, "can't be mended from inside; start the container without a limit of "
                             "CPU time (docker run without --cpus)");
    else
        doctor_mend(finding, "echo %s | sudo tee %s/%s", hierarchy->no_limit, quota->folder,
                    hierarchy->file);
}

/* Both ends of a trial can be busy all the time; with more clients there are more of them. */
static void look(const struct doctor_host *host, struct doctor_finding *finding) {
    int usable = hwloc_bitmap_weight(host->usable);
    int needed = usable == 1 ? 1 : 2;
    struct quota quota = find_quota(host);
    if (!quota.known) {
        doctor_absent(host, finding);
    } else if (isinf(quota.cpus)) {
        doctor_found(finding, DOCTOR_OK, "no limit");
    } else {
        enum doctor_verdict verdict = quota.cpus < usable ? DOCTOR_WARNING : DOCTOR_OK;
        doctor_found(finding, quota.cpus < needed ? DOCTOR_UNFIT : verdict,
                     "%.2f CPUs, and a trial keeps %d busy; throttled %lld times so far",
                     quota.cpus, needed, throttled(host, &quota));
        if (finding->verdict != DOCTOR_OK)
            mend(&quota, finding);
    }
}

const struct doctor_check doctor_quota_checks[] = {
    {"CPU quota", look,
     "When the group has used up its time, the kernel stops every process in it until the period "
     "of usually 100 ms is over.",
     NULL},
    {NULL, NULL, NULL, NULL},
};
