/* SPDX-License-Identifier: MIT */
/*
 * pipe.c - two anonymous pipes, one for each direction.
 *
 * A message costs 2 system calls (one write, one read), 2 copies (into the pipe's pages and out of
 * them), and, when the reader sleeps, 1 wake-up. A message beyond the pipe's capacity costs a write
 * and a read for each filling.
 */
#include "helper.h"

struct pipe_link {
    struct ipc_link base;
    uint64_t bufsize;
    int to[IPC_ROLES][2]; /* by the role that reads: its pipe's read end and write end */
};

struct pipe_end {
    struct ipc_end base;
    int in, out;
};

static const struct ipc_knob knobs[] = {
    {.name = "bufsize",
     .kind = IPC_KNOB_BYTES,
     .offset = offsetof(struct pipe_link, bufsize),
     .fallback = "0",
     .high = 1u << 30,
     .help = "capacity of each pipe in bytes (F_SETPIPE_SZ); 0 leaves the kernel's default"},
    {.name = NULL}};

static int make(struct pipe_link *link, int ends[2]) {
    struct ipc_fault *fault = &link->base.fault;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return ipc_fail(fault, "pipe2");
    if (link->bufsize > 0 && fcntl(ends[1], F_SETPIPE_SZ, (int)link->bufsize) < 0)
        return ipc_fail(fault, "fcntl(F_SETPIPE_SZ)");
    if (link->base.wait != IPC_SPIN)
        return 0;
    int error = ipc_nonblock(ends[0], fault);
    return error ? error : ipc_nonblock(ends[1], fault);
}

static int setup(struct ipc_link *base) {
    struct pipe_link *link = (struct pipe_link *)base;
    for (int role = 0; role < IPC_ROLES; role++) {
        int error = make(link, link->to[role]);
        if (error)
            return error;
    }
    int capacity = fcntl(link->to[IPC_SERVER][1], F_GETPIPE_SZ);
    if (capacity < 0)
        return ipc_fail(&base->fault, "fcntl(F_GETPIPE_SZ)");
    ipc_note_number(base->note, base->notes, "capacity", capacity);
    return 0;
}

static int attach(struct ipc_end *base) {
    struct pipe_end *end = (struct pipe_end *)base;
    const struct pipe_link *link = (const struct pipe_link *)base->link;
    end->in = link->to[base->role][0];
    end->out = link->to[!base->role][1];
    return 0;
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    return ipc_write_all(((struct pipe_end *)base)->out, message, bytes, &base->fault);
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    return ipc_read_all(((struct pipe_end *)base)->in, message, bytes, &base->fault);
}

static void cleanup(struct ipc_link *base) {
    struct pipe_link *link = (struct pipe_link *)base;
    for (int role = 0; role < IPC_ROLES; role++) {
        ipc_close(&link->to[role][0]);
        ipc_close(&link->to[role][1]);
    }
}

static const struct ipc_messages messages = {send_message, recv_message};

static int descriptor_in(const struct ipc_end *base) {
    return ((const struct pipe_end *)base)->in;
}

static int descriptor_out(const struct ipc_end *base) {
    return ((const struct pipe_end *)base)->out;
}

static const struct ipc_descriptors descriptors = {descriptor_in, descriptor_out};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "pipe",
    .summary = "two anonymous pipes, one for each direction",
    .group = "core",
    .cost = "2 system calls, 2 copies, 1 wake-up when the reader sleeps",
    .calls = {.least = 2, .most = 2},
    .link_bytes = sizeof(struct pipe_link),
    .end_bytes = sizeof(struct pipe_end),
    .knobs = knobs,
    .setup = setup,
    .attach = attach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
    .descriptors = &descriptors,
};
