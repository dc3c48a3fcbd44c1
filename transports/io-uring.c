/* SPDX-License-Identifier: MIT */
/* pkg-config: liburing */
/*
 * io-uring.c - sends and receives through io_uring, on a pair of AF_UNIX stream sockets or on a TCP
 * connection over the loopback address. One call after the other, as a ping-pong wants it: what a
 * ring saves by gathering many requests into one system call does not come to bear.
 *
 * A message costs 2 system calls (io_uring_enter, which submits a send and finds it done; and the
 * same for the receive, which it waits for), 2 copies, and, when the reader sleeps, 1 wake-up; with
 * buffers=registered 2 copies more, into and out of memory that the ring knows, since the caller's
 * is not registered. The socket is a registered file. A ring has one user only and runs its
 * completions when that one waits (SINGLE_ISSUER, DEFER_TASKRUN), where the kernel has these; a
 * receiver that spins needs them to run by themselves.
 */
#include "connection.h"

#include <arpa/inet.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#define RING_ENTRIES 8
#define TCP_BACKLOG  16
#define FILE_INDEX   0 /* of the socket among the registered files */

enum uring_socket { URING_UNIX, URING_TCP };
enum uring_buffers { URING_CALLER, URING_REGISTERED };
enum uring_buffer { URING_OUT, URING_IN, URING_BUFFERS }; /* indices of the registered buffers */

struct uring_link {
    struct ipc_link base;
    uint64_t socket, buffers;
    int fds[IPC_ROLES]; /* by the role that uses it; connected in setup */
};

struct uring_end {
    struct ipc_end base;
    struct io_uring ring;
    bool spin, registered;
    struct iovec buffers[URING_BUFFERS];
};

static const struct ipc_knob knobs[] = {
    {.name = "socket",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct uring_link, socket),
     .fallback = "unix",
     .choices = (const char *const[]){"unix", "tcp", NULL},
     .help = "AF_UNIX stream sockets, or TCP over the loopback address"},
    {.name = "buffers",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct uring_link, buffers),
     .fallback = "caller",
     .choices = (const char *const[]){"caller", "registered", NULL},
     .help = "the caller's memory, or registered memory and a copy to it or from it"},
    {.name = NULL}};

static const struct ipc_preset presets[] = {
    {.name = "io-uring-unix",
     .knobs = "socket=unix",
     .summary = "io_uring's send and recv on AF_UNIX stream sockets"},
    {.name = "io-uring-tcp",
     .knobs = "socket=tcp",
     .summary = "io_uring's send and recv on TCP over the loopback address"},
    {.name = NULL}};

static int probe(struct ipc_link *base) {
    struct io_uring ring;
    int result = io_uring_queue_init(RING_ENTRIES, &ring, 0);
    if (result >= 0) {
        io_uring_queue_exit(&ring);
        return 0;
    }
    (void)snprintf(
        base->fault.detail, sizeof base->fault.detail,
        "io_uring can't be used here (%s); see sysctl kernel.io_uring_disabled and, in a "
        "container, its seccomp profile",
        strerror(-result));
    return ipc_fail_with(&base->fault, "io_uring_setup", -result);
}

/* ---- the sockets, connected before any end is there ---- */

static int open_bound(struct ipc_fault *fault, int *fd) {
    struct sockaddr_in name = {.sin_family = AF_INET};
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0) {
        *fd = 0;
        return ipc_fail(fault, "socket");
    }
    return bind(*fd, (struct sockaddr *)&name, sizeof name) < 0 ? ipc_fail(fault, "bind") : 0;
}

static bool is_own(const struct sockaddr_in *caller, int fd) {
    struct sockaddr_in own = {0};
    socklen_t room = sizeof own;
    return getsockname(fd, (struct sockaddr *)&own, &room) == 0 &&
           own.sin_port == caller->sin_port && own.sin_addr.s_addr == caller->sin_addr.s_addr;
}

