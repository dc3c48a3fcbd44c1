/* SPDX-License-Identifier: MIT */
/*
 * signal.c - real-time signals with sigwait: a notification, whose value carries the message.
 *
 * A message costs 2 system calls (one rt_tgsigqueueinfo, one rt_sigtimedwait) and, when the reader
 * sleeps, 1 wake-up; the kernel allocates an entry of its queue for each signal. It is at most as
 * long as a pointer, 8 bytes. Signals of one number arrive in order and none is lost: beyond
 * RLIMIT_SIGPENDING the sender is refused and tries again.
 *
 * The signal is directed to the peer's thread, which blocks it and so fetches it only by waiting.
 * Who that is, each end tells the other through a page that both share. What somebody else sends by
 * that number is dropped and counted.
 */
#include "helper.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define MOST_BYTES sizeof(void *)

struct signal_thread {
    _Atomic pid_t process, thread;
};

struct signal_link {
    struct ipc_link base;
    struct signal_thread *threads; /* by role, in a page that both ends share */
};

struct signal_end {
    struct ipc_end base;
    struct signal_thread *peer;
    pid_t own_process;
    uid_t own_user;
    sigset_t signals, mask_before;
    long long strangers;
};

/* A number of its own for each direction, since as threads both ends share their process. */
static int number_to(enum ipc_role role) {
    return SIGRTMIN + 3 + (int)role;
}

static int setup(struct ipc_link *base) {
    struct signal_link *link = (struct signal_link *)base;
    void *page = mmap(NULL, IPC_ROLES * sizeof *link->threads, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (page == MAP_FAILED)
        return ipc_fail(&base->fault, "mmap");
    link->threads = page;
    return 0;
}

static int attach(struct ipc_end *base) {
    struct signal_end *end = (struct signal_end *)base;
    struct signal_thread *threads = ((const struct signal_link *)base->link)->threads;
    struct signal_thread *own = &threads[base->role];
    (void)sigemptyset(&end->signals);
    (void)sigaddset(&end->signals, number_to(base->role));
    int error = pthread_sigmask(SIG_BLOCK, &end->signals, &end->mask_before);
    if (error)
        return ipc_fail_with(&base->fault, "pthread_sigmask", error);
    end->peer = &threads[!base->role];
    end->own_process = getpid();
    end->own_user = getuid();
    atomic_store(&own->process, end->own_process);
    atomic_store(&own->thread, (pid_t)syscall(SYS_gettid));
    return 0;
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct signal_end *end = (struct signal_end *)base;
    int number = number_to(!base->role);
    siginfo_t info = {.si_signo = number, .si_code = SI_QUEUE};
    info.si_pid = end->own_process;
    info.si_uid = end->own_user;
    memcpy(&info.si_value, message, bytes);
    while (syscall(SYS_rt_tgsigqueueinfo,
                   atomic_load_explicit(&end->peer->process, memory_order_relaxed),
                   atomic_load_explicit(&end->peer->thread, memory_order_relaxed), number,
                   &info) < 0) {
        if (errno == ESRCH)
            return ipc_fail_with(&base->fault, "rt_tgsigqueueinfo", EPIPE);
        if (errno != EAGAIN)
            return ipc_fail(&base->fault, "rt_tgsigqueueinfo");
    }
    return 0;
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    static const struct timespec at_once = {0, 0};
    struct signal_end *end = (struct signal_end *)base;
    const struct timespec *timeout = base->link->wait == IPC_SPIN ? &at_once : NULL;
    siginfo_t info;
    for (;;) {
        if (sigtimedwait(&end->signals, &info, timeout) < 0) {
            if (errno != EAGAIN && errno != EINTR)
                return ipc_fail(&base->fault, "sigtimedwait");
            continue;
        }
        pid_t peer = atomic_load_explicit(&end->peer->process, memory_order_relaxed);
        if (__builtin_expect(info.si_code == SI_QUEUE && info.si_pid == peer, 1))
            break;
        end->strangers++;
    }
    memcpy(message, &info.si_value, bytes);
    return 0;
}

static int detach(struct ipc_end *base) {
    struct signal_end *end = (struct signal_end *)base;
    ipc_note_number(base->note, base->notes, "strangers", end->strangers);
    int error = pthread_sigmask(SIG_SETMASK, &end->mask_before, NULL);
    return error ? ipc_fail_with(&base->fault, "pthread_sigmask", error) : 0;
}

static void cleanup(struct ipc_link *base) {
    struct signal_link *link = (struct signal_link *)base;
    if (link->threads)
        (void)munmap(link->threads, IPC_ROLES * sizeof *link->threads);
    link->threads = NULL;
}

static const struct ipc_messages messages = {send_message, recv_message};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "signal",
    .summary = "real-time signals with sigwait: a notification that carries 8 bytes at most",
    .group = "kernel",
    .cost = "2 system calls, 1 entry of the signal queue, 1 wake-up when the reader sleeps",
    .calls = {.least = 2, .most = 2},
    .link_bytes = sizeof(struct signal_link),
    .end_bytes = sizeof(struct signal_end),
    .max_bytes = MOST_BYTES,
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
};
