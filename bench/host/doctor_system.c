/* SPDX-License-Identifier: MIT */
/*
 * doctor_system.c - checks of memory, of what this process is permitted, and of how ipcbench itself
 * was built.
 */
#include "host/doctor_host.h"

#include "host/hostfiles.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

#define MEBIBYTE            (1024.0 * 1024)
#define MEMORY_WARNING_MIB  512
#define MEMORY_UNFIT_MIB    64
#define LOCKED_ENOUGH_BYTES (8 << 20) /* what Linux gives since 5.16 */
#define HUGE_PAGES          "/sys/kernel/mm/transparent_hugepage/enabled"

static void huge_pages(const struct doctor_host *host, struct doctor_finding *finding) {
    const char *chosen = doctor_text(host, "memory", "transparent_huge_pages");
    if (chosen == NULL)
        doctor_absent(host, finding);
    else
        doctor_found(finding, strcmp(chosen, "always") == 0 ? DOCTOR_WARNING : DOCTOR_OK, "%s",
                     chosen);
}

/* A line of /proc/meminfo in MiB; negative when it isn't there. */
static double memory_mib(const struct doctor_host *host, const char *name) {
    char text[64];
    if (!doctor_value(host, "/proc/meminfo", name, text, sizeof text))
        return -1;
    return (double)strtoll(text, NULL, 10) * 1024 / MEBIBYTE;
}

static void memory(const struct doctor_host *host, struct doctor_finding *finding) {
    double total = memory_mib(host, "MemTotal"), available = memory_mib(host, "MemAvailable");
    enum doctor_verdict verdict = available < MEMORY_WARNING_MIB ? DOCTOR_WARNING : DOCTOR_OK;
    if (total < 0 || available < 0)
        doctor_absent(host, finding);
    else
        doctor_found(finding, available < MEMORY_UNFIT_MIB ? DOCTOR_UNFIT : verdict,
                     "%.0f MiB available of %.0f", available, total);
}

/* Swap that holds nothing shows that memory has sufficed so far. */
static void swap(const struct doctor_host *host, struct doctor_finding *finding) {
    double total = memory_mib(host, "SwapTotal"), left = memory_mib(host, "SwapFree");
    if (total < 0 || left < 0)
        doctor_absent(host, finding);
    else if (total > 0)
        doctor_found(finding, left < total ? DOCTOR_WARNING : DOCTOR_OK, "%.0f MiB of %.0f in use",
                     total - left, total);
    else
        doctor_found(finding, DOCTOR_OK, "none");
}

/* The soft limit in a line of /proc/self/limits; UINT64_MAX is unlimited. */
static bool read_limit(const struct doctor_host *host, const char *name, uint64_t *limit) {
    char text[4096], value[32];
    if (!hostfiles_read(host->root, "/proc/self/limits", text, sizeof text))
        return false;
    const char *line = strstr(text, name);
    if (line == NULL || sscanf(line + strlen(name), "%31s", value) != 1)
        return false;
    char *end = NULL;
    *limit = strcmp(value, "unlimited") == 0 ? UINT64_MAX : strtoull(value, &end, 10);
    return end != value;
}

static bool has_capability(const struct doctor_host *host, int capability) {
    char text[32];
    return doctor_value(host, "/proc/self/status", "CapEff", text, sizeof text) &&
           (strtoull(text, NULL, 16) >> capability & 1) != 0;
}

static void locked_memory(const struct doctor_host *host, struct doctor_finding *finding) {
    uint64_t bytes;
    if (has_capability(host, CAP_IPC_LOCK))
        doctor_found(finding, DOCTOR_OK, "unlimited (CAP_IPC_LOCK)");
    else if (!read_limit(host, "Max locked memory", &bytes))
        doctor_absent(host, finding);
    else if (bytes == UINT64_MAX)
        doctor_found(finding, DOCTOR_OK, "unlimited");
    else
        doctor_found(finding, bytes < LOCKED_ENOUGH_BYTES ? DOCTOR_WARNING : DOCTOR_OK,
                     "%" PRIu64 " KiB", bytes / 1024);
}

/* Refusals can be lifted; what isn't there can't be. */
static void judge_events(const struct doctor_host *host, int answer,
                         struct doctor_finding *finding) {
    long long paranoid = doctor_number(host, "/proc/sys/kernel/perf_event_paranoid", -99);
    bool user_only = host->answers.events_of_user_space_only;
    if (answer == DOCTOR_NOT_ASKED)
        doctor_found(finding, DOCTOR_UNKNOWN, "not tried");
    else if (answer == 0 && !user_only)
        doctor_found(finding, DOCTOR_OK, "can be counted, in the kernel too");
    else if (answer == 0)
        doctor_found(finding, DOCTOR_WARNING, "only user space (kernel.perf_event_paranoid = %lld)",
                     paranoid);
    else if (answer == -EACCES || answer == -EPERM)
        doctor_found(finding, DOCTOR_WARNING, "forbidden (kernel.perf_event_paranoid = %lld)",
                     paranoid);
    else
        doctor_found(finding, DOCTOR_OK, "none %s (%s)",
                     doctor_guest(host) == 1 ? "visible in this guest" : "on this host",
                     strerror(-answer));
    /* The sysctl allows it already, so that something else forbids it. */
    if (finding->verdict == DOCTOR_WARNING && paranoid != -99 && paranoid <= 1)
        doctor_mend(finding, "run as root; in a container also: docker run --cap-add PERFMON");
}

static void software_events(const struct doctor_host *host, struct doctor_finding *finding) {
    judge_events(host, host->answers.software_events, finding);
}

