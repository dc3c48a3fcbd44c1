/* SPDX-License-Identifier: MIT */
/*
 * stop.c - catches the signals that ask the program to stop, through a signalfd.
 */
#include "base/stop.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { INTERRUPTED = 130 };

static const int numbers[STOP_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};

static void leave(int number) {
    static const char sentence[] = "ipcbench: interrupted\n";
    (void)number;
    (void)!write(STDERR_FILENO, sentence, sizeof sentence - 1);
    _exit(INTERRUPTED);
}

void stop_at_once(void) {
    struct sigaction now, then = {.sa_handler = leave};
    sigemptyset(&then.sa_mask);
    for (int i = 0; i < STOP_SIGNALS; i++)
        if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL)
            (void)sigaction(numbers[i], &then, NULL);
}

/* The processes that are forked from here on die of these signals, as their parents expect. */
static void stop_leaving(struct stop *stop) {
    const struct sigaction dies = {.sa_handler = SIG_DFL};
    for (int i = 0; i < STOP_SIGNALS; i++)
        if (sigaction(numbers[i], NULL, &stop->actions[i]) == 0 &&
            stop->actions[i].sa_handler == leave)
            (void)sigaction(numbers[i], &dies, NULL);
}

static void resume_leaving(const struct stop *stop) {
    for (int i = 0; i < STOP_SIGNALS; i++)
        if (stop->actions[i].sa_handler == leave)
            (void)sigaction(numbers[i], &stop->actions[i], NULL);
}

int stop_catch(struct stop *stop, struct problem *problem) {
    sigset_t set;
    struct sigaction hangup;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
        sigaddset(&set, SIGHUP);
    stop->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (stop->fd < 0)
        return problem_set(problem, errno, "can't catch signals: signalfd: %s", strerror(errno));
    if (sigprocmask(SIG_BLOCK, &set, &stop->before) == 0) {
        stop_leaving(stop);
        return 0;
    }
    int error = errno;
    (void)close(stop->fd);
    stop->fd = -1;
    return problem_set(problem, error, "can't block signals: %s", strerror(error));
}

void stop_release(struct stop *stop) {
    resume_leaving(stop);
    (void)sigprocmask(SIG_SETMASK, &stop->before, NULL);
    (void)close(stop->fd);
    stop->fd = -1;
}

bool stop_requested(int fd) {
    struct signalfd_siginfo info;
    return fd >= 0 && read(fd, &info, sizeof info) == (ssize_t)sizeof info;
}

/* kill(2) holds the list of processes until each of the group has its signal: when a child's death
 * can be seen, our own signal is there to be read. */
bool stop_killed(int fd, int status) {
    if (!WIFSIGNALED(status))
        return false;
    int number = WTERMSIG(status);
    return (number == SIGINT || number == SIGTERM || number == SIGHUP) && stop_requested(fd);
}
