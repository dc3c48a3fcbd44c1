/* SPDX-License-Identifier: MIT */
/*
 * guard.h - may code from that place run in this process? Only if nobody else can put other code
 * there: plug-ins and guests are loaded from such folders alone.
 */
#ifndef BENCH_GUARD_H
#define BENCH_GUARD_H

#include "base/problem.h"

#include <stdbool.h>

/* Walks along `path`, link by link, and looks at each folder and link on the way and at what is
 * there. Each must belong to root (whoever owns "/"), to the calling user, or to the owner of this
 * program; and nobody else may write to it, so that nobody can make the path lead elsewhere later,
 * either. A sticky folder on the way is fine, since there one can't rename what belongs to others;
 * but not with `strict` when `path` itself is one, nor when what is there is a file that lies in
 * it. 0, or -EINVAL with a problem that names the place and the mend. 0 also when there is no such
 * path: that is for whoever opens it to say. */
int guard_path(const char *path, bool strict, struct problem *problem);

#endif
