/* SPDX-License-Identifier: MIT */
/*
 * lock.h - one run at a time: two that measure at once would share CPUs and spoil each other's
 * numbers without a trace.
 */
#ifndef BENCH_LOCK_H
#define BENCH_LOCK_H

#include "base/problem.h"

#include <stdint.h>

struct lock {
    int fd; /* -1: none is held */
};

/* Takes the lock of the folder for temporary files (TMPDIR, or /tmp), waiting for at most
 * `wait_ns`. It is flock(2) on that folder itself, so that there is no file to leave behind, and
 * the kernel lets it go with the process, however that ends. Where the folder can't be locked at
 * all, nothing is, and that is no failure. 0, or -EBUSY with a problem that names the holder. */
int lock_take(struct lock *lock, uint64_t wait_ns, struct problem *problem);

void lock_release(struct lock *lock);

#endif
