/* SPDX-License-Identifier: MIT */
/*
 * helper.h - what several transports do alike: failing with the call's name, closing what may not
 * be open, noting facts, and moving a whole message over a descriptor or socket that moves bytes.
 */
#ifndef IPC_HELPER_H
#define IPC_HELPER_H

#include "transport.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The number in a file of the kernel's, such as a sysctl; 0 where there is none. */
static inline size_t ipc_read_number(const char *path) {
    unsigned long number = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%lu", &number) != 1)
        number = 0;
    (void)fclose(file);
    return number;
}

/* Marks the one symbol that a plug-in shows; everything else is compiled hidden. */
#define IPC_EXPORT __attribute__((visibility("default")))

/* Returns -errno (of the call that just failed) after naming the call. */
static inline int ipc_fail(struct ipc_fault *fault, const char *call) {
    int error = errno;
    fault->call = call;
    return error > 0 ? -error : -EIO;
}

/* Returns -error after naming the call; for failures that set no errno. */
static inline int ipc_fail_with(struct ipc_fault *fault, const char *call, int error) {
    fault->call = call;
    return -error;
}

/* Closes *fd if it is open (0 is "none") and marks it closed. */
static inline void ipc_close(int *fd) {
    if (*fd > 0)
        (void)close(*fd);
    *fd = 0;
}

/* Notes a number under `name`. */
static inline void ipc_note_number(void (*note)(void *, const char *, const char *), void *notes,
                                   const char *name, long long value) {
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", value);
    note(notes, name, text);
}

/* A path of at most `room` bytes in the trial's folder: "FOLDER/file". 0 or -ENAMETOOLONG. */
static inline int ipc_path(const struct ipc_link *link, const char *file, char *path, size_t room,
                           struct ipc_fault *fault) {
    int length = snprintf(path, room, "%s/%s", link->folder, file);
    if (length < 0 || (size_t)length >= room)
        return ipc_fail_with(fault, "naming a file in the trial's folder", ENAMETOOLONG);
    return 0;
}

/* The keys of the trial's SysV objects, which have only 32 bits: a mark of 9, which the sweep
 * knows, 1 that is the caller's, and the 22 of the process whose name the link bears. A key names
 * one object of each kind (a message queue, a semaphore set, a segment), so there are two of each.
 */
#define IPC_KEY_MARK 0x16au
static inline key_t ipc_key_of(const struct ipc_link *link, unsigned second) {
    unsigned long pid = strtoul(link->name + sizeof "ipcbench-" - 1, NULL, 10);
    return (key_t)(IPC_KEY_MARK << 23 | (second ? 1u : 0u) << 22 | (pid & 0x3fffff));
}

static inline key_t ipc_key(const struct ipc_link *link) {
    return ipc_key_of(link, 0);
}

/* A latch, for what a server must have done in attach before its client may connect: a pipe through
 * which it says where it is to be found. setup makes it, cleanup closes it, the server opens it
 * with a text, and the client awaits that. */
static inline int ipc_latch_make(int latch[2], struct ipc_fault *fault) {
    if (pipe2(latch, O_CLOEXEC) == 0)
        return 0;
    latch[0] = latch[1] = 0;
    return ipc_fail(fault, "pipe2");
}

static inline int ipc_latch_open(const int latch[2], const char *text, struct ipc_fault *fault) {
    for (size_t left = strlen(text) + 1; left > 0;) {
        ssize_t done = write(latch[1], text, left);
        if (done < 0 && errno != EINTR)
            return ipc_fail(fault, "write");
        text += done > 0 ? done : 0;
        left -= done > 0 ? (size_t)done : 0;
    }
    return 0;
}

/* `room` is more than the text can be long; its end comes as its last byte. */
static inline int ipc_latch_await(const int latch[2], char *text, size_t room,
                                  struct ipc_fault *fault) {
    size_t length = 0;
    while (length < room - 1 && (length == 0 || text[length - 1] != '\0')) {
        ssize_t came = read(latch[0], text + length, room - 1 - length);
        if (came == 0 || (came < 0 && errno != EINTR))
            return came == 0 ? ipc_fail_with(fault, "read", EPIPE) : ipc_fail(fault, "read");
        length += came > 0 ? (size_t)came : 0;
    }
    text[length] = '\0';
    return 0;
}

static inline void ipc_latch_close(int latch[2]) {
    ipc_close(&latch[0]);
    ipc_close(&latch[1]);
}

/* Makes sure, at the end of attach, that the peer is the trial's own: the client says the trial's
 * token and the server says it back. By the transport's own messages, which block or poll as it is
 * then. */
static inline int ipc_greet(struct ipc_end *end, const struct ipc_messages *messages) {
    const uint8_t *token = end->link->token;
    uint8_t said[sizeof end->link->token];
    bool first = end->role == IPC_CLIENT;
    int error = first ? messages->send(end, token, sizeof said) : 0;
    if (error == 0)
        error = messages->recv(end, said, sizeof said);
    if (error == 0 && memcmp(said, token, sizeof said) != 0)
        error = ipc_fail_with(&end->fault, "greeting a stranger", EACCES);
    return error || first ? error : messages->send(end, token, sizeof said);
}

/* Tells the CPU that this is a spin loop. */
static inline void ipc_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory"); /* yield is a no-op on most cores */
#endif
}

/* Orders what was written before it before what is read after it, for all to see: for an end that
 * publishes and then looks whether its peer sleeps. ThreadSanitizer knows no fences, and gcc says
 * so; here it guards no data, so that nothing is missed. */
