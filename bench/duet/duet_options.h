/* SPDX-License-Identifier: MIT */
/*
 * duet_options.h - what `ipcbench duet` is asked to do: its command line.
 */
#ifndef BENCH_DUET_OPTIONS_H
#define BENCH_DUET_OPTIONS_H

#include "duet/duet_end.h"
#include "duet/duet_source.h"
#include "host/network.h"
#include "run/selection.h"

struct duet_options {
    struct duet_source sources[DUET_SIDES];
    struct selection selection;
    uint64_t time_ns, warmup_ns, slice_ns;
    uint64_t budget_ns; /* UINT64_MAX: none */
    uint64_t seed;
    size_t most_trials;
    enum network_mode net;
    const char *cells;  /* a file of cells' keys, instead of the selection; NULL: none */
    const char *limits; /* the file of thresholds; NULL: none */
    const char *output; /* where the JSON goes, too; NULL: nowhere */
    const char *trial;  /* a cell's key: that one trial and nothing else */
    enum duet_side first;
    bool strict, json, quiet;
};

/* Reads the command line; --help and what argp refuses by itself end the process. Draws a seed
 * where none is given. 0, or -EINVAL with a problem. */
int duet_options_parse(int argc, char **argv, struct duet_options *options,
                       struct problem *problem);

#endif
