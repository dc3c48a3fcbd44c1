/* SPDX-License-Identifier: MIT */
/*
 * zerocopy.h - sending with MSG_ZEROCOPY (Linux's Documentation/networking/msg_zerocopy.rst) under
 * a contract by which the message is the caller's again when send returns: each send waits until
 * the kernel is done with the pages, and counts how often it copied them after all.
 */
#ifndef IPC_ZEROCOPY_H
#define IPC_ZEROCOPY_H

#include "helper.h"

#include <linux/errqueue.h>
#include <poll.h>

struct zerocopy {
    int fd; /* a connected stream socket with SO_ZEROCOPY */
    bool sleeps;
    uint32_t sent, done, copied; /* sends, those completed, and of these those copied after all */
    struct ipc_fault *fault;
};

/* Takes one notification from the socket's error queue: it stands for a range of sends. */
static inline int zerocopy_take(struct zerocopy *zero) {
    _Alignas(size_t) char control[CMSG_SPACE(sizeof(struct sock_extended_err)) + 64];
    struct msghdr header = {.msg_control = control, .msg_controllen = sizeof control};
    struct sock_extended_err told;
    if (recvmsg(zero->fd, &header, MSG_ERRQUEUE) < 0)
        return errno == EAGAIN || errno == EINTR ? 0
                                                 : ipc_fail(zero->fault, "recvmsg(MSG_ERRQUEUE)");
    const struct cmsghdr *item = CMSG_FIRSTHDR(&header);
    if (item == NULL)
        return ipc_fail_with(zero->fault, "recvmsg(MSG_ERRQUEUE)", EPROTO);
    memcpy(&told, CMSG_DATA(item), sizeof told);
    if (told.ee_origin != SO_EE_ORIGIN_ZEROCOPY)
        return ipc_fail_with(zero->fault, "recvmsg(MSG_ERRQUEUE)", (int)told.ee_errno);
    uint32_t sends = told.ee_data - told.ee_info + 1;
    zero->done += sends;
    if (told.ee_code & SO_EE_CODE_ZEROCOPY_COPIED)
        zero->copied += sends;
    return 0;
}

/* The pages are the kernel's until it says that it is done with them. */
static inline int zerocopy_await(struct zerocopy *zero) {
    struct pollfd errors = {.fd = zero->fd};
    int error = 0;
    while (error == 0 && zero->done != zero->sent) {
        if (zero->sleeps && poll(&errors, 1, -1) < 0 && errno != EINTR)
            return ipc_fail(zero->fault, "poll");
        error = zerocopy_take(zero);
    }
    return error;
}

static inline int zerocopy_send(struct zerocopy *zero, const char *message, size_t bytes) {
    int error = 0;
    while (error == 0 && bytes > 0) {
        ssize_t done = send(zero->fd, message, bytes, MSG_NOSIGNAL | MSG_ZEROCOPY);
        if (done >= 0) {
            zero->sent++;
            message += done;
            bytes -= (size_t)done;
        } else if (errno == ENOBUFS) { /* too many notifications are waiting */
            error = zerocopy_await(zero);
        } else if (errno != EAGAIN && errno != EINTR) {
            error = errno == ECONNRESET ? ipc_fail_with(zero->fault, "send", EPIPE)
                                        : ipc_fail(zero->fault, "send");
        }
    }
    return error ? error : zerocopy_await(zero);
}

#endif
