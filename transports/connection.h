/* SPDX-License-Identifier: MIT */
/*
 * connection.h - meeting and parting by sockets, again and again: what the transports do alike
 * whose ends make a connection for each exchange (struct ipc_connections of transport.h).
 */
#ifndef IPC_CONNECTION_H
#define IPC_CONNECTION_H

#include "helper.h"

#include <poll.h>

/* The knob SO_LINGER. */
enum connection_linger { CONNECTION_OFF, CONNECTION_WAIT, CONNECTION_RESET };
#define CONNECTION_LINGERS ((const char *const[]){"off", "wait", "reset", NULL})
#define CONNECTION_LINGER_HELP                                                                    \
    "SO_LINGER of the client, in the workload connect: off (close returns at once), wait (until " \
    "all has arrived, 1 s at most), reset (nothing is kept, no TIME_WAIT)"
#define CONNECTION_BACKLOG_HELP                                                             \
    "connections that the kernel holds for accept, as given to listen(2), in the workload " \
    "connect; "                                                                             \
    "beyond net.core.somaxconn it counts as that"

/* What is asked of the client's socket before it closes. */
static inline int connection_linger(int fd, uint64_t how, struct ipc_fault *fault) {
    const struct linger linger = {.l_onoff = 1, .l_linger = how == CONNECTION_WAIT ? 1 : 0};
    if (how != CONNECTION_OFF && setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) < 0)
        return ipc_fail(fault, "setsockopt(SO_LINGER)");
    return 0;
}

/* A connect that a signal interrupts goes on by itself. */
static inline int connection_finish(int fd, struct ipc_fault *fault) {
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

/* Connects. On a socket that does not block it spins until it is through: while one is being made,
 * a further connect says EALREADY, and on AF_UNIX EAGAIN means that the server's queue is full. A
 * signal interrupts only the wait for TCP's handshake, but on AF_UNIX all of it: a further connect
 * tells. */
static inline int connection_call(int fd, const struct sockaddr *name, socklen_t bytes,
                                  struct ipc_fault *fault) {
    while (connect(fd, name, bytes) < 0) {
        if (errno == EISCONN)
            return 0;
        if (errno == EINTR) {
            int error = connection_finish(fd, fault);
            if (error)
                return error;
            continue;
        }
        if (errno != EINPROGRESS && errno != EALREADY && errno != EAGAIN)
            return ipc_fail(fault, "connect");
    }
    return 0;
}

/* Takes the next caller, who is there or is awaited; spins on a listener that does not block.
 * `from` may be NULL. */
static inline int connection_take(int listener, int flags, struct sockaddr *from, socklen_t room,
                                  int *fd, struct ipc_fault *fault) {
    for (;;) {
        socklen_t bytes = room;
        *fd = accept4(listener, from, from ? &bytes : NULL, SOCK_CLOEXEC | flags);
        if (*fd >= 0)
            return 0;
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED && errno != EPROTO)
            break;
    }
    *fd = 0;
    return ipc_fail(fault, "accept");
}

/* The server's side of parting: nothing more may come but the end, which a reset is too. */
static inline int connection_await_end(int fd, struct ipc_fault *fault) {
    char byte;
    for (;;) {
        ssize_t came = recv(fd, &byte, 1, 0);
        if (came == 0 || (came < 0 && errno == ECONNRESET))
            return 0;
        if (came > 0)
            return ipc_fail_with(fault, "recv, of more than one message,", EMSGSIZE);
        if (errno != EAGAIN && errno != EINTR)
            return ipc_fail(fault, "recv");
    }
}

static inline int connection_hang_up(enum ipc_role role, int *fd, struct ipc_fault *fault) {
    int error = role == IPC_SERVER ? connection_await_end(*fd, fault) : 0;
    ipc_close(fd);
    return error;
}

/* The number after a word in /proc/net/sockstat: of IPv4 and IPv6 together. */
static inline uint64_t connection_waiting(void) {
    char line[256];
    unsigned long waiting = 0;
    FILE *file = fopen("/proc/net/sockstat", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *at = strncmp(line, "TCP:", 4) == 0 ? strstr(line, " tw ") : NULL;
        if (at != NULL)
            waiting = strtoul(at + 4, NULL, 10);
    }
    if (file != NULL)
        (void)fclose(file);
    return waiting;
}

/* How many TCP connections may be made here in the time of a TIME_WAIT (a minute), so that a
 * quarter of the ports stays free for others. At least 1, since 0 means any number. */
static inline uint64_t connection_budget(void) {
    unsigned long low = 32768, high = 60999;
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    if (file != NULL && fscanf(file, "%lu %lu", &low, &high) != 2)
        low = 32768, high = 60999;
    if (file != NULL)
        (void)fclose(file);
    uint64_t most = high >= low ? (high - low + 1) / 4 * 3 : 0;
    uint64_t waiting = connection_waiting();
    return most > waiting + 1 ? most - waiting : 1;
}

#endif
