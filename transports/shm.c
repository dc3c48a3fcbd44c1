/* SPDX-License-Identifier: MIT */
/*
 * shm.c - shared memory: a mailbox for one message in each direction, in a populated memfd.
 *
 * A message costs 2 copies (into the mailbox and out of it; none in place) and, up to SMALL bytes,
 * the transfer of one cache line, on which its sequence number and its payload travel together; a
 * larger one costs its own lines besides. Spinning costs no system call and no wake-up; blocking
 * costs 1 futex call to sleep and 1 to wake the sleeper; parking costs these only when the budget
 * runs out.
 *
 * Both directions share the line of their heads: request and reply then bounce one line instead of
 * two. Each end writes one 64-bit word on it, so that a message and the receipt for the last one
 * that came are published by a single store.
 */
#include "helper.h"

#include <string.h>
#include <sys/mman.h>

enum { SMALL = 24, SEQUENCE = 0, RECEIPT = 1 };

/* By the role that writes. A head's SEQUENCE half counts the messages that it has sent, its RECEIPT
 * half those that it has taken out. */
struct heads {
    _Alignas(IPC_ALIGN) _Atomic uint64_t head[IPC_ROLES];
    unsigned char small[IPC_ROLES][SMALL];
};

/* Which half of the other's head an end sleeps on, plus 1; 0: it is awake. */
struct sleeper {
    _Alignas(IPC_ALIGN) _Atomic uint32_t on;
};

struct area {
    struct heads heads;
    struct sleeper sleepers[IPC_ROLES];
    unsigned char large[]; /* one message for each role that writes */
};

struct shm_link {
    struct ipc_link base;
    uint64_t budget_ns;
    int fd;
    size_t area_bytes;
    size_t large_bytes; /* room for one message, in whole lines */
    struct area *area;
};

struct shm_end {
    struct ipc_end base;
    _Atomic uint64_t *mine, *theirs; /* heads */
    unsigned char *small_out, *large_out;
    const unsigned char *small_in, *large_in;
    struct sleeper *me, *peer;
    uint32_t sent, taken; /* messages so far; the one that is waited for counts as taken */
    uint32_t told;        /* the receipt that was published last */
    uint64_t next;        /* the head that the next message will publish */
    bool full;            /* the peer has not told yet that it took our last message */
    uint64_t spins;       /* parking: looks before sleeping */
};

static const struct ipc_knob knobs[] = {
    {.name = "budget",
     .kind = IPC_KNOB_NUMBER,
     .offset = offsetof(struct shm_link, budget_ns),
     .fallback = "0",
     .high = 1000000000,
     .help = "how long park spins before it sleeps, in ns; 0: the measured cost of a wake-up"},
    {.name = NULL}};

static int setup(struct ipc_link *base) {
    struct shm_link *link = (struct shm_link *)base;
    link->large_bytes = (base->max_bytes + IPC_ALIGN - 1) / IPC_ALIGN * IPC_ALIGN;
    link->area_bytes = sizeof(struct area) + IPC_ROLES * link->large_bytes;
    link->fd = memfd_create(base->name, MFD_CLOEXEC);
    if (link->fd < 0)
        return ipc_fail(&base->fault, "memfd_create");
    if (ftruncate(link->fd, (off_t)link->area_bytes) < 0)
        return ipc_fail(&base->fault, "ftruncate");
    void *area = mmap(NULL, link->area_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                      link->fd, 0);
    if (area == MAP_FAILED)
        return ipc_fail(&base->fault, "mmap");
    link->area = area;
    base->note(base->notes, "locked", mlock(area, link->area_bytes) == 0 ? "yes" : "no");
    return 0;
}

/* How many looks fit into the budget. */
static uint64_t spins_of(const struct shm_link *link, const _Atomic uint64_t *head) {
    return ipc_spins_in(link->budget_ns ? link->budget_ns : link->base.spin_budget_ns, head);
}

static inline uint32_t half(uint64_t head, int which) {
    return (uint32_t)(head >> (32 * which));
}

static inline uint64_t head_of(uint32_t sent, uint32_t taken) {
    return (uint64_t)taken << 32 | sent;
}

