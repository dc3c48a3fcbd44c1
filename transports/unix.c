/* SPDX-License-Identifier: MIT */
/*
 * unix.c - a connected pair of AF_UNIX stream sockets.
 *
 * A message costs 2 system calls (one send, one recv), 2 copies (into a buffer of the kernel that
 * is queued on the peer's socket, and out of it), 1 allocation of that buffer and its release, and,
 * when the reader sleeps, 1 wake-up. No protocol stack lies between. A message beyond the send
 * buffer costs further sends and recvs when spinning, and further wake-ups when blocking.
 */
#include "helper.h"

struct unix_link {
    struct ipc_link base;
    uint64_t sndbuf;
    int fds[IPC_ROLES]; /* by the role that uses it */
};

struct unix_end {
    struct ipc_end base;
    int fd; /* the link's own */
};

static const struct ipc_knob knobs[] = {
    {.name = "sndbuf",
     .kind = IPC_KNOB_BYTES,
     .offset = offsetof(struct unix_link, sndbuf),
     .fallback = "0",
     .high = 1u << 30,
     .help = "send buffer in bytes (SO_SNDBUF), the only one that counts here; 0 leaves the "
             "kernel's default"},
    {.name = NULL}};

static int setup(struct ipc_link *base) {
    struct unix_link *link = (struct unix_link *)base;
    int type = SOCK_STREAM | SOCK_CLOEXEC | (base->wait == IPC_SPIN ? SOCK_NONBLOCK : 0);
    if (socketpair(AF_UNIX, type, 0, link->fds) < 0)
        return ipc_fail(&base->fault, "socketpair");
    for (int role = 0; role < IPC_ROLES; role++) {
        int error = ipc_socket_buffer(link->fds[role], SO_SNDBUF, link->sndbuf, &base->fault);
        if (error)
            return error;
    }
    ipc_note_buffer(link->fds[IPC_SERVER], SO_SNDBUF, link->sndbuf, base->note, base->notes);
    return 0;
}

static int attach(struct ipc_end *base) {
    ((struct unix_end *)base)->fd = ((const struct unix_link *)base->link)->fds[base->role];
    return 0;
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    return ipc_send_all(((struct unix_end *)base)->fd, message, bytes, &base->fault);
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    return ipc_recv_all(((struct unix_end *)base)->fd, message, bytes, &base->fault);
}

static void cleanup(struct ipc_link *base) {
    struct unix_link *link = (struct unix_link *)base;
    for (int role = 0; role < IPC_ROLES; role++)
        ipc_close(&link->fds[role]);
}

static const struct ipc_messages messages = {send_message, recv_message};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "unix",
    .summary = "a connected pair of AF_UNIX stream sockets",
    .group = "core",
    .cost = "2 system calls, 2 copies, 1 buffer allocated, 1 wake-up when the reader sleeps",
    .link_bytes = sizeof(struct unix_link),
    .end_bytes = sizeof(struct unix_end),
    .knobs = knobs,
    .setup = setup,
    .attach = attach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
};
