/* SPDX-License-Identifier: MIT */
/*
 * bounce.h - a bare cache line passed back and forth between two CPUs: the floor of every exchange
 * across cores, taken by the two ends of a trial themselves, before and after they measure.
 *
 * It belongs into the trial and not only to the start of a run: on a virtual machine the hypervisor
 * moves the CPUs, and the same line takes 50 ns at one moment and 500 ns a second later.
 */
#ifndef BENCH_BOUNCE_H
#define BENCH_BOUNCE_H

#include <stdatomic.h>
#include <stdint.h>

/* Alone on its pair of lines; 0 before the first use. */
struct bounce {
    _Alignas(128) _Atomic uint32_t word;
};

/* One end calls the first, the other the second, each once for each round; both return when all
 * bounces are over, after 1 to 10 ms. Both must run at the same time, on two CPUs. */
void bounce_answer(struct bounce *bounce);

/* The mean round trip of the median batch, in ns: what a trial's mean can be held against, since
 * that can't pick its best moments either. */
double bounce_time_ns(struct bounce *bounce);

#endif
