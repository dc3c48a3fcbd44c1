/* SPDX-License-Identifier: MIT */
/*
 * eventfd.c - two eventfds, one for each direction: a notification, whose counter carries the
 * message.
 *
 * A message costs 2 system calls (one write, one read) and, when the reader sleeps, 1 wake-up. It
 * is at most 8 bytes, which travel as the number that is added to the counter, and 1: a counter of
 * 0 is no event. The two numbers that can't be added so are refused. A counter adds up what nobody
 * has read, so one message at a time may be under way in each direction, as in a ping-pong.
 */
#include "helper.h"

#include <string.h>

#define MOST_BYTES 8
/* The largest number that a counter takes is UINT64_MAX - 1 (eventfd(2)). */
#define MOST_NUMBER (UINT64_MAX - 2)

struct eventfd_link {
    struct ipc_link base;
    int to[IPC_ROLES]; /* by the role that reads */
};

struct eventfd_end {
    struct ipc_end base;
    int in, out; /* the link's own */
};

static int setup(struct ipc_link *base) {
    struct eventfd_link *link = (struct eventfd_link *)base;
    int flags = EFD_CLOEXEC | (base->wait == IPC_SPIN ? EFD_NONBLOCK : 0);
    for (int role = 0; role < IPC_ROLES; role++) {
        int fd = eventfd(0, flags);
        if (fd < 0)
            return ipc_fail(&base->fault, "eventfd");
        link->to[role] = fd;
    }
    return 0;
}

static int attach(struct ipc_end *base) {
    struct eventfd_end *end = (struct eventfd_end *)base;
    const struct eventfd_link *link = (const struct eventfd_link *)base->link;
    end->in = link->to[base->role];
    end->out = link->to[!base->role];
    return 0;
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    uint64_t number = 0;
    memcpy(&number, message, bytes);
    if (number > MOST_NUMBER)
        return ipc_fail_with(&base->fault, "adding such a message to a counter", ERANGE);
    number++;
    while (write(((struct eventfd_end *)base)->out, &number, sizeof number) < 0)
        if (errno != EAGAIN && errno != EINTR)
            return ipc_fail(&base->fault, "write");
    return 0;
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    uint64_t number = 0;
    while (read(((struct eventfd_end *)base)->in, &number, sizeof number) < 0)
        if (errno != EAGAIN && errno != EINTR)
            return ipc_fail(&base->fault, "read");
    number--;
    memcpy(message, &number, bytes);
    return 0;
}

static void cleanup(struct ipc_link *base) {
    struct eventfd_link *link = (struct eventfd_link *)base;
    for (int role = 0; role < IPC_ROLES; role++)
        ipc_close(&link->to[role]);
}

static const struct ipc_messages messages = {send_message, recv_message};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "eventfd",
    .summary = "two eventfds: a notification that carries 8 bytes at most",
    .group = "kernel",
    .cost = "2 system calls, 1 wake-up when the reader sleeps",
    .calls = {.least = 2, .most = 2},
    .link_bytes = sizeof(struct eventfd_link),
    .end_bytes = sizeof(struct eventfd_end),
    .max_bytes = MOST_BYTES,
    .one_at_a_time = "a counter adds up what nobody has read",
    .setup = setup,
    .attach = attach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
};
