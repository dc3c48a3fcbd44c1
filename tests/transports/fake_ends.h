/* SPDX-License-Identifier: MIT */
/*
 * fake_ends.h - what the scripts of fake.c work on: its link, its ends, what a script is, and how
 * bytes move when nothing goes wrong. For fake.c alone.
 */
#ifndef FAKE_ENDS_H
#define FAKE_ENDS_H

#include "helper.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A message and its double fit into the socket's buffer: to send one twice can't block. */
enum { MAX_BYTES = 65536 };

struct fake_link {
    struct ipc_link base;
    uint64_t script, at, side;
    int ends[IPC_ROLES];
    bool set_up; /* else the harness may not call cleanup */
};

struct fake_end {
    struct ipc_end base;
    int fd, flags;
    bool acts; /* the script is this side's */
    uint64_t sent, received;
    unsigned char *last; /* the message sent before this one */
};

/* What goes wrong, and in which operation. An operation that a script leaves out works. */
struct script {
    int (*probe)(struct fake_link *link);
    int (*setup)(struct fake_link *link);
    int (*attach)(struct fake_end *end);
    int (*send)(struct fake_end *end, const unsigned char *message, size_t bytes);
    int (*recv)(struct fake_end *end, unsigned char *message, size_t bytes);
    int (*detach)(struct fake_end *end);
};

static inline int put(struct fake_end *end, const void *from, size_t bytes) {
    const char *at = from;
    while (bytes > 0) {
        ssize_t done = send(end->fd, at, bytes, MSG_NOSIGNAL | end->flags);
        if (done > 0) {
            at += done;
            bytes -= (size_t)done;
        } else if (errno != EAGAIN && errno != EINTR) {
            return ipc_fail(&end->base.fault, "send");
        }
    }
    return 0;
}

static inline int get(struct fake_end *end, void *to, size_t bytes) {
    char *at = to;
    while (bytes > 0) {
        ssize_t done = recv(end->fd, at, bytes, end->flags);
        if (done == 0)
            return ipc_fail_with(&end->base.fault, "recv", EPIPE);
        if (done > 0) {
            at += done;
            bytes -= (size_t)done;
        } else if (errno != EAGAIN && errno != EINTR) {
            return ipc_fail(&end->base.fault, "recv");
        }
    }
    return 0;
}

#endif
