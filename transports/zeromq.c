/* SPDX-License-Identifier: MIT */
/* pkg-config: libzmq */
/*
 * zeromq.c - a pair of ZeroMQ sockets, PAIR or REQ and REP, over ipc:// or tcp://.
 *
 * A message passes four threads: the sender hands it to the I/O thread of its context (an eventfd
 * wakes that), this one sends it over a socket, the I/O thread of the peer receives it and hands it
 * to the receiver (another eventfd). So it costs some 23 system calls, at least 4 copies, and up to
 * 3 wake-ups. The I/O threads inherit the CPU of their end. A receiver that spins does so beside an
 * I/O thread that sleeps: on one shared CPU it stands in that thread's way.
 *
 * Used as libzmq's own local_lat and remote_lat do: zmq_send and zmq_recv, one I/O thread. Contexts
 * don't survive a fork, so each end makes its own. Over tcp:// anybody might call first: who can't
 * answer with the trial's token ends the trial.
 */
#include "helper.h"

#include <zmq.h>

enum zeromq_pattern { ZEROMQ_PAIR, ZEROMQ_REQREP };
enum zeromq_address { ZEROMQ_IPC, ZEROMQ_TCP };

struct zeromq_link {
    struct ipc_link base;
    uint64_t pattern, address;
    int latch[2];
};

struct zeromq_end {
    struct ipc_end base;
    void *context, *socket;
    int flags; /* of send and recv */
};

static const struct ipc_knob knobs[] = {
    {.name = "pattern",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct zeromq_link, pattern),
     .fallback = "pair",
     .choices = (const char *const[]){"pair", "reqrep", NULL},
     .help = "two PAIR sockets, or a REQ at the client and a REP at the server"},
    {.name = "address",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct zeromq_link, address),
     .fallback = "ipc",
     .choices = (const char *const[]){"ipc", "tcp", NULL},
     .help = "ipc:// (AF_UNIX) or tcp:// over the loopback address"},
    {.name = NULL}};

static const struct ipc_preset presets[] = {{.name = "zeromq-ipc",
                                             .knobs = "pattern=pair,address=ipc",
                                             .summary = "ZeroMQ PAIR over ipc://"},
                                            {.name = "zeromq-tcp",
                                             .knobs = "pattern=pair,address=tcp",
                                             .summary = "ZeroMQ PAIR over tcp://"},
                                            {.name = "zeromq-reqrep-ipc",
                                             .knobs = "pattern=reqrep,address=ipc",
                                             .summary = "ZeroMQ REQ and REP over ipc://",
                                             .one_at_a_time = "REQ and REP take turns"},
                                            {.name = "zeromq-reqrep-tcp",
                                             .knobs = "pattern=reqrep,address=tcp",
                                             .summary = "ZeroMQ REQ and REP over tcp://",
                                             .one_at_a_time = "REQ and REP take turns"},
                                            {.name = NULL}};

/* libzmq has numbers of its own above errno's. */
static int fail(struct ipc_fault *fault, const char *call) {
    int error = zmq_errno();
    if (error >= ZMQ_HAUSNUMERO) {
        (void)snprintf(fault->detail, sizeof fault->detail, "%s", zmq_strerror(error));
        error = EPROTO;
    }
    return ipc_fail_with(fault, call, error);
}

static int setup(struct ipc_link *base) {
    struct zeromq_link *link = (struct zeromq_link *)base;
    char version[48];
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    (void)snprintf(version, sizeof version, "libzmq %d.%d.%d", major, minor, patch);
    base->note(base->notes, "version", version);
    return ipc_latch_make(link->latch, &base->fault);
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct zeromq_end *end = (struct zeromq_end *)base;
    while (zmq_send(end->socket, message, bytes, end->flags) < 0)
        if (errno != EAGAIN && errno != EINTR)
            return fail(&base->fault, "zmq_send");
    return 0;
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct zeromq_end *end = (struct zeromq_end *)base;
    int came;
    while ((came = zmq_recv(end->socket, message, bytes, end->flags)) < 0)
        if (errno != EAGAIN && errno != EINTR)
            return fail(&base->fault, "zmq_recv");
    return came == (int)bytes ? 0 : ipc_fail_with(&base->fault, "zmq_recv", EMSGSIZE);
}

