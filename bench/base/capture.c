/* SPDX-License-Identifier: MIT */
/*
 * capture.c - fork, exec, two pipes out and one in, and the end of all descendants.
 */
#include "base/capture.h"

#include "base/clock.h"
#include "base/plain.h"
#include "base/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { INPUT, OUTPUT, ERRORS, CHANNELS };
enum { MOST_CHILDREN = 1024, MOST_ROUNDS = 1000 };

struct running {
    const struct capture_request *request;
    struct capture *capture;
    pid_t pid;
    int ended;         /* a pidfd: readable once it has ended; -1: only its output tells */
    int fds[CHANNELS]; /* our ends; -1: closed */
    size_t given;      /* of the input */
    uint64_t deadline;
    struct sigaction on_broken_pipe; /* as the caller had it */
    pid_t others[MOST_CHILDREN];     /* children that the caller has already */
    size_t other_count;
};

/* The children of this process, which has one thread. */
static size_t list_children(pid_t list[MOST_CHILDREN]) {
    char path[64];
    size_t count = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)getpid(), (int)getpid());
    FILE *children = fopen(path, "re");
    while (children != NULL && count < MOST_CHILDREN && fscanf(children, "%d", &list[count]) == 1)
        count++;
    if (children != NULL)
        (void)fclose(children);
    return count;
}

static void shut(int *fd) {
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static _Noreturn void become(const struct running *r, const int theirs[CHANNELS], pid_t parent) {
    static const int standard[CHANNELS] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    sigset_t none;
    (void)sigemptyset(&none);
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    for (int i = 0; i < CHANNELS; i++)
        if (dup2(theirs[i], standard[i]) < 0)
            _exit(127);
    (void)sigaction(SIGPIPE, &r->on_broken_pipe, NULL);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execv(r->request->words[0], (char *const *)(uintptr_t)r->request->words);
    (void)dprintf(STDERR_FILENO, "can't execute %s: %s\n", r->request->words[0], strerror(errno));
    _exit(127);
}

static int open_channels(int ours[CHANNELS], int theirs[CHANNELS]) {
    for (int i = 0; i < CHANNELS; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) < 0)
            return -errno;
        ours[i] = ends[i == INPUT];
        theirs[i] = ends[i != INPUT];
        (void)fcntl(ours[i], F_SETFL, O_NONBLOCK);
    }
    return 0;
}

static int start(struct running *r) {
    int theirs[CHANNELS] = {-1, -1, -1};
    int error = open_channels(r->fds, theirs);
    pid_t parent = getpid();
    r->pid = error ? -1 : fork();
    if (r->pid == 0)
        become(r, theirs, parent);
    if (error == 0 && r->pid < 0)
        error = -errno;
    for (int i = 0; i < CHANNELS; i++)
        shut(&theirs[i]);
    if (r->pid > 0) {
        (void)setpgid(r->pid, r->pid); /* whoever comes first */
        r->ended = (int)syscall(SYS_pidfd_open, r->pid, 0);
    }
    return error;
}

static void give(struct running *r) {
    const char *input = r->request->input;
    size_t left = input != NULL ? strlen(input) - r->given : 0;
    if (left == 0) {
        shut(&r->fds[INPUT]);
        return;
    }
    ssize_t done = write(r->fds[INPUT], input + r->given, left);
    if (done > 0)
        r->given += (size_t)done;
    if (done == (ssize_t)left || (done < 0 && errno != EAGAIN && errno != EINTR))
        shut(&r->fds[INPUT]);
}

/* Whether there may be more at once. */
static bool take_output(struct running *r) {
    struct capture *c = r->capture;
    size_t room = r->request->most_bytes - c->bytes;
    ssize_t came = read(r->fds[OUTPUT], c->output + c->bytes, room + (room == 0));
    if (came > 0 && room == 0)
        c->flooded = true;
    else if (came > 0)
        c->bytes += (size_t)came;
    else if (came == 0 || (errno != EAGAIN && errno != EINTR))
        shut(&r->fds[OUTPUT]);
    return r->fds[OUTPUT] >= 0 && !c->flooded && (came > 0 || errno == EINTR);
}

/* Keeps the beginning. */
static void take_errors(struct running *r) {
    char text[1024], *complaint = r->capture->complaint;
    size_t used = strlen(complaint), room = sizeof r->capture->complaint - 1 - used;
    ssize_t came = read(r->fds[ERRORS], text, sizeof text);
    if (came == 0 || (came < 0 && errno != EAGAIN && errno != EINTR))
        shut(&r->fds[ERRORS]);
    for (ssize_t i = 0; i < came && room > 0; i++)
        if (text[i] != '\0') {
            complaint[used++] = text[i];
            room--;
        }
    complaint[used] = '\0';
}