static int attach(struct ipc_end *base) {
    struct shm_end *end = (struct shm_end *)base;
    const struct shm_link *link = (const struct shm_link *)base->link;
    struct area *area = link->area;
    enum ipc_role me = base->role, peer = me == IPC_SERVER ? IPC_CLIENT : IPC_SERVER;
    end->mine = &area->heads.head[me];
    end->theirs = &area->heads.head[peer];
    end->small_out = area->heads.small[me];
    end->small_in = area->heads.small[peer];
    end->large_out = area->large + (size_t)me * link->large_bytes;
    end->large_in = area->large + (size_t)peer * link->large_bytes;
    end->me = &area->sleepers[me];
    end->peer = &area->sleepers[peer];
    end->next = head_of(1, 0);
    if (link->base.wait == IPC_PARK)
        end->spins = spins_of(link, end->theirs);
    return 0;
}

static inline uint64_t look(const struct shm_end *end) {
    return atomic_load_explicit(end->theirs, memory_order_acquire);
}

static inline void publish(struct shm_end *end, uint64_t head) {
    atomic_store_explicit(end->mine, head, memory_order_release);
    end->told = half(head, RECEIPT);
}

/* The 32 bits of a head that a futex can watch. */
static uint32_t *futex_word(_Atomic uint64_t *head, int which) {
    int at = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? which : 1 - which;
    return (uint32_t *)(void *)head + at;
}

/* Wakes the peer if it sleeps. The fence puts our publishing before our look at the flag, as the
 * sleeper puts its flag before its last look at our head: one of us sees the other. */
static void wake(struct shm_end *end) {
    ipc_fence();
    uint32_t on = atomic_load_explicit(&end->peer->on, memory_order_relaxed);
    if (on != 0)
        ipc_futex_wake(futex_word(end->mine, (int)on - 1));
}

static inline uint64_t spin(const struct shm_end *end, int which, uint32_t wanted) {
    uint64_t head;
    while (half(head = look(end), which) != wanted)
        ipc_relax();
    return head;
}

static uint64_t sleep_until(struct shm_end *end, int which, uint32_t wanted) {
    uint64_t head = look(end);
    while (half(head, which) != wanted) {
        atomic_store(&end->me->on, (uint32_t)which + 1);
        ipc_fence();
        head = look(end);
        if (half(head, which) != wanted)
            ipc_futex_wait(futex_word(end->theirs, which), half(head, which));
        atomic_store_explicit(&end->me->on, 0, memory_order_relaxed);
        head = look(end);
    }
    return head;
}

static uint64_t park(struct shm_end *end, int which, uint32_t wanted) {
    for (uint64_t i = 0; i < end->spins; i++) {
        uint64_t head = look(end);
        if (half(head, which) == wanted)
            return head;
        ipc_relax();
    }
    return sleep_until(end, which, wanted);
}

/* Waits until that half of the peer's head says `wanted`, and returns the head. */
static inline uint64_t await(struct shm_end *end, enum ipc_wait wait, int which, uint32_t wanted) {
    return wait == IPC_SPIN   ? spin(end, which, wanted)
           : wait == IPC_PARK ? park(end, which, wanted)
                              : sleep_until(end, which, wanted);
}

/* Publishes the receipt that no message has carried. */
static inline void tell(struct shm_end *end, enum ipc_wait wait) {
    publish(end, head_of(end->sent, end->taken));
    if (wait != IPC_SPIN)
        wake(end);
}

/* Both ends may be about to send, each into a full box: the peer's is free once it knows. */
static void await_room(struct shm_end *end, enum ipc_wait wait) {
    if (end->told != end->taken)
        tell(end, wait);
    (void)await(end, wait, RECEIPT, end->sent);
}

/* A copy of 8 bytes without a call, which would be felt beside a bounced line. */
static inline void copy(void *to, const void *from, size_t bytes) {
    if (bytes == 8)
        memcpy(to, from, 8);
    else
        memcpy(to, from, bytes);
}

/* Where a message goes, once there is room. */
static inline void *room(struct shm_end *end, enum ipc_wait wait, size_t bytes) {
    if (__builtin_expect(end->full, 0))
        await_room(end, wait);
    return bytes <= SMALL ? end->small_out : end->large_out;
}

static inline void publish_message(struct shm_end *end, enum ipc_wait wait) {
    publish(end, end->next);
    if (wait != IPC_SPIN)
        wake(end);
    end->sent++;
    end->full = true;
    end->next = head_of(end->sent + 1, end->taken);
}

