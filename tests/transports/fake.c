/* SPDX-License-Identifier: MIT */
/*
 * fake.c - a transport that goes wrong on request: fake:script=corrupt,at=37,side=server. It drives
 * the harness, and the contract suite, through every failure that they must catch.
 *
 * A message costs 2 system calls (one send, one recv on a socket pair) and 2 copies.
 */
#include "fake_ends.h"

#ifndef FAKE_NAME
#define FAKE_NAME  "fake"
#define FAKE_LOSSY NULL
#endif

static int refuse_probe(struct fake_link *link) {
    (void)snprintf(link->base.fault.detail, sizeof link->base.fault.detail,
                   "this host has no moon, which the script asks for");
    return ipc_fail_with(&link->base.fault, "moon", ENOTSUP);
}

static int fail_setup(struct fake_link *link) {
    return ipc_fail_with(&link->base.fault, "fake_setup", ENOSPC);
}

/* Breaks the contract: a descriptor that cleanup doesn't know. */
static int leak_descriptor(struct fake_link *link) {
    return dup(link->ends[IPC_SERVER]) < 0 ? ipc_fail(&link->base.fault, "dup") : 0;
}

/* Breaks the contract: a name that cleanup doesn't know. Whoever asks for this removes it. */
static int leave_name(struct fake_link *link) {
    char path[128];
    (void)snprintf(path, sizeof path, "/dev/shm/%s", link->base.name);
    int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return ipc_fail(&link->base.fault, "open");
    ipc_close(&fd);
    return 0;
}

static int fail_attach(struct fake_end *end) {
    return ipc_fail_with(&end->base.fault, "fake_attach", ECONNREFUSED);
}

static int hang_in_attach(struct fake_end *end) {
    while (pause() != 0)
        (void)end;
    return 0;
}

/* Breaks the contract: leaves the CPU on which the harness has put the end. */
static int leave_cpu(struct fake_end *end) {
    cpu_set_t others;
    int here = sched_getcpu();
    CPU_ZERO(&others);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if ((int)cpu != here)
            CPU_SET(cpu, &others);
    if (sched_setaffinity(0, sizeof others, &others) < 0)
        return ipc_fail(&end->base.fault, "sched_setaffinity");
    return 0;
}

static int fail_detach(struct fake_end *end) {
    return ipc_fail_with(&end->base.fault, "fake_detach", ENOTCONN);
}

static int fail_send(struct fake_end *end, const unsigned char *message, size_t bytes) {
    (void)message;
    (void)snprintf(end->base.fault.detail, sizeof end->base.fault.detail, "the script says so");
    return ipc_fail_with(&end->base.fault, "fake_send", bytes ? ECONNRESET : EIO);
}

static int fail_recv(struct fake_end *end, unsigned char *message, size_t bytes) {
    (void)message;
    return ipc_fail_with(&end->base.fault, "fake_recv", bytes ? EMSGSIZE : EIO);
}

/* Breaks the contract: a failure that names no call. */
static int fail_without_call(struct fake_end *end, const unsigned char *message, size_t bytes) {
    (void)end, (void)message, (void)bytes;
    return -EIO;
}

static int die(struct fake_end *end, const unsigned char *message, size_t bytes) {
    (void)end, (void)message, (void)bytes;
    (void)raise(SIGKILL);
    return 0;
}

static int leave(struct fake_end *end, const unsigned char *message, size_t bytes) {
    (void)end, (void)message, (void)bytes;
    _exit(0);
}

/* In the kernel when it blocks, on the CPU when it spins: the deadline must reach both. */
static int hang(struct fake_end *end, const unsigned char *message, size_t bytes) {
    (void)message, (void)bytes;
    while (end->flags != 0 || pause() != 0)
        ipc_relax();
    return 0;
}

static int damage(struct fake_end *end, const unsigned char *message, size_t bytes) {
    unsigned char *copy = malloc(bytes);
    if (copy == NULL)
        return ipc_fail(&end->base.fault, "malloc");
    memcpy(copy, message, bytes);
    copy[bytes / 2] ^= 1;
    int error = put(end, copy, bytes);
    free(copy);
    return error;
}

static int lose(struct fake_end *end, const unsigned char *message, size_t bytes) {
    (void)end, (void)message, (void)bytes;
    return 0;
}

