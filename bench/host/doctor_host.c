/* SPDX-License-Identifier: MIT */
/*
 * doctor_host.c - gathers what the checks look at: the environment, which CPUs matter, and how all
 * of them spent a window of time.
 */
#include "host/doctor_host.h"

#include "host/environment.h"
#include "host/hostfiles.h"
#include "host/topology.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STAT_BYTES (1024 * 1024) /* holds the lines of some 10,000 CPUs, which come first */

const char *doctor_text(const struct doctor_host *host, const char *part, const char *name) {
    return json_string_value(json_object_get(json_object_get(host->environment, part), name));
}

/* Takes over the reference. */
static bool take_text(json_t *value, char *text, size_t room) {
    bool known = json_is_string(value);
    if (known)
        (void)snprintf(text, room, "%s", json_string_value(value));
    json_decref(value);
    return known;
}

bool doctor_line(const struct doctor_host *host, const char *path, char *text, size_t room) {
    return take_text(hostfiles_line(host->root, path), text, room);
}

bool doctor_value(const struct doctor_host *host, const char *path, const char *name, char *text,
                  size_t room) {
    return take_text(hostfiles_value(host->root, path, name), text, room);
}

long long doctor_number(const struct doctor_host *host, const char *path, long long otherwise) {
    char text[64], *end = NULL;
    if (!doctor_line(host, path, text, sizeof text))
        return otherwise;
    long long number = strtoll(text, &end, 10);
    return end == text || *end != '\0' ? otherwise : number;
}

bool doctor_has_word(const char *words, const char *word) {
    size_t length = strlen(word);
    for (const char *at = words; at != NULL && *at != '\0'; at += strspn(at, " ,")) {
        size_t here = strcspn(at, " ,");
        if (here == length && strncmp(at, word, length) == 0)
            return true;
        at += here;
    }
    return false;
}

int doctor_guest(const struct doctor_host *host) {
    const json_t *present =
        json_object_get(json_object_get(host->environment, "hypervisor"), "present");
    return json_is_boolean(present) ? json_is_true(present) : -1;
}

static bool read_cpu_line(const char *line, struct doctor_cpu_times *times) {
    uint64_t user, nice, system, idle, waiting = 0, interrupts = 0, soft = 0, steal = 0;
    int fields =
        sscanf(line,
               "cpu%d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %" SCNu64 " %" SCNu64,
               &times->cpu, &user, &nice, &system, &idle, &waiting, &interrupts, &soft, &steal);
    if (fields < 5)
        return false;
    times->busy = user + nice + system + interrupts + soft;
    times->idle = idle + waiting;
    times->steal = steal;
    return true;
}

static int add_cpu(struct doctor_times *times, const struct doctor_cpu_times *one) {
    struct doctor_cpu_times *more = realloc(times->cpus, (times->count + 1) * sizeof *times->cpus);
    if (more == NULL)
        return -ENOMEM;
    times->cpus = more;
    more[times->count++] = *one;
    return 0;
}

/* The line of all CPUs together has no number, so it doesn't count as one. */
static int read_stat(char *text, struct doctor_times *times) {
    char *rest = NULL;
    int error = 0;
    for (char *line = strtok_r(text, "\n", &rest);
         line != NULL && strncmp(line, "cpu", 3) == 0 && error == 0;
         line = strtok_r(NULL, "\n", &rest)) {
        struct doctor_cpu_times one;
        if (line[3] != ' ' && read_cpu_line(line, &one))
            error = add_cpu(times, &one);
    }
    return error;
}

int doctor_times_read(const char *root, struct doctor_times *times) {
    char *text = malloc(STAT_BYTES);
    free(times->cpus);
    *times = (struct doctor_times){.cpus = NULL};
    if (text == NULL)
        return -ENOMEM;
    int error = hostfiles_read(root, "/proc/stat", text, STAT_BYTES) ? read_stat(text, times) : 0;
    free(text);
    return error;
}

