/* SPDX-License-Identifier: MIT */
/* pkg-config: libsystemd */
/*
 * dbus.c - D-Bus from peer to peer through sd-bus, over a pair of AF_UNIX sockets: no broker
 * between.
 *
 * A message is a D-Bus signal that carries an array of bytes. It costs 1 system call to send
 * (sendmsg), and to receive 1 or 2 to read it (its header tells how long it is) and, when the
 * reader sleeps, 1 more (ppoll) and 1 wake-up; copies into the message, into the kernel, out of it
 * and out of the message; and the marshalling at both ends, which is most of it.
 *
 * Signals and not calls with replies, since a transport moves messages one way; the exchange that a
 * caller sees is the same. Both ends trust each other by the socket, which nobody else can reach.
 */
#include "helper.h"

#include <systemd/sd-bus.h>

#define BUS_PATH      "/ipcbench"
#define BUS_INTERFACE "ipcbench.Exchange"
#define BUS_MEMBER    "Message"
/* The largest array that a D-Bus message may hold (D-Bus specification, "Marshalling"). */
#define BUS_MOST_BYTES ((size_t)64 << 20)

struct bus_link {
    struct ipc_link base;
    int fds[IPC_ROLES];
};

struct bus_end {
    struct ipc_end base;
    sd_bus *bus;
};

static int fail(struct ipc_fault *fault, const char *call, int result) {
    bool gone = result == -ENOTCONN || result == -ECONNRESET;
    return ipc_fail_with(fault, call, gone ? EPIPE : -result);
}

static int setup(struct ipc_link *base) {
    struct bus_link *link = (struct bus_link *)base;
    base->note(base->notes, "version", IPC_PACKAGE);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, link->fds) < 0)
        return ipc_fail(&base->fault, "socketpair");
    ipc_note_buffer(link->fds[0], SO_SNDBUF, 0, base->note, base->notes);
    return 0;
}

/* The bus owns its descriptor, the link its own. */
static int open_bus(struct bus_end *end, int fd) {
    struct ipc_fault *fault = &end->base.fault;
    sd_id128_t id;
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (own < 0)
        return ipc_fail(fault, "fcntl(F_DUPFD_CLOEXEC)");
    int result = sd_bus_new(&end->bus);
    if (result >= 0)
        result = sd_bus_set_fd(end->bus, own, own);
    if (result < 0) {
        (void)close(own);
        return fail(fault, "sd_bus_set_fd", result);
    }
    memcpy(id.bytes, end->base.link->token, sizeof id.bytes);
    if (end->base.role == IPC_SERVER)
        result = sd_bus_set_server(end->bus, 1, id);
    if (result >= 0)
        result = sd_bus_set_anonymous(end->bus, 1);
    if (result >= 0)
        result = sd_bus_set_trusted(end->bus, 1);
    if (result >= 0)
        result = sd_bus_start(end->bus);
    return result < 0 ? fail(fault, "sd_bus_start", result) : 0;
}

/* Processes what has come until it is a message; sleeps between, or doesn't. */
static int next_message(struct bus_end *end, bool sleep, sd_bus_message **message) {
    for (;;) {
        *message = NULL;
        int result = sd_bus_process(end->bus, message);
        if (result < 0)
            return fail(&end->base.fault, "sd_bus_process", result);
        if (*message != NULL && sd_bus_message_is_signal(*message, BUS_INTERFACE, BUS_MEMBER) > 0)
            return 0;
        sd_bus_message_unref(*message);
        if (result == 0 && sleep && (result = sd_bus_wait(end->bus, UINT64_MAX)) < 0 &&
            result != -EINTR)
            return fail(&end->base.fault, "sd_bus_wait", result);
    }
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct bus_end *end = (struct bus_end *)base;
    sd_bus_message *signal = NULL;
    int result = sd_bus_message_new_signal(end->bus, &signal, BUS_PATH, BUS_INTERFACE, BUS_MEMBER);
    if (result >= 0)
        result = sd_bus_message_append_array(signal, 'y', message, bytes);
    if (result >= 0)
        result = sd_bus_send(end->bus, signal, NULL);
    sd_bus_message_unref(signal);
    if (result >= 0)
        result = sd_bus_flush(end->bus);
    return result < 0 ? fail(&base->fault, "sd_bus_send", result) : 0;
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct bus_end *end = (struct bus_end *)base;
    sd_bus_message *signal = NULL;
    const void *array = NULL;
    size_t length = 0;
    int error = next_message(end, base->link->wait == IPC_BLOCK, &signal);
    if (error)
        return error;
    int result = sd_bus_message_read_array(signal, 'y', &array, &length);
    if (result < 0)
        error = fail(&base->fault, "sd_bus_message_read_array", result);
    else if (length != bytes)
        error = ipc_fail_with(&base->fault, "sd_bus_message_read_array", EMSGSIZE);
    else
        memcpy(message, array, bytes);
    sd_bus_message_unref(signal);
    return error;
}

static const struct ipc_messages messages = {send_message, recv_message};

static int detach(struct ipc_end *base) {
    struct bus_end *end = (struct bus_end *)base;
    if (end->bus)
        sd_bus_close(end->bus);
    end->bus = sd_bus_unref(end->bus);
    return 0;
}

static int attach(struct ipc_end *base) {
    struct bus_end *end = (struct bus_end *)base;
    int error = open_bus(end, ((const struct bus_link *)base->link)->fds[base->role]);
    if (error == 0)
        error = ipc_greet(base, &messages); /* takes both through the authentication, too */
    if (error)
        (void)detach(base);
    return error;
}

static void cleanup(struct ipc_link *base) {
    struct bus_link *link = (struct bus_link *)base;
    for (int role = 0; role < IPC_ROLES; role++)
        ipc_close(&link->fds[role]);
}

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "dbus",
    .summary = "D-Bus from peer to peer (sd-bus), without a broker",
    .group = "library",
    .cost =
        "3 to 4 system calls, 4 copies, marshalling at both ends, 1 wake-up when the reader sleeps",
    .calls = {.uncounted = true},
    .link_bytes = sizeof(struct bus_link),
    .end_bytes = sizeof(struct bus_end),
    .max_bytes = BUS_MOST_BYTES,
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
};
