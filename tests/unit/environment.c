/* SPDX-License-Identifier: MIT */
/*
 * environment.c - what is read from a made-up /proc and /sys is what stands in the result; what
 * isn't there is null.
 */
#include "host/environment.h"

#include "base/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define CPUS "sys/devices/system/cpu/"

static const char *const files[][2] = {
    {"proc/sys/kernel/hostname", "bench-host\n"},
    {"proc/sys/kernel/ostype", "Linux\n"},
    {"proc/sys/kernel/osrelease", "6.1.0-13-amd64\n"},
    {"proc/sys/kernel/version", "#1 SMP PREEMPT_DYNAMIC Debian\n"},
    {"proc/cmdline", "quiet mitigations=off isolcpus=2,3 -- secret=1\n"},
    {"proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\n"
                     "model name\t: Intel(R) Xeon(R) Gold: 6130\nstepping\t: 4\n"
                     "microcode\t: 0x2006e05\nflags\t\t: fpu tsc hypervisor sse\n\n"
                     "processor\t: 1\nmodel name\t: another\n"},
    {"proc/self/status", "Name:\tipcbench\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n"},
    {"proc/self/cgroup", "0::/slice/job\n"},
    {"proc/meminfo", "MemTotal:       16384 kB\nMemFree:         1024 kB\n"},
    {"proc/loadavg", "0.10 2.25 3.00 1/234 5678\n"},
    {"sys/fs/cgroup/cpu.max", "50000 100000\n"},
    {"sys/fs/cgroup/slice/cpu.max", "150000 100000\n"},
    {"sys/fs/cgroup/slice/job/cpu.max", "max 100000\n"},
    {"sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"},
    {"sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"},
    {"sys/hypervisor/type", "xen\n"},
    {"sys/class/dmi/id/sys_vendor", "QEMU\n"},
    {CPUS "online", "0-3\n"},
    {CPUS "isolated", "2-3\n"},
    {CPUS "smt/control", "on\n"},
    {CPUS "intel_pstate/no_turbo", "1\n"},
    {CPUS "cpuidle/current_driver", "intel_idle\n"},
    {CPUS "cpuidle/current_governor", "menu\n"},
    {CPUS "cpuidle/current_governor_ro", "menu\n"},
    {CPUS "cpu0/cpufreq/scaling_driver", "intel_pstate\n"},
    {CPUS "cpu1/cpufreq/scaling_driver", "intel_pstate\n"},
    {CPUS "cpu0/cpufreq/scaling_governor", "powersave\n"},
    {CPUS "cpu1/cpufreq/scaling_governor", "performance\n"},
    {CPUS "cpu0/topology/core_id", "0\n"},
    {CPUS "cpu1/topology/core_id", "1\n"},
    {CPUS "cpu2/topology/core_id", "0\n"},
    {CPUS "cpu10/topology/core_id", "1\n"},
    {CPUS "cpu0/topology/thread_siblings_list", "0,2\n"},
    {CPUS "cpu1/topology/thread_siblings_list", "1,10\n"},
    {CPUS "cpu2/topology/thread_siblings_list", "0,2\n"},
    {CPUS "cpu10/topology/thread_siblings_list", "1,10\n"},
    {CPUS "cpu0/topology/physical_package_id", "0\n"},
    {CPUS "cpu1/topology/physical_package_id", "0\n"},
    {CPUS "vulnerabilities/meltdown", "Vulnerable\n"},
    {CPUS "vulnerabilities/spectre_v2", "Mitigation: Retpolines\n"},
};

/* Writes a file and the folders above it. */
static int write_file(const char *root, const char *name, const char *text) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        (void)mkdir(path, 0755);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    return file == NULL || fputs(text, file) < 0 || fclose(file) != 0;
}

static int make_tree(void **state) {
    const char *above = getenv("TMPDIR");
    char *root = NULL;
    if (asprintf(&root, "%s/ipcbench-environment-XXXXXX", above ? above : "/tmp") < 0)
        return -1;
    int failed = mkdtemp(root) == NULL;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        failed |= write_file(root, files[i][0], files[i][1]);
    *state = root;
    return failed;
}

static int remove_tree(void **state) {
    char command[4096];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
    free(*state);
    return system(command);
}

/* The value at "part/name", as compact JSON. */
static void expect(const json_t *environment, const char *part, const char *name,
                   const char *text) {
    const json_t *holder = part == NULL ? environment : json_object_get(environment, part);
    char *got = json_dumps(json_object_get(holder, name), FIELDS_DUMP | JSON_ENCODE_ANY);
    if (got == NULL || strcmp(got, text) != 0)
        fail_msg("%s is %s, not %s", name, got ? got : "missing", text);
    free(got);
}

