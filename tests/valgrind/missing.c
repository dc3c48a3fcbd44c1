/* SPDX-License-Identifier: MIT */
/*
 * missing.c - gives to programs under valgrind, loaded before libc, what it lacks of the kernel. It
 * knows no pidfds (3.19): they become the end of a pipe that is readable once the process has
 * ended, which is all that ipcbench asks of one. And /proc/self/exe is valgrind itself where it is
 * executed: that becomes the program. Every other call goes its way.
 * NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process and the pipe's end that is closed when it has ended, in one word. */
static void *await(void *argument) {
    uint64_t both = (uintptr_t)argument;
    siginfo_t info;
    while (waitid(P_PID, (id_t)(both >> 32), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        ;
    (void)close((int)(both & 0x7fffffff));
    return NULL;
}

/* The thread takes no signal: they are the program's. */
static int start(pid_t pid, int out) {
    sigset_t all, before;
    pthread_t thread;
    uint64_t both = (uint64_t)pid << 32 | (uint64_t)out;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, NULL, await, (void *)(uintptr_t)both);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error != 0 ? error : pthread_detach(thread);
}

static long open_pidfd(pid_t pid) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    errno = start(pid, ends[1]);
    return errno != 0 ? -1 : ends[0];
}

__attribute__((visibility("default"))) long syscall(long number, ...) {
    va_list values;
    long v[6], (*real)(long, ...);
    va_start(values, number);
    for (size_t i = 0; i < sizeof v / sizeof *v; i++)
        v[i] = va_arg(values, long);
    va_end(values);
    if (number == SYS_pidfd_open)
        return open_pidfd((pid_t)v[0]);
    void *found = dlsym(RTLD_NEXT, "syscall");
    memcpy(&real, &found, sizeof real);
    return real(number, v[0], v[1], v[2], v[3], v[4], v[5]);
}

__attribute__((visibility("default"))) int execv(const char *path, char *const *arguments) {
    char program[4096];
    ssize_t length = readlink(path, program, sizeof program - 1);
    bool own = strcmp(path, "/proc/self/exe") == 0 && length > 0;
    if (own)
        program[length] = '\0';
    return execve(own ? program : path, arguments, environ);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
