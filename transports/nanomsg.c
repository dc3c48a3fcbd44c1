/* SPDX-License-Identifier: MIT */
/* pkg-config: nanomsg */
/*
 * nanomsg.c - a pair of nanomsg sockets (NN_PAIR) over ipc:// or tcp://.
 *
 * A message passes a worker thread of nanomsg at each end, which is woken by an eventfd, sends or
 * receives over a socket, and hands over to the caller by another eventfd. So it costs some 20
 * system calls, at least 3 copies and several wake-ups. The worker inherits the CPU of its end. A
 * receiver that spins (NN_DONTWAIT) does so beside a worker that sleeps: on one shared CPU it
 * stands in its way.
 *
 * nanomsg starts its worker with its first socket, so each end opens its own after the fork. Over
 * tcp:// anybody might call first: who can't answer with the trial's token ends the trial. nanomsg
 * does not tell which port it was given, so it gets one that was free a moment before.
 */
#include "helper.h"

#include <arpa/inet.h>
#include <nanomsg/nn.h>
#include <nanomsg/pair.h>
#include <netinet/in.h>

#define PORT_TRIES 16

enum nanomsg_address { NANOMSG_IPC, NANOMSG_TCP };

struct nanomsg_link {
    struct ipc_link base;
    uint64_t address;
    int latch[2];
};

struct nanomsg_end {
    struct ipc_end base;
    int socket, flags;
};

static const struct ipc_knob knobs[] = {
    {.name = "address",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct nanomsg_link, address),
     .fallback = "ipc",
     .choices = (const char *const[]){"ipc", "tcp", NULL},
     .help = "ipc:// (AF_UNIX) or tcp:// over the loopback address"},
    {.name = NULL}};

static const struct ipc_preset presets[] = {
    {.name = "nanomsg-ipc", .knobs = "address=ipc", .summary = "nanomsg PAIR over ipc://"},
    {.name = "nanomsg-tcp", .knobs = "address=tcp", .summary = "nanomsg PAIR over tcp://"},
    {.name = NULL}};

/* nanomsg has numbers of its own above errno's. */
static int fail(struct ipc_fault *fault, const char *call) {
    int error = nn_errno();
    if (error >= NN_HAUSNUMERO) {
        (void)snprintf(fault->detail, sizeof fault->detail, "%s", nn_strerror(error));
        error = EPROTO;
    }
    return ipc_fail_with(fault, call, error);
}

static int setup(struct ipc_link *base) {
    base->note(base->notes, "version", IPC_PACKAGE);
    return ipc_latch_make(((struct nanomsg_link *)base)->latch, &base->fault);
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct nanomsg_end *end = (struct nanomsg_end *)base;
    while (nn_send(end->socket, message, bytes, end->flags) < 0)
        if (nn_errno() != EAGAIN && nn_errno() != EINTR)
            return fail(&base->fault, "nn_send");
    return 0;
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct nanomsg_end *end = (struct nanomsg_end *)base;
    int came;
    while ((came = nn_recv(end->socket, message, bytes, end->flags)) < 0)
        if (nn_errno() != EAGAIN && nn_errno() != EINTR)
            return fail(&base->fault, "nn_recv");
    return came == (int)bytes ? 0 : ipc_fail_with(&base->fault, "nn_recv", EMSGSIZE);
}

/* How many bytes its queues hold. */
static void note_rooms(const struct nanomsg_end *end) {
    static const struct {
        int option;
        const char *name;
    } rooms[] = {{NN_SNDBUF, "sndbuf"}, {NN_RCVBUF, "rcvbuf"}};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        int value = 0;
        size_t bytes = sizeof value;
        if (nn_getsockopt(end->socket, NN_SOL_SOCKET, rooms[i].option, &value, &bytes) == 0)
            ipc_note_number(end->base.note, end->base.notes, rooms[i].name, value);
    }
}

/* A port that nobody has now; 0: none. */
static unsigned free_port(void) {
    struct sockaddr_in name = {.sin_family = AF_INET};
    socklen_t room = sizeof name;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool found = fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof name) == 0 &&
                 getsockname(fd, (struct sockaddr *)&name, &room) == 0;
    if (fd >= 0)
        (void)close(fd);
    return found ? ntohs(name.sin_port) : 0;
}

static int listen_for_peer(struct nanomsg_end *end, const struct nanomsg_link *link) {
    struct ipc_fault *fault = &end->base.fault;
    char where[PATH_MAX];
    bool ipc = link->address == NANOMSG_IPC;
    for (int tries = 0; tries < PORT_TRIES; tries++) {
        if (ipc)
            (void)snprintf(where, sizeof where, "ipc://%s/socket", link->base.folder);
        else
            (void)snprintf(where, sizeof where, "tcp://127.0.0.1:%u", free_port());
        if (nn_bind(end->socket, where) >= 0)
            return ipc_latch_open(link->latch, where, fault);
        if (ipc || nn_errno() != EADDRINUSE)
            break;
    }
    return fail(fault, "nn_bind");
}

static int call_peer(struct nanomsg_end *end, const struct nanomsg_link *link) {
    char where[PATH_MAX];
    int error = ipc_latch_await(link->latch, where, sizeof where, &end->base.fault);
    if (error == 0 && nn_connect(end->socket, where) < 0)
        error = fail(&end->base.fault, "nn_connect");
    return error;
}

static const struct ipc_messages messages = {send_message, recv_message};

static int detach(struct ipc_end *base) {
    (void)nn_close(((struct nanomsg_end *)base)->socket);
    return 0;
}

static int attach(struct ipc_end *base) {
    static const int any = -1;
    struct nanomsg_end *end = (struct nanomsg_end *)base;
    const struct nanomsg_link *link = (const struct nanomsg_link *)base->link;
    end->socket = nn_socket(AF_SP, NN_PAIR);
    if (end->socket < 0)
        return fail(&base->fault, "nn_socket");
    int error = 0;
    if (nn_setsockopt(end->socket, NN_SOL_SOCKET, NN_RCVMAXSIZE, &any, sizeof any) < 0)
        error = fail(&base->fault, "nn_setsockopt(NN_RCVMAXSIZE)");
    note_rooms(end);
    if (error == 0)
        error = base->role == IPC_SERVER ? listen_for_peer(end, link) : call_peer(end, link);
    if (error == 0)
        error = ipc_greet(base, &messages);
    end->flags = base->link->wait == IPC_SPIN ? NN_DONTWAIT : 0;
    if (error)
        (void)detach(base);
    return error;
}

static void cleanup(struct ipc_link *base) {
    ipc_latch_close(((struct nanomsg_link *)base)->latch);
}

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "nanomsg",
    .summary = "a pair of nanomsg sockets",
    .group = "library",
    .cost =
        "some 17 system calls, 3 copies, several wake-ups: a message passes a worker at each end",
    .calls = {.uncounted = true},
    .link_bytes = sizeof(struct nanomsg_link),
    .end_bytes = sizeof(struct nanomsg_end),
    .knobs = knobs,
    .presets = presets,
    .needs = IPC_FOLDER | IPC_NETWORK,
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
};
