/* SPDX-License-Identifier: MIT */
/*
 * tcp.c - one TCP connection, over a loopback address or over the host's public one.
 *
 * A message costs 2 system calls (one send, one recv), 2 copies (into the sender's socket buffer
 * and out of the receiver's), and, when the reader sleeps, 1 wake-up. Both addresses are local, so
 * both are routed over lo: within the send the segment passes down and up the whole TCP/IP stack
 * (with a softirq, and an acknowledgement that mostly rides on the answer), touching no device. A
 * message beyond the MSS costs several segments, more wake-ups, and when spinning more calls.
 *
 * Across a veth pair (address=veth) the client's socket lives in a second network namespace, as in
 * another container: the segment also passes two devices and a queue between them. With zerocopy=1
 * a send waits until the kernel is done with the pages, 1 to 2 system calls more; what it says of
 * whether it spared a copy is noted, and over lo and veth it never does (it has to own what it
 * queues).
 *
 * The server listens from setup until its peer is in, on an ephemeral port. It lets in only who
 * comes from the address expected and opens with the trial's token, and counts all others.
 *
 * A connection for each exchange costs further 3 to 5 calls at the client (socket, TCP_NODELAY,
 * connect, close; SO_LINGER) and 3 at the server (accept, a recv that finds the end, close), and 6
 * segments more. No token is spoken then: a stranger's message is not the one expected, and ends
 * the trial.
 */
#include "connection.h"
#include "door.h"
#include "tcp_facts.h"
#include "tcp_link.h"
#include "zerocopy.h"

#include <arpa/inet.h>

struct tcp_end {
    struct ipc_end base;
    int fd;
    bool zerocopy;
    struct zerocopy zero;
    long long strangers;
};

static socklen_t name_bytes(const union tcp_name *name) {
    return name->any.sa_family == AF_INET6 ? sizeof name->v6 : sizeof name->v4;
}

static int refuse(struct ipc_fault *fault, int error, const char *sentence) {
    (void)snprintf(fault->detail, sizeof fault->detail, "%s", sentence);
    return ipc_fail_with(fault, "choosing an address", error);
}

/* The address that the knobs ask for, as text and as a name with port 0. */
static int choose_name(struct tcp_link *link, const char **text, union tcp_name *name) {
    static const struct ipc_network nothing = {.why_none = "no public address is known"};
    const struct ipc_network *network = link->base.network ? link->base.network : &nothing;
    bool public = link->address != TCP_LOCALHOST, v6 = link->family == TCP_V6;
    if (public && v6)
        return refuse(&link->base.fault, EAFNOSUPPORT,
                      "the public address is one of IPv4: leave out family=6");
    if (link->address == TCP_VETH && network->peer_socket == NULL)
        return refuse(&link->base.fault, EOPNOTSUPP,
                      "a second network namespace needs a private first one: leave out --net host, "
                      "and run as root or allow user namespaces");
    if (public && network->public_ipv4 == NULL)
        return refuse(&link->base.fault, EADDRNOTAVAIL, network->why_none);
    *text = public ? network->public_ipv4 : v6 ? "::1" : "127.0.0.1";
    memset(name, 0, sizeof *name);
    name->any.sa_family = v6 ? AF_INET6 : AF_INET;
    void *binary = v6 ? (void *)&name->v6.sin6_addr : (void *)&name->v4.sin_addr;
    if (inet_pton(name->any.sa_family, *text, binary) != 1)
        return refuse(&link->base.fault, EINVAL, "the public address is not one of IPv4");
    return 0;
}

static int protocol_of(const struct tcp_link *link) {
    return link->protocol == TCP_MULTIPATH ? IPPROTO_MPTCP : 0;
}

/* A socket that is bound to the name; *fd is open on failure too. */
static int open_bound(const struct tcp_link *link, const union tcp_name *name, int *fd,
                      struct ipc_fault *fault) {
    *fd = socket(name->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, protocol_of(link));
    if (*fd < 0) {
        *fd = 0;
        return ipc_fail(fault, "socket");
    }
    return bind(*fd, &name->any, name_bytes(name)) < 0 ? ipc_fail(fault, "bind") : 0;
}

/* Before listen and connect, since they settle the window's scale. */
static int set_buffers(const struct tcp_link *link, int fd, struct ipc_fault *fault) {
    int error = ipc_socket_buffer(fd, SO_SNDBUF, link->sndbuf, fault);
    return error ? error : ipc_socket_buffer(fd, SO_RCVBUF, link->rcvbuf, fault);
}

/* What a kernel or its privileges may refuse. Without any, nobody may ask to poll for longer than
 * sysctl net.core.busy_read says. */
static int try_options(const struct tcp_link *link, int fd, struct ipc_fault *fault) {
    int us = (int)link->busypoll, on = 1;
    if (link->zerocopy && setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof on) < 0)
        return ipc_fail(fault, "setsockopt(SO_ZEROCOPY)");
    if (us > 0 && setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL, &us, sizeof us) < 0)
        return ipc_fail(fault, "setsockopt(SO_BUSY_POLL)");
    return 0;
}

