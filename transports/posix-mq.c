/* SPDX-License-Identifier: MIT */
/*
 * posix-mq.c - two POSIX message queues, one for each direction.
 *
 * A message costs 2 system calls (one mq_send, one mq_receive), 2 copies (into a message of the
 * kernel's, which is allocated for it, and out of it), and, when the reader sleeps, 1 wake-up. To a
 * reader that sleeps the message is handed directly, without passing through the queue. A receiver
 * must have room for the queue's largest message, whatever comes: a smaller one costs a further
 * copy.
 *
 * The queues lose their names as soon as they are open.
 */
#include "helper.h"

#include <mqueue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* The kernel's own limit, for whoever may pass that of the sysctl (HARD_MSGSIZEMAX,
 * mq_overview(7)). */
#define HARD_MOST_BYTES (16u << 20)
#define QUEUES          2
/* What a queue takes from RLIMIT_MSGQUEUE beside its messages, each: see getrlimit(2); a generous
 * estimate of two structures whose sizes only the kernel knows. */
#define OVERHEAD_BYTES 256

struct posix_mq_link {
    struct ipc_link base;
    uint64_t depth;
    mqd_t to[IPC_ROLES]; /* by the role that reads; a descriptor, and 0 is "none" */
};

struct posix_mq_end {
    struct ipc_end base;
    mqd_t in, out;
    size_t queue_bytes; /* of the largest message */
    char *room;         /* that much */
};

static const struct ipc_knob knobs[] = {{.name = "depth",
                                         .kind = IPC_KNOB_NUMBER,
                                         .offset = offsetof(struct posix_mq_link, depth),
                                         .fallback = "1",
                                         .low = 1,
                                         .high = 10,
                                         .help = "how many messages a queue holds (mq_maxmsg)"},
                                        {.name = NULL}};

/* Both queues must fit into RLIMIT_MSGQUEUE, each with `depth` messages. */
static size_t fit_resource(const struct posix_mq_link *link) {
    struct rlimit most;
    if (getrlimit(RLIMIT_MSGQUEUE, &most) < 0 || most.rlim_cur == RLIM_INFINITY)
        return HARD_MOST_BYTES;
    size_t each = (size_t)most.rlim_cur / (QUEUES * link->depth);
    return each > OVERHEAD_BYTES ? each - OVERHEAD_BYTES : 1;
}

/* The sysctl binds everybody but CAP_SYS_RESOURCE: whether a larger queue can be had is tried. */
static bool may_pass(const struct posix_mq_link *link, size_t bytes) {
    struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = (long)bytes};
    char name[80];
    (void)snprintf(name, sizeof name, "/%s.limit", link->base.name);
    mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
    if (queue < 0)
        return false;
    (void)mq_unlink(name);
    return mq_close(queue) == 0;
}

static size_t limit(struct ipc_link *base) {
    const struct posix_mq_link *link = (const struct posix_mq_link *)base;
    size_t sysctl = ipc_read_number("/proc/sys/fs/mqueue/msgsize_max");
    size_t resource = fit_resource(link);
    bool passes = sysctl > 0 && sysctl < resource && may_pass(link, sysctl + 1);
    bool by_sysctl = sysctl > 0 && sysctl < resource && !passes;
    (void)snprintf(base->fault.detail, sizeof base->fault.detail,
                   by_sysctl ? "/proc/sys/fs/mqueue/msgsize_max allows no more"
                             : "its two queues must fit into RLIMIT_MSGQUEUE (ulimit -q)");
    return by_sysctl ? sysctl : resource;
}

