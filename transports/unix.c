/* SPDX-License-Identifier: MIT */
/*
 * unix.c - a connected pair of AF_UNIX sockets: a byte stream, or packets that keep their
 * boundaries (in sequence, or as datagrams); made as a pair, or found by a name in a folder or by
 * an abstract one.
 *
 * A message costs 2 system calls (one send, one recv), 2 copies (into a buffer of the kernel that
 * is queued on the peer's socket, and out of it), 1 allocation of that buffer and its release, and,
 * when the reader sleeps, 1 wake-up. No protocol stack lies between. On a stream a message beyond
 * the send buffer costs further sends and recvs when spinning, and further wake-ups when blocking;
 * a packet must fit it.
 *
 * Both sockets are connected in setup, so that no name is open when the ends come. Anybody may call
 * at an abstract name until then: only who says he is this very process (SO_PEERCRED) gets in.
 *
 * A connection for each exchange costs further 3 calls at the client (socket, connect, close) and 3
 * at the server (accept, a recv that finds the end, close). Nobody is asked who he is then: a
 * stranger's message is not the one expected, and ends the trial.
 */
#include "connection.h"

#include <sys/un.h>

enum unix_address { UNIX_PAIR, UNIX_PATH, UNIX_ABSTRACT };

/* What the kernel keeps of a send buffer beside a packet's bytes (unix_dgram_sendmsg, af_unix.c).
 */
#define UNIX_OVERHEAD 32
#define UNIX_BACKLOG  16

struct unix_link {
    struct ipc_link base;
    uint64_t type, address, sndbuf, backlog;
    int fds[IPC_ROLES]; /* by the role that uses it */
    int listener;       /* for a connection for each exchange; else 0 */
};

struct unix_end {
    struct ipc_end base;
    int fd; /* the link's own */
    bool packets;
};

static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};

static const struct ipc_knob knobs[] = {
    {.name = "type",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct unix_link, type),
     .fallback = "stream",
     .choices = (const char *const[]){"stream", "seqpacket", "datagram", NULL},
     .help = "a byte stream, packets in sequence, or datagrams"},
    {.name = "address",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct unix_link, address),
     .fallback = "pair",
     .choices = (const char *const[]){"pair", "path", "abstract", NULL},
     .help = "no name at all (socketpair), a name in the file system, or an abstract one"},
    {.name = "sndbuf",
     .kind = IPC_KNOB_BYTES,
     .offset = offsetof(struct unix_link, sndbuf),
     .fallback = "0",
     .high = 1u << 30,
     .help = "send buffer in bytes (SO_SNDBUF), the only one that counts here; 0 leaves the "
             "kernel's default, or takes what a packet needs"},
    {.name = "backlog",
     .kind = IPC_KNOB_NUMBER,
     .offset = offsetof(struct unix_link, backlog),
     .fallback = "128",
     .low = 1,
     .high = 65535,
     .help = CONNECTION_BACKLOG_HELP},
    {.name = NULL}};

static const struct ipc_preset presets[] = {
    {.name = "unix",
     .knobs = "type=stream,address=pair",
     .summary = "a connected pair of AF_UNIX stream sockets"},
    {.name = "unix-path",
     .knobs = "type=stream,address=path",
     .summary = "AF_UNIX stream sockets that met by a name in the file system",
     .group = "kernel"},
    {.name = "unix-abstract",
     .knobs = "type=stream,address=abstract",
     .summary = "AF_UNIX stream sockets that met by an abstract name",
     .group = "kernel"},
    {.name = "unix-seqpacket",
     .knobs = "type=seqpacket,address=pair",
     .summary = "a connected pair of AF_UNIX sockets that keep message boundaries",
     .group = "kernel"},
    {.name = "unix-datagram",
     .knobs = "type=datagram,address=pair",
     .summary = "a connected pair of AF_UNIX datagram sockets",
     .group = "kernel"},
    {.name = NULL}};

static bool has_packets(const struct unix_link *link) {
    return types[link->type] != SOCK_STREAM;
}

