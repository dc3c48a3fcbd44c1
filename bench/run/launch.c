/* SPDX-License-Identifier: MIT */
/*
 * launch.c - starts the trial's process, listens to it until it ends, and judges what it said.
 */
#include "run/launch.h"
#include "run/launch_arguments.h"

#include "base/clock.h"
#include "base/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- the trial's process ---- */

struct child {
    pid_t pid;
    int exited;   /* a pidfd: readable once it has ended */
    int out, err; /* what it prints; -1 once closed */
    char *text;   /* all of its output */
    size_t length, room;
    char complaint[600]; /* the beginning of its errors */
    size_t complaint_length;
    bool flooded, late, interrupted, out_of_memory;
    int blind; /* the errno by which it can't be listened to; 0 as long as it can */
    uint64_t kill_at_ns;
};

/* ---- what it prints, and its end ---- */

static void kill_group(const struct child *child) {
    (void)kill(-child->pid, SIGKILL);
}

/* Takes what has arrived; closes the descriptor at its end. True while there may be more at once.
 */
static bool take(int *fd, char *to, size_t room, size_t *length) {
    ssize_t got = *fd < 0 ? -1 : read(*fd, to, room);
    if (got > 0) {
        *length += (size_t)got;
        return true;
    }
    if (*fd >= 0 && (got == 0 || (errno != EAGAIN && errno != EINTR))) {
        (void)close(*fd);
        *fd = -1;
    }
    return false;
}

static bool grow(struct child *child) {
    size_t room = child->room == 0 ? 65536 : child->room * 2;
    char *text = room > LAUNCH_OUTPUT_BYTES ? NULL : realloc(child->text, room);
    if (text != NULL) {
        child->text = text;
        child->room = room;
        return true;
    }
    child->flooded = room > LAUNCH_OUTPUT_BYTES;
    child->out_of_memory = !child->flooded;
    kill_group(child);
    return false;
}

static void take_output(struct child *child) {
    do {
        if (child->length == child->room && !grow(child)) {
            (void)close(child->out);
            child->out = -1;
        }
    } while (take(&child->out, child->text + child->length, child->room - child->length,
                  &child->length));
}

/* Keeps the beginning, which is where the reason stands, and lets the rest go: what arrived at
 * once, so that a flood here can't keep us from looking at the deadline. */
static void take_errors(struct child *child) {
    char rest[4096];
    size_t length = 0;
    (void)take(&child->err, rest, sizeof rest, &length);
    size_t room = sizeof child->complaint - 1 - child->complaint_length;
    length = length < room ? length : room;
    memcpy(child->complaint + child->complaint_length, rest, length);
    child->complaint_length += length;
}

/* Takes the last words, ends what the trial may have left running in its group, and reaps it. */
static int reap(struct child *child) {
    int status = 0;
    kill_group(child); /* before waitpid, while the number still is ours */
    take_output(child);
    take_errors(child);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    const int fds[] = {child->exited, child->out, child->err};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
    return status;
}

/* ---- starting it ---- */

/* In the new process, between fork and exec. */
static void become_trial(const char *program, const struct launch_arguments *arguments,
                         const int *out, const int *err, pid_t parent) {
    sigset_t none;
    sigemptyset(&none);
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) /* it died before it could have told us */
        _exit(1);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (dup2(null, STDIN_FILENO) >= 0 && dup2(out[1], STDOUT_FILENO) >= 0 &&
        dup2(err[1], STDERR_FILENO) >= 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0)
        (void)execv(program, (char *const *)(uintptr_t)arguments->list);
    (void)dprintf(STDERR_FILENO, "can't execute %s: %s\n", program, strerror(errno));
    _exit(127);
}

static void close_pair(const int *pair) {
    (void)close(pair[0]);
    (void)close(pair[1]);
}

/* Two pipes whose reading ends do not block. 0 or -errno. */
static int open_pipes(int *out, int *err) {
    if (pipe2(out, O_CLOEXEC) < 0)
        return -errno;
    if (pipe2(err, O_CLOEXEC) < 0) {
        int error = errno;
        close_pair(out);
        return -error;
    }
    (void)fcntl(out[0], F_SETFL, O_NONBLOCK);
    (void)fcntl(err[0], F_SETFL, O_NONBLOCK);
    return 0;
}

static int start(struct child *child, const char *program,
                 const struct launch_arguments *arguments) {
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    int result = open_pipes(out, err);
    if (result < 0)
        return result;
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0) {
        result = -errno;
        close_pair(out);
        close_pair(err);
        return result;
    }
    if (pid == 0)
        become_trial(program, arguments, out, err, parent);
    (void)setpgid(pid, pid); /* whoever comes first */
    (void)close(out[1]);
    (void)close(err[1]);
    child->pid = pid;
    child->out = out[0];
    child->err = err[0];
    child->exited = (int)syscall(SYS_pidfd_open, pid, 0);
    if (child->exited >= 0)
        return 0;
    result = -errno;
    (void)reap(child);
    return result;
}

/* ---- waiting for it ---- */

/* The first signal asks the trial to end, which it does after its cleanup; the second doesn't ask.
 */
static void heed_signals(struct child *child, int stop_fd) {
    while (stop_requested(stop_fd)) {
        if (child->interrupted) {
            kill_group(child);
        } else {
            (void)kill(child->pid, SIGTERM);
            child->kill_at_ns = clock_system_ns() + LAUNCH_STOP_NS;
        }
        child->interrupted = true;
    }
}

