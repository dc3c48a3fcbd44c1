/* SPDX-License-Identifier: MIT */
/*
 * interpose.c - stands between a process and libc (LD_PRELOAD) and makes go wrong, by order of the
 * fault campaign, what goes wrong in the world: a call fails, is short, or is interrupted; the wall
 * clock jumps. Its orders are variables, read once:
 *   IPCFAULT_ROLE   run, trial, end, other: only in processes of that kind; all without it
 *   IPCFAULT_ERROR  CALL:ERRNO:NTH:TIMES  that call fails TIMES times from the NTH on (0: for ever)
 *   IPCFAULT_SHORT  SEED  reads and writes of byte streams and files move fewer bytes than asked
 *   IPCFAULT_STORM  US    a signal without SA_RESTART each so many microseconds
 *   IPCFAULT_CLOCK  S     the wall clock jumps by so many seconds, there and back
 *   IPCFAULT_STAGE  STAGE:SOCKET  tells that socket when an end is there, and waits for its answer
 *   IPCFAULT_LOG    FILE  takes a line for each fault that happened and, with COUNT for an order,
 *                         one for each call that was made
 * A process that crashed is lost anyhow, and libc names its parameters as it likes:
 * NOLINTBEGIN(bugprone-signal-handler,cert-sig30-c,readability-inconsistent-declaration-parameter-name)
 */
#undef _FORTIFY_SOURCE
#include "calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define OUT __attribute__((visibility("default")))

#define NUMBER(result, name, parameters, arguments, failure) CALL_##name,
#define NUMBER_MEMORY(name, libc, parameters, arguments)     CALL_##name,
enum call { CALLS(NUMBER) MEMORY(NUMBER_MEMORY) CALL_open, CALL_openat, CALL_syscall, CALL_COUNT };
#define NAME(result, name, parameters, arguments, failure) #name,
#define NAME_MEMORY(name, libc, parameters, arguments)     #name,
static const char *const names[] = {CALLS(NAME) MEMORY(NAME_MEMORY) "open", "openat", "syscall"};

static struct {
    char role[8]; /* of this process: run, trial, end, other */
    bool active;  /* the orders are for this role */
    int call, error;
    long nth, times;
    unsigned random;
    long storm_us, clock_s;
    char stage[16], socket[100], log[200];
    bool count, told;
    unsigned usages, jumps, futexes;
    long calls[CALL_COUNT];
} state = {.call = -1};

/* ---- what it says, by bare system calls ---- */

static void say(const char *text, size_t length) {
    long fd = syscall(SYS_openat, AT_FDCWD, state.log, O_WRONLY | O_APPEND | O_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)syscall(SYS_write, fd, text, length);
    (void)syscall(SYS_close, fd);
}

static void say_fault(const char *what) {
    char line[96];
    int length = snprintf(line, sizeof line, "fault %s %s\n", state.role, what);
    say(line, (size_t)length);
}

static void say_counts(void) {
    char text[2048];
    size_t length = 0;
    for (int i = 0; state.count && i < CALL_COUNT; i++)
        if (state.calls[i] > 0)
            length += (size_t)snprintf(text + length, sizeof text - length, "calls %s %s %ld\n",
                                       state.role, names[i], state.calls[i]);
    if (length > 0)
        say(text, length);
}

/* Tells the campaign that an end is at that stage, and waits until it may go on. */
static void reach(const char *stage) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char line[64], answer;
    if (strcmp(stage, state.stage) != 0)
        return;
    state.stage[0] = '\0';
    int error = errno;
    memcpy(address.sun_path, state.socket, sizeof state.socket);
    long fd = syscall(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (syscall(SYS_connect, fd, &address, sizeof address) == 0) {
        int length = snprintf(line, sizeof line, "%s %d\n", stage, (int)getpid());
        (void)syscall(SYS_write, fd, line, (size_t)length);
        while (syscall(SYS_read, fd, &answer, 1) < 0 && errno == EINTR)
            continue;
    }
    (void)syscall(SYS_close, fd);
    errno = error;
}

/* ---- the orders ---- */

static bool fails(enum call call) {
    long number = __atomic_add_fetch(&state.calls[call], 1, __ATOMIC_RELAXED);
    if (!state.active || (int)call != state.call || number < state.nth ||
        (state.times > 0 && number >= state.nth + state.times))
        return false;
    say_fault(names[call]);
    errno = state.error;
    return true;
}

