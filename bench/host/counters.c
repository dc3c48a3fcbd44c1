/* SPDX-License-Identifier: MIT */
/*
 * counters.c - perf_event_open, one event a counter.
 */
#include "host/counters.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const id_paths[] = {
    "/sys/kernel/tracing/events/raw_syscalls/sys_enter/id",
    "/sys/kernel/debug/tracing/events/raw_syscalls/sys_enter/id",
};

static int64_t read_id(void) {
    int64_t id = COUNTERS_NO_TRACEPOINT;
    for (size_t i = 0; i < sizeof id_paths / sizeof *id_paths && id < 0; i++) {
        FILE *file = fopen(id_paths[i], "re");
        if (file == NULL)
            continue;
        if (fscanf(file, "%" SCNd64, &id) != 1)
            id = COUNTERS_NO_TRACEPOINT;
        (void)fclose(file);
    }
    return id;
}

/* In a child: mounts tracefs where nobody else sees it, and writes what it reads to the pipe. */
static _Noreturn void tell_id(int to) {
    int64_t id = COUNTERS_NO_TRACEPOINT;
    if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
        mount("tracefs", "/sys/kernel/tracing", "tracefs", MS_RDONLY, NULL) == 0)
        id = read_id();
    _exit(write(to, &id, sizeof id) == (ssize_t)sizeof id ? 0 : 1);
}

/* The number of the tracepoint, from tracefs wherever that is. */
static int64_t find_id(void) {
    int pipe_fds[2];
    int64_t id = read_id();
    if (id >= 0 || geteuid() != 0 || pipe2(pipe_fds, O_CLOEXEC) < 0)
        return id;
    pid_t child = fork();
    if (child == 0)
        tell_id(pipe_fds[1]);
    (void)close(pipe_fds[1]);
    if (child < 0 || read(pipe_fds[0], &id, sizeof id) != (ssize_t)sizeof id)
        id = COUNTERS_NO_TRACEPOINT;
    (void)close(pipe_fds[0]);
    if (child > 0)
        (void)waitpid(child, NULL, 0);
    return id;
}

static int open_event(uint32_t type, uint64_t config, pid_t thread) {
    struct perf_event_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.size = sizeof attributes;
    attributes.type = type;
    attributes.config = config;
    attributes.inherit = 1;
    attributes.exclude_hv = 1;
    attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    return (int)syscall(SYS_perf_event_open, &attributes, thread, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

int64_t counters_tracepoint(void) {
    int64_t id = find_id();
    int fd = id < 0 ? -1 : open_event(PERF_TYPE_TRACEPOINT, (uint64_t)id, 0);
    if (fd < 0)
        return COUNTERS_NO_TRACEPOINT;
    (void)close(fd);
    return id;
}

int counters_list_threads(pid_t threads[COUNTERS_THREADS]) {
    const struct dirent *item;
    int count = 1;
    threads[0] = (pid_t)syscall(SYS_gettid);
    DIR *tasks = opendir("/proc/self/task");
    while (tasks != NULL && (item = readdir(tasks)) != NULL) {
        pid_t thread = (pid_t)strtol(item->d_name, NULL, 10);
        if (thread <= 0 || thread == threads[0])
            continue;
        if (count < COUNTERS_THREADS)
            threads[count] = thread;
        count++;
    }
    if (tasks == NULL)
        return 0;
    (void)closedir(tasks);
    return count <= COUNTERS_THREADS ? count : 0;
}

void counters_open(struct counters *counters, int64_t tracepoint) {
    static const uint64_t events[COUNTER_SYSTEM_CALLS] = {
        [COUNTER_INSTRUCTIONS] = PERF_COUNT_HW_INSTRUCTIONS,
        [COUNTER_CYCLES] = PERF_COUNT_HW_CPU_CYCLES,
        [COUNTER_CACHE_MISSES] = PERF_COUNT_HW_CACHE_MISSES,
    };
    pid_t threads[COUNTERS_THREADS];
    counters->threads = counters_list_threads(threads);
    for (int t = 0; t < counters->threads; t++) {
        for (int i = 0; i < COUNTER_SYSTEM_CALLS; i++)
            counters->fds[i][t] = open_event(PERF_TYPE_HARDWARE, events[i], threads[t]);
        counters->fds[COUNTER_SYSTEM_CALLS][t] =
            tracepoint < 0 ? -1
                           : open_event(PERF_TYPE_TRACEPOINT, (uint64_t)tracepoint, threads[t]);
    }
}

void counters_close(struct counters *counters) {
    for (int i = 0; i < COUNTERS; i++)
        for (int t = 0; t < counters->threads; t++)
            if (counters->fds[i][t] >= 0)
                (void)close(counters->fds[i][t]);
    counters->threads = 0;
}

static int64_t read_total(int fd) {
    struct {
        uint64_t value, enabled, running;
    } total;
    if (fd < 0 || read(fd, &total, sizeof total) != (ssize_t)sizeof total)
        return -1;
    return total.running < total.enabled ? -1 : (int64_t)total.value;
}

static int64_t add(int64_t sum, int64_t value) {
    return sum < 0 || value < 0 ? -1 : sum + value;
}

/* Reading is a system call of the calling thread: so its own counter of these is read last, */
void counters_begin(const struct counters *counters, int64_t totals[COUNTERS]) {
    for (int i = 0; i < COUNTERS; i++) {
        totals[i] = counters->threads > 0 ? 0 : -1;
        for (int t = counters->threads - 1; t >= 0; t--)
            totals[i] = add(totals[i], read_total(counters->fds[i][t]));
    }
}

/* and here first. */
void counters_end(const struct counters *counters, int64_t totals[COUNTERS]) {
    for (int i = COUNTERS - 1; i >= 0; i--) {
        totals[i] = counters->threads > 0 ? 0 : -1;
        for (int t = 0; t < counters->threads; t++)
            totals[i] = add(totals[i], read_total(counters->fds[i][t]));
    }
}
