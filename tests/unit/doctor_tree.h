/* SPDX-License-Identifier: MIT */
/*
 * doctor_tree.h - what the tests of the doctor share: a made-up host that is fine, ways to change
 * it, and what a check must then say.
 */
#ifndef TESTS_UNIT_DOCTOR_TREE_H
#define TESTS_UNIT_DOCTOR_TREE_H

#include "host/doctor_host.h"

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define WITH_TREE(name) cmocka_unit_test_setup_teardown(name, make_tree, remove_tree)

#define CPUS   "sys/devices/system/cpu/"
#define CLOCK  "sys/devices/system/clocksource/clocksource0/"
#define LIMITS "Limit                     Soft Limit           Hard Limit           Units\n"
#define STATUS "Name:\tipcbench\nCapEff:\t0000000000000000\n"

struct file {
    const char *path, *text; /* a NULL text: no such file */
};

/* A machine of four CPUs on two cores, of which nothing is to be said. */
static const struct file fine[] = {
    {"proc/cmdline", "quiet\n"},
    {"proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu tsc constant_tsc nonstop_tsc sse\n"},
    {"proc/loadavg", "0.08 0.10 0.20 1/234 5678\n"},
    {"proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\nSwapTotal: 1024 kB\n"
                     "SwapFree: 1024 kB\n"},
    {"proc/self/cgroup", "0::/slice/job\n"},
    {"proc/self/limits", LIMITS "Max locked memory         8388608    8388608    bytes\n"
                                "Max realtime priority     0          0\n"},
    {"proc/self/schedstat", "1210586 84586 2\n"},
    {"proc/self/status", STATUS "Cpus_allowed_list:\t0-1\n"},
    {"proc/stat", "cpu 400 0 0 4000 0 0 0 0 0 0\ncpu0 100 0 0 1000 0 0 0 0 0 0\n"
                  "cpu1 100 0 0 1000 0 0 0 0 0 0\ncpu2 100 0 0 1000 0 0 0 0 0 0\n"
                  "cpu3 100 0 0 1000 0 0 0 0 0 0\nintr 12 3 4\n"},
    {"proc/sys/kernel/perf_event_paranoid", "1\n"},
    {"sys/fs/cgroup/cgroup.procs", "1\n"},
    {"sys/fs/cgroup/slice/job/cpu.max", "max 100000\n"},
    {"sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"},
    {CLOCK "current_clocksource", "tsc\n"},
    {CLOCK "available_clocksource", "tsc hpet acpi_pm \n"},
    {CPUS "online", "0-3\n"},
    {CPUS "isolated", "\n"},
    {CPUS "nohz_full", "(null)\n"},
    {CPUS "smt/active", "1\n"},
    {CPUS "cpufreq/boost", "0\n"},
    {CPUS "cpuidle/current_driver", "intel_idle\n"},
    {CPUS "cpuidle/current_governor", "menu\n"},
    {CPUS "cpu0/cpuidle/state0/name", "POLL\n"},
    {CPUS "cpu0/cpuidle/state0/latency", "0\n"},
    {CPUS "cpu0/cpuidle/state1/name", "C1\n"},
    {CPUS "cpu0/cpuidle/state1/latency", "2\n"},
    {CPUS "cpu0/cpufreq/scaling_driver", "acpi-cpufreq\n"},
    {CPUS "cpu0/cpufreq/scaling_governor", "performance\n"},
    {CPUS "cpu1/cpufreq/scaling_driver", "acpi-cpufreq\n"},
    {CPUS "cpu1/cpufreq/scaling_governor", "performance\n"},
    {CPUS "cpu0/topology/thread_siblings_list", "0,2\n"},
    {CPUS "cpu1/topology/thread_siblings_list", "1,3\n"},
    {CPUS "vulnerabilities/meltdown", "Mitigation: PTI\n"},
    {CPUS "vulnerabilities/mds", "Not affected\n"},
    {CPUS "vulnerabilities/spectre_v2", "Mitigation: Retpolines; PBRSB-eIBRS: Not affected\n"},
};
enum { FILES = sizeof fine / sizeof *fine };

/* What trying would have told. */
static const struct doctor_answers fine_answers = {.private_network_text = "private (root)",
                                                   .private_network_has_address = true,
                                                   .optimised = true};

static inline char *path_in(const char *root, const char *name) {
    char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", root, name) > 0);
    return path;
}

