/* SPDX-License-Identifier: MIT */
/*
 * fifo.c - two named pipes (FIFOs), one for each direction. Once open, a FIFO is a pipe: the two
 * must tie.
 *
 * A message costs 2 system calls (one write, one read), 2 copies (into the pipe's pages and out of
 * them), and, when the reader sleeps, 1 wake-up. A message beyond the pipe's capacity costs a write
 * and a read for each filling.
 */
#include "helper.h"

#include <sys/stat.h>

struct fifo_link {
    struct ipc_link base;
    uint64_t bufsize;
    int to[IPC_ROLES][2]; /* by the role that reads: the FIFO's read end and write end */
};

struct fifo_end {
    struct ipc_end base;
    int in, out;
};

static const struct ipc_knob knobs[] = {
    {.name = "bufsize",
     .kind = IPC_KNOB_BYTES,
     .offset = offsetof(struct fifo_link, bufsize),
     .fallback = "0",
     .high = 1u << 30,
     .help = "capacity of each FIFO in bytes (F_SETPIPE_SZ); 0 leaves the kernel's default"},
    {.name = NULL}};

static int open_end(const char *path, int flags, int *fd, struct ipc_fault *fault) {
    *fd = open(path, flags | O_CLOEXEC);
    if (*fd >= 0)
        return 0;
    *fd = 0;
    return ipc_fail(fault, "open");
}

/* The reader comes first and doesn't wait for a writer; with both ends open nobody waits any more,
 * and the name can go. */
static int open_both(const char *path, struct fifo_link *link, int ends[2]) {
    struct ipc_fault *fault = &link->base.fault;
    if (mkfifo(path, 0600) < 0)
        return ipc_fail(fault, "mkfifo");
    int error = open_end(path, O_RDONLY | O_NONBLOCK, &ends[0], fault);
    if (error == 0)
        error = open_end(path, O_WRONLY | O_NONBLOCK, &ends[1], fault);
    (void)unlink(path);
    return error;
}

static int block(int fd, struct ipc_fault *fault) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
        return ipc_fail(fault, "fcntl(F_SETFL)");
    return 0;
}

static int make(struct fifo_link *link, const char *file, int ends[2]) {
    struct ipc_fault *fault = &link->base.fault;
    char path[PATH_MAX];
    int error = ipc_path(&link->base, file, path, sizeof path, fault);
    if (error == 0)
        error = open_both(path, link, ends);
    if (error == 0 && link->bufsize > 0 && fcntl(ends[1], F_SETPIPE_SZ, (int)link->bufsize) < 0)
        error = ipc_fail(fault, "fcntl(F_SETPIPE_SZ)");
    for (int i = 0; i < 2 && error == 0 && link->base.wait != IPC_SPIN; i++)
        error = block(ends[i], fault);
    return error;
}

static int setup(struct ipc_link *base) {
    static const char *const files[IPC_ROLES] = {"to-server", "to-client"};
    struct fifo_link *link = (struct fifo_link *)base;
    for (int role = 0; role < IPC_ROLES; role++) {
        int error = make(link, files[role], link->to[role]);
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
    struct fifo_end *end = (struct fifo_end *)base;
    const struct fifo_link *link = (const struct fifo_link *)base->link;
    end->in = link->to[base->role][0];
    end->out = link->to[!base->role][1];
    return 0;
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    return ipc_write_all(((struct fifo_end *)base)->out, message, bytes, &base->fault);
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    return ipc_read_all(((struct fifo_end *)base)->in, message, bytes, &base->fault);
}

static void cleanup(struct ipc_link *base) {
    struct fifo_link *link = (struct fifo_link *)base;
    for (int role = 0; role < IPC_ROLES; role++) {
        ipc_close(&link->to[role][0]);
        ipc_close(&link->to[role][1]);
    }
}

static const struct ipc_messages messages = {send_message, recv_message};

static int descriptor_in(const struct ipc_end *base) {
    return ((const struct fifo_end *)base)->in;
}

static int descriptor_out(const struct ipc_end *base) {
    return ((const struct fifo_end *)base)->out;
}

static const struct ipc_descriptors descriptors = {descriptor_in, descriptor_out};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "fifo",
    .summary = "two named pipes (FIFOs), one for each direction",
    .group = "kernel",
    .cost = "2 system calls, 2 copies, 1 wake-up when the reader sleeps",
    .calls = {.least = 2, .most = 2},
    .link_bytes = sizeof(struct fifo_link),
    .end_bytes = sizeof(struct fifo_end),
    .knobs = knobs,
    .needs = IPC_FOLDER,
    .setup = setup,
    .attach = attach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
    .descriptors = &descriptors,
};
