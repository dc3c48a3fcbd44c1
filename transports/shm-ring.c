/* SPDX-License-Identifier: MIT */
/*
 * shm-ring.c - a ring of bytes in shared memory for each direction, with one producer and one
 * consumer: many messages may be under way, each behind its length.
 *
 * A message costs 2 copies (into the ring and out of it) and the transfer of two kinds of cache
 * lines: those that it lies on, and that of the producer's index. Each end keeps a copy of the
 * other's index and looks at the line itself only when the copy says that there is nothing to read
 * or no room (after E. Rigtorp's SPSCQueue and Lamport's ring before it). Spinning makes no system
 * call; blocking makes 1 futex call to sleep and 1 to wake whoever sleeps. A message that is larger
 * than the ring passes through it in parts.
 */
#include "helper.h"

#include <linux/memfd.h>
#include <string.h>
#include <sys/mman.h>

#define RING_HUGE_BYTES ((size_t)2 << 20)
#define RING_WORD       sizeof(uint64_t) /* lengths stand at multiples of it */

enum ring_pages { RING_NORMAL, RING_HUGE };

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

struct ring_link {
    struct ipc_link base;
    uint64_t ring_bytes, pages;
    int fd;
    unsigned char *area; /* both rings */
    size_t area_bytes, stride;
};

/* One end of one ring. */
struct ring_side {
    struct ring *ring;
    uint64_t own;  /* the index that this end writes */
    uint64_t seen; /* the other's, when it was last looked at */
    uint64_t told; /* what of `own` the other can see */
};

struct ring_end {
    struct ipc_end base;
    struct ring_side in, out;
    size_t size, mask;
    enum ipc_wait wait;
    uint64_t spins; /* how often to look before sleeping */
};

static const struct ipc_knob knobs[] = {
    {.name = "ring",
     .kind = IPC_KNOB_BYTES,
     .offset = offsetof(struct ring_link, ring_bytes),
     .fallback = "64K",
     .low = 64,
     .high = 1u << 28,
     .help = "size of each ring in bytes, rounded up to a power of two"},
    {.name = "pages",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct ring_link, pages),
     .fallback = "normal",
     .choices = (const char *const[]){"normal", "huge", NULL},
     .help = "the host's normal pages, or huge ones of 2 MiB (sysctl vm.nr_hugepages)"},
    {.name = NULL}};

static size_t round_up(size_t bytes, size_t to) {
    return (bytes + to - 1) / to * to;
}

static size_t ring_size(const struct ring_link *link) {
    size_t size = 64;
    while (size < link->ring_bytes)
        size *= 2;
    return size;
}

/* ---- making it ---- */

