/* SPDX-License-Identifier: MIT */
/*
 * floor_batch.c - pins threads, and sums up batches.
 */
#include "host/floor_batch.h"

#include "base/clock.h"
#include "stats/stats.h"

#include <errno.h>
#include <string.h>

int floor_pin(int cpu, struct floor_affinity *before) {
    struct floor_affinity wanted;
    if (sched_getaffinity(0, sizeof before->cpus, before->cpus) < 0)
        return -errno;
    if (cpu < 0)
        return 0;
    if (cpu >= 8 * (int)sizeof wanted.cpus)
        return -EINVAL;
    CPU_ZERO_S(sizeof wanted.cpus, wanted.cpus);
    CPU_SET_S((size_t)cpu, sizeof wanted.cpus, wanted.cpus);
    return sched_setaffinity(0, sizeof wanted.cpus, wanted.cpus) < 0 ? -errno : 0;
}

void floor_unpin(const struct floor_affinity *before) {
    (void)sched_setaffinity(0, sizeof before->cpus, before->cpus);
}

bool floor_wants_batch(size_t done, uint64_t until_ns) {
    if (done < FLOOR_FEWEST_BATCHES)
        return true;
    return done < FLOOR_BATCHES && clock_system_ns() < until_ns;
}

struct floor_sample floor_summarise(double *times, size_t count) {
    size_t known = stats_sort(times, count);
    return (struct floor_sample){.best = stats_quantile(times, known, 0),
                                 .median = stats_median(times, known)};
}

int floor_refuse_cpu(int cpu, int error, struct problem *problem) {
    return problem_set(problem, -error,
                       "can't measure on CPU %d: sched_setaffinity: %s; `ipcbench list "
                       "--placements` shows the CPUs that can be used",
                       cpu, strerror(-error));
}
