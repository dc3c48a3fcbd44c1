/* SPDX-License-Identifier: MIT */
/*
 * udp.c - two UDP sockets over the loopback address, each connected to the other, so that the
 * kernel hands neither of them a stranger's datagram.
 *
 * A message costs 2 system calls (one send, one recv), 2 copies (into a buffer of the kernel, and
 * out of it), the way down and up the UDP/IP stack within the send (with a softirq), and, when the
 * reader sleeps, 1 wake-up. Beyond the MTU of lo (64 KiB) a datagram would be cut into fragments,
 * which its largest size, 65507 bytes (RFC 768 and 791), just avoids.
 *
 * A datagram may be lost, and then its reply never comes. So a receiver that waits for long looks
 * at how many datagrams the kernel has dropped at both sockets: with any at all recv returns
 * -ETIMEDOUT with their number, where a stream goes on and all else fails; without any it waits on.
 * The number is noted at the end also when it is 0.
 */
#include "helper.h"

#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>

#define UDP_MOST_BYTES 65507
#define UDP_LOOK_MS    200      /* how long a blocking receiver waits before it looks for losses */
#define UDP_LOOK_POLLS 1000000u /* and how often a spinning one polls */

enum udp_family { UDP_V4, UDP_V6 };

union udp_name {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct udp_link {
    struct ipc_link base;
    uint64_t family, sndbuf, rcvbuf;
    int fds[IPC_ROLES]; /* by the role that uses it */
};

struct udp_end {
    struct ipc_end base;
    int fd, peer; /* the link's own */
};

static const struct ipc_knob knobs[] = {
    {.name = "family",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct udp_link, family),
     .fallback = "4",
     .choices = (const char *const[]){"4", "6", NULL},
     .help = "IP version"},
    {.name = "sndbuf",
     .kind = IPC_KNOB_BYTES,
     .offset = offsetof(struct udp_link, sndbuf),
     .fallback = "0",
     .high = 1u << 30,
     .help = "send buffer in bytes (SO_SNDBUF); 0 leaves the kernel's default"},
    {.name = "rcvbuf",
     .kind = IPC_KNOB_BYTES,
     .offset = offsetof(struct udp_link, rcvbuf),
     .fallback = "0",
     .high = 1u << 30,
     .help = "receive buffer in bytes (SO_RCVBUF); 0 leaves the kernel's default"},
    {.name = NULL}};

static socklen_t name_bytes(const union udp_name *name) {
    return name->any.sa_family == AF_INET6 ? sizeof name->v6 : sizeof name->v4;
}

static int open_bound(const struct udp_link *link, int *fd, struct ipc_fault *fault) {
    union udp_name name = {.v4 = {.sin_family = AF_INET}};
    name.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (link->family == UDP_V6)
        name.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    *fd = socket(name.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (*fd < 0) {
        *fd = 0;
        return ipc_fail(fault, "socket");
    }
    return bind(*fd, &name.any, name_bytes(&name)) < 0 ? ipc_fail(fault, "bind") : 0;
}

static int probe(struct ipc_link *base) {
    int fd = 0;
    int error = open_bound((struct udp_link *)base, &fd, &base->fault);
    ipc_close(&fd);
    if (error)
        (void)snprintf(base->fault.detail, sizeof base->fault.detail,
                       "this host has no use of its loopback address (%s: %s)", base->fault.call,
                       strerror(-error));
    return error;
}

static int tune(struct udp_link *link, int fd) {
    struct ipc_fault *fault = &link->base.fault;
    const struct timeval look = {.tv_usec = UDP_LOOK_MS * 1000};
    int error = ipc_socket_buffer(fd, SO_SNDBUF, link->sndbuf, fault);
    if (error == 0)
        error = ipc_socket_buffer(fd, SO_RCVBUF, link->rcvbuf, fault);
    if (error == 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &look, sizeof look) < 0)
        error = ipc_fail(fault, "setsockopt(SO_RCVTIMEO)");
    if (error == 0 && link->base.wait == IPC_SPIN)
        error = ipc_nonblock(fd, fault);
    return error;
}

static int point_at(struct udp_link *link, int fd, int peer) {
    union udp_name name = {.v4 = {.sin_family = AF_UNSPEC}};
    socklen_t room = sizeof name;
    if (getsockname(peer, &name.any, &room) < 0)
        return ipc_fail(&link->base.fault, "getsockname");
    return connect(fd, &name.any, room) < 0 ? ipc_fail(&link->base.fault, "connect") : 0;
}