/* The client's socket, which only the harness can make in the other namespace. */
static int open_calling(struct tcp_link *link) {
    const struct ipc_network *network = link->base.network;
    struct ipc_fault *fault = &link->base.fault;
    link->caller = link->name;
    link->caller.v4.sin_port = 0; /* IPv6 has it at the same place */
    if (link->address != TCP_VETH)
        return 0;
    int fd = network->peer_socket(network, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, protocol_of(link));
    if (fd < 0)
        return ipc_fail_with(fault, "making a second network namespace", -fd);
    link->calling = fd;
    if (inet_pton(AF_INET, network->peer_ipv4, &link->caller.v4.sin_addr) != 1)
        return refuse(fault, EINVAL, "the peer's address is not one of IPv4");
    return bind(fd, &link->caller.any, name_bytes(&link->caller)) < 0 ? ipc_fail(fault, "bind") : 0;
}

static int probe(struct ipc_link *base) {
    union tcp_name name;
    const char *text = NULL;
    int fd = 0;
    struct tcp_link *link = (struct tcp_link *)base;
    int error = choose_name(link, &text, &name);
    if (error)
        return error;
    error = open_bound(link, &name, &fd, &base->fault);
    if (error == 0)
        error = try_options(link, fd, &base->fault);
    if (error == 0 && link->protocol == TCP_MULTIPATH)
        error = tcp_ask_multipath(fd, &(struct mptcp_info){0}, &base->fault);
    ipc_close(&fd);
    if (error)
        (void)snprintf(base->fault.detail, sizeof base->fault.detail,
                       "this host has no use of %sits address %s with these knobs (%s: %s)",
                       protocol_of(link) ? "Multipath TCP (sysctl net.mptcp.enabled) or of " : "",
                       text, base->fault.call, strerror(-error));
    return error;
}

static int setup(struct ipc_link *base) {
    struct tcp_link *link = (struct tcp_link *)base;
    struct ipc_fault *fault = &base->fault;
    const char *text = NULL;
    int error = choose_name(link, &text, &link->name);
    if (error == 0)
        error = open_bound(link, &link->name, &link->listener, fault);
    if (error == 0)
        error = set_buffers(link, link->listener, fault);
    if (error == 0 && (!base->connecting || base->wait == IPC_SPIN))
        error = ipc_nonblock(link->listener, fault);
    if (error)
        return error;
    socklen_t room = sizeof link->name;
    if (listen(link->listener, base->connecting ? (int)link->backlog : DOOR_BACKLOG) < 0)
        return ipc_fail(fault, "listen");
    if (getsockname(link->listener, &link->name.any, &room) < 0)
        return ipc_fail(fault, "getsockname");
    error = open_calling(link);
    if (error == 0)
        base->note(base->notes, "address", link->calling ? base->network->peer_ipv4 : text);
    return error;
}

static int call_server(const struct tcp_link *link, int *fd, struct ipc_fault *fault) {
    int error = 0;
    if (link->calling == 0)
        error = open_bound(link, &link->caller, fd, fault);
    else if ((*fd = fcntl(link->calling, F_DUPFD_CLOEXEC, 3)) < 0)
        error = ipc_fail(fault, "fcntl(F_DUPFD_CLOEXEC)");
    if (error == 0)
        error = set_buffers(link, *fd, fault);
    if (error == 0)
        error = connection_call(*fd, &link->name.any, name_bytes(&link->name), fault);
    return error ? error : ipc_send_all(*fd, link->base.token, DOOR_TOKEN, fault);
}

static int meet_peer(const struct tcp_link *link, int *fd, struct ipc_end *end) {
    struct door door = {.listener = link->listener, .token = link->base.token};
    memcpy(&door.expected, &link->caller, sizeof link->caller);
    int error = door_find_peer(&door, fd, &end->fault);
    ipc_note_number(end->note, end->notes, "strangers", door.strangers);
    return error;
}

static void note_connection(struct tcp_end *end) {
    const struct tcp_link *link = (const struct tcp_link *)end->base.link;
    struct ipc_end *base = &end->base;
    tcp_note_facts(end->fd, base->note, base->notes);
    if (link->protocol == TCP_MULTIPATH)
        base->note(base->notes, "path", "mptcp");
    ipc_note_buffer(end->fd, SO_SNDBUF, link->sndbuf, base->note, base->notes);
    ipc_note_buffer(end->fd, SO_RCVBUF, link->rcvbuf, base->note, base->notes);
}

static int set_options(struct tcp_end *end) {
    const struct tcp_link *link = (const struct tcp_link *)end->base.link;
    struct ipc_fault *fault = &end->base.fault;
    int nodelay = (int)link->nodelay;
    end->zerocopy = link->zerocopy != 0;
    end->zero =
        (struct zerocopy){.fd = end->fd, .sleeps = link->base.wait != IPC_SPIN, .fault = fault};
    if (setsockopt(end->fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, sizeof nodelay) < 0)
        return ipc_fail(fault, "setsockopt(TCP_NODELAY)");
    int error = try_options(link, end->fd, fault);
    return error || link->protocol != TCP_MULTIPATH ? error : tcp_prove_multipath(end->fd, fault);
}

