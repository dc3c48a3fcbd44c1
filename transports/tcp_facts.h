/* SPDX-License-Identifier: MIT */
/*
 * tcp_facts.h - what a TCP connection says of itself, for the reader of the results; for tcp.c.
 */
#ifndef IPC_TCP_FACTS_H
#define IPC_TCP_FACTS_H

#include "helper.h"

#include <linux/mptcp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#ifndef SOL_MPTCP /* older headers than Linux 5.16's have neither */
#define SOL_MPTCP     284
#define IPPROTO_MPTCP 262
#endif

static inline void tcp_note_facts(int fd, void (*note)(void *, const char *, const char *),
                                  void *notes) {
    static const struct {
        const char *name;
        int option;
    } numbers[] = {{"nodelay", TCP_NODELAY}, {"mss", TCP_MAXSEG}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int value = 0;
        socklen_t room = sizeof value;
        if (getsockopt(fd, IPPROTO_TCP, numbers[i].option, &value, &room) == 0)
            ipc_note_number(note, notes, numbers[i].name, value);
    }
    char control[16] = "";
    socklen_t room = sizeof control - 1;
    if (getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, control, &room) == 0)
        note(notes, "congestion control", control);
}

/* Whether a connection still is one of Multipath TCP; unknown to Linux before 5.16. */
static inline int tcp_ask_multipath(int fd, struct mptcp_info *info, struct ipc_fault *fault) {
    socklen_t room = sizeof *info;
    int error = getsockopt(fd, SOL_MPTCP, MPTCP_INFO, info, &room);
    return error < 0 ? ipc_fail(fault, "getsockopt(MPTCP_INFO)") : 0;
}

/* A connection over Multipath TCP that fell back to plain TCP is not what was asked for. */
static inline int tcp_prove_multipath(int fd, struct ipc_fault *fault) {
    struct mptcp_info info = {0};
    int error = tcp_ask_multipath(fd, &info, fault);
    if (error == 0 && (info.mptcpi_flags & MPTCP_INFO_FLAG_FALLBACK) != 0)
        return ipc_fail_with(fault, "speaking Multipath TCP, from which the kernel fell back,",
                             EPROTONOSUPPORT);
    return error;
}

#endif
