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
 * The server listens from setup until its peer is in, on an ephemeral port. It lets in only who
 * comes from the address expected and opens with the trial's token, and counts all others.
 */
#include "helper.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>

#define TCP_CALLERS 32  /* yet to say who they are; the oldest makes room for a new one */
#define TCP_BACKLOG 128 /* connections that the kernel holds for accept */
#define TCP_TOKEN   sizeof(((struct ipc_link *)NULL)->token)

enum tcp_address { TCP_LOCALHOST, TCP_PUBLIC };
enum tcp_family { TCP_V4, TCP_V6 };

union tcp_name {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct tcp_link {
    struct ipc_link base;
    uint64_t address, family, nodelay, sndbuf, rcvbuf;
    union tcp_name name; /* where the server listens */
    int listener;        /* does not block */
};

struct tcp_end {
    struct ipc_end base;
    int fd;
};

struct tcp_caller {
    int fd;
    size_t heard; /* bytes of `said` */
    uint8_t said[TCP_TOKEN];
};

/* The server's door: who stands before it, oldest first. */
struct tcp_door {
    const struct tcp_link *link;
    struct tcp_caller callers[TCP_CALLERS];
    size_t count;
    long long strangers;
};

static const struct ipc_knob knobs[] = {
    {.name = "address",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct tcp_link, address),
     .fallback = "localhost",
     .choices = (const char *const[]){"localhost", "public", NULL},
     .help = "the loopback address, or the address by which others know this host"},
    {.name = "family",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct tcp_link, family),
     .fallback = "4",
     .choices = (const char *const[]){"4", "6", NULL},
     .help = "IP version; 6 only with address=localhost"},
    {.name = "nodelay",
     .kind = IPC_KNOB_FLAG,
     .offset = offsetof(struct tcp_link, nodelay),
     .fallback = "1",
     .high = 1,
     .help = "1 sends each message at once (TCP_NODELAY), 0 lets Nagle's algorithm gather them"},
    {.name = "sndbuf",
     .kind = IPC_KNOB_BYTES,
     .offset = offsetof(struct tcp_link, sndbuf),
     .fallback = "0",
     .high = 1u << 30,
     .help = "send buffer in bytes (SO_SNDBUF); 0 leaves it to the kernel's autotuning"},
    {.name = "rcvbuf",
     .kind = IPC_KNOB_BYTES,
     .offset = offsetof(struct tcp_link, rcvbuf),
     .fallback = "0",
     .high = 1u << 30,
     .help = "receive buffer in bytes (SO_RCVBUF); 0 leaves it to the kernel's autotuning"},
    {.name = NULL}};

static const struct ipc_preset presets[] = {
    {.name = "tcp-localhost",
     .knobs = "address=localhost",
     .summary = "TCP over the loopback address"},
    {.name = "tcp-public",
     .knobs = "address=public",
     .summary = "TCP over an address of this host that is not loopback"},
    {.name = NULL}};

static socklen_t name_bytes(const union tcp_name *name) {
    return name->any.sa_family == AF_INET6 ? sizeof name->v6 : sizeof name->v4;
}

static bool same_host(const union tcp_name *a, const union tcp_name *b) {
    if (a->any.sa_family != b->any.sa_family)
        return false;
    return a->any.sa_family == AF_INET6 ? IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr)
                                        : a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

static int refuse(struct ipc_fault *fault, int error, const char *sentence) {
    (void)snprintf(fault->detail, sizeof fault->detail, "%s", sentence);
    return ipc_fail_with(fault, "choosing an address", error);
}