/* The buffer that is asked for: the knob's, or what the largest packet needs. The kernel doubles
 * it. */
static uint64_t wanted_buffer(const struct unix_link *link) {
    uint64_t packet = (link->base.max_bytes + UNIX_OVERHEAD + 1) / 2;
    return link->sndbuf == 0 && has_packets(link) && packet > 65536 ? packet : link->sndbuf;
}

/* Beyond net.core.wmem_max where this process may go there. */
static int set_buffer(const struct unix_link *link, int fd, struct ipc_fault *fault) {
    int size = (int)wanted_buffer(link);
    if (size > 0 && setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) == 0)
        return 0;
    return ipc_socket_buffer(fd, SO_SNDBUF, (uint64_t)size, fault);
}

static size_t limit(struct ipc_link *base) {
    const struct unix_link *link = (const struct unix_link *)base;
    int size = 0, fd = has_packets(link) ? socket(AF_UNIX, types[link->type], 0) : -1;
    socklen_t room = sizeof size;
    if (fd < 0)
        return 0;
    if (set_buffer(link, fd, &base->fault) == 0 &&
        getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &room) < 0)
        size = 0;
    (void)close(fd);
    (void)snprintf(base->fault.detail, sizeof base->fault.detail,
                   "a packet must fit the send buffer, which is %d bytes "
                   "(/proc/sys/net/core/wmem_max)",
                   size);
    return size > UNIX_OVERHEAD ? (size_t)size - UNIX_OVERHEAD : 0;
}

/* The name at which `role` is to be found. */
static int make_name(const struct unix_link *link, int role, struct sockaddr_un *name,
                     socklen_t *bytes, struct ipc_fault *fault) {
    const char *file = role == IPC_SERVER ? "server" : "client";
    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (link->address == UNIX_PATH) {
        *bytes = sizeof *name;
        return ipc_path(&link->base, file, name->sun_path, sizeof name->sun_path, fault);
    }
    int length =
        snprintf(name->sun_path + 1, sizeof name->sun_path - 1, "%s-%s", link->base.name, file);
    *bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    return 0;
}

static int open_bound(struct unix_link *link, int role, int *fd) {
    struct ipc_fault *fault = &link->base.fault;
    struct sockaddr_un name;
    socklen_t bytes = 0;
    *fd = socket(AF_UNIX, types[link->type] | SOCK_CLOEXEC, 0);
    if (*fd < 0) {
        *fd = 0;
        return ipc_fail(fault, "socket");
    }
    int error = make_name(link, role, &name, &bytes, fault);
    if (error == 0 && bind(*fd, (struct sockaddr *)&name, bytes) < 0)
        error = ipc_fail(fault, "bind");
    return error;
}

static int call(struct unix_link *link, int fd, int role) {
    struct sockaddr_un name;
    socklen_t bytes = 0;
    int error = make_name(link, role, &name, &bytes, &link->base.fault);
    return error ? error : connection_call(fd, (struct sockaddr *)&name, bytes, &link->base.fault);
}

/* Takes callers until one is this process, which has called already. */
static int accept_own(struct unix_link *link, int listener, long long *strangers) {
    struct ipc_fault *fault = &link->base.fault;
    for (*strangers = 0; *strangers <= UNIX_BACKLOG; ++*strangers) {
        struct ucred caller = {.pid = 0};
        socklen_t room = sizeof caller;
        int *fd = &link->fds[IPC_SERVER];
        int error = connection_take(listener, 0, NULL, 0, fd, fault);
        if (error)
            return error;
        if (getsockopt(*fd, SOL_SOCKET, SO_PEERCRED, &caller, &room) < 0)
            return ipc_fail(fault, "getsockopt(SO_PEERCRED)");
        if (caller.pid == getpid())
            return 0;
        ipc_close(&link->fds[IPC_SERVER]);
    }
    return ipc_fail_with(fault, "accept, from too many strangers,", ECONNREFUSED);
}