/* Takes callers until one is our own socket, which has called already. */
static int accept_own(struct uring_link *link, int listener) {
    for (int strangers = 0; strangers <= TCP_BACKLOG; strangers++) {
        struct sockaddr_in caller = {0};
        int error = connection_take(listener, 0, (struct sockaddr *)&caller, sizeof caller,
                                    &link->fds[IPC_SERVER], &link->base.fault);
        if (error)
            return error;
        if (is_own(&caller, link->fds[IPC_CLIENT]))
            return 0;
        ipc_close(&link->fds[IPC_SERVER]);
    }
    return ipc_fail_with(&link->base.fault, "accept, from too many strangers,", ECONNREFUSED);
}

static int connect_tcp(struct uring_link *link) {
    static const int on = 1;
    struct ipc_fault *fault = &link->base.fault;
    struct sockaddr_in name = {0};
    socklen_t room = sizeof name;
    int listener = 0;
    int error = open_bound(fault, &listener);
    if (error == 0 && (listen(listener, TCP_BACKLOG) < 0 ||
                       getsockname(listener, (struct sockaddr *)&name, &room) < 0))
        error = ipc_fail(fault, "listen");
    if (error == 0)
        error = open_bound(fault, &link->fds[IPC_CLIENT]);
    if (error == 0)
        error = connection_call(link->fds[IPC_CLIENT], (struct sockaddr *)&name, room, fault);
    if (error == 0)
        error = accept_own(link, listener);
    ipc_close(&listener);
    for (int role = 0; role < IPC_ROLES && error == 0; role++)
        if (setsockopt(link->fds[role], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
            error = ipc_fail(fault, "setsockopt(TCP_NODELAY)");
    if (error == 0)
        link->base.note(link->base.notes, "address", "127.0.0.1");
    return error;
}

static int setup(struct ipc_link *base) {
    struct uring_link *link = (struct uring_link *)base;
    base->note(base->notes, "version", IPC_PACKAGE);
    if (link->socket == URING_TCP)
        return connect_tcp(link);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, link->fds) < 0)
        return ipc_fail(&base->fault, "socketpair");
    return 0;
}

/* ---- the ring ---- */

/* The best settings that this kernel takes. Where completions are deferred, a flag in the ring
 * tells whoever polls it that there is one to be fetched; without it each would interrupt him. */
static int open_ring(struct uring_end *end) {
    static const struct {
        unsigned flags;
        const char *name;
    } settings[] = {
        {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
         "SINGLE_ISSUER DEFER_TASKRUN TASKRUN_FLAG"},
        {IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG, "COOP_TASKRUN TASKRUN_FLAG"},
        {0, "none"}};
    int result = -EINVAL;
    for (size_t i = 0; i < sizeof settings / sizeof *settings && result == -EINVAL; i++) {
        result = io_uring_queue_init(RING_ENTRIES, &end->ring, settings[i].flags);
        if (result >= 0)
            end->base.note(end->base.notes, "ring", settings[i].name);
    }
    return result < 0 ? ipc_fail_with(&end->base.fault, "io_uring_queue_init", -result) : 0;
}

static void free_buffers(struct uring_end *end) {
    for (int i = 0; i < URING_BUFFERS; i++) {
        free(end->buffers[i].iov_base);
        end->buffers[i].iov_base = NULL;
    }
}

static int register_buffers(struct uring_end *end) {
    size_t bytes = (end->base.link->max_bytes + 4095) / 4096 * 4096;
    for (int i = 0; i < URING_BUFFERS; i++) {
        end->buffers[i] = (struct iovec){aligned_alloc(4096, bytes), bytes};
        if (end->buffers[i].iov_base == NULL)
            return ipc_fail_with(&end->base.fault, "aligned_alloc", ENOMEM);
        memset(end->buffers[i].iov_base, 0, bytes);
    }
    int result = io_uring_register_buffers(&end->ring, end->buffers, URING_BUFFERS);
    if (result == -ENOMEM)
        (void)snprintf(end->base.fault.detail, sizeof end->base.fault.detail,
                       "registered memory must fit RLIMIT_MEMLOCK (ulimit -l)");
    return result < 0 ? ipc_fail_with(&end->base.fault, "io_uring_register_buffers", -result) : 0;
}

static int detach(struct ipc_end *base) {
    struct uring_end *end = (struct uring_end *)base;
    io_uring_queue_exit(&end->ring);
    free_buffers(end);
    return 0;
}

