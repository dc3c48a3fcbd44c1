/* SPDX-License-Identifier: MIT */
/*
 * counters.h - the kernel's counters of the calling process, through perf_event_open: instructions,
 * cycles and cache misses where the host has them, and system calls. What can't be opened is not
 * known, and no error.
 */
#ifndef BENCH_COUNTERS_H
#define BENCH_COUNTERS_H

#include <stdint.h>
#include <sys/types.h>

enum counter {
    COUNTER_INSTRUCTIONS, /* in user space and in the kernel, as the next two */
    COUNTER_CYCLES,
    COUNTER_CACHE_MISSES,
    COUNTER_SYSTEM_CALLS, /* the last: see counters_begin */
    COUNTERS
};

#define COUNTERS_THREADS 32 /* a process with more has counters that are not known */

struct counters {
    int threads;                         /* 0: not known */
    int fds[COUNTERS][COUNTERS_THREADS]; /* the calling thread's first; -1: not known */
};

#define COUNTERS_NO_TRACEPOINT (-1)

/* The number of the tracepoint raw_syscalls:sys_enter, or COUNTERS_NO_TRACEPOINT where the caller
 * may not count with it. Where tracefs isn't mounted and the caller may do that, a child mounts it
 * for a moment in a mount namespace of its own. */
int64_t counters_tracepoint(void);

/* Opens the counters of each thread that there is, those of a library included; threads that these
 * start later are counted with them. With a tracepoint it counts system calls too, which
 * makes each of them some tens of ns slower: for a trial that counts and doesn't time. */
void counters_open(struct counters *counters, int64_t tracepoint);
void counters_close(struct counters *counters);

/* Totals since they were opened, at the begin and at the end of what is counted: innermost stands
 * the reading of the system calls, so that those of reading the others are left out. What lies
 * between includes one system call of counters_end. -1 where not known, or where the kernel had to
 * share a counter out among several users so that the total would be an estimate. */
void counters_begin(const struct counters *counters, int64_t totals[COUNTERS]);
void counters_end(const struct counters *counters, int64_t totals[COUNTERS]);

/* The threads of this process, the calling one first. How many there are, or 0 when that is not
 * known or more than fit. */
int counters_list_threads(pid_t threads[COUNTERS_THREADS]);

#endif
