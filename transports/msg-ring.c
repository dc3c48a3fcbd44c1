/* SPDX-License-Identifier: MIT */
/* pkg-config: liburing */
/*
 * msg-ring.c - io_uring's MSG_RING: each end has a ring, and puts its message as a completion into
 * the ring of the other: a notification that carries 8 bytes.
 *
 * A message costs at most 2 system calls (io_uring_enter to submit it, and to wait for it; a
 * receiver that spins, or that finds it there, makes none) and, when the reader sleeps, 1 wake-up.
 * The bytes travel as the completion's user_data, their number as its result.
 *
 * Newer kernels refuse to pass a ring to another process (SCM_RIGHTS), so both rings are made
 * before the fork and inherited, with their memory; each is used by one end only.
 */
#include "helper.h"

#include <liburing.h>

#define RING_ENTRIES 8

struct msg_ring_link {
    struct ipc_link base;
    struct io_uring rings[IPC_ROLES]; /* by the role that reads */
    int made;                         /* of these */
};

struct msg_ring_end {
    struct ipc_end base;
    struct io_uring ring;
    int peer; /* the descriptor of its ring; the link's own */
};

static int probe(struct ipc_link *base) {
    struct io_uring ring;
    struct ipc_fault *fault = &base->fault;
    int result = io_uring_queue_init(RING_ENTRIES, &ring, 0);
    struct io_uring_probe *known = result < 0 ? NULL : io_uring_get_probe_ring(&ring);
    bool supported = known != NULL && io_uring_opcode_supported(known, IORING_OP_MSG_RING);
    io_uring_free_probe(known);
    if (result >= 0)
        io_uring_queue_exit(&ring);
    if (supported)
        return 0;
    if (result < 0)
        (void)snprintf(fault->detail, sizeof fault->detail,
                       "io_uring can't be used here (%s); see sysctl kernel.io_uring_disabled and, "
                       "in a container, its seccomp profile",
                       strerror(-result));
    else
        (void)snprintf(fault->detail, sizeof fault->detail,
                       "this kernel's io_uring has no MSG_RING; Linux 5.18 and newer have it");
    return ipc_fail_with(fault, "io_uring_setup", result < 0 ? -result : ENOSYS);
}

static void cleanup(struct ipc_link *base) {
    struct msg_ring_link *link = (struct msg_ring_link *)base;
    for (; link->made > 0; link->made--)
        io_uring_queue_exit(&link->rings[link->made - 1]);
}

static int setup(struct ipc_link *base) {
    struct msg_ring_link *link = (struct msg_ring_link *)base;
    base->note(base->notes, "version", IPC_PACKAGE);
    for (; link->made < IPC_ROLES; link->made++) {
        int result = io_uring_queue_init(RING_ENTRIES, &link->rings[link->made], 0);
        if (result < 0)
            return ipc_fail_with(&base->fault, "io_uring_queue_init", -result);
    }
    return 0;
}

/* The end's own view of its ring: what it has queued and not yet submitted. */
static int attach(struct ipc_end *base) {
    struct msg_ring_end *end = (struct msg_ring_end *)base;
    const struct msg_ring_link *link = (const struct msg_ring_link *)base->link;
    end->ring = link->rings[base->role];
    end->peer = link->rings[!base->role].ring_fd;
    return 0;
}

/* Only a failure comes back as a completion of our own, with a negative result. */
static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct msg_ring_end *end = (struct msg_ring_end *)base;
    struct io_uring_sqe *request = io_uring_get_sqe(&end->ring);
    uint64_t data = 0;
    if (request == NULL)
        return ipc_fail_with(&base->fault, "io_uring_get_sqe", EBUSY);
    memcpy(&data, message, bytes);
    io_uring_prep_msg_ring(request, end->peer, (unsigned)bytes, data, 0);
    request->flags |= IOSQE_CQE_SKIP_SUCCESS;
    int result = io_uring_submit(&end->ring);
    return result < 0 ? ipc_fail_with(&base->fault, "io_uring_submit", -result) : 0;
}

static int await_completion(struct msg_ring_end *end, struct io_uring_cqe **completion) {
    bool spin = end->base.link->wait == IPC_SPIN;
    int result;
    while ((result = spin ? io_uring_peek_cqe(&end->ring, completion)
                          : io_uring_wait_cqe(&end->ring, completion)) != 0) {
        if (result != -EAGAIN && result != -EINTR)
            return ipc_fail_with(&end->base.fault, "io_uring_wait_cqe", -result);
        ipc_relax();
    }
    return 0;
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct msg_ring_end *end = (struct msg_ring_end *)base;
    struct io_uring_cqe *completion = NULL;
    int error = await_completion(end, &completion);
    if (error)
        return error;
    int result = completion->res;
    uint64_t data = completion->user_data;
    io_uring_cqe_seen(&end->ring, completion);
    if (result < 0)
        return ipc_fail_with(&base->fault, "MSG_RING", result == -EBADFD ? EPIPE : -result);
    if ((size_t)result != bytes)
        return ipc_fail_with(&base->fault, "MSG_RING", EMSGSIZE);
    memcpy(message, &data, bytes);
    return 0;
}

static const struct ipc_messages messages = {send_message, recv_message};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "msg-ring",
    .summary = "io_uring's MSG_RING: a notification that carries 8 bytes at most",
    .group = "library",
    .cost = "1 to 2 system calls, 1 wake-up when the reader sleeps",
    .calls = {.least = 1, .most = 2},
    .link_bytes = sizeof(struct msg_ring_link),
    .end_bytes = sizeof(struct msg_ring_end),
    .max_bytes = sizeof(uint64_t),
    .no_flow_control = "io_uring refuses or sets aside what its completion queue has no room for",
    .probe = probe,
    .setup = setup,
    .attach = attach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
};
