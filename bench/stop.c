/* SPDX-License-Identifier: MIT */
/*
 * stop.c - catches the signals that ask the program to stop, through a signalfd.
 */
#include "stop.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

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
    if (sigprocmask(SIG_BLOCK, &set, &stop->before) == 0)
        return 0;
    int error = errno;
    (void)close(stop->fd);
    stop->fd = -1;
    return problem_set(problem, error, "can't block signals: %s", strerror(error));
}

void stop_release(struct stop *stop) {
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
