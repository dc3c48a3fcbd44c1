/* SPDX-License-Identifier: MIT */
/*
 * shm-ring.c - a ring of bytes in shared memory for each direction, with one producer and one
 * consumer: many messages may be under way, each behind its length.
 *
 * A message costs 2 copies (into the ring and out of it; none in place) and the transfer of two
 * kinds of cache lines: those that it lies on, and that of the producer's index. Each end keeps a
 * copy of the other's index and looks at the line itself only when the copy says that there is
 * nothing to read or no room (after E. Rigtorp's SPSCQueue and Lamport's ring before it). The
 * consumer gives room back in quarters of the ring, and once it has found more than one message at
 * a look it lets some gather before the next, so that neither index nor a message's line is fetched
 * while it is being written. Spinning makes no system call; blocking makes 1 futex call to sleep
 * and 1 to wake whoever sleeps.
 *
 * A message never wraps: where the end of the ring is too near, a mark says so and it stands at the
 * start. One that is larger than half of the ring passes through it in parts.
 */
#include "ring.h"

#include <linux/memfd.h>
#include <string.h>
#include <sys/mman.h>

#define RING_HUGE_BYTES ((size_t)2 << 20)
#define RING_WORD       sizeof(uint32_t) /* a length; and they stand at multiples of it */
#define RING_SKIP       UINT32_MAX       /* in place of a length: go on at the start of the ring */
#define RING_LINGER     64 /* looks that a consumer leaves out while messages gather */

enum ring_pages { RING_NORMAL, RING_HUGE };