static bool can_be_short(int fd) {
    struct stat info;
    int type = 0;
    socklen_t length = sizeof type;
    if (fstat(fd, &info) != 0)
        return false;
    if (S_ISFIFO(info.st_mode) || (S_ISREG(info.st_mode) && info.st_size > 0))
        return true; /* a file of /proc has no size, and takes what is written as a whole */
    return S_ISSOCK(info.st_mode) && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
           type == SOCK_STREAM;
}

static size_t shorten(int fd, size_t bytes) {
    int error = errno;
    if (state.active && state.random != 0 && bytes > 1 && can_be_short(fd)) {
        bytes = 1 + (size_t)rand_r(&state.random) % bytes;
        if (!state.told)
            say_fault("short");
        state.told = true;
    }
    errno = error;
    return bytes;
}

static void on_storm(int number) {
    (void)number;
}

static void arm_storm(bool on) {
    const struct sigaction action = {.sa_handler = on_storm}; /* without SA_RESTART */
    long us = on ? state.storm_us : 0;
    const struct itimerval timer = {{us / 1000000, us % 1000000}, {us / 1000000, us % 1000000}};
    if (state.storm_us == 0)
        return;
    if (on)
        (void)sigaction(SIGALRM, &action, NULL);
    (void)setitimer(ITIMER_REAL, &timer, NULL);
}

static void take_role(const char *role) {
    const char *wanted = getenv("IPCFAULT_ROLE");
    (void)snprintf(state.role, sizeof state.role, "%s", role);
    state.active = wanted == NULL || strcmp(wanted, role) == 0;
    if (state.active && state.storm_us > 0)
        say_fault("storm");
}

static void in_child(void) {
    memset(state.calls, 0, sizeof state.calls);
    state.told = false;
    arm_storm(state.active);
}

