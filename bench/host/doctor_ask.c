/* SPDX-License-Identifier: MIT */
/*
 * doctor_ask.c - what only trying can tell: opens counters, and makes a private network namespace
 * in a child, since there is no way back out of one.
 */
#include "host/doctor_host.h"

#include "host/network.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_DEADLINE_MS 5000

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif
#ifdef __OPTIMIZE__
#define OPTIMISED true
#else
#define OPTIMISED false
#endif

/* Small enough for a pipe to take in one piece. */
struct verdict {
    int error;
    bool has_address;
    char text[256];
};

/* Opens a counter of this process, and closes it. */
static int open_event(uint32_t type, uint64_t config, bool user_space_only) {
    struct perf_event_attr event = {.type = type,
                                    .size = sizeof event,
                                    .config = config,
                                    .disabled = 1,
                                    .exclude_hv = 1,
                                    .exclude_kernel = user_space_only};
    long fd = syscall(SYS_perf_event_open, &event, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd < 0)
        return -errno;
    (void)close((int)fd);
    return 0;
}

/* Where the kernel keeps its own part to itself, user space may be free to count. */
static int ask_event(uint32_t type, uint64_t config, bool *user_space_only) {
    int error = open_event(type, config, false);
    if (error != -EACCES && error != -EPERM)
        return error;
    int again = open_event(type, config, true);
    *user_space_only |= again == 0;
    return again;
}

static void enter(struct verdict *verdict) {
    struct network network;
    struct problem problem = {""};
    verdict->error = network_enter(NETWORK_PRIVATE, &network, &problem);
    if (verdict->error != 0) {
        (void)snprintf(verdict->text, sizeof verdict->text, "%s", strerror(-verdict->error));
        return;
    }
    verdict->has_address = network.for_transport.public_ipv4 != NULL;
    (void)snprintf(verdict->text, sizeof verdict->text, "%s",
                   verdict->has_address ? network.namespace_text : network.why_none);
}

static _Noreturn void child(int to) {
    struct verdict verdict = {.error = 0};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    enter(&verdict);
    (void)!write(to, &verdict, sizeof verdict);
    _exit(0);
}

static void reap(pid_t pid) {
    int status;
    (void)kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
}

static void receive(int from, struct verdict *verdict) {
    struct pollfd ready = {.fd = from, .events = POLLIN};
    int count;
    do
        count = poll(&ready, 1, CHILD_DEADLINE_MS);
    while (count < 0 && errno == EINTR);
    if (count <= 0 || read(from, verdict, sizeof *verdict) != (ssize_t)sizeof *verdict)
        *verdict = (struct verdict){.error = count == 0 ? -ETIMEDOUT : -EIO};
}

static struct verdict ask_network(void) {
    int ends[2];
    struct verdict verdict = {.error = -EIO};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        verdict.error = -errno;
        return verdict;
    }
    pid_t pid = fork();
    if (pid == 0)
        child(ends[1]);
    (void)close(ends[1]);
    if (pid > 0) {
        receive(ends[0], &verdict);
        reap(pid);
    }
    (void)close(ends[0]);
    return verdict;
}

static void try_all(struct doctor_answers *answers) {
    bool *user_space_only = &answers->events_of_user_space_only;
    answers->software_events =
        ask_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, user_space_only);
    answers->hardware_events =
        ask_event(PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, user_space_only);
    struct verdict network = ask_network();
    answers->private_network = network.error;
    answers->private_network_has_address = network.has_address;
    memcpy(answers->private_network_text, network.text, sizeof network.text);
    answers->superuser = geteuid() == 0;
}

void doctor_ask(bool try, struct doctor_answers *answers) {
    *answers = (struct doctor_answers){.software_events = DOCTOR_NOT_ASKED,
                                       .hardware_events = DOCTOR_NOT_ASKED,
                                       .private_network = DOCTOR_NOT_ASKED,
                                       .optimised = OPTIMISED,
                                       .sanitized = SANITIZED};
    if (try)
        try_all(answers);
}
