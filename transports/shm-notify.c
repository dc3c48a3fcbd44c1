/* SPDX-License-Identifier: MIT */
/*
 * shm-notify.c - a mailbox in shared memory for each direction, whose messages are announced by
 * what people use for that: POSIX semaphores, SysV semaphores, or eventfds.
 *
 * A message costs 2 copies (into the mailbox and out of it; none in place) and the announcement: by
 * a POSIX semaphore at most 2 system calls (a futex wake-up if the reader sleeps, and its sleep),
 * by a SysV semaphore or an eventfd always 2 (to announce, and to take), and 1 wake-up when the
 * reader sleeps.
 *
 * A message that finds the mailbox full waits until its predecessor was taken out, which a
 * ping-pong never does: blocking, 1 futex call to sleep, and 1 of the reader's to wake the writer.
 *
 * The announcement orders the copies: sem_post and sem_wait by POSIX, the two others since the
 * kernel takes locks in them. C knows of no order by a system call, so the mailbox also counts its
 * messages by an atomic, which the reader compares: a wake-up without a message is found, not taken
 * for one.
 */
#include "helper.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sem.h>

enum notify_kind { NOTIFY_POSIX_SEM, NOTIFY_SYSV_SEM, NOTIFY_EVENTFD, NOTIFY_KINDS };

/* One direction. The message follows the struct. */
struct notify_box {
    _Alignas(IPC_ALIGN) sem_t ready;
    _Atomic uint64_t count;                     /* messages put in so far */
    _Alignas(IPC_ALIGN) _Atomic uint64_t taken; /* and taken out: written by the reader */
    _Atomic uint32_t writer_sleeps;
    _Alignas(IPC_ALIGN) unsigned char message[];
};

struct notify_link {
    struct ipc_link base;
    uint64_t notify;
    unsigned char *area; /* both boxes */
    size_t area_bytes, box_bytes;
    int semaphores; /* SysV: the identifier and 1, so that 0 is "none" */
    int events[IPC_ROLES];
};

struct notify_end {
    struct ipc_end base;
    struct notify_box *in, *out; /* the link's own */
    const struct notify_kind_table *kind;
    uint64_t sent, taken;
    int in_id, out_id; /* eventfds, or the numbers of the semaphores */
    int semaphores;
};

/* How an announcement is made and taken. `take` returns 0 once it has one; -EAGAIN: none yet. */
struct notify_kind_table {
    int (*post)(struct notify_end *end);
    int (*take)(struct notify_end *end, bool sleep);
};

static const struct ipc_knob knobs[] = {
    {.name = "notify",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct notify_link, notify),
     .fallback = "posix-sem",
     .choices = (const char *const[]){"posix-sem", "sysv-sem", "eventfd", NULL},
     .help = "what announces a message"},
    {.name = NULL}};

static const struct ipc_calls two_calls = {.least = 2, .most = 2};

static const struct ipc_preset presets[] = {
    {.name = "shm-posix-sem",
     .knobs = "notify=posix-sem",
     .summary = "shared memory, announced by POSIX semaphores"},
    {.name = "shm-sysv-sem",
     .knobs = "notify=sysv-sem",
     .summary = "shared memory, announced by SysV semaphores",
     .calls = &two_calls},
    {.name = "shm-eventfd",
     .knobs = "notify=eventfd",
     .summary = "shared memory, announced by eventfds",
     .calls = &two_calls},
    {.name = NULL}};

/* ---- announcements ---- */

static int post_posix(struct notify_end *end) {
    return sem_post(&end->out->ready) < 0 ? ipc_fail(&end->base.fault, "sem_post") : 0;
}

static int take_posix(struct notify_end *end, bool sleep) {
    if ((sleep ? sem_wait(&end->in->ready) : sem_trywait(&end->in->ready)) == 0)
        return 0;
    return errno == EAGAIN || errno == EINTR
               ? -EAGAIN
               : ipc_fail(&end->base.fault, sleep ? "sem_wait" : "sem_trywait");
}

static int operate(struct notify_end *end, int number, short change, short flags) {
    struct sembuf operation = {(unsigned short)number, change, flags};
    if (semop(end->semaphores, &operation, 1) == 0)
        return 0;
    if (errno == EAGAIN || errno == EINTR)
        return -EAGAIN;
    return errno == EIDRM ? ipc_fail_with(&end->base.fault, "semop", EPIPE)
                          : ipc_fail(&end->base.fault, "semop");
}