static int attach(struct ipc_end *base) {
    struct uring_end *end = (struct uring_end *)base;
    const struct uring_link *link = (const struct uring_link *)base->link;
    end->spin = base->link->wait == IPC_SPIN;
    end->registered = link->buffers == URING_REGISTERED;
    int error = open_ring(end);
    if (error)
        return error;
    int result = io_uring_register_files(&end->ring, &link->fds[base->role], 1);
    if (result < 0)
        error = ipc_fail_with(&base->fault, "io_uring_register_files", -result);
    if (error == 0 && end->registered)
        error = register_buffers(end);
    if (error)
        (void)detach(base);
    return error;
}

/* ---- messages ---- */

/* Submits the one request that was prepared, and returns its result once it is done. */
static int complete(struct uring_end *end) {
    struct io_uring_cqe *completion = NULL;
    int result;
    do /* refused for a moment: it is still queued */
        result = end->spin ? io_uring_submit(&end->ring) : io_uring_submit_and_wait(&end->ring, 1);
    while (result == -EAGAIN || (result == -EINTR && io_uring_sq_ready(&end->ring) > 0));
    while (completion == NULL && (result >= 0 || result == -EINTR)) {
        result = end->spin ? io_uring_peek_cqe(&end->ring, &completion)
                           : io_uring_wait_cqe(&end->ring, &completion);
        if (result == -EAGAIN) {
            ipc_relax();
            result = 0;
        }
    }
    if (completion == NULL)
        return result;
    result = completion->res;
    io_uring_cqe_seen(&end->ring, completion);
    return result;
}

static void prepare(struct uring_end *end, struct io_uring_sqe *request, bool out, char *at,
                    size_t bytes) {
    if (end->registered && out)
        io_uring_prep_write_fixed(request, FILE_INDEX, at, (unsigned)bytes, 0, URING_OUT);
    else if (end->registered)
        io_uring_prep_read_fixed(request, FILE_INDEX, at, (unsigned)bytes, 0, URING_IN);
    else if (out)
        io_uring_prep_send(request, FILE_INDEX, at, bytes, MSG_NOSIGNAL | MSG_WAITALL);
    else
        io_uring_prep_recv(request, FILE_INDEX, at, bytes, MSG_WAITALL);
    request->flags |= IOSQE_FIXED_FILE;
}

/* Moves all bytes, by as many requests as that takes. */
static int move(struct uring_end *end, bool out, void *memory, size_t bytes) {
    const char *call = out ? "io_uring's send" : "io_uring's recv";
    char *at = memory;
    while (bytes > 0) {
        struct io_uring_sqe *request = io_uring_get_sqe(&end->ring);
        if (request == NULL)
            return ipc_fail_with(&end->base.fault, "io_uring_get_sqe", EBUSY);
        prepare(end, request, out, at, bytes);
        int done = complete(end);
        if (done == -EINTR || done == -EAGAIN)
            continue;
        if (done <= 0)
            return ipc_fail_with(&end->base.fault, call,
                                 done == 0 || done == -ECONNRESET ? EPIPE : -done);
        at += done;
        bytes -= (size_t)done;
    }
    return 0;
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct uring_end *end = (struct uring_end *)base;
    void *from = (void *)(uintptr_t)message; /* which a send only reads */
    if (end->registered)
        from = memcpy(end->buffers[URING_OUT].iov_base, message, bytes);
    return move(end, true, from, bytes);
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct uring_end *end = (struct uring_end *)base;
    void *to = end->registered ? end->buffers[URING_IN].iov_base : message;
    int error = move(end, false, to, bytes);
    if (error == 0 && to != message)
        memcpy(message, to, bytes);
    return error;
}

static void cleanup(struct ipc_link *base) {
    struct uring_link *link = (struct uring_link *)base;
    for (int role = 0; role < IPC_ROLES; role++)
        ipc_close(&link->fds[role]);
}

static const struct ipc_messages messages = {send_message, recv_message};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "io-uring",
    .summary = "sockets through io_uring",
    .group = "library",
    .cost =
        "2 system calls, 2 copies (4 with registered buffers), 1 wake-up when the reader sleeps",
    .calls = {.least = 2, .most = 2},
    .link_bytes = sizeof(struct uring_link),
    .end_bytes = sizeof(struct uring_end),
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