static const struct doctor_cpu_times *find_cpu(const struct doctor_times *times, int cpu) {
    for (size_t i = 0; i < times->count; i++)
        if (times->cpus[i].cpu == cpu)
            return &times->cpus[i];
    return NULL;
}

/* Kernels let a count of idle time step back now and then. */
static uint64_t forward(uint64_t before, uint64_t after) {
    return after > before ? after - before : 0;
}

struct doctor_cpu_times doctor_times_passed(const struct doctor_times *before,
                                            const struct doctor_times *after, int cpu) {
    const struct doctor_cpu_times *from = find_cpu(before, cpu), *to = find_cpu(after, cpu);
    struct doctor_cpu_times passed = {.cpu = cpu};
    if (from != NULL && to != NULL) {
        passed.busy = forward(from->busy, to->busy);
        passed.idle = forward(from->idle, to->idle);
        passed.steal = forward(from->steal, to->steal);
    }
    return passed;
}

static void sleep_for(double seconds) {
    struct timespec left = {.tv_sec = (time_t)seconds,
                            .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
        ;
}

static int watch(struct doctor_host *host) {
    int error = doctor_times_read(host->root, &host->before);
    if (error == 0 && host->root[0] == '\0')
        sleep_for(DOCTOR_WINDOW_SECONDS);
    return error ? error : doctor_times_read(host->root, &host->after);
}

/* A list of CPUs that can't be read leaves the set empty. */
static void read_list(const char *list, hwloc_bitmap_t cpus) {
    if (list == NULL || hwloc_bitmap_list_sscanf(cpus, list) != 0)
        hwloc_bitmap_zero(cpus);
}

static void add_default_placements(hwloc_bitmap_t used) {
    struct topology *topology = NULL;
    struct placement list[16];
    struct problem unused;
    if (topology_load(NULL, &topology, &unused) != 0)
        return;
    size_t count = topology_defaults(topology, list, sizeof list / sizeof *list);
    for (size_t i = 0; i < count; i++) {
        const int cpus[] = {list[i].server_cpu, list[i].client_cpu};
        for (int end = 0; end < 2; end++)
            if (cpus[end] >= 0)
                (void)hwloc_bitmap_set(used, (unsigned)cpus[end]);
    }
    topology_free(topology);
}

static int find_cpus(struct doctor_host *host) {
    host->online = hwloc_bitmap_alloc();
    host->usable = hwloc_bitmap_alloc();
    host->used = hwloc_bitmap_alloc();
    if (host->online == NULL || host->usable == NULL || host->used == NULL)
        return -ENOMEM;
    read_list(doctor_text(host, "cpu", "online"), host->online);
    read_list(doctor_text(host, "cpu", "allowed"), host->usable);
    if (!hwloc_bitmap_iszero(host->online))
        (void)hwloc_bitmap_and(host->usable, host->usable, host->online);
    if (host->root[0] == '\0')
        add_default_placements(host->used);
    if (hwloc_bitmap_iszero(host->used))
        (void)hwloc_bitmap_copy(host->used, host->usable);
    return 0;
}

/* Whatever keeps the machine busy after this process has looked for it (the kernel takes a
 * namespace apart in the background) comes after the window. */
int doctor_host_open(const char *root, struct doctor_host *host) {
    *host = (struct doctor_host){.root = root};
    host->environment = environment_collect_from(root);
    int error = host->environment == NULL ? -ENOMEM : find_cpus(host);
    if (error == 0)
        error = watch(host);
    if (error == 0)
        doctor_ask(root[0] == '\0', &host->answers);
    return error;
}

void doctor_host_close(struct doctor_host *host) {
    json_decref(host->environment);
    hwloc_bitmap_free(host->online);
    hwloc_bitmap_free(host->usable);
    hwloc_bitmap_free(host->used);
    free(host->before.cpus);
    free(host->after.cpus);
}
