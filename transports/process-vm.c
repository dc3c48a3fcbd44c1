/* SPDX-License-Identifier: MIT */
/*
 * process-vm.c - process_vm_readv: the receiver copies the message straight out of the sender's
 * memory.
 *
 * A message costs 1 system call that copies it (process_vm_readv, which finds and pins the sender's
 * pages each time), and what tells the receiver where it lies: a mailbox in shared memory, with a
 * futex call to sleep and one to wake when blocking, and none when spinning. 1 copy by the kernel
 * and, since a sender may use its message again as soon as send returns, 1 into a buffer that stays
 * until the answer is there; with staging=0 there is none, and send returns once the receiver has
 * its copy (1 more wake-up when it sleeps).
 *
 * One process may read another's memory that could trace it (ptrace(2)): where Yama restricts that,
 * each end names its peer as the one that may.
 */
#include "helper.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>

/* One direction: written by the sender, but for `taken`. */
struct process_vm_box {
    _Alignas(IPC_ALIGN) _Atomic uint64_t sent; /* messages so far */
    _Atomic uint64_t address, bytes;
    _Atomic pid_t process;
    _Atomic uint32_t reader_sleeps;
    _Alignas(IPC_ALIGN) _Atomic uint64_t taken; /* messages so far; written by the receiver */
    _Atomic uint32_t writer_sleeps;
};

struct process_vm_link {
    struct ipc_link base;
    uint64_t staging;
    struct process_vm_box *boxes; /* by the role that reads */
};

struct process_vm_end {
    struct ipc_end base;
    struct process_vm_box *in, *out; /* the link's own */
    void *staged;
    uint64_t sent, taken, spins;
};

static const struct ipc_knob knobs[] = {
    {.name = "staging",
     .kind = IPC_KNOB_FLAG,
     .offset = offsetof(struct process_vm_link, staging),
     .fallback = "1",
     .high = 1,
     .help = "1 sends from a buffer of its own, 0 from the caller's, and waits until it was read"},
    {.name = NULL}};

/* Whether the sender still sleeps when its message is taken is a matter of chance. */
static const struct ipc_calls direct_calls = {.least = 2, .most = 5};

static const struct ipc_preset presets[] = {
    {.name = "process-vm",
     .knobs = "staging=1",
     .summary = "process_vm_readv: the receiver copies out of the sender's memory"},
    {.name = "process-vm-direct",
     .knobs = "staging=0",
     .summary = "process_vm_readv, out of the caller's own message: send lasts until it was read",
     .calls = &direct_calls,
     .one_at_a_time = "send lasts until the peer has its copy, so two that send would wait for "
                      "each other"},
    {.name = NULL}};

/* Everybody may read himself, unless the call is forbidden altogether. */
static int probe(struct ipc_link *base) {
    char from = 1, to = 0;
    const struct iovec local = {&to, 1}, remote = {&from, 1};
    if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1)
        return 0;
    (void)snprintf(
        base->fault.detail, sizeof base->fault.detail,
        "process_vm_readv is forbidden or unknown here (%s); in a container, allow it in "
        "its seccomp profile or give it CAP_SYS_PTRACE",
        strerror(errno));
    return ipc_fail(&base->fault, "process_vm_readv");
}

