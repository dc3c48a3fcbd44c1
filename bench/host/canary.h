/* SPDX-License-Identifier: MIT */
/*
 * canary.h - a fixed piece of work, to see whether the CPU's speed changed during a trial.
 */
#ifndef BENCH_CANARY_H
#define BENCH_CANARY_H

/* The least time in ns that the work took in several tries on this CPU: about 0.2 ms each, 1 ms in
 * all. Interruptions only add, so the least follows the frequency and not the neighbours. */
double canary_ns(void);

#endif
