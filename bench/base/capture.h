/* SPDX-License-Identifier: MIT */
/*
 * capture.h - runs another program without a shell, gives it a text, and takes what it prints:
 * bounded in time and in size, and with everything that it may have started ended when it is over.
 */
#ifndef BENCH_CAPTURE_H
#define BENCH_CAPTURE_H

#include "base/problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capture_request {
    const char *const *words; /* the path of the program first, NULL last */
    const char *input;        /* for its standard input; NULL: nothing */
    size_t most_bytes;        /* of output */
    uint64_t deadline_ns;     /* from the start */
    int stop_fd;              /* see stop.h; -1: nobody stops it */
};

struct capture {
    char *output; /* ended by a zero; owned, see capture_free */
    size_t bytes;
    char complaint[256]; /* the first line of its standard error, made plain */
    int status;          /* as waitpid tells it */
    bool late, flooded, interrupted;
};

/* 0 when the program was started, whatever it did then; -errno with a problem. Meanwhile the
 * calling process (of one thread) reaps orphans (PR_SET_CHILD_SUBREAPER): whatever became its child
 * since the program began is ended; children that it had before are left alone. */
int capture_run(const struct capture_request *request, struct capture *capture,
                struct problem *problem);
void capture_free(struct capture *capture);

#endif
