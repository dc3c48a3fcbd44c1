/* SPDX-License-Identifier: MIT */
/*
 * environment.c - asks the kernel about itself and the CPUs, mostly by tables of files.
 * results/README.md says what each field means.
 */
#include "host/environment.h"

#include "base/fields.h"
#include "host/hostfiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#ifndef BUILD_FLAGS
#define BUILD_FLAGS NULL
#endif
#ifndef BUILD_COMMIT
#define BUILD_COMMIT NULL
#endif

#define CPUS     "/sys/devices/system/cpu"
#define EACH_CPU CPUS "/cpu[0-9]*"

/* A field, and the file or the pattern of files that it comes from. */
struct source {
    const char *name;
    json_t *(*read)(const char *root, const char *path);
    const char *path;
};

static const struct source cpu_sources[] = {
    {"threads", hostfiles_count, EACH_CPU "/topology/core_id"},
    {"cores", hostfiles_count_distinct, EACH_CPU "/topology/thread_siblings_list"},
    {"sockets", hostfiles_count_distinct, EACH_CPU "/topology/physical_package_id"},
    {"online", hostfiles_line, CPUS "/online"},
    {"isolated", hostfiles_line, CPUS "/isolated"},
    {"smt", hostfiles_line, CPUS "/smt/control"},
    {"frequency_driver", hostfiles_joined, EACH_CPU "/cpufreq/scaling_driver"},
    {"frequency_governor", hostfiles_joined, EACH_CPU "/cpufreq/scaling_governor"},
    {"idle_driver", hostfiles_line, CPUS "/cpuidle/current_driver"},
    {"idle_governor", hostfiles_joined, CPUS "/cpuidle/current_governor*"},
    {NULL, NULL, NULL},
};

static const struct source kernel_sources[] = {
    {"name", hostfiles_line, "/proc/sys/kernel/ostype"},
    {"release", hostfiles_line, "/proc/sys/kernel/osrelease"},
    {"version", hostfiles_line, "/proc/sys/kernel/version"},
    {"clock_source", hostfiles_line,
     "/sys/devices/system/clocksource/clocksource0/current_clocksource"},
    {NULL, NULL, NULL},
};

static const struct source hypervisor_sources[] = {
    {"vendor", hostfiles_line, "/sys/class/dmi/id/sys_vendor"},
    {"product", hostfiles_line, "/sys/class/dmi/id/product_name"},
    {NULL, NULL, NULL},
};

/* Fields, and the names of their lines in /proc/cpuinfo. */
static const char *const cpuinfo_lines[][2] = {
    {"vendor", "vendor_id"},   {"model", "model name"},  {"family", "cpu family"},
    {"model_number", "model"}, {"stepping", "stepping"}, {"microcode", "microcode"},
};
enum { CPUINFO_LINES = sizeof cpuinfo_lines / sizeof *cpuinfo_lines };

static void add_sources(json_t *json, const char *root, const struct source *sources) {
    for (; sources->name != NULL; sources++)
        (void)json_object_set_new(json, sources->name, sources->read(root, sources->path));
}

/* cpufreq says "boost", and intel_pstate the opposite: "no_turbo". */
static json_t *boost(const char *root) {
    char text[8];
    if (hostfiles_read(root, CPUS "/cpufreq/boost", text, sizeof text))
        return json_boolean(text[0] == '1');
    if (hostfiles_read(root, CPUS "/intel_pstate/no_turbo", text, sizeof text))
        return json_boolean(text[0] == '0');
    return json_null();
}

static json_t *cpu(const char *root) {
    json_t *json = json_object();
    for (int i = 0; i < CPUINFO_LINES; i++)
        (void)json_object_set_new(json, cpuinfo_lines[i][0],
                                  hostfiles_value(root, "/proc/cpuinfo", cpuinfo_lines[i][1]));
    add_sources(json, root, cpu_sources);
    (void)json_object_set_new(json, "allowed",
                              hostfiles_value(root, "/proc/self/status", "Cpus_allowed_list"));
    (void)json_object_set_new(json, "boost", boost(root));
    return json;
}

/* The kernel's own parameters; what follows " -- " is for the first process. */
static json_t *command_line(const char *root) {
    char text[4096];
    if (!hostfiles_read(root, "/proc/cmdline", text, sizeof text))
        return json_null();
    text[strcspn(text, "\n")] = '\0';
    char *for_first_process = strstr(text, " -- ");
    if (for_first_process != NULL)
        *for_first_process = '\0';
    return fields_text(text);
}

static json_t *kernel(const char *root) {
    struct utsname names;
    json_t *json = json_object();
    add_sources(json, root, kernel_sources);
    (void)json_object_set_new(json, "machine",
                              fields_text_or_null(uname(&names) == 0 ? names.machine : NULL));
    (void)json_object_set_new(json, "command_line", command_line(root));
    return json;
}

static bool has_word(const char *words, const char *word) {
    size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)) != NULL; at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

