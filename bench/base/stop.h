/* SPDX-License-Identifier: MIT */
/*
 * stop.h - requests to stop: SIGINT, SIGTERM and SIGHUP as something to read and to poll, so that
 * no moment is left in which one of them would end the program with its work half kept.
 */
#ifndef BENCH_STOP_H
#define BENCH_STOP_H

#include "base/problem.h"

#include <signal.h>
#include <stdbool.h>

#define STOP_SIGNALS 3

struct stop {
    int fd;                                 /* readable when a request has come; -1: none can */
    sigset_t before;                        /* the signal mask to go back to */
    struct sigaction actions[STOP_SIGNALS]; /* what the signals did before */
};

/* While nothing is there yet that would have to be kept or removed: from here on the signals end
 * the program at once, with a sentence and exit code 130 instead of a death by signal. One that is
 * ignored stays so. Processes that are forked inherit it; stop_catch puts it out of force. */
void stop_at_once(void);

/* From here on the signals wait to be read. SIGHUP only where it isn't ignored, as it is under
 * nohup. 0 or -errno with a problem. */
int stop_catch(struct stop *stop, struct problem *problem);

/* From here on the signals do what they did before. */
void stop_release(struct stop *stop);

/* Takes one request, if there is one. Never blocks. `fd` may be -1. */
bool stop_requested(int fd);

/* Whether a child that ended so (`status` as waitpid tells it) was killed by the very request that
 * has come to us too: Ctrl-C goes to a whole process group, and a child that was just forked is
 * still in ours. Takes the request. */
bool stop_killed(int fd, int status);

#endif
