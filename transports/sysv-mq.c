/* SPDX-License-Identifier: MIT */
/*
 * sysv-mq.c - two SysV message queues, one for each direction.
 *
 * A message costs 2 system calls (one msgsnd, one msgrcv), 2 copies within these (into a message of
 * the kernel's, which is allocated for it, and out of it) and 2 more beside them, since the type
 * must stand before the bytes: each end has a buffer for that. When the reader sleeps, 1 wake-up;
 * to such a reader the message is handed directly.
 *
 * Two queues and not one with two types, since the room in one is shared: an end that fills it
 * would keep its peer from answering. Each has a key that tells whose it is (ipc_key): a queue
 * without one would outlive a trial that was killed, and nobody could tell that it is left over.
 */
#include "helper.h"

#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>

struct sysv_mq_link {
    struct ipc_link base;
    int to[IPC_ROLES]; /* by the role that reads; the identifier and 1, so that 0 is "none" */
};

/* As msgsnd and msgrcv want it; all are of one type, which must not be 0. */
struct sysv_mq_message {
    long type;
    char bytes[];
};

struct sysv_mq_end {
    struct ipc_end base;
    int in, out, flags;
    struct sysv_mq_message *outgoing, *incoming;
};

/* A message must be within msgmax and fit an empty queue: msgmnb, beyond which only
 * CAP_SYS_RESOURCE can make it. */
static size_t limit(struct ipc_link *base) {
    static const char *const paths[] = {"/proc/sys/kernel/msgmax", "/proc/sys/kernel/msgmnb"};
    size_t numbers[] = {ipc_read_number(paths[0]), ipc_read_number(paths[1])};
    int tighter = numbers[1] > 0 && numbers[1] < numbers[0];
    (void)snprintf(base->fault.detail, sizeof base->fault.detail, "%s allows no more",
                   paths[tighter]);
    return numbers[tighter];
}

static int probe(struct ipc_link *base) {
    struct msginfo info;
    if (msgctl(0, IPC_INFO, (struct msqid_ds *)(void *)&info) >= 0)
        return 0;
    (void)snprintf(base->fault.detail, sizeof base->fault.detail,
                   "this host has no SysV message queues (msgctl: %s); its kernel may lack "
                   "CONFIG_SYSVIPC",
                   strerror(errno));
    return ipc_fail(&base->fault, "msgctl(IPC_INFO)");
}

static int make(struct sysv_mq_link *link, enum ipc_role reader) {
    int queue = msgget(ipc_key_of(&link->base, reader), IPC_CREAT | IPC_EXCL | 0600);
    if (queue < 0)
        return ipc_fail(&link->base.fault, "msgget");
    link->to[reader] = queue + 1;
    return 0;
}

static int setup(struct ipc_link *base) {
    struct sysv_mq_link *link = (struct sysv_mq_link *)base;
    struct msqid_ds state;
    int error = make(link, IPC_SERVER);
    if (error == 0)
        error = make(link, IPC_CLIENT);
    if (error)
        return error;
    if (msgctl(link->to[IPC_SERVER] - 1, IPC_STAT, &state) < 0)
        return ipc_fail(&base->fault, "msgctl(IPC_STAT)");
    ipc_note_number(base->note, base->notes, "msg_qbytes", (long long)state.msg_qbytes);
    return 0;
}

static struct sysv_mq_message *make_message(const struct ipc_end *end) {
    return calloc(1, sizeof(struct sysv_mq_message) + end->link->max_bytes);
}

static int detach(struct ipc_end *base) {
    struct sysv_mq_end *end = (struct sysv_mq_end *)base;
    free(end->outgoing);
    free(end->incoming);
    return 0;
}

static int attach(struct ipc_end *base) {
    struct sysv_mq_end *end = (struct sysv_mq_end *)base;
    const struct sysv_mq_link *link = (const struct sysv_mq_link *)base->link;
    end->in = link->to[base->role] - 1;
    end->out = link->to[!base->role] - 1;
    end->flags = base->link->wait == IPC_SPIN ? IPC_NOWAIT : 0;
    end->outgoing = make_message(base);
    end->incoming = make_message(base);
    if (end->outgoing == NULL || end->incoming == NULL) {
        (void)detach(base);
        return ipc_fail_with(&base->fault, "calloc", ENOMEM);
    }
    end->outgoing->type = 1;
    return 0;
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct sysv_mq_end *end = (struct sysv_mq_end *)base;
    memcpy(end->outgoing->bytes, message, bytes);
    while (msgsnd(end->out, end->outgoing, bytes, end->flags) < 0)
        if (errno != EAGAIN && errno != EINTR)
            return errno == EIDRM ? ipc_fail_with(&base->fault, "msgsnd", EPIPE)
                                  : ipc_fail(&base->fault, "msgsnd");
    return 0;
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct sysv_mq_end *end = (struct sysv_mq_end *)base;
    ssize_t came;
    while ((came = msgrcv(end->in, end->incoming, base->link->max_bytes, 0, end->flags)) < 0)
        if (errno != ENOMSG && errno != EINTR)
            return errno == EIDRM ? ipc_fail_with(&base->fault, "msgrcv", EPIPE)
                                  : ipc_fail(&base->fault, "msgrcv");
    if (came != (ssize_t)bytes)
        return ipc_fail_with(&base->fault, "msgrcv", EMSGSIZE);
    memcpy(message, end->incoming->bytes, bytes);
    return 0;
}

static void cleanup(struct ipc_link *base) {
    struct sysv_mq_link *link = (struct sysv_mq_link *)base;
    for (int role = 0; role < IPC_ROLES; role++) {
        if (link->to[role] > 0)
            (void)msgctl(link->to[role] - 1, IPC_RMID, NULL);
        link->to[role] = 0;
    }
}

static const struct ipc_messages messages = {send_message, recv_message};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "sysv-mq",
    .summary = "two SysV message queues, one for each direction",
    .group = "kernel",
    .cost = "2 system calls, 4 copies, 1 message allocated, 1 wake-up when the reader sleeps",
    .calls = {.least = 2, .most = 2},
    .link_bytes = sizeof(struct sysv_mq_link),
    .end_bytes = sizeof(struct sysv_mq_end),
    .needs = IPC_OBJECTS,
    .probe = probe,
    .limit = limit,
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
};