static int post_sysv(struct notify_end *end) {
    int error;
    while ((error = operate(end, end->out_id, 1, 0)) == -EAGAIN)
        continue;
    return error;
}

static int take_sysv(struct notify_end *end, bool sleep) {
    return operate(end, end->in_id, -1, sleep ? 0 : IPC_NOWAIT);
}

static int post_event(struct notify_end *end) {
    while (eventfd_write(end->out_id, 1) < 0)
        if (errno != EAGAIN && errno != EINTR)
            return ipc_fail(&end->base.fault, "eventfd_write");
    return 0;
}

/* Its mode is the descriptor's, by which setup knew how the ends wait. */
static int take_event(struct notify_end *end, bool sleep) {
    eventfd_t value;
    (void)sleep;
    if (eventfd_read(end->in_id, &value) == 0)
        return 0;
    return errno == EAGAIN || errno == EINTR ? -EAGAIN : ipc_fail(&end->base.fault, "eventfd_read");
}

static const struct notify_kind_table kinds[NOTIFY_KINDS] = {
    [NOTIFY_POSIX_SEM] = {post_posix, take_posix},
    [NOTIFY_SYSV_SEM] = {post_sysv, take_sysv},
    [NOTIFY_EVENTFD] = {post_event, take_event},
};

/* ---- making it ---- */

/* semctl's last argument, which the caller has to declare (semctl(2)). */
union notify_argument {
    int value;
    unsigned short *values;
};

static struct notify_box *box_of(const struct notify_link *link, int reader) {
    void *box = link->area + (size_t)reader * link->box_bytes;
    return box;
}

static int make_semaphores(struct notify_link *link) {
    unsigned short zeros[IPC_ROLES] = {0};
    int set = semget(ipc_key(&link->base), IPC_ROLES, IPC_CREAT | IPC_EXCL | 0600);
    if (set < 0)
        return ipc_fail(&link->base.fault, "semget");
    link->semaphores = set + 1;
    if (semctl(set, 0, SETALL, (union notify_argument){.values = zeros}) < 0)
        return ipc_fail(&link->base.fault, "semctl(SETALL)");
    return 0;
}

static int make_events(struct notify_link *link) {
    int flags = EFD_CLOEXEC | (link->base.wait == IPC_SPIN ? EFD_NONBLOCK : 0);
    for (int role = 0; role < IPC_ROLES; role++) {
        int fd = eventfd(0, flags);
        if (fd < 0)
            return ipc_fail(&link->base.fault, "eventfd");
        link->events[role] = fd;
    }
    return 0;
}

static int make_posix(struct notify_link *link) {
    for (int role = 0; role < IPC_ROLES; role++)
        if (sem_init(&box_of(link, role)->ready, 1, 0) < 0)
            return ipc_fail(&link->base.fault, "sem_init");
    return 0;
}