static int setup(struct ipc_link *base) {
    struct process_vm_link *link = (struct process_vm_link *)base;
    void *boxes = mmap(NULL, IPC_ROLES * sizeof *link->boxes, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (boxes == MAP_FAILED)
        return ipc_fail(&base->fault, "mmap");
    link->boxes = boxes;
    return 0;
}

/* Without Yama the option is unknown, and not needed. */
static void allow_peer(void) {
    (void)prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
}

static int attach(struct ipc_end *base) {
    struct process_vm_end *end = (struct process_vm_end *)base;
    const struct process_vm_link *link = (const struct process_vm_link *)base->link;
    end->in = &link->boxes[base->role];
    end->out = &link->boxes[!base->role];
    if (link->staging && (end->staged = calloc(1, base->link->max_bytes)) == NULL)
        return ipc_fail_with(&base->fault, "calloc", ENOMEM);
    if (base->link->wait == IPC_PARK)
        end->spins = ipc_spins_in(base->link->spin_budget_ns, &end->in->sent);
    allow_peer();
    atomic_store(&end->out->process, getpid());
    return 0;
}

static int detach(struct ipc_end *base) {
    free(((struct process_vm_end *)base)->staged);
    return 0;
}

/* Moves a counter on and wakes whoever sleeps on it. The fence puts the counter before the look at
 * the flag, as the sleeper puts its flag before its last look at the counter. */
static void tell(const struct ipc_end *end, _Atomic uint64_t *counter, uint64_t value,
                 _Atomic uint32_t *sleeps) {
    atomic_store_explicit(counter, value, memory_order_release);
    if (end->link->wait == IPC_SPIN)
        return;
    ipc_fence();
    if (atomic_load_explicit(sleeps, memory_order_relaxed) != 0)
        ipc_futex_wake(ipc_futex_word(counter));
}

static void sleep_for(_Atomic uint64_t *counter, uint64_t wanted, _Atomic uint32_t *sleeps) {
    uint64_t now;
    while ((now = atomic_load_explicit(counter, memory_order_acquire)) != wanted) {
        atomic_store(sleeps, 1);
        ipc_fence();
        if (atomic_load_explicit(counter, memory_order_acquire) == now)
            ipc_futex_wait(ipc_futex_word(counter), (uint32_t)now);
        atomic_store_explicit(sleeps, 0, memory_order_relaxed);
    }
}

static void await(const struct process_vm_end *end, _Atomic uint64_t *counter, uint64_t wanted,
                  _Atomic uint32_t *sleeps) {
    bool spin = end->base.link->wait == IPC_SPIN;
    for (uint64_t i = 0; spin || i < end->spins; i++) {
        if (atomic_load_explicit(counter, memory_order_acquire) == wanted)
            return;
        ipc_relax();
    }
    sleep_for(counter, wanted, sleeps);
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct process_vm_end *end = (struct process_vm_end *)base;
    struct process_vm_box *box = end->out;
    if (end->staged) {
        await(end, &box->taken, end->sent, &box->writer_sleeps); /* the last one, long since */
        memcpy(end->staged, message, bytes);
        message = end->staged;
    }
    atomic_store_explicit(&box->address, (uint64_t)(uintptr_t)message, memory_order_relaxed);
    atomic_store_explicit(&box->bytes, bytes, memory_order_relaxed);
    tell(base, &box->sent, ++end->sent, &box->reader_sleeps);
    if (!end->staged)
        await(end, &box->taken, end->sent, &box->writer_sleeps);
    return 0;
}

static int copy_from(struct process_vm_end *end, void *message, size_t bytes) {
    uint64_t address = atomic_load_explicit(&end->in->address, memory_order_relaxed);
    pid_t process = atomic_load_explicit(&end->in->process, memory_order_relaxed);
    const struct iovec local = {message, bytes}, remote = {(void *)(uintptr_t)address, bytes};
    ssize_t copied = process_vm_readv(process, &local, 1, &remote, 1, 0);
    if (copied == (ssize_t)bytes)
        return 0;
    if (copied >= 0)
        return ipc_fail_with(&end->base.fault, "process_vm_readv", EMSGSIZE);
    if (errno == EPERM)
        (void)snprintf(end->base.fault.detail, sizeof end->base.fault.detail,
                       "the host forbids to read another process's memory; see "
                       "/proc/sys/kernel/yama/ptrace_scope");
    return errno == ESRCH ? ipc_fail_with(&end->base.fault, "process_vm_readv", EPIPE)
                          : ipc_fail(&end->base.fault, "process_vm_readv");
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct process_vm_end *end = (struct process_vm_end *)base;
    struct process_vm_box *box = end->in;
    await(end, &box->sent, end->taken + 1, &box->reader_sleeps);
    if (atomic_load_explicit(&box->bytes, memory_order_relaxed) != bytes)
        return ipc_fail_with(&base->fault, "reading a message's length", EMSGSIZE);
    int error = copy_from(end, message, bytes);
    if (error == 0)
        tell(base, &box->taken, ++end->taken, &box->writer_sleeps);
    return error;
}

static void cleanup(struct ipc_link *base) {
    struct process_vm_link *link = (struct process_vm_link *)base;
    if (link->boxes)
        (void)munmap(link->boxes, IPC_ROLES * sizeof *link->boxes);
    link->boxes = NULL;
}

static const struct ipc_messages messages = {send_message, recv_message};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "process-vm",
    .summary = "process_vm_readv: the receiver copies out of the sender's memory",
    .group = "kernel",
    .cost =
        "2 copies (1 with staging=0); 1 system call; blocking: 1 futex call to sleep, 1 to wake",
    .calls = {.least = 2, .most = 3},
    .link_bytes = sizeof(struct process_vm_link),
    .end_bytes = sizeof(struct process_vm_end),
    .knobs = knobs,
    .presets = presets,
    .probe = probe,
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages, [IPC_PARK] = &messages},
};
