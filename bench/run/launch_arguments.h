/* SPDX-License-Identifier: MIT */
/*
 * launch_arguments.h - the command line of a trial that a run launches. No system calls.
 */
#ifndef BENCH_LAUNCH_ARGUMENTS_H
#define BENCH_LAUNCH_ARGUMENTS_H

#include "run/launch.h"

enum { LAUNCH_ARGUMENTS = 21 };

struct launch_arguments {
    char key[CELL_KEY_BYTES];
    char time[32], warmup[32], deadline[32], seed[32];
    const char *list[LAUNCH_ARGUMENTS]; /* ended by NULL */
    size_t count;
};

/* Fills `arguments`, whose list points into itself and into the request: neither may move. */
void launch_arguments_make(const struct launch_request *request,
                           struct launch_arguments *arguments);

#endif
