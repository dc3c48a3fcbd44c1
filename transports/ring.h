/* SPDX-License-Identifier: MIT */
/*
 * ring.h - the memory of shm-ring's rings: two indices on lines of their own, which both ends
 * cache, and how an end waits for the other's to move.
 */
#ifndef IPC_RING_H
#define IPC_RING_H

#include "helper.h"

/* An index counts bytes and never wraps. `sleeps`: whoever waits for this index to move sleeps. */
struct ring_index {
    _Alignas(IPC_ALIGN) _Atomic uint64_t at;
    _Atomic uint32_t sleeps;
};

struct ring {
    struct ring_index head; /* written by the producer */
    struct ring_index tail; /* written by the consumer */
    _Alignas(IPC_ALIGN) unsigned char bytes[];
};

/* One end of one ring. */
struct ring_side {
    struct ring *ring;
    uint64_t own;  /* the index that this end writes; a multiple of RING_WORD */
    uint64_t seen; /* the other's, when it was last looked at */
    uint64_t told; /* what of `own` the other can see */
    uint64_t held; /* in place: the bytes of what is reserved, or of what was peeked */
};

struct ring_end {
    struct ipc_end base;
    struct ring_side in, out;
    size_t size, mask, most; /* most: the largest message, length included, that stays in one */
    enum ipc_wait wait;
    uint64_t spins; /* how often to look before sleeping */
    unsigned found; /* messages since the last look at the producer's index */
};

/* The fence puts our publishing before our look at the flag, as the sleeper puts its flag before
 * its last look at the index: one of us sees the other. */
static inline void ring_wake(struct ring_index *index) {
    ipc_fence();
    if (atomic_load_explicit(&index->sleeps, memory_order_relaxed) != 0)
        ipc_futex_wake(ipc_futex_word(&index->at));
}

static inline void ring_publish(const struct ring_end *end, struct ring_index *index, uint64_t at) {
    atomic_store_explicit(&index->at, at, memory_order_release);
    if (end->wait != IPC_SPIN)
        ring_wake(index);
}

static inline uint64_t ring_sleep_while(struct ring_index *index, uint64_t at) {
    uint64_t now;
    while ((now = atomic_load_explicit(&index->at, memory_order_acquire)) == at) {
        atomic_store(&index->sleeps, 1);
        ipc_fence();
        if (atomic_load_explicit(&index->at, memory_order_acquire) == at)
            ipc_futex_wait(ipc_futex_word(&index->at), (uint32_t)at);
        atomic_store_explicit(&index->sleeps, 0, memory_order_relaxed);
    }
    return now;
}

/* Returns the index once it is no longer `at`. */
static inline uint64_t ring_await(const struct ring_end *end, struct ring_index *index,
                                  uint64_t at) {
    uint64_t now;
    for (uint64_t i = 0; end->wait == IPC_SPIN || i < end->spins; i++) {
        if ((now = atomic_load_explicit(&index->at, memory_order_acquire)) != at)
            return now;
        ipc_relax();
    }
    return ring_sleep_while(index, at);
}

#endif
