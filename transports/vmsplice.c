/* SPDX-License-Identifier: MIT */
/*
 * vmsplice.c - two pipes into which the sender's pages are put, not copied (vmsplice); for bulk.
 *
 * A message costs 2 system calls (a vmsplice, and a read or another vmsplice), 1 copy by the kernel
 * (out of the sender's pages into the receiver's memory), and, when the reader sleeps, 1 wake-up.
 * The pages stay the sender's while they are in the pipe, so they must not change until they have
 * been read: this costs 1 more copy, into a ring of pages of its own. (Who produces a message right
 * there saves that one.) A pipe has a number of slots, and each page takes up one until it has been
 * copied out; so when as many pages have followed a page into the pipe as it has slots, that one
 * has been read and may be used again. A message beyond the pipe's capacity costs both calls for
 * each filling.
 */
#include "helper.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

enum vmsplice_receive { VMSPLICE_READ, VMSPLICE_VMSPLICE };

struct vmsplice_link {
    struct ipc_link base;
    uint64_t bufsize, receive;
    int to[IPC_ROLES][2];     /* by the role that reads: its pipe's read end and write end */
    size_t page_bytes, slots; /* of each pipe: pages that it holds at most */
};

struct vmsplice_end {
    struct ipc_end base;
    int in, out;  /* the link's own */
    char *pages;  /* the ring of what is being sent */
    size_t bytes; /* of the ring */
    size_t at;    /* where the next message begins: at a page */
    size_t page_bytes;
    unsigned flags; /* of vmsplice */
    bool reads;
};

static const struct ipc_knob knobs[] = {
    {.name = "bufsize",
     .kind = IPC_KNOB_BYTES,
     .offset = offsetof(struct vmsplice_link, bufsize),
     .fallback = "1M",
     .high = 1u << 30,
     .help = "capacity of each pipe in bytes (F_SETPIPE_SZ); 0 leaves the kernel's default"},
    {.name = "receive",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct vmsplice_link, receive),
     .fallback = "read",
     .choices = (const char *const[]){"read", "vmsplice", NULL},
     .help = "the call that copies out of the pipe"},
    {.name = NULL}};

/* As large as the user may have it: fs.pipe-max-size binds all but CAP_SYS_RESOURCE. */
static int set_capacity(struct vmsplice_link *link, int fd) {
    if (link->bufsize == 0 || fcntl(fd, F_SETPIPE_SZ, (int)link->bufsize) >= 0)
        return 0;
    return ipc_fail(&link->base.fault, "fcntl(F_SETPIPE_SZ)");
}

static int make(struct vmsplice_link *link, int ends[2]) {
    struct ipc_fault *fault = &link->base.fault;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return ipc_fail(fault, "pipe2");
    int error = set_capacity(link, ends[1]);
    for (int i = 0; i < 2 && error == 0 && link->base.wait == IPC_SPIN; i++)
        error = ipc_nonblock(ends[i], fault);
    return error;
}

static int setup(struct ipc_link *base) {
    struct vmsplice_link *link = (struct vmsplice_link *)base;
    for (int role = 0; role < IPC_ROLES; role++) {
        int error = make(link, link->to[role]);
        if (error)
            return error;
    }
    int capacity = fcntl(link->to[IPC_SERVER][1], F_GETPIPE_SZ);
    if (capacity < 0)
        return ipc_fail(&base->fault, "fcntl(F_GETPIPE_SZ)");
    ipc_note_number(base->note, base->notes, "capacity", capacity);
    link->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    link->slots = (size_t)capacity / link->page_bytes;
    return 0;
}

static size_t whole_pages(size_t bytes, size_t page_bytes) {
    return (bytes + page_bytes - 1) / page_bytes * page_bytes;
}

static int attach(struct ipc_end *base) {
    struct vmsplice_end *end = (struct vmsplice_end *)base;
    const struct vmsplice_link *link = (const struct vmsplice_link *)base->link;
    end->in = link->to[base->role][0];
    end->out = link->to[!base->role][1];
    end->reads = link->receive == VMSPLICE_READ;
    end->flags = base->link->wait == IPC_SPIN ? SPLICE_F_NONBLOCK : 0;
    end->page_bytes = link->page_bytes;
    /* As many pages as may be in the pipe, the message that is being sent, and what is left unused
     * where no message fits any more before the ring's end. */
    end->bytes =
        link->slots * link->page_bytes + 2 * whole_pages(base->link->max_bytes, link->page_bytes);
    void *pages = mmap(NULL, end->bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (pages == MAP_FAILED)
        return ipc_fail(&base->fault, "mmap");
    end->pages = pages;
    return 0;
}

static int detach(struct ipc_end *base) {
    struct vmsplice_end *end = (struct vmsplice_end *)base;
    (void)munmap(end->pages, end->bytes);
    return 0;
}

/* Moves all bytes between memory and a pipe, in the direction of that end of the pipe. */
static int splice_all(struct vmsplice_end *end, int fd, void *memory, size_t bytes) {
    struct iovec rest = {memory, bytes};
    while (rest.iov_len > 0) {
        ssize_t done = vmsplice(fd, &rest, 1, end->flags);
        if (done == 0)
            return ipc_fail_with(&end->base.fault, "vmsplice", EPIPE);
        if (done > 0) {
            rest.iov_base = (char *)rest.iov_base + done;
            rest.iov_len -= (size_t)done;
        } else if (errno != EAGAIN && errno != EINTR) {
            return ipc_fail(&end->base.fault, "vmsplice");
        }
    }
    return 0;
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct vmsplice_end *end = (struct vmsplice_end *)base;
    if (end->at + bytes > end->bytes)
        end->at = 0;
    char *pages = end->pages + end->at;
    memcpy(pages, message, bytes);
    end->at += whole_pages(bytes, end->page_bytes);
    return splice_all(end, end->out, pages, bytes);
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct vmsplice_end *end = (struct vmsplice_end *)base;
    return end->reads ? ipc_read_all(end->in, message, bytes, &base->fault)
                      : splice_all(end, end->in, message, bytes);
}

static void cleanup(struct ipc_link *base) {
    struct vmsplice_link *link = (struct vmsplice_link *)base;
    for (int role = 0; role < IPC_ROLES; role++) {
        ipc_close(&link->to[role][0]);
        ipc_close(&link->to[role][1]);
    }
}

static const struct ipc_messages messages = {send_message, recv_message};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "vmsplice",
    .summary = "two pipes that carry the sender's pages (vmsplice), for bulk",
    .group = "kernel",
    .cost =
        "2 system calls, 2 copies (one of them in user space), 1 wake-up when the reader sleeps",
    .calls = {.least = 2, .most = 2},
    .link_bytes = sizeof(struct vmsplice_link),
    .end_bytes = sizeof(struct vmsplice_end),
    .knobs = knobs,
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
};
