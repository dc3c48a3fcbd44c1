/* SPDX-License-Identifier: MIT */
/*
 * vsock.c - one AF_VSOCK stream over this host's own address (VMADDR_CID_LOCAL): what guests and
 * hosts speak with each other, here without any guest between.
 *
 * A message costs 2 system calls (one send, one recv), 2 copies (into a packet of the kernel's and
 * out of it), a work item that a kernel thread carries over, and up to 2 wake-ups: that thread's
 * and the reader's.
 *
 * A virtual machine may call at the port, so only who comes from this host and opens with the
 * trial's token gets in.
 */
#include "connection.h"
#include "door.h"

struct vsock_link {
    struct ipc_link base;
    struct sockaddr_vm name; /* where the server listens */
    int listener;            /* does not block */
};

struct vsock_end {
    struct ipc_end base;
    int fd;
};

static int open_socket(int *fd, struct ipc_fault *fault) {
    *fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd >= 0)
        return 0;
    *fd = 0;
    return ipc_fail(fault, "socket(AF_VSOCK)");
}

static int setup(struct ipc_link *base) {
    struct vsock_link *link = (struct vsock_link *)base;
    struct ipc_fault *fault = &base->fault;
    socklen_t room = sizeof link->name;
    link->name = (struct sockaddr_vm){
        .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_LOCAL, .svm_port = VMADDR_PORT_ANY};
    int error = open_socket(&link->listener, fault);
    if (error == 0 && bind(link->listener, (struct sockaddr *)&link->name, room) < 0)
        error = ipc_fail(fault, "bind");
    if (error == 0 && listen(link->listener, DOOR_BACKLOG) < 0)
        error = ipc_fail(fault, "listen");
    if (error == 0 && getsockname(link->listener, (struct sockaddr *)&link->name, &room) < 0)
        error = ipc_fail(fault, "getsockname");
    bool blocks = base->connecting && base->wait != IPC_SPIN;
    return error || blocks ? error : ipc_nonblock(link->listener, fault);
}

static void cleanup(struct ipc_link *base) {
    ipc_close(&((struct vsock_link *)base)->listener);
}

/* Whether anything carries packets to this host itself shows only in a connection. */
static int probe(struct ipc_link *base) {
    struct vsock_link *link = (struct vsock_link *)base;
    int fd = 0;
    int error = setup(base);
    if (error == 0)
        error = open_socket(&fd, &base->fault);
    if (error == 0)
        error = connection_call(fd, (const struct sockaddr *)&link->name, sizeof link->name,
                                &base->fault);
    ipc_close(&fd);
    cleanup(base);
    if (error)
        (void)snprintf(
            base->fault.detail, sizeof base->fault.detail,
            "this host carries no vsock packets to itself (%s: %s); load the module for that "
            "(modprobe vsock_loopback)",
            base->fault.call, strerror(-error));
    return error;
}

static int call_server(const struct vsock_link *link, int *fd, struct ipc_fault *fault) {
    int error = open_socket(fd, fault);
    if (error == 0)
        error =
            connection_call(*fd, (const struct sockaddr *)&link->name, sizeof link->name, fault);
    return error ? error : ipc_send_all(*fd, link->base.token, DOOR_TOKEN, fault);
}

static int meet_peer(const struct vsock_link *link, int *fd, struct ipc_end *end) {
    struct door door = {.listener = link->listener, .token = link->base.token};
    memcpy(&door.expected, &link->name, sizeof link->name);
    int error = door_find_peer(&door, fd, &end->fault);
    ipc_note_number(end->note, end->notes, "strangers", door.strangers);
    return error;
}

static int attach(struct ipc_end *base) {
    struct vsock_end *end = (struct vsock_end *)base;
    const struct vsock_link *link = (const struct vsock_link *)base->link;
    if (base->link->connecting)
        return 0;
    int error = base->role == IPC_CLIENT ? call_server(link, &end->fd, &base->fault)
                                         : meet_peer(link, &end->fd, base);
    if (error == 0 && base->link->wait == IPC_SPIN)
        error = ipc_nonblock(end->fd, &base->fault);
    if (error)
        ipc_close(&end->fd);
    return error;
}

static int detach(struct ipc_end *base) {
    ipc_close(&((struct vsock_end *)base)->fd);
    return 0;
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    return ipc_send_all(((struct vsock_end *)base)->fd, message, bytes, &base->fault);
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    return ipc_recv_all(((struct vsock_end *)base)->fd, message, bytes, &base->fault);
}

static const struct ipc_messages messages = {send_message, recv_message};

static int descriptor(const struct ipc_end *base) {
    return ((const struct vsock_end *)base)->fd;
}

static const struct ipc_descriptors descriptors = {descriptor, descriptor};

/* ---- a connection for each exchange ---- */

static int fits(struct ipc_link *base) {
    (void)base;
    return 0;
}

static int connect_once(struct ipc_end *base) {
    struct vsock_end *end = (struct vsock_end *)base;
    const struct vsock_link *link = (const struct vsock_link *)base->link;
    int error = open_socket(&end->fd, &base->fault);
    if (error == 0 && link->base.wait == IPC_SPIN)
        error = ipc_nonblock(end->fd, &base->fault);
    return error ? error
                 : connection_call(end->fd, (const struct sockaddr *)&link->name, sizeof link->name,
                                   &base->fault);
}

static int accept_one(struct ipc_end *base) {
    const struct vsock_link *link = (const struct vsock_link *)base->link;
    int flags = link->base.wait == IPC_SPIN ? SOCK_NONBLOCK : 0;
    return connection_take(link->listener, flags, NULL, 0, &((struct vsock_end *)base)->fd,
                           &base->fault);
}

static int hang_up(struct ipc_end *base) {
    return connection_hang_up(base->role, &((struct vsock_end *)base)->fd, &base->fault);
}

static const struct ipc_connections connections = {
    .fits = fits, .connect = connect_once, .accept = accept_one, .hang_up = hang_up};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "vsock",
    .summary = "AF_VSOCK over this host's own address, as between a guest and its host",
    .group = "kernel",
    .cost = "2 system calls, 2 copies, a kernel thread between, up to 2 wake-ups",
    .calls = {.least = 2, .most = 2},
    .link_bytes = sizeof(struct vsock_link),
    .end_bytes = sizeof(struct vsock_end),
    .probe = probe,
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
    .descriptors = &descriptors,
    .connections = &connections,
};