static int duplicate(struct fake_end *end, const unsigned char *message, size_t bytes) {
    int error = put(end, message, bytes);
    return error ? error : put(end, message, bytes);
}

/* The message before this one comes again in its place. */
static int delay(struct fake_end *end, const unsigned char *message, size_t bytes) {
    (void)message;
    return put(end, end->last, bytes);
}

/* Takes the message off the wire, but never writes it where it belongs. */
static int leave_stale(struct fake_end *end, unsigned char *message, size_t bytes) {
    (void)message;
    return get(end, end->last, bytes);
}

static int cut_short(struct fake_end *end, unsigned char *message, size_t bytes) {
    int error = get(end, end->last, bytes);
    memcpy(message, end->last, bytes / 2);
    return error;
}

/* What goes to the next client instead: the servers' sockets of all links, in the order of setup.
 */
static struct {
    int fds[1024];
    size_t count;
} everybody;

static int remember(struct fake_link *link) {
    everybody.fds[everybody.count++ % 1024] = link->ends[IPC_SERVER];
    return 0;
}

static int next_of(int fd) {
    for (size_t i = 0; i < everybody.count; i++)
        if (everybody.fds[i] == fd)
            return everybody.fds[(i + 1) % everybody.count];
    return fd;
}

static int misdirect(struct fake_end *end, const unsigned char *message, size_t bytes) {
    int own = end->fd;
    end->fd = next_of(own);
    int error = put(end, message, bytes);
    end->fd = own;
    return error;
}

/* Breaks the contract: facts are for setup and attach. */
static int note_late(struct fake_end *end, const unsigned char *message, size_t bytes) {
    end->base.note(end->base.notes, "late", "1");
    return put(end, message, bytes);
}

/* Breaks the contract: the link is read-only once setup is over. */
static int write_link(struct fake_end *end, const unsigned char *message, size_t bytes) {
    ((struct fake_link *)(uintptr_t)end->base.link)->at = 0;
    return put(end, message, bytes);
}

enum script_name {
    OK,
    UNAVAILABLE,
    SETUP_ERROR,
    LEAK,
    LITTER,
    ATTACH_ERROR,
    ATTACH_HANG,
    MOVE,
    DETACH_ERROR,
    SEND_ERROR,
    RECV_ERROR,
    NO_CALL,
    DEAD,
    LEAVE,
    HANG,
    CORRUPT,
    LOSE,
    DUPLICATE,
    REORDER,
    STALE,
    SHORT_READ,
    LATE_NOTE,
    WRITE_LINK,
    MISDIRECT,
    SCRIPTS
};

static const char *const names[SCRIPTS + 1] = {
    [OK] = "ok",
    [UNAVAILABLE] = "unavailable",
    [SETUP_ERROR] = "setup-error",
    [LEAK] = "leak",
    [LITTER] = "litter",
    [ATTACH_ERROR] = "attach-error",
    [ATTACH_HANG] = "attach-hang",
    [MOVE] = "move",
    [DETACH_ERROR] = "detach-error",
    [SEND_ERROR] = "send-error",
    [RECV_ERROR] = "recv-error",
    [NO_CALL] = "no-call",
    [DEAD] = "dead",
    [LEAVE] = "leave",
    [HANG] = "hang",
    [CORRUPT] = "corrupt",
    [LOSE] = "lose",
    [DUPLICATE] = "duplicate",
    [REORDER] = "reorder",
    [STALE] = "stale",
    [SHORT_READ] = "short-read",
    [LATE_NOTE] = "late-note",
    [WRITE_LINK] = "write-link",
    [MISDIRECT] = "misdirect",
};

static const struct script scripts[SCRIPTS] = {
    [UNAVAILABLE] = {.probe = refuse_probe},
    [SETUP_ERROR] = {.setup = fail_setup},
    [LEAK] = {.setup = leak_descriptor},
    [LITTER] = {.setup = leave_name},
    [ATTACH_ERROR] = {.attach = fail_attach},
    [ATTACH_HANG] = {.attach = hang_in_attach},
    [MOVE] = {.attach = leave_cpu},
    [DETACH_ERROR] = {.detach = fail_detach},
    [SEND_ERROR] = {.send = fail_send},
    [RECV_ERROR] = {.recv = fail_recv},
    [NO_CALL] = {.send = fail_without_call},
    [DEAD] = {.send = die},
    [LEAVE] = {.send = leave},
    [HANG] = {.send = hang},
    [CORRUPT] = {.send = damage},
    [LOSE] = {.send = lose},
    [DUPLICATE] = {.send = duplicate},
    [REORDER] = {.send = delay},
    [STALE] = {.recv = leave_stale},
    [SHORT_READ] = {.recv = cut_short},
    [LATE_NOTE] = {.send = note_late},
    [WRITE_LINK] = {.send = write_link},
    [MISDIRECT] = {.setup = remember, .send = misdirect},
};

