/* SPDX-License-Identifier: MIT */
/*
 * gate.h - a gate in shared memory: opens once all have arrived. Waiting sleeps in the kernel, so
 * that two ends on one CPU don't disturb each other.
 */
#ifndef BENCH_GATE_H
#define BENCH_GATE_H

#include <stdatomic.h>
#include <stdint.h>

struct gate {
    _Atomic uint32_t arrived; /* zero before the first arrival */
};

/* Arrives, and returns when `all` have. Endless when one never comes: the caller's parent kills it.
 */
void gate_pass(struct gate *gate, uint32_t all);

#endif