static int open_socket(struct zeromq_end *end, bool pair) {
    static const int lasting = 0; /* what is unsent at the end is nobody's any more */
    struct ipc_fault *fault = &end->base.fault;
    int kind = pair ? ZMQ_PAIR : end->base.role == IPC_SERVER ? ZMQ_REP : ZMQ_REQ;
    end->context = zmq_ctx_new();
    if (end->context == NULL)
        return fail(fault, "zmq_ctx_new");
    end->socket = zmq_socket(end->context, kind);
    if (end->socket == NULL)
        return fail(fault, "zmq_socket");
    if (zmq_setsockopt(end->socket, ZMQ_LINGER, &lasting, sizeof lasting) < 0)
        return fail(fault, "zmq_setsockopt(ZMQ_LINGER)");
    return 0;
}

/* What its queues hold, in messages, and what it asks of the kernel for the socket below (-1:
 * nothing). */
static void note_rooms(const struct zeromq_end *end) {
    static const struct {
        int option;
        const char *name;
    } rooms[] = {{ZMQ_SNDHWM, "sndhwm"},
                 {ZMQ_RCVHWM, "rcvhwm"},
                 {ZMQ_SNDBUF, "zmq_sndbuf"},
                 {ZMQ_RCVBUF, "zmq_rcvbuf"}};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        int value = 0;
        size_t bytes = sizeof value;
        if (zmq_getsockopt(end->socket, rooms[i].option, &value, &bytes) == 0)
            ipc_note_number(end->base.note, end->base.notes, rooms[i].name, value);
    }
}

static int listen_for_peer(struct zeromq_end *end, const struct zeromq_link *link) {
    struct ipc_fault *fault = &end->base.fault;
    char where[PATH_MAX] = "tcp://127.0.0.1:*";
    size_t room = sizeof where;
    if (link->address == ZEROMQ_IPC)
        (void)snprintf(where, sizeof where, "ipc://%s/socket", link->base.folder);
    if (zmq_bind(end->socket, where) < 0)
        return fail(fault, "zmq_bind");
    if (zmq_getsockopt(end->socket, ZMQ_LAST_ENDPOINT, where, &room) < 0)
        return fail(fault, "zmq_getsockopt(ZMQ_LAST_ENDPOINT)");
    return ipc_latch_open(link->latch, where, fault);
}

static int call_peer(struct zeromq_end *end, const struct zeromq_link *link) {
    char where[PATH_MAX];
    int error = ipc_latch_await(link->latch, where, sizeof where, &end->base.fault);
    if (error == 0 && zmq_connect(end->socket, where) < 0)
        error = fail(&end->base.fault, "zmq_connect");
    return error;
}

static const struct ipc_messages messages = {send_message, recv_message};

static int detach(struct ipc_end *base) {
    struct zeromq_end *end = (struct zeromq_end *)base;
    if (end->socket)
        (void)zmq_close(end->socket);
    if (end->context)
        (void)zmq_ctx_term(end->context);
    end->socket = end->context = NULL;
    return 0;
}

static int attach(struct ipc_end *base) {
    struct zeromq_end *end = (struct zeromq_end *)base;
    const struct zeromq_link *link = (const struct zeromq_link *)base->link;
    int error = open_socket(end, link->pattern == ZEROMQ_PAIR);
    if (error == 0)
        note_rooms(end);
    if (error == 0)
        error = base->role == IPC_SERVER ? listen_for_peer(end, link) : call_peer(end, link);
    if (error == 0)
        error = ipc_greet(base, &messages);
    end->flags = base->link->wait == IPC_SPIN ? ZMQ_DONTWAIT : 0;
    if (error)
        (void)detach(base);
    return error;
}

static void cleanup(struct ipc_link *base) {
    ipc_latch_close(((struct zeromq_link *)base)->latch);
}

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "zeromq",
    .summary = "a pair of ZeroMQ sockets",
    .group = "library",
    .cost = "some 23 system calls, 4 copies, up to 3 wake-ups: a message passes 4 threads",
    .calls = {.uncounted = true},
    .link_bytes = sizeof(struct zeromq_link),
    .end_bytes = sizeof(struct zeromq_end),
    .knobs = knobs,
    .presets = presets,
    .needs = IPC_FOLDER | IPC_NETWORK,
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
};
