/* SPDX-License-Identifier: MIT */
/*
 * usage.h - what the calling process has used up to now, for the difference between two moments.
 */
#ifndef BENCH_USAGE_H
#define BENCH_USAGE_H

#include <stdint.h>

/* Totals since the process started. -1: not known on this host. */
struct usage {
    int64_t user_ns, system_ns;
    int64_t voluntary_switches, involuntary_switches;
    int64_t minor_faults, major_faults;
    int64_t migrations;
    int64_t run_wait_ns; /* ready to run, but waiting for the CPU */
    int64_t steal_ns;    /* of all the CPUs given to usage_read_slow together */
    int cpu;             /* on which the caller runs */
};

/* What one system call each tells: times, switches, faults, CPU. */
void usage_read(struct usage *usage);

/* What must be read from /proc, in tens of microseconds: migrations, the wait for the CPU, and the
 * time that the hypervisor gave to others on those CPUs (-1: no CPU; equal ones count once). */
void usage_read_slow(struct usage *usage, int cpu, int other_cpu);

/* Adds what another process used: what isn't known of one isn't known of the sum. */
void usage_add(struct usage *sum, const struct usage *more);

#endif
