/* SPDX-License-Identifier: MIT */
/*
 * doctor_host.h - what the checks of the doctor look at: a host's files, and the answers to what
 * only trying can tell. Checks read a struct doctor_host and do nothing else, so that a test can
 * make up any host. Only the files doctor*.c and their test include this.
 */
#ifndef BENCH_DOCTOR_HOST_H
#define BENCH_DOCTOR_HOST_H

#include "host/doctor.h"

#include <hwloc.h>
#include <stdbool.h>
#include <stdint.h>

#define DOCTOR_CPUS           "/sys/devices/system/cpu"
#define DOCTOR_WINDOW_SECONDS 0.5

struct doctor_host;

/* A check: a row of a table that ends with a NULL name. */
struct doctor_check {
    const char *name;
    void (*look)(const struct doctor_host *host, struct doctor_finding *finding);
    const char *effect;
    const char
        *mend; /* for warning and unfit, unless the check says better; NULL: it always does */
};
extern const struct doctor_check doctor_processor_checks[]; /* doctor_processor.c */
extern const struct doctor_check doctor_share_checks[];     /* doctor_share.c */
extern const struct doctor_check doctor_quota_checks[];     /* doctor_quota.c */
extern const struct doctor_check doctor_system_checks[];    /* doctor_system.c */

/* How a CPU spent its time since the host started, in ticks. */
struct doctor_cpu_times {
    int cpu;
    uint64_t busy, idle, steal;
};

struct doctor_times {
    struct doctor_cpu_times *cpus;
    size_t count;
};

#define DOCTOR_NOT_ASKED 1

/* Results of trying: 0, a negative errno, or DOCTOR_NOT_ASKED. */
struct doctor_answers {
    int software_events, hardware_events;
    bool events_of_user_space_only; /* the kernel refused to count its own part */
    int private_network;
    char private_network_text[256]; /* how it was made, or why it has no public address */
    bool private_network_has_address;
    bool superuser; /* needs no sudo */
    bool optimised; /* how this program was compiled */
    bool sanitized;
};

struct doctor_host {
    const char *root;
    json_t *environment;               /* of environment.h */
    hwloc_bitmap_t online;             /* empty when not known, as the next ones */
    hwloc_bitmap_t usable;             /* online, and this process may run there */
    hwloc_bitmap_t used;               /* those that the default plan takes */
    struct doctor_times before, after; /* a window in which this process slept */
    struct doctor_answers answers;
};

/* Fills `host` as doctor_examine says; doctor_host_close frees it, also after a failure. 0 or
 * -ENOMEM. */
int doctor_host_open(const char *root, struct doctor_host *host);
void doctor_host_close(struct doctor_host *host);

/* Lets every check look at the host. */
void doctor_look(const struct doctor_host *host, struct doctor_report *report);

/* Reads /proc/stat below `root`; no CPUs when it isn't there. 0 or -ENOMEM. */
int doctor_times_read(const char *root, struct doctor_times *times);

/* What passed between both for one CPU, all 0 when it isn't in both. */
struct doctor_cpu_times doctor_times_passed(const struct doctor_times *before,
                                            const struct doctor_times *after, int cpu);

/* Asks the kernel by trying, unless `try` is false; what is known without is filled in either way
 * (doctor_ask.c). */
void doctor_ask(bool try, struct doctor_answers *answers);

/* A text of the environment, such as "cpu", "smt"; NULL when it isn't known. */
const char *doctor_text(const struct doctor_host *host, const char *part, const char *name);

/* The first line of a file, and the value of "name : value"; false when it isn't there. */
bool doctor_line(const struct doctor_host *host, const char *path, char *text, size_t room);
bool doctor_value(const struct doctor_host *host, const char *path, const char *name, char *text,
                  size_t room);

/* A whole number that makes up a file; `otherwise` when there is none. */
long long doctor_number(const struct doctor_host *host, const char *path, long long otherwise);

/* Whether `words`, which blanks or commas separate, has the word; false for NULL. */
bool doctor_has_word(const char *words, const char *word);

/* 1: a guest of a hypervisor, 0: none, -1: not known. */
int doctor_guest(const struct doctor_host *host);

/* Concludes a check. */
__attribute__((format(printf, 3, 4))) void
doctor_found(struct doctor_finding *finding, enum doctor_verdict verdict, const char *format, ...);

/* Replaces the row's mend. */
__attribute__((format(printf, 2, 3))) void doctor_mend(struct doctor_finding *finding,
                                                       const char *format, ...);

/* Concludes with "unknown", since the host shows no such thing. */
void doctor_absent(const struct doctor_host *host, struct doctor_finding *finding);

#endif
