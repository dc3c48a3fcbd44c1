/* SPDX-License-Identifier: MIT */
/*
 * door.h - a listening socket that lets in only the trial's own peer: who comes from the address
 * expected and opens with the trial's token. All others are closed and counted. For the transports
 * that listen where others can call (tcp.c, vsock.c).
 */
#ifndef IPC_DOOR_H
#define IPC_DOOR_H

#include "helper.h"

#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <poll.h>

#define DOOR_CALLERS 32  /* yet to say who they are; the oldest makes room for a new one */
#define DOOR_BACKLOG 128 /* connections that the kernel holds for accept */
#define DOOR_TOKEN   sizeof(((struct ipc_link *)NULL)->token)

struct door_caller {
    int fd;
    size_t heard; /* bytes of `said` */
    uint8_t said[DOOR_TOKEN];
};

/* Who stands before it, oldest first. */
struct door {
    int listener;                     /* does not block */
    const uint8_t *token;             /* DOOR_TOKEN bytes */
    struct sockaddr_storage expected; /* the peer's host; its port doesn't matter */
    struct door_caller callers[DOOR_CALLERS];
    size_t count;
    long long strangers;
};

/* Where an address of this family says which host it is; its port doesn't matter. */
struct door_host {
    sa_family_t family;
    size_t at, bytes;
};

static inline bool door_same_host(const struct sockaddr_storage *a,
                                  const struct sockaddr_storage *b) {
    static const struct door_host hosts[] = {
        {AF_INET, offsetof(struct sockaddr_in, sin_addr), sizeof(struct in_addr)},
        {AF_INET6, offsetof(struct sockaddr_in6, sin6_addr), sizeof(struct in6_addr)},
        {AF_VSOCK, offsetof(struct sockaddr_vm, svm_cid), sizeof(unsigned)}};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (a->ss_family == hosts[i].family && b->ss_family == hosts[i].family)
            return memcmp((const char *)a + hosts[i].at, (const char *)b + hosts[i].at,
                          hosts[i].bytes) == 0;
    return false;
}

static inline void door_forget(struct door *door, size_t which) {
    struct door_caller *caller = &door->callers[which];
    memmove(caller, caller + 1, (--door->count - which) * sizeof *caller);
}

static inline void door_turn_away(struct door *door, size_t which) {
    (void)close(door->callers[which].fd);
    door->strangers++;
    door_forget(door, which);
}

/* Takes as long for a token that differs early as for one that differs late. */
static inline bool door_same_token(const uint8_t *a, const uint8_t *b) {
    unsigned differs = 0;
    for (size_t i = 0; i < DOOR_TOKEN; i++)
        differs |= (unsigned)(a[i] ^ b[i]);
    return differs == 0;
}

/* Reads what the caller has said so far: 1 is the peer, 0 can't tell yet, -1 a stranger. */
static inline int door_hear(struct door_caller *caller, const uint8_t *token) {
    ssize_t got =
        recv(caller->fd, caller->said + caller->heard, DOOR_TOKEN - caller->heard, MSG_DONTWAIT);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    caller->heard += (size_t)got;
    if (got > 0 && caller->heard < DOOR_TOKEN)
        return 0;
    return got > 0 && door_same_token(caller->said, token) ? 1 : -1;
}

/* The peer's descriptor, or 0 when it isn't among those who stand at the door. */
static inline int door_hear_all(struct door *door) {
    for (size_t i = door->count; i-- > 0;) {
        int verdict = door_hear(&door->callers[i], door->token);
        if (verdict > 0) {
            int fd = door->callers[i].fd;
            door_forget(door, i);
            return fd;
        }
        if (verdict < 0)
            door_turn_away(door, i);
    }
    return 0;
}

/* Opens to one caller: 1, or 0 when nobody waits, or a negative errno. */
static inline int door_open(struct door *door, struct ipc_fault *fault) {
    struct sockaddr_storage from = {0};
    socklen_t room = sizeof from;
    int fd = accept4(door->listener, (struct sockaddr *)&from, &room, SOCK_CLOEXEC);
    if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED || errno == EPROTO))
        return 0;
    if (fd < 0)
        return ipc_fail(fault, "accept");
    if (!door_same_host(&from, &door->expected)) {
        (void)close(fd);
        door->strangers++;
        return 1;
    }
    if (door->count == DOOR_CALLERS)
        door_turn_away(door, 0);
    door->callers[door->count++] = (struct door_caller){.fd = fd};
    return 1;
}

static inline int door_wait(const struct door *door, struct ipc_fault *fault) {
    struct pollfd all[DOOR_CALLERS + 1];
    all[door->count] = (struct pollfd){.fd = door->listener, .events = POLLIN};
    for (size_t i = 0; i < door->count; i++)
        all[i] = (struct pollfd){.fd = door->callers[i].fd, .events = POLLIN};
    if (poll(all, door->count + 1, -1) < 0 && errno != EINTR)
        return ipc_fail(fault, "poll");
    return 0;
}

/* Lets in nobody else: who came meanwhile counts as a stranger. A shutdown also ends the copies of
 * the listener that other processes inherited. */
static inline int door_shut(struct door *door, struct ipc_fault *fault) {
    int more = 1;
    for (int i = 0; i <= DOOR_BACKLOG && more > 0; i++)
        more = door_open(door, fault);
    if (more < 0)
        return more;
    return shutdown(door->listener, SHUT_RDWR) < 0 ? ipc_fail(fault, "shutdown") : 0;
}

/* Everybody at the door is heard before the next caller is let near it, so a crowd can only push
 * out who stays silent. */
static inline int door_search(struct door *door, int *fd, struct ipc_fault *fault) {
    for (;;) {
        int error = door_wait(door, fault);
        if (error)
            return error;
        *fd = door_hear_all(door);
        if (*fd > 0)
            return 0;
        int opened = door_open(door, fault);
        if (opened < 0)
            return opened;
    }
}

/* Waits for the peer (*fd, to be closed by the caller) and lets in nobody after it. 0 or a negative
 * errno. */
static inline int door_find_peer(struct door *door, int *fd, struct ipc_fault *fault) {
    int error = door_search(door, fd, fault);
    if (error == 0)
        error = door_shut(door, fault);
    while (door->count > 0)
        door_turn_away(door, 0);
    return error;
}

#endif
