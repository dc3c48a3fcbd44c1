/* SPDX-License-Identifier: MIT */
/* pkg-config: ck */
/*
 * ck-ring.c - Concurrency Kit's ring (ck_ring, one producer and one consumer) in shared memory for
 * each direction; its entries point to slots, which the ends share at the same address.
 *
 * A message costs 2 copies (into a slot and out of it; none in place), the transfer of the cache
 * lines of its slot, of the ring's entry and of the producer's index, and no system call: ck_ring
 * never sleeps, so it can only spin.
 */
#include "helper.h"

#include <ck_ring.h>
#include <sys/mman.h>

/* ck_ring orders its accesses by barriers that ThreadSanitizer doesn't see. */
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#define ORDER_BEFORE(place) __tsan_release(place)
#define ORDER_AFTER(place)  __tsan_acquire(place)
#else
#define ORDER_BEFORE(place) (void)(place)
#define ORDER_AFTER(place)  (void)(place)
#endif

/* One direction. Behind it lie the ring's entries, and behind these the slots. */
struct ck_way {
    _Alignas(IPC_ALIGN) ck_ring_t ring;
    _Alignas(IPC_ALIGN) ck_ring_buffer_t entries[];
};

struct ck_slot {
    _Alignas(IPC_ALIGN) size_t bytes;
    unsigned char message[];
};

struct ck_link {
    struct ipc_link base;
    uint64_t entries;
    unsigned char *area; /* both ways, by the role that reads */
    size_t area_bytes, way_bytes, head_bytes, slot_bytes;
};

struct ck_end {
    struct ipc_end base;
    struct ck_way *in, *out; /* the link's own */
    unsigned char *slots;    /* of the way out */
    size_t slot_bytes, slot_count, next;
    struct ck_slot *filling, *reading; /* in place: what is the caller's */
};

static const struct ipc_knob knobs[] = {
    {.name = "entries",
     .kind = IPC_KNOB_NUMBER,
     .offset = offsetof(struct ck_link, entries),
     .fallback = "8",
     .low = 4,
     .high = 1024,
     .help = "entries of each ring, rounded up to a power of two; it holds one message fewer"},
    {.name = NULL}};

static size_t align(size_t bytes) {
    return (bytes + IPC_ALIGN - 1) / IPC_ALIGN * IPC_ALIGN;
}

static unsigned ring_entries(const struct ck_link *link) {
    unsigned entries = 4;
    while (entries < link->entries)
        entries *= 2;
    return entries;
}

/* The producer fills a slot before it knows that the ring has room, while the consumer may still
 * read the one that it took last: one slot more than entries keeps the two apart. */
static size_t slot_count(const struct ck_link *link) {
    return ring_entries(link) + 1;
}

static struct ck_way *way_to(const struct ck_link *link, int reader) {
    void *way = link->area + (size_t)reader * link->way_bytes;
    return way;
}

static int setup(struct ipc_link *base) {
    struct ck_link *link = (struct ck_link *)base;
    link->head_bytes = align(sizeof(struct ck_way) + ring_entries(link) * sizeof(ck_ring_buffer_t));
    link->slot_bytes = align(sizeof(struct ck_slot) + base->max_bytes);
    link->way_bytes = link->head_bytes + slot_count(link) * link->slot_bytes;
    link->area_bytes = IPC_ROLES * link->way_bytes;
    void *area = mmap(NULL, link->area_bytes, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (area == MAP_FAILED)
        return ipc_fail(&base->fault, "mmap");
    link->area = area;
    for (int role = 0; role < IPC_ROLES; role++)
        ck_ring_init(&way_to(link, role)->ring, ring_entries(link));
    base->note(base->notes, "version", IPC_PACKAGE);
    ipc_note_number(base->note, base->notes, "entries", (long long)ring_entries(link));
    return 0;
}

static int attach(struct ipc_end *base) {
    struct ck_end *end = (struct ck_end *)base;
    const struct ck_link *link = (const struct ck_link *)base->link;
    end->in = way_to(link, (int)base->role);
    end->out = way_to(link, !base->role);
    end->slots = (unsigned char *)end->out + link->head_bytes;
    end->slot_bytes = link->slot_bytes;
    end->slot_count = slot_count(link);
    return 0;
}

static struct ck_slot *slot_to_fill(const struct ck_end *end, size_t bytes) {
    void *at = end->slots + end->next * end->slot_bytes;
    struct ck_slot *slot = at;
    ORDER_AFTER(slot);
    slot->bytes = bytes;
    return slot;
}

static void enqueue(struct ck_end *end, struct ck_slot *slot) {
    ORDER_BEFORE(end->out);
    while (!ck_ring_enqueue_spsc(&end->out->ring, end->out->entries, slot))
        ipc_relax();
    end->next = end->next + 1 == end->slot_count ? 0 : end->next + 1;
}

static int dequeue(struct ck_end *end, size_t bytes, struct ck_slot **slot) {
    while (!ck_ring_dequeue_spsc(&end->in->ring, end->in->entries, slot))
        ipc_relax();
    ORDER_AFTER(end->in);
    return (*slot)->bytes == bytes
               ? 0
               : ipc_fail_with(&end->base.fault, "reading a message's length in its slot",
                               EMSGSIZE);
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct ck_end *end = (struct ck_end *)base;
    struct ck_slot *slot = slot_to_fill(end, bytes);
    memcpy(slot->message, message, bytes);
    enqueue(end, slot);
    return 0;
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct ck_slot *slot = NULL;
    int error = dequeue((struct ck_end *)base, bytes, &slot);
    if (error)
        return error;
    memcpy(message, slot->message, bytes);
    ORDER_BEFORE(slot);
    return 0;
}

static int reserve(struct ipc_end *base, size_t bytes, void **message) {
    struct ck_end *end = (struct ck_end *)base;
    end->filling = slot_to_fill(end, bytes);
    *message = end->filling->message;
    return 0;
}

static int commit(struct ipc_end *base) {
    struct ck_end *end = (struct ck_end *)base;
    enqueue(end, end->filling);
    return 0;
}

static int peek(struct ipc_end *base, size_t bytes, const void **message) {
    struct ck_end *end = (struct ck_end *)base;
    int error = dequeue(end, bytes, &end->reading);
    *message = end->reading->message;
    return error;
}

static int release(struct ipc_end *base) {
    ORDER_BEFORE(((struct ck_end *)base)->reading);
    return 0; /* the slot's turn comes again by itself: slot_count */
}

static void cleanup(struct ipc_link *base) {
    struct ck_link *link = (struct ck_link *)base;
    if (link->area)
        (void)munmap(link->area, link->area_bytes);
    link->area = NULL;
}

static const struct ipc_messages messages = {send_message, recv_message};
static const struct ipc_in_place in_place = {reserve, commit, peek, release};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "ck-ring",
    .summary = "Concurrency Kit's ring (ck_ring) over slots in shared memory",
    .group = "library",
    .cost = "2 copies, no system call",
    .link_bytes = sizeof(struct ck_link),
    .end_bytes = sizeof(struct ck_end),
    .knobs = knobs,
    .setup = setup,
    .attach = attach,
    .cleanup = cleanup,
    .messages = {[IPC_SPIN] = &messages},
    .in_place = {[IPC_SPIN] = &in_place},
};
