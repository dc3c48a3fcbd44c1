/* SPDX-License-Identifier: MIT */
/* library: nng nng/nng.h */
/*
 * nng.c - a pair of nng sockets (protocol pair, version 0) over ipc:// or tcp://.
 *
 * A message passes the threads of nng at both ends: the sender queues it for them, and they send
 * it, receive it and hand it to the receiver by a condition variable. So it costs some 20 system
 * calls, at least 3 copies and several wake-ups. The threads inherit the CPU of their end. A
 * receiver that spins (NNG_FLAG_NONBLOCK) does so beside threads that sleep: on one shared CPU it
 * stands in their way.
 *
 * nng starts its threads with its first socket, so each end opens its own after the fork; they and
 * their descriptors stay until the process ends. Over tcp:// anybody might call first: who can't
 * answer with the trial's token ends the trial.
 */
#include "helper.h"

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <nng/transport/ipc/ipc.h>
#include <nng/transport/tcp/tcp.h>

enum nng_where { NNG_OVER_IPC, NNG_OVER_TCP };

struct nng_link {
    struct ipc_link base;
    uint64_t address;
    int latch[2];
};

struct nng_end {
    struct ipc_end base;
    nng_socket socket;
    int flags;
};

static const struct ipc_knob knobs[] = {
    {.name = "address",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct nng_link, address),
     .fallback = "ipc",
     .choices = (const char *const[]){"ipc", "tcp", NULL},
     .help = "ipc:// (AF_UNIX) or tcp:// over the loopback address"},
    {.name = NULL}};

static const struct ipc_preset presets[] = {
    {.name = "nng-ipc", .knobs = "address=ipc", .summary = "nng pair over ipc://"},
    {.name = "nng-tcp", .knobs = "address=tcp", .summary = "nng pair over tcp://"},
    {.name = NULL}};

/* nng has numbers of its own; those of the system stand behind a flag. */
static int fail(struct ipc_fault *fault, const char *call, int result) {
    (void)snprintf(fault->detail, sizeof fault->detail, "%s", nng_strerror(result));
    if (result == NNG_ECLOSED || result == NNG_ECONNRESET || result == NNG_ECONNSHUT)
        return ipc_fail_with(fault, call, EPIPE);
    return ipc_fail_with(fault, call, result & NNG_ESYSERR ? result & ~NNG_ESYSERR : EPROTO);
}

static int setup(struct ipc_link *base) {
    char version[48];
    (void)snprintf(version, sizeof version, "nng %s", nng_version());
    base->note(base->notes, "version", version);
    return ipc_latch_make(((struct nng_link *)base)->latch, &base->fault);
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct nng_end *end = (struct nng_end *)base;
    int result;
    /* Without NNG_FLAG_ALLOC it copies, and does not write to the message. */
    while ((result = nng_send(end->socket, (void *)(uintptr_t)message, bytes, end->flags)) != 0)
        if (result != NNG_EAGAIN && result != NNG_EINTR)
            return fail(&base->fault, "nng_send", result);
    return 0;
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct nng_end *end = (struct nng_end *)base;
    nng_msg *came = NULL;
    int result;
    while ((result = nng_recvmsg(end->socket, &came, end->flags)) != 0)
        if (result != NNG_EAGAIN && result != NNG_EINTR)
            return fail(&base->fault, "nng_recvmsg", result);
    bool fits = nng_msg_len(came) == bytes;
    if (fits)
        memcpy(message, nng_msg_body(came), bytes);
    nng_msg_free(came);
    return fits ? 0 : ipc_fail_with(&base->fault, "nng_recvmsg", EMSGSIZE);
}

/* How many messages its queues hold. */
static void note_rooms(const struct nng_end *end) {
    static const char *const options[] = {NNG_OPT_SENDBUF, NNG_OPT_RECVBUF};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        int value = 0;
        if (nng_socket_get_int(end->socket, options[i], &value) == 0)
            ipc_note_number(end->base.note, end->base.notes, options[i], value);
    }
}

static int listen_for_peer(struct nng_end *end, const struct nng_link *link) {
    struct ipc_fault *fault = &end->base.fault;
    char where[PATH_MAX] = "tcp://127.0.0.1:0";
    char *got = NULL;
    nng_listener listener;
    if (link->address == NNG_OVER_IPC)
        (void)snprintf(where, sizeof where, "ipc://%s/socket", link->base.folder);
    int result = nng_listen(end->socket, where, &listener, 0);
    if (result != 0)
        return fail(fault, "nng_listen", result);
    result = nng_listener_get_string(listener, NNG_OPT_URL, &got);
    if (result != 0)
        return fail(fault, "nng_listener_get_string(NNG_OPT_URL)", result);
    int error = ipc_latch_open(link->latch, got, fault);
    nng_strfree(got);
    return error;
}

static int call_peer(struct nng_end *end, const struct nng_link *link) {
    struct ipc_fault *fault = &end->base.fault;
    char where[PATH_MAX];
    int error = ipc_latch_await(link->latch, where, sizeof where, fault);
    int result = error ? 0 : nng_dial(end->socket, where, NULL, 0);
    return result != 0 ? fail(fault, "nng_dial", result) : error;
}

static const struct ipc_messages messages = {send_message, recv_message};

static int detach(struct ipc_end *base) {
    struct nng_end *end = (struct nng_end *)base;
    (void)nng_close(end->socket);
    return 0;
}

static int attach(struct ipc_end *base) {
    struct nng_end *end = (struct nng_end *)base;
    const struct nng_link *link = (const struct nng_link *)base->link;
    int result = nng_pair0_open(&end->socket);
    if (result != 0)
        return fail(&base->fault, "nng_pair0_open", result);
    result = nng_socket_set_size(end->socket, NNG_OPT_RECVMAXSZ, 0);
    int error = result ? fail(&base->fault, "nng_socket_set(NNG_OPT_RECVMAXSZ)", result) : 0;
    note_rooms(end);
    if (error == 0)
        error = base->role == IPC_SERVER ? listen_for_peer(end, link) : call_peer(end, link);
    if (error == 0)
        error = ipc_greet(base, &messages);
    end->flags = base->link->wait == IPC_SPIN ? NNG_FLAG_NONBLOCK : 0;
    if (error)
        (void)detach(base);
    return error;
}

static void cleanup(struct ipc_link *base) {
    ipc_latch_close(((struct nng_link *)base)->latch);
}

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "nng",
    .summary = "a pair of nng sockets",
    .group = "library",
    .cost =
        "some 23 system calls, 3 copies, several wake-ups: a message passes the library's threads",
    .calls = {.uncounted = true},
    .link_bytes = sizeof(struct nng_link),
    .end_bytes = sizeof(struct nng_end),
    .knobs = knobs,
    .presets = presets,
    .needs = IPC_FOLDER | IPC_NETWORK,
    .apart = true,
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
};