static int meet(struct unix_link *link) {
    struct ipc_fault *fault = &link->base.fault;
    long long strangers = 0;
    int listener = 0;
    int error = open_bound(link, IPC_SERVER, &listener);
    if (error == 0 && listen(listener, UNIX_BACKLOG) < 0)
        error = ipc_fail(fault, "listen");
    if (error == 0)
        error = set_buffer(link, listener, fault);
    if (error == 0)
        error = open_bound(link, IPC_CLIENT, &link->fds[IPC_CLIENT]);
    if (error == 0)
        error = call(link, link->fds[IPC_CLIENT], IPC_SERVER);
    if (error == 0)
        error = accept_own(link, listener, &strangers);
    ipc_close(&listener);
    if (error == 0)
        ipc_note_number(link->base.note, link->base.notes, "strangers", strangers);
    return error;
}

/* A datagram socket that is connected takes nothing from anybody else. */
static int point_at_each_other(struct unix_link *link) {
    int error = 0;
    for (int role = 0; role < IPC_ROLES && error == 0; role++)
        error = open_bound(link, role, &link->fds[role]);
    for (int role = 0; role < IPC_ROLES && error == 0; role++)
        error = call(link, link->fds[role], !role);
    return error;
}

static int connect_both(struct unix_link *link) {
    if (link->address == UNIX_PAIR)
        return socketpair(AF_UNIX, types[link->type] | SOCK_CLOEXEC, 0, link->fds) < 0
                   ? ipc_fail(&link->base.fault, "socketpair")
                   : 0;
    return types[link->type] == SOCK_DGRAM ? point_at_each_other(link) : meet(link);
}

/* Who connects for each exchange finds a listener only. */
static int open_listener(struct unix_link *link) {
    struct ipc_fault *fault = &link->base.fault;
    int error = open_bound(link, IPC_SERVER, &link->listener);
    if (error == 0 && listen(link->listener, (int)link->backlog) < 0)
        error = ipc_fail(fault, "listen");
    if (error == 0)
        error = set_buffer(link, link->listener, fault);
    if (error == 0 && link->base.wait == IPC_SPIN)
        error = ipc_nonblock(link->listener, fault);
    return error;
}

static int setup(struct ipc_link *base) {
    struct unix_link *link = (struct unix_link *)base;
    if (base->connecting)
        return open_listener(link);
    int error = connect_both(link);
    for (int role = 0; role < IPC_ROLES && error == 0; role++) {
        error = set_buffer(link, link->fds[role], &base->fault);
        if (error == 0 && base->wait == IPC_SPIN)
            error = ipc_nonblock(link->fds[role], &base->fault);
    }
    if (error == 0)
        ipc_note_buffer(link->fds[IPC_SERVER], SO_SNDBUF, wanted_buffer(link), base->note,
                        base->notes);
    return error;
}

static int attach(struct ipc_end *base) {
    struct unix_end *end = (struct unix_end *)base;
    const struct unix_link *link = (const struct unix_link *)base->link;
    end->fd = base->link->connecting ? 0 : link->fds[base->role];
    end->packets = has_packets(link);
    return 0;
}

/* The link's own stays open: cleanup closes it. */
static int detach(struct ipc_end *base) {
    if (base->link->connecting)
        ipc_close(&((struct unix_end *)base)->fd);
    return 0;
}

static int send_packet(int fd, const void *message, size_t bytes, struct ipc_fault *fault) {
    for (;;) {
        if (send(fd, message, bytes, MSG_NOSIGNAL) >= 0)
            return 0;
        if (errno == ECONNREFUSED || errno == ECONNRESET)
            return ipc_fail_with(fault, "send", EPIPE);
        if (errno != EAGAIN && errno != EINTR)
            return ipc_fail(fault, "send");
    }
}