/* How the hypervisor signs itself to its guests: "KVMKVMKVM". */
static json_t *signature(void) {
#if defined(__x86_64__) || defined(__i386__)
    unsigned int highest_leaf, words[3];
    char text[sizeof words + 1] = "";
    __cpuid(0x40000000, highest_leaf, words[0], words[1], words[2]);
    memcpy(text, words, sizeof words);
    (void)highest_leaf;
    return fields_text_or_null(text[0] == '\0' ? NULL : text);
#else
    return json_null();
#endif
}

/* On x86 a flag says whether there is one; elsewhere only a name can. */
static json_t *hypervisor(const char *root) {
    json_t *json = json_object();
    json_t *flags = hostfiles_value(root, "/proc/cpuinfo", "flags");
    json_t *name = hostfiles_line(root, "/sys/hypervisor/type");
    bool flagged = json_is_string(flags) && has_word(json_string_value(flags), "hypervisor");
    if (json_is_null(name) && flagged && root[0] == '\0')
        name = signature();
    bool present = flagged || json_is_string(name);
    bool known = present || json_is_string(flags);
    (void)json_object_set_new(json, "present", known ? json_boolean(present) : json_null());
    (void)json_object_set_new(json, "name", name);
    add_sources(json, root, hypervisor_sources);
    json_decref(flags);
    return json;
}

static json_t *memory(const char *root) {
    json_t *json = json_object();
    json_t *total = hostfiles_value(root, "/proc/meminfo", "MemTotal");
    const char *kibibytes = json_string_value(total);
    (void)json_object_set_new(
        json, "total_bytes",
        kibibytes == NULL ? json_null() : json_integer(1024 * strtoll(kibibytes, NULL, 10)));
    (void)json_object_set_new(json, "page_bytes", json_integer(sysconf(_SC_PAGESIZE)));
    (void)json_object_set_new(
        json, "transparent_huge_pages",
        hostfiles_chosen(root, "/sys/kernel/mm/transparent_hugepage/enabled"));
    json_decref(total);
    return json;
}

static json_t *load_average(const char *root) {
    char text[128];
    double minutes[3];
    if (!hostfiles_read(root, "/proc/loadavg", text, sizeof text) ||
        sscanf(text, "%lf %lf %lf", &minutes[0], &minutes[1], &minutes[2]) != 3)
        return json_null();
    return json_pack("[o, o, o]", fields_number(minutes[0]), fields_number(minutes[1]),
                     fields_number(minutes[2]));
}

/* cpu.max of this process's control group, or of the nearest one above that sets a limit. */
static json_t *cpu_quota(const char *root) {
    char group[2048], path[4096], text[64], first[64] = "";
    json_t *line = hostfiles_value(root, "/proc/self/cgroup", "0:");
    (void)snprintf(group, sizeof group, "%s", json_is_string(line) ? json_string_value(line) : "");
    json_decref(line);
    for (char *end = group + strlen(group); end != NULL; end = strrchr(group, '/')) {
        *end = '\0';
        (void)snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
        if (!hostfiles_read(root, path, text, sizeof text))
            continue;
        text[strcspn(text, "\n")] = '\0';
        if (first[0] == '\0' || strncmp(text, "max", 3) != 0)
            memcpy(first, text, sizeof first);
        if (strncmp(text, "max", 3) != 0)
            break;
    }
    return fields_text_or_null(first[0] == '\0' ? NULL : first);
}

/* What the Makefile stated; it says "unknown" of the commit outside of a checkout. */
static json_t *stated(const char *text) {
    return text == NULL || strcmp(text, "unknown") == 0 ? json_null() : fields_text(text);
}

static json_t *build(void) {
    const char *libc = NULL;
#ifdef __GLIBC__
    char text[64];
    (void)snprintf(text, sizeof text, "glibc %s", gnu_get_libc_version());
    libc = text;
#endif
#if defined(__clang__)
    const char *compiler = __VERSION__;
#else
    const char *compiler = "gcc " __VERSION__;
#endif
    return json_pack("{s:o, s:s, s:o, s:o}", "commit", stated(BUILD_COMMIT), "compiler", compiler,
                     "flags", stated(BUILD_FLAGS), "libc", fields_text_or_null(libc));
}

static json_t *date_now(void) {
    char text[32];
    struct tm utc;
    time_t now = time(NULL);
    if (gmtime_r(&now, &utc) == NULL ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        return json_null();
    return json_string(text);
}

json_t *environment_collect_from(const char *root) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "date", date_now(),
                     "host", hostfiles_line(root, "/proc/sys/kernel/hostname"), "cpu", cpu(root),
                     "kernel", kernel(root), "mitigations",
                     hostfiles_named(root, CPUS "/vulnerabilities/*"), "hypervisor",
                     hypervisor(root), "memory", memory(root), "load_average", load_average(root),
                     "cpu_quota", cpu_quota(root), "build", build());
}

json_t *environment_collect(void) {
    return environment_collect_from("");
}
