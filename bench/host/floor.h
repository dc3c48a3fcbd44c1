/* SPDX-License-Identifier: MIT */
/*
 * floor.h - what the machine itself allows, written the tightest way: no transport can be faster.
 *
 * A floor is a minimum, so each is timed in many short batches, of which the best counts: whatever
 * disturbs a batch only adds to it. The median stands beside it and says how the machine usually
 * is. A batch costs well below a millisecond where nothing disturbs it; a floor is left with the
 * batches that it has, at least three, once it has taken some tens of milliseconds.
 *
 * All of them run on the calling thread (and on one more, where there are two CPUs), and give it
 * back the CPUs that it might use before. A CPU is its number for the OS; -1: not pinned.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include "base/problem.h"

#include <stddef.h>

/* Of a time the least batch is the best, of a rate the greatest. NaN: not known. */
struct floor_sample {
    double best, median;
};

/* One system call that does next to nothing: getppid, past the C library. 0, or a negative errno
 * with a problem: -EINVAL when the CPU can't be used. */
int floor_system_call(int cpu, struct floor_sample *ns, struct problem *problem);

/* The bytes that are copied in a second, when the same `bytes` are copied again and again, so that
 * they are as near to the CPU as their number allows: by memcpy or by the CPU's own string move,
 * which kernels use, whichever is faster. Errors as above, and -ENOMEM. */
int floor_copy(int cpu, size_t bytes, struct floor_sample *bytes_per_second,
               struct problem *problem);

/* Bounces one cache line, or one for each direction, between two CPUs: the mean round trip of a
 * batch, in the layout that is fastest here. -EINVAL when both CPUs are the same or one is not
 * given: two threads that spin on one CPU would wait for their time slices. */
int floor_bounces(int server_cpu, int client_cpu, struct floor_sample *ns, struct problem *problem);

/* Hands cache lines of 64 bytes from the client's CPU to the server's, many under way: the time
 * from one to the next, in the way that is fastest here. -EINVAL as of a bounce. */
int floor_lines(int server_cpu, int client_cpu, struct floor_sample *ns, struct problem *problem);

/* Wakes a sleeping thread through a futex and is woken by it: half the mean round trip of a batch,
 * which is the cost of one wake-up. Batches in which a thread could do without its sleep, since it
 * was answered before, don't count unless all are like that. The CPUs may be the same, or -1. */
int floor_wakeups(int server_cpu, int client_cpu, struct floor_sample *ns, struct problem *problem);

/* Switches from one thread to another on one CPU: half a round trip through sched_yield or through
 * a futex, whichever is faster. -EINVAL when no CPU is given. */
int floor_switches(int cpu, struct floor_sample *ns, struct problem *problem);

/* The median of floor_wakeups, and the best of floor_bounces. */
int floor_wakeup(int server_cpu, int client_cpu, double *ns, struct problem *problem);
int floor_bounce(int server_cpu, int client_cpu, double *ns, struct problem *problem);

#endif