static void what_the_files_say_is_in_the_result(void **state) {
    static const char *const known[][3] = {
        {NULL, "host", "\"bench-host\""},
        {NULL, "load_average", "[0.1, 2.25, 3]"},
        {NULL, "cpu_quota", "\"150000 100000\""},
        {"cpu", "vendor", "\"GenuineIntel\""},
        {"cpu", "model", "\"Intel(R) Xeon(R) Gold: 6130\""},
        {"cpu", "family", "\"6\""},
        {"cpu", "model_number", "\"85\""},
        {"cpu", "stepping", "\"4\""},
        {"cpu", "microcode", "\"0x2006e05\""},
        {"cpu", "threads", "4"},
        {"cpu", "cores", "2"},
        {"cpu", "sockets", "1"},
        {"cpu", "online", "\"0-3\""},
        {"cpu", "allowed", "\"0-1\""},
        {"cpu", "isolated", "\"2-3\""},
        {"cpu", "smt", "\"on\""},
        {"cpu", "boost", "false"},
        {"cpu", "frequency_driver", "\"intel_pstate\""},
        {"cpu", "frequency_governor", "\"powersave, performance\""},
        {"cpu", "idle_driver", "\"intel_idle\""},
        {"cpu", "idle_governor", "\"menu\""},
        {"kernel", "name", "\"Linux\""},
        {"kernel", "release", "\"6.1.0-13-amd64\""},
        {"kernel", "version", "\"#1 SMP PREEMPT_DYNAMIC Debian\""},
        {"kernel", "command_line", "\"quiet mitigations=off isolcpus=2,3\""},
        {"kernel", "clock_source", "\"tsc\""},
        {"mitigations", "meltdown", "\"Vulnerable\""},
        {"mitigations", "spectre_v2", "\"Mitigation: Retpolines\""},
        {"hypervisor", "present", "true"},
        {"hypervisor", "name", "\"xen\""},
        {"hypervisor", "vendor", "\"QEMU\""},
        {"hypervisor", "product", "null"},
        {"memory", "total_bytes", "16777216"},
        {"memory", "transparent_huge_pages", "\"madvise\""},
    };
    json_t *environment = environment_collect_from(*state);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        expect(environment, known[i][0], known[i][1], known[i][2]);
    json_decref(environment);
}

/* Every field but those that come from the program and from system calls. */
static void what_is_not_there_is_null(void **state) {
    (void)state;
    json_t *environment = environment_collect_from("/nonexistent");
    static const char *const parts[] = {"cpu", "kernel", "hypervisor"};
    for (int i = 0; i < 3; i++) {
        const char *name;
        json_t *value;
        json_object_foreach(json_object_get(environment, parts[i]), name, value) {
            if (strcmp(name, "machine") != 0)
                expect(environment, parts[i], name, "null");
        }
    }
    expect(environment, NULL, "host", "null");
    expect(environment, NULL, "mitigations", "null");
    expect(environment, NULL, "load_average", "null");
    expect(environment, NULL, "cpu_quota", "null");
    expect(environment, "memory", "total_bytes", "null");
    expect(environment, "memory", "transparent_huge_pages", "null");
    json_decref(environment);
}

static void a_bare_machine_is_known_to_have_no_hypervisor(void **state) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/sys/hypervisor/type", (char *)*state);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(write_file(*state, "proc/cpuinfo", "flags\t\t: fpu nohypervisor sse\n"), 0);
    json_t *environment = environment_collect_from(*state);
    expect(environment, "hypervisor", "present", "false");
    expect(environment, "hypervisor", "name", "null");
    expect(environment, "cpu", "model", "null");
    json_decref(environment);
}

static void garbage_in_the_files_does_no_harm(void **state) {
    static char long_text[40000];
    memset(long_text, 0xff, sizeof long_text - 1);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        assert_int_equal(write_file(*state, files[i][0], i % 2 == 0 ? long_text : ""), 0);
    json_t *environment = environment_collect_from(*state);
    assert_non_null(environment);
    char *text = json_dumps(environment, 0);
    assert_non_null(text);
    free(text);
    json_decref(environment);
}

static void this_host_has_what_every_linux_has(void **state) {
    (void)state;
    char name[256];
    json_t *environment = environment_collect();
    assert_non_null(environment);
    assert_int_equal(gethostname(name, sizeof name), 0);
    assert_string_equal(json_string_value(json_object_get(environment, "host")), name);
    assert_int_equal(strlen(json_string_value(json_object_get(environment, "date"))), 20);
    const json_t *memory = json_object_get(environment, "memory");
    assert_int_equal(json_integer_value(json_object_get(memory, "page_bytes")),
                     sysconf(_SC_PAGESIZE));
    assert_true(json_integer_value(json_object_get(memory, "total_bytes")) > 0);
    json_decref(environment);
}

#define WITH_TREE(name) cmocka_unit_test_setup_teardown(name, make_tree, remove_tree)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_TREE(what_the_files_say_is_in_the_result),
        cmocka_unit_test(what_is_not_there_is_null),
        WITH_TREE(a_bare_machine_is_known_to_have_no_hypervisor),
        WITH_TREE(garbage_in_the_files_does_no_harm),
        cmocka_unit_test(this_host_has_what_every_linux_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