static int setup(struct ipc_link *base) {
    struct udp_link *link = (struct udp_link *)base;
    int error = 0;
    for (int role = 0; role < IPC_ROLES && error == 0; role++)
        error = open_bound(link, &link->fds[role], &base->fault);
    for (int role = 0; role < IPC_ROLES && error == 0; role++)
        error = point_at(link, link->fds[role], link->fds[!role]);
    for (int role = 0; role < IPC_ROLES && error == 0; role++)
        error = tune(link, link->fds[role]);
    if (error)
        return error;
    base->note(base->notes, "address", link->family == UDP_V6 ? "::1" : "127.0.0.1");
    ipc_note_buffer(link->fds[0], SO_SNDBUF, link->sndbuf, base->note, base->notes);
    ipc_note_buffer(link->fds[0], SO_RCVBUF, link->rcvbuf, base->note, base->notes);
    return 0;
}

static int attach(struct ipc_end *base) {
    struct udp_end *end = (struct udp_end *)base;
    const struct udp_link *link = (const struct udp_link *)base->link;
    end->fd = link->fds[base->role];
    end->peer = link->fds[!base->role];
    return 0;
}

/* How many datagrams the kernel dropped at a socket, since there was no room for them. */
static uint32_t drops_of(int fd) {
    uint32_t numbers[SK_MEMINFO_VARS] = {0};
    socklen_t room = sizeof numbers;
    return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, numbers, &room) < 0 ? 0
                                                                      : numbers[SK_MEMINFO_DROPS];
}

/* What the receiver waits for may have been lost on its way here, or the request that it answers on
 * its way there. */
static int look_for_losses(struct udp_end *end) {
    uint32_t drops = drops_of(end->fd) + drops_of(end->peer);
    if (drops == 0)
        return 0;
    (void)snprintf(end->base.fault.detail, sizeof end->base.fault.detail,
                   "the kernel dropped %u datagram%s for want of room; a larger rcvbuf gives more",
                   drops, drops == 1 ? "" : "s");
    return ipc_fail_with(&end->base.fault, "recv, of a datagram that was lost,", ETIMEDOUT);
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    for (;;) {
        if (send(((struct udp_end *)base)->fd, message, bytes, MSG_NOSIGNAL) >= 0)
            return 0;
        if (errno == ECONNREFUSED)
            return ipc_fail_with(&base->fault, "send", EPIPE);
        if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
            return ipc_fail(&base->fault, "send");
    }
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct udp_end *end = (struct udp_end *)base;
    unsigned polls = end->base.link->wait == IPC_SPIN ? UDP_LOOK_POLLS : 1;
    for (unsigned polled = 1;; polled++) {
        ssize_t came = recv(end->fd, message, bytes, MSG_TRUNC);
        if (__builtin_expect(came == (ssize_t)bytes, 1))
            return 0;
        if (came >= 0)
            return ipc_fail_with(&base->fault, "recv", EMSGSIZE);
        if (errno != EAGAIN && errno != EINTR)
            return errno == ECONNREFUSED ? ipc_fail_with(&base->fault, "recv", EPIPE)
                                         : ipc_fail(&base->fault, "recv");
        int error = polled % polls == 0 ? look_for_losses(end) : 0;
        if (error)
            return error;
    }
}

static int detach(struct ipc_end *base) {
    ipc_note_number(base->note, base->notes, "drops", drops_of(((struct udp_end *)base)->fd));
    return 0;
}

static void cleanup(struct ipc_link *base) {
    struct udp_link *link = (struct udp_link *)base;
    for (int role = 0; role < IPC_ROLES; role++)
        ipc_close(&link->fds[role]);
}

static const struct ipc_messages messages = {send_message, recv_message};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "udp",
    .summary = "two UDP sockets over the loopback address; losses are counted",
    .group = "kernel",
    .cost = "2 system calls, 2 copies, the UDP/IP stack twice, 1 wake-up when the reader sleeps",
    .calls = {.least = 2, .most = 2},
    .link_bytes = sizeof(struct udp_link),
    .end_bytes = sizeof(struct udp_end),
    .max_bytes = UDP_MOST_BYTES,
    .no_flow_control = "the kernel drops a datagram that the receiver's buffer has no room for",
    .knobs = knobs,
    .needs = IPC_NETWORK,
    .probe = probe,
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
};