static int make_memory(struct ring_link *link) {
    struct ipc_fault *fault = &link->base.fault;
    bool huge = link->pages == RING_HUGE;
    link->stride = round_up(sizeof(struct ring) + ring_size(link), IPC_ALIGN);
    link->area_bytes = round_up(IPC_ROLES * link->stride, huge ? RING_HUGE_BYTES : 4096);
    int fd = memfd_create("ipcbench-ring", MFD_CLOEXEC | (huge ? MFD_HUGETLB | MFD_HUGE_2MB : 0));
    if (fd < 0)
        return ipc_fail(fault, "memfd_create");
    link->fd = fd;
    if (ftruncate(fd, (off_t)link->area_bytes) < 0)
        return ipc_fail(fault, "ftruncate");
    void *area =
        mmap(NULL, link->area_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (area == MAP_FAILED)
        return ipc_fail(fault, "mmap");
    link->area = area;
    return 0;
}

static void cleanup(struct ipc_link *base) {
    struct ring_link *link = (struct ring_link *)base;
    if (link->area)
        (void)munmap(link->area, link->area_bytes);
    link->area = NULL;
    ipc_close(&link->fd);
}

/* Whether there are enough huge pages shows only when they are asked for. */
static int probe(struct ipc_link *base) {
    struct ring_link *link = (struct ring_link *)base;
    int error = link->pages == RING_HUGE ? make_memory(link) : 0;
    if (error)
        (void)snprintf(base->fault.detail, sizeof base->fault.detail,
                       "this host has not %zu huge pages of 2 MiB to spare (%s: %s); reserve them "
                       "with sysctl vm.nr_hugepages=%zu",
                       link->area_bytes / RING_HUGE_BYTES, base->fault.call, strerror(-error),
                       link->area_bytes / RING_HUGE_BYTES);
    cleanup(base);
    return error;
}

static int setup(struct ipc_link *base) {
    struct ring_link *link = (struct ring_link *)base;
    int error = make_memory(link);
    if (error)
        return error;
    ipc_note_number(base->note, base->notes, "ring_bytes", (long long)ring_size(link));
    base->note(base->notes, "pages", link->pages == RING_HUGE ? "2 MiB" : "normal");
    return 0;
}

static struct ring *ring_to(const struct ring_link *link, int reader) {
    void *ring = link->area + (size_t)reader * link->stride;
    return ring;
}

static int attach(struct ipc_end *base) {
    struct ring_end *end = (struct ring_end *)base;
    const struct ring_link *link = (const struct ring_link *)base->link;
    end->in.ring = ring_to(link, (int)base->role);
    end->out.ring = ring_to(link, !base->role);
    end->size = ring_size(link);
    end->mask = end->size - 1;
    end->wait = base->link->wait;
    end->spins = end->wait == IPC_PARK
                     ? ipc_spins_in(base->link->spin_budget_ns, &end->in.ring->head.at)
                     : 0;
    return 0;
}

/* ---- waiting ---- */

/* The fence puts our publishing before our look at the flag, as the sleeper puts its flag before
 * its last look at the index: one of us sees the other. */
static void wake(struct ring_index *index) {
    ipc_fence();
    if (atomic_load_explicit(&index->sleeps, memory_order_relaxed) != 0)
        ipc_futex_wake(ipc_futex_word(&index->at));
}

static inline void publish(const struct ring_end *end, struct ring_index *index, uint64_t at) {
    atomic_store_explicit(&index->at, at, memory_order_release);
    if (end->wait != IPC_SPIN)
        wake(index);
}

static uint64_t sleep_while(struct ring_index *index, uint64_t at) {
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
static inline uint64_t await_move(const struct ring_end *end, struct ring_index *index,
                                  uint64_t at) {
    uint64_t now;
    for (uint64_t i = 0; end->wait == IPC_SPIN || i < end->spins; i++) {
        if ((now = atomic_load_explicit(&index->at, memory_order_acquire)) != at)
            return now;
        ipc_relax();
    }
    return sleep_while(index, at);
}

/* ---- messages ---- */

static inline void copy_in(struct ring *ring, size_t mask, uint64_t at, const void *from,
                           size_t bytes) {
    size_t start = at & mask, first = mask + 1 - start;
    if (first > bytes)
        first = bytes;
    memcpy(ring->bytes + start, from, first);
    memcpy(ring->bytes, (const char *)from + first, bytes - first);
}

static inline void copy_out(const struct ring *ring, size_t mask, uint64_t at, void *to,
                            size_t bytes) {
    size_t start = at & mask, first = mask + 1 - start;
    if (first > bytes)
        first = bytes;
    memcpy(to, ring->bytes + start, first);
    memcpy((char *)to + first, ring->bytes, bytes - first);
}

/* Puts bytes behind those that are there; publishes only where there is no more room. */
static inline void put(const struct ring_end *end, struct ring_side *out, const void *from,
                       size_t bytes) {
    const char *at = from;
    while (bytes > 0) {
        size_t room = end->size - (size_t)(out->own - out->seen);
        if (room < bytes) {
            out->seen = atomic_load_explicit(&out->ring->tail.at, memory_order_acquire);
            room = end->size - (size_t)(out->own - out->seen);
        }
        if (room == 0) {
            publish(end, &out->ring->head, out->own);
            out->seen = await_move(end, &out->ring->tail, out->seen);
            continue;
        }
        size_t part = room < bytes ? room : bytes;
        copy_in(out->ring, end->mask, out->own, at, part);
        out->own += part;
        at += part;
        bytes -= part;
    }
}

/* Gives back the room of what was read. */
static inline void give_back(const struct ring_end *end, struct ring_side *in) {
    publish(end, &in->ring->tail, in->own);
    in->told = in->own;
}

/* Takes bytes; gives their room back in quarters of the ring, and where nothing more is there. */
static inline void take(const struct ring_end *end, struct ring_side *in, void *to, size_t bytes) {
    char *at = to;
    while (bytes > 0) {
        size_t there = (size_t)(in->seen - in->own);
        if (there == 0) {
            in->seen = atomic_load_explicit(&in->ring->head.at, memory_order_acquire);
            there = (size_t)(in->seen - in->own);
        }
        if (there == 0) {
            if (in->told != in->own)
                give_back(end, in);
            in->seen = await_move(end, &in->ring->head, in->own);
            continue;
        }
        size_t part = there < bytes ? there : bytes;
        copy_out(in->ring, end->mask, in->own, at, part);
        in->own += part;
        at += part;
        bytes -= part;
        if (in->own - in->told >= end->size / 4)
            give_back(end, in);
    }
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    static const unsigned char padding[RING_WORD];
    struct ring_end *end = (struct ring_end *)base;
    uint64_t length = bytes;
    put(end, &end->out, &length, sizeof length);
    put(end, &end->out, message, bytes);
    put(end, &end->out, padding, -bytes % RING_WORD);
    publish(end, &end->out.ring->head, end->out.own);
    return 0;
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    unsigned char padding[RING_WORD];
    struct ring_end *end = (struct ring_end *)base;
    uint64_t length;
    take(end, &end->in, &length, sizeof length);
    if (length != bytes)
        return ipc_fail_with(&base->fault, "reading a message's length in the ring", EMSGSIZE);
    take(end, &end->in, message, bytes);
    take(end, &end->in, padding, -bytes % RING_WORD);
    return 0;
}

static const struct ipc_messages messages = {send_message, recv_message};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "shm-ring",
    .summary = "shared memory: a ring with one producer and one consumer for each direction",
    .group = "kernel",
    .cost = "2 copies; spinning: no system call; blocking: 1 futex call to sleep, 1 to wake",
    .calls = {.least = 1, .most = 2},
    .link_bytes = sizeof(struct ring_link),
    .end_bytes = sizeof(struct ring_end),
    .knobs = knobs,
    .probe = probe,
    .setup = setup,
    .attach = attach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages, [IPC_PARK] = &messages},
};