/* Says in whose code a process crashed, and lets it. */
static void on_crash(int number) {
    void *frames[8];
    Dl_info info = {.dli_fname = "?"};
    char line[300];
    int count = backtrace(frames, 8);
    for (int i = 2; i < count && i < 4; i++) { /* behind this function and the kernel's frame */
        (void)dladdr(frames[i], &info);
        int length = snprintf(line, sizeof line, "crash %s %s %s\n", state.role, info.dli_fname,
                              info.dli_sname != NULL ? info.dli_sname : "?");
        say(line, (size_t)length);
    }
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void read_error(const char *order) {
    char name[24] = "";
    if (order == NULL ||
        sscanf(order, "%23[^:]:%d:%ld:%ld", name, &state.error, &state.nth, &state.times) != 4)
        return;
    for (int i = 0; i < CALL_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            state.call = i;
}

static long number_of(const char *name) {
    const char *text = getenv(name);
    return text != NULL ? strtol(text, NULL, 10) : 0;
}

static const char *role_of_command(void) {
    char line[4096] = "";
    long fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC, 0);
    long length = syscall(SYS_read, fd, line, sizeof line - 1);
    (void)syscall(SYS_close, fd);
    size_t first = strlen(line);
    bool ours = first >= 8 &&
                (strcmp(line + first - 8, "ipcbench") == 0 || strcmp(line, "/proc/self/exe") == 0);
    const char *second = length > (long)first ? line + first + 1 : "";
    if (!ours)
        return "other";
    return strcmp(second, "run") == 0 ? "run" : strcmp(second, "trial") == 0 ? "trial" : "other";
}

__attribute__((constructor)) static void begin(void) {
    const char *log = getenv("IPCFAULT_LOG"), *stage = getenv("IPCFAULT_STAGE");
    (void)snprintf(state.log, sizeof state.log, "%s", log != NULL ? log : "/dev/null");
    if (stage != NULL)
        (void)sscanf(stage, "%15[^:]:%99s", state.stage, state.socket);
    read_error(getenv("IPCFAULT_ERROR"));
    state.count = getenv("IPCFAULT_COUNT") != NULL;
    state.random = (unsigned)number_of("IPCFAULT_SHORT");
    state.storm_us = number_of("IPCFAULT_STORM");
    state.clock_s = number_of("IPCFAULT_CLOCK");
    void *frame[1];
    (void)backtrace(frame, 1); /* loads what it needs while there is memory */
    (void)signal(SIGSEGV, on_crash);
    (void)signal(SIGABRT, on_crash);
    take_role(role_of_command());
    (void)pthread_atfork(NULL, NULL, in_child);
    arm_storm(state.active);
}

__attribute__((destructor)) static void finish(void) {
    say_counts();
}

/* ---- the calls ---- */

/* ISO C has no conversion of a pointer to an object into one to a function. */
#define REAL(result, name, parameters)         \
    static result(*real) parameters;           \
    if (real == NULL) {                        \
        void *found = dlsym(RTLD_NEXT, #name); \
        memcpy(&real, &found, sizeof found);   \
    }

#define WRAP(result, name, parameters, arguments, failure) \
    OUT result name parameters {                           \
        REAL(result, name, parameters)                     \
        if (fails(CALL_##name))                            \
            return failure;                                \
        return real arguments;                             \
    }
CALLS(WRAP)

#define WRAP_MEMORY(name, libc, parameters, arguments)     \
    extern void *libc parameters;                          \
    OUT void *name parameters {                            \
        return fails(CALL_##name) ? NULL : libc arguments; \
    }
MEMORY(WRAP_MEMORY)

/* What the fortified headers call in place of these. */
OUT ssize_t __read_chk(int fd, void *to, size_t bytes, size_t room) {
    return read(fd, to, bytes < room ? bytes : room);
}
OUT ssize_t __recv_chk(int fd, void *to, size_t bytes, size_t room, int flags) {
    return recv(fd, to, bytes < room ? bytes : room, flags);
}
OUT int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t room) {
    (void)room;
    return poll(fds, count, timeout);
}

static mode_t mode_of(int flags, va_list rest) {
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

OUT int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return fails(CALL_open) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
OUT int __open_2(const char *path, int flags) {
    return open(path, flags);
}
OUT int openat(int folder, const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return fails(CALL_openat) ? -1 : (int)syscall(SYS_openat, folder, path, flags, mode);
}

/* ---- where an end is ---- */

OUT int prctl(int option, ...) {
    va_list rest;
    unsigned long a[4];
    va_start(rest, option);
    for (int i = 0; i < 4; i++)
        a[i] = va_arg(rest, unsigned long);
    va_end(rest);
    int result = (int)syscall(SYS_prctl, option, a[0], a[1], a[2], a[3]);
    if (option == PR_SET_PDEATHSIG && a[0] == SIGKILL && strcmp(state.role, "trial") == 0) {
        take_role("end");
        reach("start");
    }
    return result;
}

static bool is_end(void) {
    return strcmp(state.role, "end") == 0;
}

OUT int sched_setaffinity(pid_t process, size_t bytes, const cpu_set_t *set) {
    REAL(int, sched_setaffinity, (pid_t, size_t, const cpu_set_t *))
    int result = real(process, bytes, set);
    if (is_end())
        reach("attach");
    return result;
}

OUT int getrusage(__rusage_who_t who, struct rusage *usage) {
    REAL(int, getrusage, (__rusage_who_t, struct rusage *))
    int result = real(who, usage);
    if (is_end())
        reach(state.usages++ == 0 ? "measure" : "finish");
    return result;
}

/* The first gate opens into the warm-up, the second to detaching. */
OUT long syscall(long number, ...) {
    REAL(long, syscall, (long, ...))
    va_list rest;
    long a[6];
    va_start(rest, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(rest, long);
    va_end(rest);
    if (number == SYS_pidfd_open && fails(CALL_syscall))
        return -1;
    long result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (number == SYS_futex && is_end() && (state.futexes == 0 || state.usages >= 2))
        reach(state.futexes++ == 0 ? "warm-up" : "detach");
    return result;
}

OUT void _exit(int code) {
    if (is_end())
        reach("over");
    say_counts();
    for (;;)
        (void)syscall(SYS_exit_group, code);
}

OUT int execv(const char *path, char *const *words) {
    REAL(int, execv, (const char *, char *const *))
    arm_storm(false);
    return real(path, words);
}

/* ---- the wall clock ---- */

static time_t jump(void) {
    return state.active && state.clock_s != 0 && state.jumps++ % 2 ? state.clock_s : 0;
}

OUT int clock_gettime(clockid_t clock, struct timespec *now) {
    REAL(int, clock_gettime, (clockid_t, struct timespec *))
    int result = real(clock, now);
    if (clock == CLOCK_REALTIME && result == 0)
        now->tv_sec += jump();
    return result;
}

OUT time_t time(time_t *now) {
    struct timespec exact;
    (void)clock_gettime(CLOCK_REALTIME, &exact);
    if (state.clock_s != 0 && state.active)
        say_fault("clock");
    if (now != NULL)
        *now = exact.tv_sec;
    return exact.tv_sec;
}

/* NOLINTEND(bugprone-signal-handler,cert-sig30-c,readability-inconsistent-declaration-parameter-name)
 */