/* The address that the knobs ask for, as text and as a name with port 0. */
static int choose_name(struct tcp_link *link, const char **text, union tcp_name *name) {
    static const struct ipc_network nothing = {.why_none = "no public address is known"};
    const struct ipc_network *network = link->base.network ? link->base.network : &nothing;
    bool public = link->address == TCP_PUBLIC, v6 = link->family == TCP_V6;
    if (public && v6)
        return refuse(&link->base.fault, EAFNOSUPPORT,
                      "the public address is one of IPv4: leave out family=6");
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

/* A socket that is bound to the name; *fd is open on failure too. */
static int open_bound(const union tcp_name *name, int *fd, struct ipc_fault *fault) {
    *fd = socket(name->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
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

static int probe(struct ipc_link *base) {
    union tcp_name name;
    const char *text = NULL;
    int fd = 0;
    int error = choose_name((struct tcp_link *)base, &text, &name);
    if (error)
        return error;
    error = open_bound(&name, &fd, &base->fault);
    ipc_close(&fd);
    if (error)
        (void)snprintf(base->fault.detail, sizeof base->fault.detail,
                       "this host has no use of its address %s (%s: %s)", text, base->fault.call,
                       strerror(-error));
    return error;
}

static int setup(struct ipc_link *base) {
    struct tcp_link *link = (struct tcp_link *)base;
    struct ipc_fault *fault = &base->fault;
    const char *text = NULL;
    int error = choose_name(link, &text, &link->name);
    if (error == 0)
        error = open_bound(&link->name, &link->listener, fault);
    if (error == 0)
        error = set_buffers(link, link->listener, fault);
    if (error == 0)
        error = ipc_nonblock(link->listener, fault);
    if (error)
        return error;
    socklen_t room = sizeof link->name;
    if (listen(link->listener, TCP_BACKLOG) < 0)
        return ipc_fail(fault, "listen");
    if (getsockname(link->listener, &link->name.any, &room) < 0)
        return ipc_fail(fault, "getsockname");
    base->note(base->notes, "address", text);
    return 0;
}

/* A connect that a signal interrupts goes on by itself. */
static int finish_connect(int fd, struct ipc_fault *fault) {
    struct pollfd connected = {.fd = fd, .events = POLLOUT};
    int outcome = 0;
    socklen_t room = sizeof outcome;
    while (poll(&connected, 1, -1) < 0)
        if (errno != EINTR)
            return ipc_fail(fault, "poll");
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &outcome, &room) < 0)
        return ipc_fail(fault, "getsockopt(SO_ERROR)");
    return outcome ? ipc_fail_with(fault, "connect", outcome) : 0;
}

static int call_server(const struct tcp_link *link, int *fd, struct ipc_fault *fault) {
    union tcp_name own = link->name;
    own.v4.sin_port = 0; /* IPv6 has it at the same place */
    int error = open_bound(&own, fd, fault);
    if (error == 0)
        error = set_buffers(link, *fd, fault);
    if (error == 0 && connect(*fd, &link->name.any, name_bytes(&link->name)) < 0)
        error = errno == EINTR ? finish_connect(*fd, fault) : ipc_fail(fault, "connect");
    return error ? error : ipc_send_all(*fd, link->base.token, TCP_TOKEN, fault);
}

static void forget(struct tcp_door *door, size_t which) {
    struct tcp_caller *caller = &door->callers[which];
    memmove(caller, caller + 1, (--door->count - which) * sizeof *caller);
}

static void turn_away(struct tcp_door *door, size_t which) {
    (void)close(door->callers[which].fd);
    door->strangers++;
    forget(door, which);
}

/* Takes as long for a token that differs early as for one that differs late. */
static bool same_token(const uint8_t *a, const uint8_t *b) {
    unsigned differs = 0;
    for (size_t i = 0; i < TCP_TOKEN; i++)
        differs |= (unsigned)(a[i] ^ b[i]);
    return differs == 0;
}

/* Reads what the caller has said so far: 1 is the peer, 0 can't tell yet, -1 a stranger. */
static int hear(struct tcp_caller *caller, const uint8_t *token) {
    ssize_t got =
        recv(caller->fd, caller->said + caller->heard, TCP_TOKEN - caller->heard, MSG_DONTWAIT);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    caller->heard += (size_t)got;
    if (got > 0 && caller->heard < TCP_TOKEN)
        return 0;
    return got > 0 && same_token(caller->said, token) ? 1 : -1;
}

/* The peer's descriptor, or 0 when it isn't among those who stand at the door. */
static int hear_all(struct tcp_door *door) {
    for (size_t i = door->count; i-- > 0;) {
        int verdict = hear(&door->callers[i], door->link->base.token);
        if (verdict > 0) {
            int fd = door->callers[i].fd;
            forget(door, i);
            return fd;
        }
        if (verdict < 0)
            turn_away(door, i);
    }
    return 0;
}

/* Opens to one caller: 1, or 0 when nobody waits, or a negative errno. */
static int open_door(struct tcp_door *door, struct ipc_fault *fault) {
    union tcp_name from = {0};
    socklen_t room = sizeof from;
    int fd = accept4(door->link->listener, &from.any, &room, SOCK_CLOEXEC);
    if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED || errno == EPROTO))
        return 0;
    if (fd < 0)
        return ipc_fail(fault, "accept");
    if (!same_host(&from, &door->link->name)) {
        (void)close(fd);
        door->strangers++;
        return 1;
    }
    if (door->count == TCP_CALLERS)
        turn_away(door, 0);
    door->callers[door->count++] = (struct tcp_caller){.fd = fd};
    return 1;
}