/* Writes a file and the folders above it, or removes it. */
static inline void put(const char *root, const struct file *file) {
    char *path = path_in(root, file->path);
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        (void)mkdir(path, 0755);
        *slash = '/';
    }
    if (file->text == NULL) {
        assert_int_equal(unlink(path), 0);
    } else {
        FILE *to = fopen(path, "w");
        assert_non_null(to);
        assert_true(fputs(file->text, to) >= 0);
        assert_int_equal(fclose(to), 0);
    }
    free(path);
}

static inline const struct file *fine_file(const char *path) {
    for (int i = 0; i < FILES; i++)
        if (strcmp(fine[i].path, path) == 0)
            return &fine[i];
    fail_msg("the fine host has no '%s'", path);
    abort(); /* not reached, which static analysis can't know */
}

static inline int make_tree(void **state) {
    const char *above = getenv("TMPDIR");
    char *root = path_in(above ? above : "/tmp", "ipcbench-doctor-XXXXXX");
    assert_non_null(mkdtemp(root));
    for (int i = 0; i < FILES; i++)
        put(root, &fine[i]);
    *state = root;
    return 0;
}

static inline int remove_one(const char *path, const struct stat *status, int kind,
                             struct FTW *walk) {
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static inline int remove_tree(void **state) {
    int failed = nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return failed;
}

static inline void say_build(const struct doctor_host *host, const char *flags) {
    json_t *build = json_object_get(host->environment, "build");
    assert_int_equal(json_object_set_new(build, "flags", json_string(flags)), 0);
}

/* Examines the tree as if trying had gone as in `answers`. */
static inline void examine(const char *root, const struct doctor_answers *answers,
                           struct doctor_report *report) {
    struct doctor_host host;
    assert_int_equal(doctor_host_open(root, &host), 0);
    host.answers = *answers;
    say_build(&host, "-O2");
    doctor_look(&host, report);
    doctor_host_close(&host);
}

static inline const struct doctor_finding *find(const struct doctor_report *report,
                                                const char *name) {
    for (size_t i = 0; i < report->count; i++)
        if (strcmp(report->findings[i].name, name) == 0)
            return &report->findings[i];
    fail_msg("there is no check '%s'", name);
    abort(); /* not reached, which static analysis can't know */
}

static inline void expect(const struct doctor_report *report, const char *name,
                          enum doctor_verdict verdict, const char *found, const char *mend) {
    const struct doctor_finding *finding = find(report, name);
    if (finding->verdict != verdict)
        fail_msg("%s: '%s' is %s, not %s", name, finding->found, doctor_verdicts[finding->verdict],
                 doctor_verdicts[verdict]);
    if (strstr(finding->found, found) == NULL)
        fail_msg("%s: found '%s', which lacks '%s'", name, finding->found, found);
    if (mend != NULL && strcmp(finding->mend, mend) != 0)
        fail_msg("%s: mend is '%s', not '%s'", name, finding->mend, mend);
}

/* What to change about the fine host, and what one check must then say. NULL as the mend: any. */
struct change {
    struct file files[4];
    const char *check;
    enum doctor_verdict verdict;
    const char *found, *mend;
};

#define GUEST \
    { "proc/cpuinfo", "flags\t\t: constant_tsc nonstop_tsc hypervisor\n" }
#define GONE(path) \
    { path, NULL }
#define SET_TSC "echo tsc | sudo tee /" CLOCK "current_clocksource"

static inline char *print(const struct doctor_report *report) {
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    assert_non_null(to);
    doctor_print(to, report);
    assert_int_equal(fclose(to), 0);
    return text;
}

/* A command that is broken into two lines can't be copied. */
static inline void expect_readable(const struct doctor_report *report, const char *mend) {
    char *text = print(report), *rest = NULL;
    if (strstr(mend, "sudo") != NULL && strstr(text, mend) == NULL)
        fail_msg("'%s' is broken in:\n%s", mend, text);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (strlen(line) > 100)
            fail_msg("too long: %s", line);
    free(text);
}

/* Makes each change to a fine host of its own. */
static inline void expect_changes(const struct change *changes, size_t count) {
    for (const struct change *change = changes; change < changes + count; change++) {
        struct doctor_report report;
        void *root;
        (void)make_tree(&root);
        for (int file = 0; file < 4 && change->files[file].path != NULL; file++)
            put(root, &change->files[file]);
        examine(root, &fine_answers, &report);
        expect(&report, change->check, change->verdict, change->found, change->mend);
        expect_readable(&report, find(&report, change->check)->mend);
        assert_int_equal(remove_tree(&root), 0);
    }
}

#endif
