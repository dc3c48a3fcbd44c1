/* SPDX-License-Identifier: MIT */
/*
 * duet_source.h - what a person names as BASE or HEAD: a folder of plug-ins, one plug-in, or an
 * installed ipcbench; and where the plug-ins of that are.
 */
#ifndef BENCH_DUET_SOURCE_H
#define BENCH_DUET_SOURCE_H

#include "base/problem.h"

#include <limits.h>

struct duet_source {
    char folder[PATH_MAX]; /* absolute */
    char only[32];         /* the one plug-in that was named; empty: all of the folder */
};

/* `what` begins the sentence of a refusal: "BASE". 0, or -EINVAL with a problem. */
int duet_source_find(const char *given, const char *what, struct duet_source *source,
                     struct problem *problem);

#endif