static inline void ipc_fence(void) {
#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif
    atomic_thread_fence(memory_order_seq_cst);
#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
}

/* How many looks at a word, with a pause after each, take about that long: what
 * IPC_PARK spins before it sleeps. Measured for some 20 us, in attach. */
static inline uint64_t ipc_spins_in(uint64_t budget_ns, const _Atomic uint64_t *word) {
    enum { TRIES = 2000 };
    struct timespec from, to;
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < TRIES; i++) {
        (void)atomic_load_explicit(word, memory_order_acquire);
        ipc_relax();
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    int64_t ns = (to.tv_sec - from.tv_sec) * INT64_C(1000000000) + (to.tv_nsec - from.tv_nsec);
    return budget_ns * TRIES / (uint64_t)(ns > 0 ? ns : 1);
}

/* Sleeps while the 32 bits are `value`, or returns at once; may return early. Shared between
 * processes, so without FUTEX_PRIVATE_FLAG. */
static inline void ipc_futex_wait(uint32_t *word, uint32_t value) {
    (void)syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

/* Wakes one sleeper. */
static inline void ipc_futex_wake(uint32_t *word) {
    (void)syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* The lower half of a 64-bit word, which a futex can watch. */
static inline uint32_t *ipc_futex_word(_Atomic uint64_t *word) {
    return (uint32_t *)(void *)word + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

/* Sets O_NONBLOCK on fd: what makes a byte stream spin instead of block. */
static inline int ipc_nonblock(int fd, struct ipc_fault *fault) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return ipc_fail(fault, "fcntl(O_NONBLOCK)");
    return 0;
}

/* Writes all bytes to a stream. On a non-blocking descriptor it spins until there is room. */
static inline int ipc_write_all(int fd, const void *from, size_t bytes, struct ipc_fault *fault) {
    const char *at = from;
    while (bytes > 0) {
        ssize_t done = write(fd, at, bytes);
        if (__builtin_expect(done > 0, 1)) {
            at += done;
            bytes -= (size_t)done;
        } else if (done == 0 || (errno != EAGAIN && errno != EINTR)) {
            return done == 0 ? ipc_fail_with(fault, "write", EIO) : ipc_fail(fault, "write");
        }
    }
    return 0;
}

/* Reads exactly that many bytes from a stream. On a non-blocking descriptor it spins. */
static inline int ipc_read_all(int fd, void *to, size_t bytes, struct ipc_fault *fault) {
    char *at = to;
    while (bytes > 0) {
        ssize_t done = read(fd, at, bytes);
        if (__builtin_expect(done > 0, 1)) {
            at += done;
            bytes -= (size_t)done;
        } else if (done == 0) {
            return ipc_fail_with(fault, "read", EPIPE);
        } else if (errno != EAGAIN && errno != EINTR) {
            return ipc_fail(fault, "read");
        }
    }
    return 0;
}

/* The same for a connected stream socket: all bytes with one call where they fit. A dead peer is
 * -EPIPE, never a signal. */
static inline int ipc_send_all(int fd, const void *from, size_t bytes, struct ipc_fault *fault) {
    const char *at = from;
    while (bytes > 0) {
        ssize_t done = send(fd, at, bytes, MSG_NOSIGNAL);
        if (__builtin_expect(done >= 0, 1)) {
            at += done;
            bytes -= (size_t)done;
        } else if (errno == ECONNRESET) {
            return ipc_fail_with(fault, "send", EPIPE);
        } else if (errno != EAGAIN && errno != EINTR) {
            return ipc_fail(fault, "send");
        }
    }
    return 0;
}

/* The same: a blocking socket returns with all bytes from one call, however they were cut. */
static inline int ipc_recv_all(int fd, void *to, size_t bytes, struct ipc_fault *fault) {
    char *at = to;
    while (bytes > 0) {
        ssize_t done = recv(fd, at, bytes, MSG_WAITALL);
        if (__builtin_expect(done > 0, 1)) {
            at += done;
            bytes -= (size_t)done;
        } else if (done == 0 || errno == ECONNRESET) {
            return ipc_fail_with(fault, "recv", EPIPE);
        } else if (errno != EAGAIN && errno != EINTR) {
            return ipc_fail(fault, "recv");
        }
    }
    return 0;
}

/* Sets SO_SNDBUF or SO_RCVBUF; 0 bytes leaves the size to the kernel. */
static inline int ipc_socket_buffer(int fd, int option, uint64_t bytes, struct ipc_fault *fault) {
    int size = bytes > INT_MAX ? INT_MAX : (int)bytes;
    if (size > 0 && setsockopt(fd, SOL_SOCKET, option, &size, sizeof size) < 0)
        return ipc_fail(fault,
                        option == SO_SNDBUF ? "setsockopt(SO_SNDBUF)" : "setsockopt(SO_RCVBUF)");
    return 0;
}

/* Notes the size that the kernel reports: it doubles what was asked for, to count its own
 * bookkeeping too, and cuts it to net.core.wmem_max or rmem_max. */
static inline void ipc_note_buffer(int fd, int option, uint64_t asked,
                                   void (*note)(void *, const char *, const char *), void *notes) {
    int size = 0;
    socklen_t room = sizeof size;
    char text[96];
    if (getsockopt(fd, SOL_SOCKET, option, &size, &room) < 0)
        return;
    if (asked > 0)
        (void)snprintf(text, sizeof text, "%d (%llu asked for)", size, (unsigned long long)asked);
    else
        (void)snprintf(text, sizeof text, "%d (left to the kernel)", size);
    note(notes, option == SO_SNDBUF ? "sndbuf" : "rcvbuf", text);
}

#endif