static int left_ms(const struct running *r) {
    uint64_t now = clock_system_ns();
    return now >= r->deadline ? 0 : (int)((r->deadline - now) / 1000000 + 1);
}

/* Until it closed its output, or has ended, or has had enough. Who else holds its output is not
 * waited for; what it printed right before its end, maybe between two looks of this poll, counts.
 */
static void listen_to(struct running *r) {
    enum { STOP = CHANNELS, ENDED, WATCHED };
    struct capture *c = r->capture;
    bool over = false;
    while (r->fds[OUTPUT] >= 0 && !over && !c->late && !c->flooded && !c->interrupted) {
        struct pollfd watched[WATCHED] = {{r->fds[INPUT], POLLOUT, 0},
                                          {r->fds[OUTPUT], POLLIN, 0},
                                          {r->fds[ERRORS], POLLIN, 0},
                                          {r->request->stop_fd, POLLIN, 0},
                                          {r->ended, POLLIN, 0}};
        int ready = poll(watched, WATCHED, left_ms(r));
        over = ready > 0 && watched[ENDED].revents != 0;
        if (ready > 0 && watched[INPUT].revents)
            give(r);
        if (over || (ready > 0 && watched[OUTPUT].revents))
            while (take_output(r) && over)
                continue;
        if (watched[ERRORS].fd >= 0 && (over || (ready > 0 && watched[ERRORS].revents)))
            take_errors(r);
        c->interrupted = ready > 0 && watched[STOP].revents && stop_requested(r->request->stop_fd);
        c->late = left_ms(r) == 0;
    }
}

/* A program that closed its output gets a moment to end by itself. */
static bool ends_itself(const struct running *r, int *status) {
    enum { TRIES = 1000 };
    for (int i = 0; i < TRIES; i++) {
        pid_t gone = waitpid(r->pid, status, WNOHANG);
        if (gone == r->pid)
            return true;
        (void)poll(NULL, 0, 1);
    }
    return false;
}

static bool is_other(const struct running *r, pid_t child) {
    if (r->other_count == MOST_CHILDREN)
        return true; /* there may be more of them */
    for (size_t i = 0; i < r->other_count; i++)
        if (r->others[i] == child)
            return true;
    return false;
}

/* Ends what became our child since the program began; its own children may follow. False: nothing.
 */
static bool end_orphans(const struct running *r) {
    pid_t children[MOST_CHILDREN];
    size_t count = list_children(children);
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        if (is_other(r, children[i]))
            continue;
        any = true;
        (void)kill(children[i], SIGKILL);
        (void)waitpid(children[i], NULL, 0);
    }
    return any;
}

/* Ends the program's group, and whatever left that group and became our child. */
static void end_all(struct running *r) {
    const struct capture *c = r->capture;
    bool forced = c->late || c->flooded || c->interrupted;
    bool gone = !forced && ends_itself(r, &r->capture->status);
    (void)kill(-r->pid, SIGKILL);
    while (!gone && waitpid(r->pid, &r->capture->status, 0) < 0 && errno == EINTR)
        continue;
    for (int round = 0; round < MOST_ROUNDS && end_orphans(r); round++)
        continue;
}

int capture_run(const struct capture_request *request, struct capture *capture,
                struct problem *problem) {
    struct running r = {.request = request,
                        .capture = capture,
                        .ended = -1,
                        .fds = {-1, -1, -1},
                        .deadline = clock_system_ns() + request->deadline_ns};
    *capture = (struct capture){.output = calloc(1, request->most_bytes + 1)};
    if (capture->output == NULL)
        return problem_set(problem, ENOMEM, "no memory for what %s prints", request->words[0]);
    int reaper = 0;
    const struct sigaction ignore = {.sa_handler = SIG_IGN}; /* it may end before it reads */
    (void)prctl(PR_GET_CHILD_SUBREAPER, &reaper);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    (void)sigaction(SIGPIPE, &ignore, &r.on_broken_pipe);
    r.other_count = list_children(r.others);
    int error = start(&r);
    if (error == 0) {
        listen_to(&r);
        end_all(&r);
        capture->interrupted |= stop_killed(request->stop_fd, capture->status);
        capture->output[capture->bytes] = '\0';
        capture->complaint[strcspn(capture->complaint, "\r\n")] = '\0';
        plain_text(capture->complaint);
    }
    (void)sigaction(SIGPIPE, &r.on_broken_pipe, NULL);
    (void)prctl(PR_SET_CHILD_SUBREAPER, reaper);
    for (int i = 0; i < CHANNELS; i++)
        shut(&r.fds[i]);
    shut(&r.ended);
    if (error)
        return problem_set(problem, -error, "can't start %s: %s", request->words[0],
                           strerror(-error));
    return 0;
}

void capture_free(struct capture *capture) {
    free(capture->output);
    capture->output = NULL;
}