struct ring_link {
    struct ipc_link base;
    uint64_t ring_bytes, pages;
    int fd;
    unsigned char *area; /* both rings */
    size_t area_bytes, stride;
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

static size_t record_bytes(size_t bytes) {
    return round_up(RING_WORD + bytes, RING_WORD);
}

/* In place a message must stay in one, wherever it begins. */
static size_t ring_size(const struct ring_link *link) {
    size_t size = 64, least = link->base.in_place ? 2 * record_bytes(link->base.max_bytes) : 0;
    while (size < link->ring_bytes || size < least)
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
    end->most = end->size / 2;
    end->wait = base->link->wait;
    end->spins = end->wait == IPC_PARK
                     ? ipc_spins_in(base->link->spin_budget_ns, &end->in.ring->head.at)
                     : 0;
    return 0;
}

/* ---- room and messages ---- */

static inline size_t room_of(const struct ring_end *end) {
    return end->size - (size_t)(end->out.own - end->out.seen);
}

static inline void *at_own(const struct ring_end *end, const struct ring_side *side) {
    return side->ring->bytes + (side->own & end->mask);
}

static inline size_t bytes_to_edge(const struct ring_end *end, const struct ring_side *side) {
    return end->size - (size_t)(side->own & end->mask);
}

static void await_room(struct ring_end *end, size_t bytes) {
    struct ring_side *out = &end->out;
    out->seen = atomic_load_explicit(&out->ring->tail.at, memory_order_acquire);
    while (room_of(end) < bytes) {
        ring_publish(end, &out->ring->head, out->own);
        out->seen = ring_await(end, &out->ring->tail, out->seen);
    }
}

/* Room for a record in one, with its length written; returns where its message goes. */
static inline void *make_room(struct ring_end *end, size_t record, size_t bytes) {
    struct ring_side *out = &end->out;
    uint32_t word = RING_SKIP;
    size_t edge = bytes_to_edge(end, out);
    if (__builtin_expect(edge < record, 0)) {
        if (room_of(end) < edge)
            await_room(end, edge);
        memcpy(at_own(end, out), &word, sizeof word);
        out->own += edge;
    }
    if (__builtin_expect(room_of(end) < record, 0))
        await_room(end, record);
    word = (uint32_t)bytes;
    unsigned char *at = at_own(end, out);
    memcpy(at, &word, sizeof word);
    return at + sizeof word;
}

static void give_back(const struct ring_end *end, struct ring_side *in) {
    ring_publish(end, &in->ring->tail, in->own);
    in->told = in->own;
}

static inline void consumed(struct ring_end *end, size_t bytes) {
    struct ring_side *in = &end->in;
    in->own += bytes;
    end->found++;
    if (__builtin_expect(in->own - in->told >= end->size / 4, 0))
        give_back(end, in);
}

/* Until there is something to read. */
static void await_some(struct ring_end *end) {
    struct ring_side *in = &end->in;
    if (in->told != in->own)
        give_back(end, in);
    for (int i = 0; i < RING_LINGER && end->found > 1; i++)
        ipc_relax();
    end->found = 0;
    in->seen = ring_await(end, &in->ring->head, in->own);
}

/* The next record, which stands there in one; points at its message. */
static inline int find(struct ring_end *end, size_t bytes, const void **message) {
    struct ring_side *in = &end->in;
    for (;;) {
        uint32_t length;
        if (__builtin_expect(in->seen == in->own, 0))
            await_some(end);
        const unsigned char *at = at_own(end, in);
        memcpy(&length, at, sizeof length);
        *message = at + sizeof length;
        if (__builtin_expect(length == (uint32_t)bytes, 1))
            return 0;
        if (length != RING_SKIP)
            return ipc_fail_with(&end->base.fault, "reading a message's length in the ring",
                                 EMSGSIZE);
        in->own += bytes_to_edge(end, in);
    }
}

/* ---- messages in parts ---- */

/* Puts bytes behind those that are there; publishes only where there is no more room. */
static void put(struct ring_end *end, const void *from, size_t bytes) {
    struct ring_side *out = &end->out;
    for (const char *at = from; bytes > 0;) {
        if (room_of(end) < RING_WORD)
            await_room(end, RING_WORD);
        size_t part = room_of(end), edge = bytes_to_edge(end, out);
        part = part < edge ? part : edge;
        part = part < bytes ? part : bytes;
        memcpy(at_own(end, out), at, part);
        out->own += part < bytes ? part : round_up(part, RING_WORD);
        at += part;
        bytes -= part;
    }
}

static void take(struct ring_end *end, void *to, size_t bytes) {
    struct ring_side *in = &end->in;
    for (char *at = to; bytes > 0;) {
        if (in->seen == in->own)
            await_some(end);
        size_t part = (size_t)(in->seen - in->own), edge = bytes_to_edge(end, in);
        part = part < edge ? part : edge;
        part = part < bytes ? part : bytes;
        memcpy(at, at_own(end, in), part);
        consumed(end, part < bytes ? part : round_up(part, RING_WORD));
        at += part;
        bytes -= part;
    }
}

static void send_parts(struct ring_end *end, const void *message, size_t bytes) {
    const uint32_t length = (uint32_t)bytes;
    put(end, &length, sizeof length);
    put(end, message, bytes);
    ring_publish(end, &end->out.ring->head, end->out.own);
}

static int recv_parts(struct ring_end *end, void *message, size_t bytes) {
    uint32_t length;
    take(end, &length, sizeof length);
    if (length != (uint32_t)bytes)
        return ipc_fail_with(&end->base.fault, "reading a message's length in the ring", EMSGSIZE);
    take(end, message, bytes);
    return 0;
}

/* ---- the operations ---- */

/* Without a call for the sizes at which it would be felt. */
static inline void copy(void *to, const void *from, size_t bytes) {
    if (bytes == 4)
        memcpy(to, from, 4);
    else if (bytes == 8)
        memcpy(to, from, 8);
    else
        memcpy(to, from, bytes);
}

static inline void publish_message(struct ring_end *end, size_t record) {
    end->out.own += record;
    ring_publish(end, &end->out.ring->head, end->out.own);
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct ring_end *end = (struct ring_end *)base;
    size_t record = record_bytes(bytes);
    if (__builtin_expect(record > end->most, 0)) {
        send_parts(end, message, bytes);
        return 0;
    }
    copy(make_room(end, record, bytes), message, bytes);
    publish_message(end, record);
    return 0;
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct ring_end *end = (struct ring_end *)base;
    const void *from = NULL;
    size_t record = record_bytes(bytes);
    if (__builtin_expect(record > end->most, 0))
        return recv_parts(end, message, bytes);
    int error = find(end, bytes, &from);
    if (__builtin_expect(error, 0))
        return error;
    copy(message, from, bytes);
    consumed(end, record);
    return 0;
}

static int reserve(struct ipc_end *base, size_t bytes, void **message) {
    struct ring_end *end = (struct ring_end *)base;
    end->out.held = record_bytes(bytes);
    *message = make_room(end, end->out.held, bytes);
    return 0;
}

static int commit(struct ipc_end *base) {
    struct ring_end *end = (struct ring_end *)base;
    publish_message(end, end->out.held);
    return 0;
}

static int peek(struct ipc_end *base, size_t bytes, const void **message) {
    struct ring_end *end = (struct ring_end *)base;
    end->in.held = record_bytes(bytes);
    return find(end, bytes, message);
}

static int release(struct ipc_end *base) {
    struct ring_end *end = (struct ring_end *)base;
    consumed(end, end->in.held);
    return 0;
}

static const struct ipc_messages messages = {send_message, recv_message};
static const struct ipc_in_place in_place = {reserve, commit, peek, release};

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
    .max_bytes = UINT32_MAX / 4,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages, [IPC_PARK] = &messages},
    .in_place = {[IPC_BLOCK] = &in_place, [IPC_SPIN] = &in_place, [IPC_PARK] = &in_place},
};