static int wait_at_door(const struct tcp_door *door, struct ipc_fault *fault) {
    struct pollfd all[TCP_CALLERS + 1];
    all[door->count] = (struct pollfd){.fd = door->link->listener, .events = POLLIN};
    for (size_t i = 0; i < door->count; i++)
        all[i] = (struct pollfd){.fd = door->callers[i].fd, .events = POLLIN};
    if (poll(all, door->count + 1, -1) < 0 && errno != EINTR)
        return ipc_fail(fault, "poll");
    return 0;
}

/* Lets in nobody else: who came meanwhile counts as a stranger. A shutdown also ends the copies of
 * the listener that other processes inherited. */
static int shut_door(struct tcp_door *door, struct ipc_fault *fault) {
    int more = 1;
    for (int i = 0; i <= TCP_BACKLOG && more > 0; i++)
        more = open_door(door, fault);
    if (more < 0)
        return more;
    return shutdown(door->link->listener, SHUT_RDWR) < 0 ? ipc_fail(fault, "shutdown") : 0;
}

/* Everybody at the door is heard before the next caller is let near it, so a crowd can only push
 * out who stays silent. */
static int find_peer(struct tcp_door *door, int *fd, struct ipc_fault *fault) {
    for (;;) {
        int error = wait_at_door(door, fault);
        if (error)
            return error;
        *fd = hear_all(door);
        if (*fd > 0)
            return 0;
        int opened = open_door(door, fault);
        if (opened < 0)
            return opened;
    }
}

static int meet_peer(const struct tcp_link *link, int *fd, struct ipc_end *end) {
    struct tcp_door door = {.link = link};
    int error = find_peer(&door, fd, &end->fault);
    if (error == 0)
        error = shut_door(&door, &end->fault);
    while (door.count > 0)
        turn_away(&door, 0);
    ipc_note_number(end->note, end->notes, "strangers", door.strangers);
    return error;
}

static void note_connection(struct tcp_end *end) {
    const struct tcp_link *link = (const struct tcp_link *)end->base.link;
    static const struct {
        const char *name;
        int option;
    } numbers[] = {{"nodelay", TCP_NODELAY}, {"mss", TCP_MAXSEG}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int value = 0;
        socklen_t room = sizeof value;
        if (getsockopt(end->fd, IPPROTO_TCP, numbers[i].option, &value, &room) == 0)
            ipc_note_number(end->base.note, end->base.notes, numbers[i].name, value);
    }
    char control[16] = "";
    socklen_t room = sizeof control - 1;
    if (getsockopt(end->fd, IPPROTO_TCP, TCP_CONGESTION, control, &room) == 0)
        end->base.note(end->base.notes, "congestion control", control);
    ipc_note_buffer(end->fd, SO_SNDBUF, link->sndbuf, end->base.note, end->base.notes);
    ipc_note_buffer(end->fd, SO_RCVBUF, link->rcvbuf, end->base.note, end->base.notes);
}

static int attach(struct ipc_end *base) {
    struct tcp_end *end = (struct tcp_end *)base;
    const struct tcp_link *link = (const struct tcp_link *)base->link;
    int nodelay = (int)link->nodelay;
    int error = base->role == IPC_CLIENT ? call_server(link, &end->fd, &base->fault)
                                         : meet_peer(link, &end->fd, base);
    if (error == 0 && setsockopt(end->fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, sizeof nodelay) < 0)
        error = ipc_fail(&base->fault, "setsockopt(TCP_NODELAY)");
    if (error == 0 && base->link->wait == IPC_SPIN)
        error = ipc_nonblock(end->fd, &base->fault);
    if (error)
        ipc_close(&end->fd);
    else
        note_connection(end);
    return error;
}

static int detach(struct ipc_end *base) {
    ipc_close(&((struct tcp_end *)base)->fd);
    return 0;
}

static void cleanup(struct ipc_link *base) {
    ipc_close(&((struct tcp_link *)base)->listener);
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    return ipc_send_all(((struct tcp_end *)base)->fd, message, bytes, &base->fault);
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    return ipc_recv_all(((struct tcp_end *)base)->fd, message, bytes, &base->fault);
}

static const struct ipc_messages messages = {send_message, recv_message};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "tcp",
    .summary = "one TCP connection between two addresses of this host",
    .group = "core",
    .cost = "2 system calls, 2 copies, the TCP/IP stack twice, 1 wake-up when the reader sleeps",
    .link_bytes = sizeof(struct tcp_link),
    .end_bytes = sizeof(struct tcp_end),
    .knobs = knobs,
    .presets = presets,
    .needs = IPC_NETWORK,
    .probe = probe,
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
};
