/* SPDX-License-Identifier: MIT */
/*
 * seqlock.c - the latest value in shared memory, under a sequence lock: not a channel. A reader
 * sees the newest value and whether it is whole, never those that were overwritten before it
 * looked. In a ping-pong it sees each of them, since the peer waits for the answer before it writes
 * the next.
 *
 * A message costs 2 copies (into the value and out of it), the transfer of the cache lines that it
 * lies on, and no system call: there is nobody to wake up, so it can only spin. The version, which
 * is odd while the value is being written, lies on the first of these lines.
 *
 * Orders after H.-J. Boehm, "Can seqlocks get along with programming language memory models?" (MSPC
 * 2012): the value is read and written by relaxed atomics, between an acquire load of the version
 * and an acquire fence that precedes the second look at it.
 */
#include "helper.h"

#include <string.h>
#include <sys/mman.h>

#define WORD sizeof(uint64_t)

struct seqlock_value {
    _Alignas(IPC_ALIGN) _Atomic uint64_t version;
    _Atomic uint64_t words[];
};

struct seqlock_link {
    struct ipc_link base;
    unsigned char *area; /* both values, by the role that reads */
    size_t area_bytes, stride;
};

struct seqlock_end {
    struct ipc_end base;
    struct seqlock_value *in, *out; /* the link's own */
    uint64_t written, read;         /* versions */
};

static int setup(struct ipc_link *base) {
    struct seqlock_link *link = (struct seqlock_link *)base;
    size_t words = (base->max_bytes + WORD - 1) / WORD;
    size_t bytes = sizeof(struct seqlock_value) + words * WORD;
    link->stride = (bytes + IPC_ALIGN - 1) / IPC_ALIGN * IPC_ALIGN;
    link->area_bytes = IPC_ROLES * link->stride;
    void *area = mmap(NULL, link->area_bytes, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (area == MAP_FAILED)
        return ipc_fail(&base->fault, "mmap");
    link->area = area;
    return 0;
}

static struct seqlock_value *value_to(const struct seqlock_link *link, int reader) {
    void *value = link->area + (size_t)reader * link->stride;
    return value;
}

static int attach(struct ipc_end *base) {
    struct seqlock_end *end = (struct seqlock_end *)base;
    const struct seqlock_link *link = (const struct seqlock_link *)base->link;
    end->in = value_to(link, (int)base->role);
    end->out = value_to(link, !base->role);
    return 0;
}

static inline void write_words(struct seqlock_value *value, const void *message, size_t bytes) {
    const char *from = message;
    size_t whole = bytes / WORD;
    uint64_t word = 0;
    for (size_t i = 0; i < whole; i++) {
        memcpy(&word, from + i * WORD, WORD);
        atomic_store_explicit(&value->words[i], word, memory_order_relaxed);
    }
    if (bytes % WORD == 0)
        return;
    word = 0;
    memcpy(&word, from + whole * WORD, bytes % WORD);
    atomic_store_explicit(&value->words[whole], word, memory_order_relaxed);
}

static inline void read_words(struct seqlock_value *value, void *message, size_t bytes) {
    char *to = message;
    size_t whole = bytes / WORD;
    uint64_t word;
    for (size_t i = 0; i < whole; i++) {
        word = atomic_load_explicit(&value->words[i], memory_order_relaxed);
        memcpy(to + i * WORD, &word, WORD);
    }
    if (bytes % WORD == 0)
        return;
    word = atomic_load_explicit(&value->words[whole], memory_order_relaxed);
    memcpy(to + whole * WORD, &word, bytes % WORD);
}

/* The release fence keeps the words behind the odd version. */
static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct seqlock_end *end = (struct seqlock_end *)base;
    struct seqlock_value *value = end->out;
    atomic_store_explicit(&value->version, end->written + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    write_words(value, message, bytes);
    end->written += 2;
    atomic_store_explicit(&value->version, end->written, memory_order_release);
    return 0;
}

/* A version that is new and even. */
static inline uint64_t await_version(struct seqlock_end *end) {
    uint64_t version;
    while ((version = atomic_load_explicit(&end->in->version, memory_order_acquire)) == end->read ||
           version % 2 != 0)
        ipc_relax();
    return version;
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct seqlock_end *end = (struct seqlock_end *)base;
    uint64_t version;
    do {
        version = await_version(end);
        read_words(end->in, message, bytes);
        atomic_thread_fence(memory_order_acquire);
    } while (atomic_load_explicit(&end->in->version, memory_order_relaxed) != version);
    end->read = version;
    return 0;
}

static void cleanup(struct ipc_link *base) {
    struct seqlock_link *link = (struct seqlock_link *)base;
    if (link->area)
        (void)munmap(link->area, link->area_bytes);
    link->area = NULL;
}

static const struct ipc_messages messages = {send_message, recv_message};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "seqlock",
    .summary = "the latest value in shared memory under a sequence lock",
    .group = "kernel",
    .cost = "2 copies, no system call; a reader misses what is overwritten before it looks",
    .link_bytes = sizeof(struct seqlock_link),
    .end_bytes = sizeof(struct seqlock_end),
    .not_a_channel = true,
    .one_at_a_time = "a value that is overwritten before it is read is lost",
    .setup = setup,
    .attach = attach,
    .cleanup = cleanup,
    .messages = {[IPC_SPIN] = &messages},
};
