/* SPDX-License-Identifier: MIT */
/*
 * doctor_share.c - checks of who else wants the CPUs: other programs, hyperthreads, other guests,
 * and the limits of control groups.
 */
#include "host/doctor_host.h"

#include <inttypes.h>

#define BUSY_WARNING  0.05 /* of one CPU */
#define BUSY_UNFIT    0.25
#define STEAL_WARNING 0.02 /* one tick in the window is 0.01 of two CPUs */
#define STEAL_UNFIT   0.10
#define LOAD_WARNING  0.25 /* for each CPU */

static struct doctor_cpu_times passed(const struct doctor_host *host, int cpu) {
    return doctor_times_passed(&host->before, &host->after, cpu);
}

static double share(uint64_t part, const struct doctor_cpu_times *times) {
    uint64_t whole = times->busy + times->idle + times->steal;
    return whole == 0 ? 0 : (double)part / (double)whole;
}

static enum doctor_verdict judge(double value, double warning, double unfit) {
    if (value >= unfit)
        return DOCTOR_UNFIT;
    return value >= warning ? DOCTOR_WARNING : DOCTOR_OK;
}

/* The CPU on which others were busiest in the window, -1 when no CPU is known. */
struct busiest {
    int cpu;
    double share;
};

static void consider(const struct doctor_host *host, int cpu, struct busiest *busiest) {
    const struct doctor_cpu_times times = passed(host, cpu);
    double busy = share(times.busy, &times);
    if (times.busy + times.idle + times.steal > 0 && (busiest->cpu < 0 || busy > busiest->share))
        *busiest = (struct busiest){cpu, busy};
}

static struct busiest busiest_of(const struct doctor_host *host, hwloc_const_bitmap_t cpus) {
    struct busiest busiest = {-1, 0};
    for (int cpu = hwloc_bitmap_first(cpus); cpu >= 0; cpu = hwloc_bitmap_next(cpus, cpu))
        consider(host, cpu, &busiest);
    return busiest;
}

static struct busiest busiest_elsewhere(const struct doctor_host *host) {
    struct busiest busiest = {-1, 0};
    for (size_t i = 0; i < host->after.count; i++)
        if (!hwloc_bitmap_isset(host->used, (unsigned)host->after.cpus[i].cpu))
            consider(host, host->after.cpus[i].cpu, &busiest);
    return busiest;
}

/* Work on the other CPUs only warns: it shares caches, memory and the frequency, not the CPU. */
static void busy_cpus(const struct doctor_host *host, struct doctor_finding *finding) {
    char others[64] = "";
    struct busiest here = busiest_of(host, host->used), elsewhere = busiest_elsewhere(host);
    if (here.cpu < 0) {
        doctor_absent(host, finding);
        return;
    }
    enum doctor_verdict verdict = judge(here.share, BUSY_WARNING, BUSY_UNFIT);
    if (verdict == DOCTOR_OK && elsewhere.share >= BUSY_UNFIT)
        verdict = DOCTOR_WARNING;
    if (elsewhere.cpu >= 0)
        (void)snprintf(others, sizeof others, "; of the others CPU %d, with %.0f%%", elsewhere.cpu,
                       100 * elsewhere.share);
    doctor_found(finding, verdict, "others took %.0f%% of CPU %d in %.1f s%s", 100 * here.share,
                 here.cpu, DOCTOR_WINDOW_SECONDS, others);
}

static void load(const struct doctor_host *host, struct doctor_finding *finding) {
    char text[128];
    double minute;
    int runnable, cpus = hwloc_bitmap_weight(host->online);
    if (cpus <= 0 || !doctor_line(host, "/proc/loadavg", text, sizeof text) ||
        sscanf(text, "%lf %*f %*f %d/", &minute, &runnable) != 2) {
        doctor_absent(host, finding);
        return;
    }
    doctor_found(finding, minute / cpus >= LOAD_WARNING ? DOCTOR_WARNING : DOCTOR_OK,
                 "%.2f over the last minute, %d others running now, on %d CPU%s", minute,
                 runnable > 0 ? runnable - 1 : 0, cpus, cpus == 1 ? "" : "s");
}

/* Adds the CPUs that share a core with one that is used and aren't used themselves. */
static void find_siblings(const struct doctor_host *host, hwloc_bitmap_t siblings) {
    hwloc_bitmap_t core = hwloc_bitmap_alloc();
    for (int cpu = hwloc_bitmap_first(host->used); cpu >= 0 && core != NULL;
         cpu = hwloc_bitmap_next(host->used, cpu)) {
        char path[128], list[128];
        (void)snprintf(path, sizeof path, DOCTOR_CPUS "/cpu%d/topology/thread_siblings_list", cpu);
        if (doctor_line(host, path, list, sizeof list) && hwloc_bitmap_list_sscanf(core, list) == 0)
            (void)hwloc_bitmap_or(siblings, siblings, core);
    }
    (void)hwloc_bitmap_andnot(siblings, siblings, host->used);
    hwloc_bitmap_free(core);
}

