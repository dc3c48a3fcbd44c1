/* SPDX-License-Identifier: MIT */
/*
 * usage.c - getrusage, and the figures that only /proc has.
 */
#include "host/usage.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int64_t ns_of(const struct timeval *time) {
    return (int64_t)time->tv_sec * 1000000000 + (int64_t)time->tv_usec * 1000;
}

void usage_read(struct usage *usage) {
    struct rusage used;
    (void)getrusage(RUSAGE_SELF, &used);
    usage->user_ns = ns_of(&used.ru_utime);
    usage->system_ns = ns_of(&used.ru_stime);
    usage->voluntary_switches = used.ru_nvcsw;
    usage->involuntary_switches = used.ru_nivcsw;
    usage->minor_faults = used.ru_minflt;
    usage->major_faults = used.ru_majflt;
    usage->cpu = sched_getcpu();
}

/* The steal column of "cpuN user nice system idle iowait irq softirq steal ..." in clock ticks. */
static int64_t steal_ticks(FILE *stat, int cpu) {
    char line[512];
    rewind(stat);
    while (fgets(line, sizeof line, stat) != NULL) {
        int number;
        int64_t steal;
        if (sscanf(line, "cpu%d %*u %*u %*u %*u %*u %*u %*u %" SCNd64, &number, &steal) == 2 &&
            number == cpu)
            return steal;
    }
    return -1;
}

static int64_t steal_ns_of(int cpu, int other_cpu) {
    FILE *stat = fopen("/proc/stat", "re");
    if (stat == NULL)
        return -1;
    int64_t ticks = steal_ticks(stat, cpu);
    if (other_cpu != cpu && ticks >= 0) {
        int64_t more = steal_ticks(stat, other_cpu);
        ticks = more < 0 ? -1 : ticks + more;
    }
    (void)fclose(stat);
    return ticks < 0 ? -1 : ticks * (1000000000 / sysconf(_SC_CLK_TCK));
}

static int64_t migrations_so_far(void) {
    FILE *sched = fopen("/proc/self/sched", "re");
    if (sched == NULL)
        return -1;
    char line[256];
    int64_t migrations = -1;
    while (migrations < 0 && fgets(line, sizeof line, sched) != NULL)
        if (strncmp(line, "se.nr_migrations", 16) == 0)
            (void)sscanf(line + 16, " : %" SCNd64, &migrations);
    (void)fclose(sched);
    return migrations;
}

/* "time-on-cpu time-waiting timeslices", in ns. */
static int64_t run_wait_so_far(void) {
    int64_t wait_ns = -1;
    FILE *schedstat = fopen("/proc/self/schedstat", "re");
    if (schedstat == NULL)
        return -1;
    if (fscanf(schedstat, "%*d %" SCNd64, &wait_ns) != 1)
        wait_ns = -1;
    (void)fclose(schedstat);
    return wait_ns;
}

void usage_read_slow(struct usage *usage, int cpu, int other_cpu) {
    usage->migrations = migrations_so_far();
    usage->run_wait_ns = run_wait_so_far();
    usage->steal_ns = cpu < 0 ? -1 : steal_ns_of(cpu, other_cpu);
}

static void add(int64_t *sum, int64_t more) {
    *sum = *sum < 0 || more < 0 ? -1 : *sum + more;
}

void usage_add(struct usage *sum, const struct usage *more) {
    add(&sum->user_ns, more->user_ns);
    add(&sum->system_ns, more->system_ns);
    add(&sum->voluntary_switches, more->voluntary_switches);
    add(&sum->involuntary_switches, more->involuntary_switches);
    add(&sum->minor_faults, more->minor_faults);
    add(&sum->major_faults, more->major_faults);
    add(&sum->migrations, more->migrations);
    add(&sum->run_wait_ns, more->run_wait_ns);
    add(&sum->steal_ns, more->steal_ns);
    sum->cpu = more->cpu;
}