static void hardware_events(const struct doctor_host *host, struct doctor_finding *finding) {
    judge_events(host, host->answers.hardware_events, finding);
}

/* Switches by which distributions forbid user namespaces, and the values that do. */
static const struct {
    const char *path, *sysctl;
    long long forbids, allows;
} namespace_switches[] = {
    {"/proc/sys/user/max_user_namespaces", "user.max_user_namespaces", 0, 10000},
    {"/proc/sys/kernel/unprivileged_userns_clone", "kernel.unprivileged_userns_clone", 0, 1},
    {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
     "kernel.apparmor_restrict_unprivileged_userns", 1, 0},
};
enum { NAMESPACE_SWITCHES = sizeof namespace_switches / sizeof *namespace_switches };

static void mend_namespaces(const struct doctor_host *host, struct doctor_finding *finding) {
    for (int i = 0; i < NAMESPACE_SWITCHES; i++)
        if (doctor_number(host, namespace_switches[i].path, -99) == namespace_switches[i].forbids) {
            doctor_mend(finding, "sudo sysctl %s=%lld", namespace_switches[i].sysctl,
                        namespace_switches[i].allows);
            return;
        }
}

static void namespaces(const struct doctor_host *host, struct doctor_finding *finding) {
    const struct doctor_answers *answers = &host->answers;
    if (answers->private_network == DOCTOR_NOT_ASKED) {
        doctor_found(finding, DOCTOR_UNKNOWN, "not tried");
    } else if (answers->private_network != 0) {
        doctor_found(finding, DOCTOR_WARNING, "no private network: %.120s",
                     answers->private_network_text);
        mend_namespaces(host, finding);
    } else if (!answers->private_network_has_address) {
        doctor_found(finding, DOCTOR_WARNING, "a private network, but without a veth pair");
        doctor_mend(finding, "sudo modprobe veth");
    } else {
        doctor_found(finding, DOCTOR_OK, "network %.120s, with a veth pair",
                     answers->private_network_text);
    }
}

static void real_time(const struct doctor_host *host, struct doctor_finding *finding) {
    uint64_t priority;
    if (has_capability(host, CAP_SYS_NICE))
        doctor_found(finding, DOCTOR_OK, "permitted (CAP_SYS_NICE)");
    else if (read_limit(host, "Max realtime priority", &priority))
        doctor_found(finding, DOCTOR_OK,
                     priority == 0 ? "not permitted" : "permitted by the limit");
    else
        doctor_absent(host, finding);
}

/* Zeros are what a kernel writes that doesn't keep the times. */
static void schedstat(const struct doctor_host *host, struct doctor_finding *finding) {
    char text[128];
    uint64_t ran = 0;
    if (doctor_line(host, "/proc/self/schedstat", text, sizeof text) &&
        sscanf(text, "%" SCNu64, &ran) == 1 && ran > 0)
        doctor_found(finding, DOCTOR_OK, "there");
    else if (doctor_line(host, "/proc/self/status", text, sizeof text))
        doctor_found(finding, DOCTOR_WARNING, "not there, or without times");
    else
        doctor_absent(host, finding);
}

static void build(const struct doctor_host *host, struct doctor_finding *finding) {
    const char *flags = doctor_text(host, "build", "flags");
    if (host->answers.sanitized || (flags != NULL && strstr(flags, "-fsanitize=") != NULL))
        doctor_found(finding, DOCTOR_WARNING, "with a sanitizer");
    else if (!host->answers.optimised)
        doctor_found(finding, DOCTOR_WARNING, "without optimisation");
    else
        doctor_found(finding, DOCTOR_OK, "optimised, without sanitizers");
}

const struct doctor_check doctor_system_checks[] = {
    {"huge pages", huge_pages,
     "The kernel may merge the pages of a trial while it runs, which shows as a pause, or as "
     "throughput that differs between trials.",
     "echo madvise | sudo tee " HUGE_PAGES},
    {"memory", memory,
     "When memory runs short, the kernel takes pages away from a trial, which pays for them with "
     "faults.",
     "ps aux --sort=-rss | head # shows who holds it"},
    {"swap", swap, "A page of a trial that went to swap comes back only after milliseconds.",
     "sudo swapoff -a"},
    {"locked memory", locked_memory,
     "What can't be locked (shared memory, registered buffers) may be taken away during a trial, "
     "or the transport fails.",
     "sudo prlimit --memlock=unlimited --pid $$"},
    {"software events", software_events,
     "Without them, what only the kernel's counters know of an exchange stays null in the results.",
     "sudo sysctl kernel.perf_event_paranoid=1"},
    {"hardware counters", hardware_events,
     "Without them, instructions, cycles and cache misses per exchange stay null in the results.",
     "sudo sysctl kernel.perf_event_paranoid=1"},
    {"namespaces", namespaces,
     "Without a private network, TCP is measured on the host's own network, whose firewall rules "
     "and ports take part, or not at all.",
     "run as root; in a container: docker run --cap-add SYS_ADMIN --cap-add NET_ADMIN"},
    {"real-time priority", real_time,
     "Nothing here runs with real-time priority; with it, a trial could not be preempted by "
     "ordinary programs.",
     NULL},
    {"schedstat", schedstat,
     "Without it, the time for which an end waited in a run queue stays null, and a busy "
     "neighbour goes unnoticed.",
     "sudo sysctl kernel.task_delayacct=1 # or a kernel with CONFIG_SCHEDSTATS"},
    {"build of ipcbench", build,
     "The measuring code itself becomes several times slower, so that numbers mean nothing beside "
     "those of another build.",
     "make clean && make"},
    {NULL, NULL, NULL, NULL},
};