static void smt_active(const struct doctor_host *host, struct doctor_finding *finding) {
    hwloc_bitmap_t siblings = hwloc_bitmap_alloc();
    struct busiest busiest = {-1, 0};
    if (siblings != NULL) {
        find_siblings(host, siblings);
        busiest = busiest_of(host, siblings);
    }
    hwloc_bitmap_free(siblings);
    if (busiest.cpu < 0)
        doctor_found(finding, DOCTOR_OK, "on; no sibling of the CPUs used is known to be busy");
    else
        doctor_found(finding, judge(busiest.share, BUSY_WARNING, 2),
                     "on; the busiest sibling of the CPUs used, CPU %d, was %.0f%% busy",
                     busiest.cpu, 100 * busiest.share);
}

/* A guest may sit on hyperthreads that it isn't shown. */
static void smt(const struct doctor_host *host, struct doctor_finding *finding) {
    long long active = doctor_number(host, DOCTOR_CPUS "/smt/active", -1);
    if (active == 1)
        smt_active(host, finding);
    else if (active == 0 && doctor_guest(host) == 0)
        doctor_found(finding, DOCTOR_OK, "off");
    else
        doctor_absent(host, finding);
}

/* A hypervisor that never stole anything may be one that doesn't tell. */
static void steal(const struct doctor_host *host, struct doctor_finding *finding) {
    struct doctor_cpu_times window = {.cpu = -1}, ever = {.cpu = -1};
    for (size_t i = 0; i < host->after.count; i++) {
        const struct doctor_cpu_times *one = &host->after.cpus[i];
        ever.busy += one->busy;
        ever.idle += one->idle;
        ever.steal += one->steal;
        if (!hwloc_bitmap_isset(host->used, (unsigned)one->cpu))
            continue;
        const struct doctor_cpu_times part = passed(host, one->cpu);
        window.busy += part.busy;
        window.idle += part.idle;
        window.steal += part.steal;
    }
    double now = share(window.steal, &window), before = share(ever.steal, &ever);
    if (doctor_guest(host) == 0)
        doctor_found(finding, DOCTOR_OK, "none, since this is no guest");
    else if (ever.steal == 0)
        doctor_found(finding, DOCTOR_UNKNOWN, "none reported, which not every hypervisor does");
    else
        doctor_found(finding,
                     now >= STEAL_UNFIT ? DOCTOR_UNFIT
                                        : judge(now > before ? now : before, STEAL_WARNING, 2),
                     "%.1f%% over %.1f s, %.1f%% since the guest started", 100 * now,
                     DOCTOR_WINDOW_SECONDS, 100 * before);
}

static void usable_cpus(const struct doctor_host *host, struct doctor_finding *finding) {
    int count = hwloc_bitmap_weight(host->usable), online = hwloc_bitmap_weight(host->online);
    if (count <= 0) {
        doctor_absent(host, finding);
        return;
    }
    doctor_found(finding, count == 1 ? DOCTOR_WARNING : DOCTOR_OK, "%d", count);
    if (count == 1 && online > 1)
        doctor_mend(finding, "see cpuset");
    else if (count == 1 && doctor_guest(host) == 1)
        doctor_mend(finding, "can't be mended from inside a guest; give it a second CPU");
}

/* Control groups and taskset both end in the mask of the process. */
static void cpuset(const struct doctor_host *host, struct doctor_finding *finding) {
    char usable[64], online[64];
    int count = hwloc_bitmap_weight(host->usable), all = hwloc_bitmap_weight(host->online);
    (void)hwloc_bitmap_list_snprintf(usable, sizeof usable, host->usable);
    (void)hwloc_bitmap_list_snprintf(online, sizeof online, host->online);
    if (count <= 0 || all <= 0)
        doctor_absent(host, finding);
    else if (count == all)
        doctor_found(finding, DOCTOR_OK, "all CPUs that are online (%s)", online);
    else
        doctor_found(finding, count == 1 ? DOCTOR_WARNING : DOCTOR_OK,
                     "this process may use CPUs %s of %s", usable, online);
    if (finding->verdict == DOCTOR_WARNING)
        doctor_mend(finding,
                    "sudo taskset -cp %s $$ # for a container: docker update --cpuset-cpus",
                    online);
}

const struct doctor_check doctor_share_checks[] = {
    {"busy CPUs", busy_cpus,
     "Another program on the CPU of an end takes turns with it, which adds milliseconds to some "
     "round trips.",
     "top -d 1 # shows who it is; stop it, or wait for its end"},
    {"load", load,
     "What was running a moment ago may come back in the middle of a run and take turns with the "
     "trials.",
     "uptime # wait until the first of its averages is near 0"},
    {"SMT", smt,
     "A program on the other hyperthread of a core takes up to half of that core's speed.",
     "echo off | sudo tee " DOCTOR_CPUS "/smt/control"},
    {"steal", steal,
     "While the hypervisor gives a CPU to somebody else, the trial on it stands still, which shows "
     "as outliers of milliseconds.",
     "can't be mended from inside a guest; choose one with dedicated CPUs, or another hour"},
    {"usable CPUs", usable_cpus,
     "With one CPU the ends can't run at the same time: only the placement same-core is possible.",
     "can't be mended: this machine has one CPU, or the others are offline"},
    {"cpuset", cpuset,
     "Placements outside of this set are skipped, and the set keeps nobody else away from its "
     "CPUs.",
     NULL},
    {NULL, NULL, NULL, NULL},
};