static int recv_packet(int fd, void *message, size_t bytes, struct ipc_fault *fault) {
    for (;;) {
        ssize_t came = recv(fd, message, bytes, MSG_TRUNC);
        if (came == (ssize_t)bytes)
            return 0;
        if (came >= 0 || errno == ECONNRESET)
            return ipc_fail_with(fault, "recv", came > 0 ? EMSGSIZE : EPIPE);
        if (errno != EAGAIN && errno != EINTR)
            return ipc_fail(fault, "recv");
    }
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct unix_end *end = (struct unix_end *)base;
    if (end->packets)
        return send_packet(end->fd, message, bytes, &base->fault);
    return ipc_send_all(end->fd, message, bytes, &base->fault);
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct unix_end *end = (struct unix_end *)base;
    if (end->packets)
        return recv_packet(end->fd, message, bytes, &base->fault);
    return ipc_recv_all(end->fd, message, bytes, &base->fault);
}

static void cleanup(struct ipc_link *base) {
    struct unix_link *link = (struct unix_link *)base;
    for (int role = 0; role < IPC_ROLES; role++)
        ipc_close(&link->fds[role]);
    ipc_close(&link->listener);
}

static int descriptor(const struct ipc_end *base) {
    return ((const struct unix_end *)base)->fd;
}

static const struct ipc_descriptors descriptors = {descriptor, descriptor};

/* ---- a connection for each exchange ---- */

static int fits(struct ipc_link *base) {
    const struct unix_link *link = (const struct unix_link *)base;
    struct ipc_fault *fault = &base->fault;
    if (link->address != UNIX_PAIR && types[link->type] != SOCK_DGRAM)
        return 0;
    (void)snprintf(fault->detail, sizeof fault->detail,
                   link->address == UNIX_PAIR
                       ? "a socketpair is connected from its start: take unix-path or unix-abstract"
                       : "datagram sockets are not connected: take a stream or seqpackets");
    return ipc_fail_with(fault, "connect", EOPNOTSUPP);
}

static int connect_once(struct ipc_end *base) {
    struct unix_end *end = (struct unix_end *)base;
    const struct unix_link *link = (const struct unix_link *)base->link;
    int flags = SOCK_CLOEXEC | (link->base.wait == IPC_SPIN ? SOCK_NONBLOCK : 0);
    struct sockaddr_un name;
    socklen_t bytes = 0;
    end->fd = socket(AF_UNIX, types[link->type] | flags, 0);
    if (end->fd < 0)
        return end->fd = 0, ipc_fail(&base->fault, "socket");
    int error = make_name(link, IPC_SERVER, &name, &bytes, &base->fault);
    if (error == 0 && wanted_buffer(link) > 0)
        error = set_buffer(link, end->fd, &base->fault);
    return error ? error
                 : connection_call(end->fd, (const struct sockaddr *)&name, bytes, &base->fault);
}

static int accept_one(struct ipc_end *base) {
    const struct unix_link *link = (const struct unix_link *)base->link;
    struct unix_end *end = (struct unix_end *)base;
    int flags = link->base.wait == IPC_SPIN ? SOCK_NONBLOCK : 0;
    int error = connection_take(link->listener, flags, NULL, 0, &end->fd, &base->fault);
    if (error == 0 && wanted_buffer(link) > 0)
        error = set_buffer(link, end->fd, &base->fault);
    return error;
}

static int hang_up(struct ipc_end *base) {
    return connection_hang_up(base->role, &((struct unix_end *)base)->fd, &base->fault);
}

static const struct ipc_connections connections = {
    .fits = fits, .connect = connect_once, .accept = accept_one, .hang_up = hang_up};

static const struct ipc_messages messages = {send_message, recv_message};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "unix",
    .summary = "a connected pair of AF_UNIX sockets",
    .group = "core",
    .cost = "2 system calls, 2 copies, 1 buffer allocated, 1 wake-up when the reader sleeps",
    .calls = {.least = 2, .most = 2},
    .link_bytes = sizeof(struct unix_link),
    .end_bytes = sizeof(struct unix_end),
    .knobs = knobs,
    .presets = presets,
    .needs = IPC_FOLDER,
    .limit = limit,
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
    .descriptors = &descriptors,
    .connections = &connections,
};
