/* SPDX-License-Identifier: MIT */
/*
 * floor_batch.h - what all floors share: where the thread runs, how many batches are enough, and
 * what they add up to.
 */
#ifndef BENCH_FLOOR_BATCH_H
#define BENCH_FLOOR_BATCH_H

#include "host/floor.h"

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

enum { FLOOR_BATCHES = 24, FLOOR_FEWEST_BATCHES = 3 };

/* The CPUs that a thread could use; room for 8192, the most that Linux can be built for. */
struct floor_affinity {
    cpu_set_t cpus[8192 / CPU_SETSIZE];
};

/* Keeps where the calling thread may run in `before`, and pins it, unless `cpu` is -1. 0, or
 * -EINVAL when that CPU can't be used. floor_unpin undoes it. */
int floor_pin(int cpu, struct floor_affinity *before);
void floor_unpin(const struct floor_affinity *before);

/* After `done` batches, is there to be another one before that moment of the system's clock? */
bool floor_wants_batch(size_t done, uint64_t until_ns);

/* Sorts the times and takes the least and the median. */
struct floor_sample floor_summarise(double *times, size_t count);

/* Says that a CPU can't be used, and returns `error`, which is negative. */
int floor_refuse_cpu(int cpu, int error, struct problem *problem);

#endif
