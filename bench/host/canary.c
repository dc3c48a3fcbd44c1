/* SPDX-License-Identifier: MIT */
/*
 * canary.c - a chain of multiplications, each of which waits for the one before.
 */
#include "host/canary.h"

#include "base/clock.h"

enum { STEPS = 200000, TRIES = 5 };

static void work(void) {
    uint64_t x = 1;
    for (int i = 0; i < STEPS; i++) {
        x *= UINT64_C(0x9e3779b97f4a7c15);
        __asm__ volatile("" : "+r"(x));
    }
}

double canary_ns(void) {
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < TRIES; i++) {
        uint64_t before = clock_system_ns();
        work();
        uint64_t took = clock_system_ns() - before;
        least = took < least ? took : least;
    }
    return (double)least;
}