static int left_ms(const struct child *child) {
    uint64_t now_ns = clock_system_ns();
    if (now_ns >= child->kill_at_ns)
        return 0;
    uint64_t ms = (child->kill_at_ns - now_ns) / 1000000 + 1;
    return ms < 1000000 ? (int)ms : 1000000;
}

/* Returns when the process has ended, by itself or by our hand, which may be under way. */
static void listen_until_end(struct child *child, int stop_fd) {
    for (;;) {
        struct pollfd wait[] = {{.fd = child->exited, .events = POLLIN},
                                {.fd = child->out, .events = POLLIN},
                                {.fd = child->err, .events = POLLIN},
                                {.fd = stop_fd, .events = POLLIN}};
        if (poll(wait, 4, left_ms(child)) < 0 && errno != EINTR) {
            child->blind = errno;
            kill_group(child);
            return;
        }
        take_output(child);
        take_errors(child);
        if (wait[0].revents != 0)
            return;
        heed_signals(child, stop_fd);
        if (left_ms(child) == 0) {
            child->late = true;
            child->kill_at_ns = UINT64_MAX;
            kill_group(child);
        }
    }
}

/* ---- judging ---- */

/* ": " and the first line that the trial complained with; or nothing. */
static const char *complaint(struct child *child) {
    char *from = child->complaint;
    char *line = from + strspn(from, " \r\n");
    line[strcspn(line, "\r\n")] = '\0';
    for (char *at = line; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    if (*line == '\0')
        return "";
    size_t length = strlen(line);
    length = length < sizeof child->complaint - 3 ? length : sizeof child->complaint - 3;
    memmove(from + 2, line, length);
    memcpy(from, ": ", 2);
    from[length + 2] = '\0';
    return from;
}

/* Reads the record out of what was printed. -EINVAL with a sentence when there is none. */
static int read_record(const struct child *child, const struct launch_arguments *arguments,
                       struct record *record, struct problem *why) {
    json_error_t error;
    json_t *json = json_loadb(child->length > 0 ? child->text : "", child->length, 0, &error);
    if (json == NULL)
        return problem_set(why, EINVAL, "it printed no record (%s)", error.text);
    struct problem wrong = {""};
    int result = record_from_json(json, record, &wrong);
    json_decref(json);
    if (result < 0)
        return problem_set(why, EINVAL, "its record is damaged: %s", wrong.text);
    if (strcmp(record->key, arguments->key) == 0)
        return 0;
    result = problem_set(why, EINVAL, "its record is of another cell, %s", record->key);
    record_free(record);
    return result;
}

/* Each status has its exit code; another one means that the trial broke after its record. */
static bool code_fits(enum record_status status, int code) {
    static const int codes[RECORD_STATUSES] = {
        [RECORD_OK] = 0, [RECORD_FAILED] = 1, [RECORD_SKIPPED] = 77, [RECORD_NOT_APPLICABLE] = 77};
    return codes[status] == code;
}

/* 0 with the trial's own record, or -EINVAL with a sentence that says why it can't be used. */
static int judge(struct child *child, const struct launch_request *request,
                 const struct launch_arguments *arguments, int status, struct record *record,
                 struct problem *why) {
    if (child->late)
        return problem_set(why, EINVAL, "the trial did not end within %.3g s and was killed%s",
                           (double)(request->deadline_ns + request->grace_ns) / 1e9,
                           complaint(child));
    if (child->blind != 0)
        return problem_set(why, EINVAL, "the trial can't be listened to (poll: %s) and was killed",
                           strerror(child->blind));
    if (child->flooded)
        return problem_set(why, EINVAL, "the trial printed more than %zu MiB and was killed",
                           LAUNCH_OUTPUT_BYTES >> 20);
    if (WIFSIGNALED(status))
        return problem_set(why, EINVAL, "the trial was killed by signal %d (%s)%s",
                           WTERMSIG(status), strsignal(WTERMSIG(status)), complaint(child));
    int code = WEXITSTATUS(status);
    struct problem wrong = {""};
    if (read_record(child, arguments, record, &wrong) < 0)
        return problem_set(why, EINVAL, "the trial ended with exit code %d, and %s%s", code,
                           wrong.text, complaint(child));
    if (code_fits(record->status, code))
        return 0;
    record_free(record);
    return problem_set(why, EINVAL, "the trial ended with exit code %d, which its record denies%s",
                       code, complaint(child));
}

int launch_trial(const struct launch_request *request, struct record *record,
                 struct problem *problem) {
    const char *program = request->program != NULL ? request->program : "/proc/self/exe";
    struct launch_arguments arguments;
    struct child child = {.out = -1, .err = -1, .exited = -1};
    struct problem why = {""};
    launch_arguments_make(request, &arguments);
    arguments.list[arguments.count] = "--json";
    child.kill_at_ns = clock_system_ns() + request->deadline_ns + request->grace_ns;
    int result = start(&child, program, &arguments);
    if (result < 0) {
        (void)problem_set(&why, EINVAL, "can't start the trial: %s", strerror(-result));
    } else {
        listen_until_end(&child, request->stop_fd);
        int status = reap(&child);
        child.interrupted |= stop_killed(request->stop_fd, status);
        if (!child.interrupted && !child.out_of_memory)
            result = judge(&child, request, &arguments, status, record, &why);
    }
    free(child.text);
    if (child.interrupted)
        return -EINTR;
    if (child.out_of_memory)
        return problem_set(problem, ENOMEM, "no memory for what the trial printed");
    if (result < 0)
        launch_stand_in(request, RECORD_FAILED, why.text, record);
    return 0;
}