static int setup(struct ipc_link *base) {
    static int (*const makers[NOTIFY_KINDS])(struct notify_link *) = {
        [NOTIFY_POSIX_SEM] = make_posix,
        [NOTIFY_SYSV_SEM] = make_semaphores,
        [NOTIFY_EVENTFD] = make_events,
    };
    struct notify_link *link = (struct notify_link *)base;
    size_t room = (base->max_bytes + IPC_ALIGN - 1) / IPC_ALIGN * IPC_ALIGN;
    link->box_bytes = sizeof(struct notify_box) + room;
    link->area_bytes = IPC_ROLES * link->box_bytes;
    void *area = mmap(NULL, link->area_bytes, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (area == MAP_FAILED)
        return ipc_fail(&base->fault, "mmap");
    link->area = area;
    return makers[link->notify](link);
}

static int attach(struct ipc_end *base) {
    struct notify_end *end = (struct notify_end *)base;
    const struct notify_link *link = (const struct notify_link *)base->link;
    bool events = link->notify == NOTIFY_EVENTFD;
    end->in = box_of(link, (int)base->role);
    end->out = box_of(link, !base->role);
    end->in_id = events ? link->events[base->role] : (int)base->role;
    end->out_id = events ? link->events[!base->role] : !base->role;
    end->semaphores = link->semaphores - 1;
    end->kind = &kinds[link->notify];
    return 0;
}

/* ---- messages ---- */

/* The fence puts the flag before the last look at the counter, as the reader puts its counter
 * before its look at the flag: one of them sees the other. */
static void await_room(struct notify_end *end) {
    struct notify_box *box = end->out;
    bool spin = end->base.link->wait == IPC_SPIN;
    uint64_t taken;
    while ((taken = atomic_load_explicit(&box->taken, memory_order_acquire)) != end->sent) {
        if (spin) {
            ipc_relax();
            continue;
        }
        atomic_store(&box->writer_sleeps, 1);
        ipc_fence();
        if (atomic_load_explicit(&box->taken, memory_order_acquire) == taken)
            ipc_futex_wait(ipc_futex_word(&box->taken), (uint32_t)taken);
        atomic_store_explicit(&box->writer_sleeps, 0, memory_order_relaxed);
    }
}

static void give_room(const struct notify_end *end) {
    struct notify_box *box = end->in;
    atomic_store_explicit(&box->taken, end->taken, memory_order_release);
    if (end->base.link->wait == IPC_SPIN)
        return;
    ipc_fence();
    if (atomic_load_explicit(&box->writer_sleeps, memory_order_relaxed) != 0)
        ipc_futex_wake(ipc_futex_word(&box->taken));
}

static int announce(struct notify_end *end) {
    atomic_store_explicit(&end->out->count, ++end->sent, memory_order_release);
    return end->kind->post(end);
}

/* Waits for the next message to be announced. */
static int await_message(struct notify_end *end) {
    bool sleep = end->base.link->wait == IPC_BLOCK;
    int error;
    while ((error = end->kind->take(end, sleep)) != 0)
        if (error != -EAGAIN)
            return error;
    if (atomic_load_explicit(&end->in->count, memory_order_acquire) != ++end->taken)
        return ipc_fail_with(&end->base.fault, "taking a message, which was not the one announced,",
                             EPROTO);
    return 0;
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct notify_end *end = (struct notify_end *)base;
    await_room(end);
    memcpy(end->out->message, message, bytes);
    return announce(end);
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct notify_end *end = (struct notify_end *)base;
    int error = await_message(end);
    if (error)
        return error;
    memcpy(message, end->in->message, bytes);
    give_room(end);
    return 0;
}

static int reserve(struct ipc_end *base, size_t bytes, void **message) {
    struct notify_end *end = (struct notify_end *)base;
    (void)bytes;
    await_room(end);
    *message = end->out->message;
    return 0;
}

static int commit(struct ipc_end *base) {
    return announce((struct notify_end *)base);
}

static int peek(struct ipc_end *base, size_t bytes, const void **message) {
    struct notify_end *end = (struct notify_end *)base;
    (void)bytes;
    *message = end->in->message;
    return await_message(end);
}

static int release(struct ipc_end *base) {
    give_room((const struct notify_end *)base);
    return 0;
}

static void cleanup(struct ipc_link *base) {
    struct notify_link *link = (struct notify_link *)base;
    if (link->area)
        (void)munmap(link->area, link->area_bytes);
    if (link->semaphores > 0)
        (void)semctl(link->semaphores - 1, 0, IPC_RMID);
    link->area = NULL;
    link->semaphores = 0;
    for (int role = 0; role < IPC_ROLES; role++)
        ipc_close(&link->events[role]);
}

static const struct ipc_messages messages = {send_message, recv_message};
static const struct ipc_in_place in_place = {reserve, commit, peek, release};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "shm-notify",
    .summary = "a mailbox in shared memory, and something that announces its messages",
    .group = "kernel",
    .cost =
        "2 copies; 2 system calls (a POSIX semaphore: 1 to 2), 1 wake-up when the reader sleeps",
    .calls = {.least = 1, .most = 2},
    .link_bytes = sizeof(struct notify_link),
    .end_bytes = sizeof(struct notify_end),
    .knobs = knobs,
    .presets = presets,
    .needs = IPC_OBJECTS,
    .setup = setup,
    .attach = attach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
    .in_place = {[IPC_BLOCK] = &in_place, [IPC_SPIN] = &in_place},
};