static int attach(struct ipc_end *base) {
    struct tcp_end *end = (struct tcp_end *)base;
    const struct tcp_link *link = (const struct tcp_link *)base->link;
    if (base->link->connecting)
        return 0;
    int error = base->role == IPC_CLIENT ? call_server(link, &end->fd, &base->fault)
                                         : meet_peer(link, &end->fd, base);
    if (error == 0)
        error = set_options(end);
    if (error == 0 && base->link->wait == IPC_SPIN)
        error = ipc_nonblock(end->fd, &base->fault);
    if (error)
        ipc_close(&end->fd);
    else
        note_connection(end);
    return error;
}

static int detach(struct ipc_end *base) {
    struct tcp_end *end = (struct tcp_end *)base;
    char text[64];
    if (end->zerocopy) {
        (void)snprintf(text, sizeof text, "the kernel copied %u of %u sends", end->zero.copied,
                       end->zero.done);
        base->note(base->notes, "zerocopy", text);
    }
    if (base->link->connecting && base->role == IPC_SERVER)
        ipc_note_number(base->note, base->notes, "strangers", end->strangers);
    ipc_close(&end->fd);
    return 0;
}

static void cleanup(struct ipc_link *base) {
    struct tcp_link *link = (struct tcp_link *)base;
    ipc_close(&link->listener);
    ipc_close(&link->calling);
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    if (__builtin_expect(((struct tcp_end *)base)->zerocopy, 0))
        return zerocopy_send(&((struct tcp_end *)base)->zero, message, bytes);
    return ipc_send_all(((struct tcp_end *)base)->fd, message, bytes, &base->fault);
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    return ipc_recv_all(((struct tcp_end *)base)->fd, message, bytes, &base->fault);
}

static const struct ipc_messages messages = {send_message, recv_message};

static int descriptor(const struct ipc_end *base) {
    return ((const struct tcp_end *)base)->fd;
}

static const struct ipc_descriptors descriptors = {descriptor, descriptor};

/* ---- a connection for each exchange ---- */

static int fits(struct ipc_link *base) {
    if (((struct tcp_link *)base)->address != TCP_VETH)
        return 0;
    return refuse(&base->fault, EOPNOTSUPP,
                  "a client in another network namespace has the one socket that was made for it "
                  "there");
}

static uint64_t budget(struct ipc_link *base) {
    return ((struct tcp_link *)base)->linger == CONNECTION_RESET ? 0 : connection_budget();
}

/* The client's socket is bound to no port beforehand, so that the kernel may choose one by the
 * whole connection. */
static int connect_once(struct ipc_end *base) {
    struct tcp_end *end = (struct tcp_end *)base;
    const struct tcp_link *link = (const struct tcp_link *)base->link;
    int flags = SOCK_STREAM | SOCK_CLOEXEC | (link->base.wait == IPC_SPIN ? SOCK_NONBLOCK : 0);
    end->fd = socket(link->name.any.sa_family, flags, protocol_of(link));
    if (end->fd < 0)
        return end->fd = 0, ipc_fail(&base->fault, "socket");
    int error = set_buffers(link, end->fd, &base->fault);
    if (error == 0)
        error = connection_linger(end->fd, link->linger, &base->fault);
    if (error == 0)
        error = connection_call(end->fd, &link->name.any, name_bytes(&link->name), &base->fault);
    return error ? error : set_options(end);
}

static int accept_one(struct ipc_end *base) {
    struct tcp_end *end = (struct tcp_end *)base;
    const struct tcp_link *link = (const struct tcp_link *)base->link;
    struct sockaddr_storage from = {0}, expected = {0};
    int flags = link->base.wait == IPC_SPIN ? SOCK_NONBLOCK : 0;
    memcpy(&expected, &link->caller, sizeof link->caller);
    for (;; end->strangers++, ipc_close(&end->fd)) {
        int error = connection_take(link->listener, flags, (struct sockaddr *)&from, sizeof from,
                                    &end->fd, &base->fault);
        if (error)
            return error;
        if (door_same_host(&from, &expected))
            return set_options(end);
    }
}

static int hang_up(struct ipc_end *base) {
    return connection_hang_up(base->role, &((struct tcp_end *)base)->fd, &base->fault);
}

static const struct ipc_connections connections = {fits, budget, connect_once, accept_one, hang_up};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "tcp",
    .summary = "one TCP connection between two addresses of this host",
    .group = "core",
    .cost = "2 system calls, 2 copies, the TCP/IP stack twice, 1 wake-up when the reader sleeps",
    .calls = {.least = 2, .most = 2},
    .link_bytes = sizeof(struct tcp_link),
    .end_bytes = sizeof(struct tcp_end),
    .knobs = tcp_knobs,
    .presets = tcp_presets,
    .needs = IPC_NETWORK,
    .probe = probe,
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
    .descriptors = &descriptors,
    .connections = &connections,
};