static inline int put(struct ipc_end *base, enum ipc_wait wait, const void *message, size_t bytes) {
    struct shm_end *end = (struct shm_end *)base;
    copy(room(end, wait, bytes), message, bytes);
    publish_message(end, wait);
    return 0;
}

/* All that can be done before the message is there is done before, since what follows its arrival
 * delays the reply. So it is expected to carry the receipt for our last one, as a reply does, and
 * only a message that does not takes that back. */
static inline int take(struct ipc_end *base, enum ipc_wait wait, void *message, size_t bytes) {
    struct shm_end *end = (struct shm_end *)base;
    const unsigned char *from = bytes <= SMALL ? end->small_in : end->large_in;
    if (__builtin_expect(end->told != end->taken, 0))
        tell(end, wait);
    end->taken++;
    end->next = head_of(end->sent + 1, end->taken);
    end->full = false;
    uint64_t head = await(end, wait, SEQUENCE, end->taken);
    if (__builtin_expect(half(head, RECEIPT) != end->sent, 0))
        end->full = true;
    copy(message, from, bytes);
    return 0;
}

static int send_block(struct ipc_end *end, const void *message, size_t bytes) {
    return put(end, IPC_BLOCK, message, bytes);
}

static int recv_block(struct ipc_end *end, void *message, size_t bytes) {
    return take(end, IPC_BLOCK, message, bytes);
}

static int send_spin(struct ipc_end *end, const void *message, size_t bytes) {
    return put(end, IPC_SPIN, message, bytes);
}

static int recv_spin(struct ipc_end *end, void *message, size_t bytes) {
    return take(end, IPC_SPIN, message, bytes);
}

static int send_park(struct ipc_end *end, const void *message, size_t bytes) {
    return put(end, IPC_PARK, message, bytes);
}

static int recv_park(struct ipc_end *end, void *message, size_t bytes) {
    return take(end, IPC_PARK, message, bytes);
}

/* ---- in place ---- */

static int reserve(struct ipc_end *base, size_t bytes, void **message) {
    struct shm_end *end = (struct shm_end *)base;
    *message = room(end, base->link->wait, bytes);
    return 0;
}

static int commit(struct ipc_end *base) {
    struct shm_end *end = (struct shm_end *)base;
    publish_message(end, base->link->wait);
    return 0;
}

/* As take, but what is looked at counts as taken by its release only: until then no receipt that we
 * publish may say so. */
static int peek(struct ipc_end *base, size_t bytes, const void **message) {
    struct shm_end *end = (struct shm_end *)base;
    enum ipc_wait wait = base->link->wait;
    if (end->told != end->taken)
        tell(end, wait);
    end->full = half(await(end, wait, SEQUENCE, end->taken + 1), RECEIPT) != end->sent;
    *message = bytes <= SMALL ? end->small_in : end->large_in;
    return 0;
}

static int release(struct ipc_end *base) {
    struct shm_end *end = (struct shm_end *)base;
    end->taken++;
    end->next = head_of(end->sent + 1, end->taken);
    return 0;
}

static void cleanup(struct ipc_link *base) {
    struct shm_link *link = (struct shm_link *)base;
    if (link->area)
        (void)munmap(link->area, link->area_bytes);
    link->area = NULL;
    ipc_close(&link->fd);
}

static const struct ipc_messages block_messages = {send_block, recv_block};
static const struct ipc_messages spin_messages = {send_spin, recv_spin};
static const struct ipc_messages park_messages = {send_park, recv_park};
static const struct ipc_in_place in_place = {reserve, commit, peek, release};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "shm",
    .summary = "shared memory: a mailbox for each direction; waiting by spinning or futex",
    .group = "core",
    .cost = "2 copies; spinning: no system call; blocking: 1 futex call to sleep, 1 to wake",
    .calls = {.least = 1, .most = 2},
    .link_bytes = sizeof(struct shm_link),
    .end_bytes = sizeof(struct shm_end),
    .knobs = knobs,
    .setup = setup,
    .attach = attach,
    .cleanup = cleanup,
    .messages =
        {[IPC_BLOCK] = &block_messages, [IPC_SPIN] = &spin_messages, [IPC_PARK] = &park_messages},
    .in_place = {[IPC_BLOCK] = &in_place, [IPC_SPIN] = &in_place, [IPC_PARK] = &in_place},
};
