/* SPDX-License-Identifier: MIT */
/*
 * guard.h - may code from that place run in this process? Only if nobody else can put other code
 * there: plug-ins and guests are loaded from such folders alone.
 */
#ifndef BENCH_GUARD_H
#define BENCH_GUARD_H

#include "base/problem.h"

#include <stdbool.h>
#include <sys/stat.h>

/* Follows the links in `path`, and looks at what is there and at every folder above it. Each must
 * belong to root (whoever owns "/"), to the calling user, or to the owner of this program; and
 * nobody else may write to it. A sticky folder above it is fine, since there one can't rename what
 * belongs to others; with `strict` `path` itself isn't fine when it is one. 0, or -EINVAL with a
 * problem that names the place and the mend. 0 also when there is no such path: that is for whoever
 * opens it to say. */
int guard_path(const char *path, bool strict, struct problem *problem);

#endif
