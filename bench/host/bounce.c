/* SPDX-License-Identifier: MIT */
/*
 * bounce.c - odd numbers go there, the even ones that follow come back. One line for both
 * directions and a pause in the loop: the fastest of the layouts that `ipcbench calibrate` tries on
 * most hosts.
 */
#include "host/bounce.h"

#include "base/clock.h"

#include <stdlib.h>

enum { BATCHES = 11, BOUNCES = 1000 };

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static inline void await(struct bounce *bounce, uint32_t value) {
    while (atomic_load_explicit(&bounce->word, memory_order_acquire) != value)
        relax();
}

void bounce_answer(struct bounce *bounce) {
    for (uint32_t i = 1; i <= BATCHES * BOUNCES; i++) {
        await(bounce, 2 * i - 1);
        atomic_store_explicit(&bounce->word, 2 * i, memory_order_release);
    }
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bounce_time_ns(struct bounce *bounce) {
    double batches[BATCHES];
    for (uint32_t batch = 0; batch < BATCHES; batch++) {
        uint64_t before = clock_system_ns();
        for (uint32_t i = batch * BOUNCES + 1; i <= (batch + 1) * BOUNCES; i++) {
            atomic_store_explicit(&bounce->word, 2 * i - 1, memory_order_release);
            await(bounce, 2 * i);
        }
        batches[batch] = (double)(clock_system_ns() - before) / BOUNCES;
    }
    qsort(batches, BATCHES, sizeof *batches, compare);
    return batches[BATCHES / 2];
}