static int make(struct posix_mq_link *link, int role) {
    static const char *const suffixes[IPC_ROLES] = {"to-server", "to-client"};
    struct ipc_fault *fault = &link->base.fault;
    struct mq_attr attributes = {.mq_maxmsg = (long)link->depth,
                                 .mq_msgsize = (long)link->base.max_bytes};
    int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
    char name[80];
    if (link->base.wait == IPC_SPIN)
        flags |= O_NONBLOCK;
    (void)snprintf(name, sizeof name, "/%s.%s", link->base.name, suffixes[role]);
    mqd_t queue = mq_open(name, flags, 0600, &attributes);
    if (queue < 0)
        return ipc_fail(fault, "mq_open");
    link->to[role] = queue;
    return mq_unlink(name) < 0 ? ipc_fail(fault, "mq_unlink") : 0;
}

static int probe(struct ipc_link *base) {
    if (may_pass((const struct posix_mq_link *)base, 64))
        return 0;
    (void)snprintf(base->fault.detail, sizeof base->fault.detail,
                   "this host makes no POSIX message queue (mq_open: %s); its kernel may lack "
                   "CONFIG_POSIX_MQUEUE, or RLIMIT_MSGQUEUE be too small",
                   strerror(errno));
    return ipc_fail(&base->fault, "mq_open");
}

static int setup(struct ipc_link *base) {
    struct posix_mq_link *link = (struct posix_mq_link *)base;
    struct mq_attr got;
    int error = 0;
    for (int role = 0; role < IPC_ROLES && error == 0; role++)
        error = make(link, role);
    if (error)
        return error;
    if (mq_getattr(link->to[0], &got) < 0)
        return ipc_fail(&base->fault, "mq_getattr");
    ipc_note_number(base->note, base->notes, "mq_maxmsg", got.mq_maxmsg);
    ipc_note_number(base->note, base->notes, "mq_msgsize", got.mq_msgsize);
    return 0;
}

static int attach(struct ipc_end *base) {
    struct posix_mq_end *end = (struct posix_mq_end *)base;
    const struct posix_mq_link *link = (const struct posix_mq_link *)base->link;
    end->in = link->to[base->role];
    end->out = link->to[!base->role];
    end->queue_bytes = base->link->max_bytes;
    end->room = malloc(end->queue_bytes);
    return end->room == NULL ? ipc_fail_with(&base->fault, "malloc", ENOMEM) : 0;
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct posix_mq_end *end = (struct posix_mq_end *)base;
    while (mq_send(end->out, message, bytes, 0) < 0)
        if (errno != EAGAIN && errno != EINTR)
            return ipc_fail(&base->fault, "mq_send");
    return 0;
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct posix_mq_end *end = (struct posix_mq_end *)base;
    char *to = bytes == end->queue_bytes ? message : end->room;
    ssize_t came;
    while ((came = mq_receive(end->in, to, end->queue_bytes, NULL)) < 0)
        if (errno != EAGAIN && errno != EINTR)
            return ipc_fail(&base->fault, "mq_receive");
    if (came != (ssize_t)bytes)
        return ipc_fail_with(&base->fault, "mq_receive", EMSGSIZE);
    if (to != message)
        memcpy(message, to, bytes);
    return 0;
}

static int detach(struct ipc_end *base) {
    free(((struct posix_mq_end *)base)->room);
    return 0;
}

static void cleanup(struct ipc_link *base) {
    struct posix_mq_link *link = (struct posix_mq_link *)base;
    for (int role = 0; role < IPC_ROLES; role++) {
        if (link->to[role] > 0)
            (void)mq_close(link->to[role]);
        link->to[role] = 0;
    }
}

static const struct ipc_messages messages = {send_message, recv_message};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "posix-mq",
    .summary = "two POSIX message queues, one for each direction",
    .group = "kernel",
    .cost = "2 system calls, 2 copies, 1 message allocated, 1 wake-up when the reader sleeps",
    .calls = {.least = 2, .most = 2},
    .link_bytes = sizeof(struct posix_mq_link),
    .end_bytes = sizeof(struct posix_mq_end),
    .max_bytes = HARD_MOST_BYTES,
    .knobs = knobs,
    .needs = IPC_OBJECTS,
    .probe = probe,
    .limit = limit,
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
};
