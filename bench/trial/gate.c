/* SPDX-License-Identifier: MIT */
/*
 * gate.c - the gate as one futex word that counts arrivals.
 */
#include "trial/gate.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

void gate_pass(struct gate *gate, uint32_t all) {
    uint32_t arrived = atomic_fetch_add(&gate->arrived, 1) + 1;
    if (arrived >= all) {
        (void)syscall(SYS_futex, &gate->arrived, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
        return;
    }
    while (arrived < all) {
        (void)syscall(SYS_futex, &gate->arrived, FUTEX_WAIT, arrived, NULL, NULL, 0);
        arrived = atomic_load(&gate->arrived);
    }
}
