/* SPDX-License-Identifier: MIT */
/*
 * config.h - what `ipcbench run` is asked to do: its command line, read and checked as far as that
 * can be done without looking at the host.
 */
#ifndef BENCH_CONFIG_H
#define BENCH_CONFIG_H

#include "base/problem.h"
#include "run/plan.h"
#include "run/selection.h"

#include <stdbool.h>

struct config {
    struct selection selection;
    struct plan_wishes wishes;
    bool budget_given, seed_given;
    const char *net;        /* a word of network_modes */
    const char *verify;     /* "window" or "full" */
    const char *transports; /* the folder of plug-ins; NULL: the usual one */
    const char *output;     /* the run file; NULL: a name made of the time */
    const char *resume;     /* an interrupted run to finish, which says all the rest; or NULL */
    uint64_t wait_ns;       /* for another run on this host to end */
    bool dry_run, json, quiet, no_counts;
};

/* Reads the command line; --help and what argp refuses by itself end the process. Without a seed it
 * draws one. 0, or -EINVAL with a problem. */
int config_parse(int argc, char **argv, struct config *config, struct problem *problem);

#endif