static const char *const sides[] = {"server", "client", NULL};

static const struct ipc_knob knobs[] = {
    {.name = "script",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct fake_link, script),
     .fallback = "ok",
     .choices = names,
     .help = "what goes wrong"},
    {.name = "at",
     .kind = IPC_KNOB_NUMBER,
     .offset = offsetof(struct fake_link, at),
     .fallback = "1",
     .low = 1,
     .high = UINT32_MAX,
     .help = "the number of the message at which it happens; the first message has number 0"},
    {.name = "side",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct fake_link, side),
     .fallback = "server",
     .choices = sides,
     .help = "the end to which it happens"},
    {.name = NULL}};

static int probe(struct ipc_link *base) {
    struct fake_link *link = (struct fake_link *)base;
    const struct script *script = &scripts[link->script];
    return script->probe ? script->probe(link) : 0;
}

static int setup(struct ipc_link *base) {
    struct fake_link *link = (struct fake_link *)base;
    const struct script *script = &scripts[link->script];
    link->set_up = true;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, link->ends) < 0)
        return ipc_fail(&base->fault, "socketpair");
    return script->setup ? script->setup(link) : 0;
}

static const struct script *script_of(const struct fake_end *end) {
    return &scripts[((const struct fake_link *)end->base.link)->script];
}

static bool is_due(const struct fake_end *end, uint64_t number) {
    return end->acts && number == ((const struct fake_link *)end->base.link)->at;
}

static int attach(struct ipc_end *base) {
    struct fake_end *end = (struct fake_end *)base;
    const struct fake_link *link = (const struct fake_link *)base->link;
    end->fd = link->ends[base->role];
    end->flags = link->base.wait == IPC_SPIN ? MSG_DONTWAIT : 0;
    end->acts = link->side == (uint64_t)base->role;
    end->last = calloc(1, link->base.max_bytes);
    if (end->last == NULL)
        return ipc_fail(&base->fault, "calloc");
    return end->acts && script_of(end)->attach ? script_of(end)->attach(end) : 0;
}

static int detach(struct ipc_end *base) {
    struct fake_end *end = (struct fake_end *)base;
    free(end->last);
    return end->acts && script_of(end)->detach ? script_of(end)->detach(end) : 0;
}

static void cleanup(struct ipc_link *base) {
    struct fake_link *link = (struct fake_link *)base;
    if (!link->set_up)
        abort();
    ipc_close(&link->ends[IPC_SERVER]);
    ipc_close(&link->ends[IPC_CLIENT]);
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct fake_end *end = (struct fake_end *)base;
    bool now = script_of(end)->send && is_due(end, end->sent++);
    int error = now ? script_of(end)->send(end, message, bytes) : put(end, message, bytes);
    memcpy(end->last, message, bytes);
    return error;
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct fake_end *end = (struct fake_end *)base;
    bool now = script_of(end)->recv && is_due(end, end->received++);
    return now ? script_of(end)->recv(end, message, bytes) : get(end, message, bytes);
}

static const struct ipc_messages messages = {send_message, recv_message};

static int descriptor_in(const struct ipc_end *base) {
    return ((const struct fake_end *)base)->fd;
}

static int descriptor_out(const struct ipc_end *base) {
    const struct fake_end *end = (const struct fake_end *)base;
    return end->acts && script_of(end)->send == misdirect ? next_of(end->fd) : end->fd;
}

static const struct ipc_descriptors descriptors = {descriptor_in, descriptor_out};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = FAKE_NAME,
    .no_flow_control = FAKE_LOSSY,
    .summary = "goes wrong on request, for tests",
    .group = "control",
    .cost = "2 system calls, 2 copies",
    .link_bytes = sizeof(struct fake_link),
    .end_bytes = sizeof(struct fake_end),
    .max_bytes = MAX_BYTES,
    .knobs = knobs,
    .probe = probe,
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
    .descriptors = &descriptors,
};
