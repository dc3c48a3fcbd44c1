/* SPDX-License-Identifier: MIT */
/*
 * store_scan.h - how much JSON a text is, before a parser makes a tree of it: a few MiB of
 * "[{},{}," become GiBs in memory. No system calls.
 */
#ifndef BENCH_STORE_SCAN_H
#define BENCH_STORE_SCAN_H

#include "base/problem.h"

#include <stddef.h>

#define STORE_MAX_DEPTH  32                /* ours are 6 deep */
#define STORE_MAX_VALUES ((size_t)2 << 20) /* some 20,000 trials */

/* Refuses a text that is nested deeper, or holds more values, than a run file does; what is wrong
 * with it otherwise is for the parser to say. 0 or -EINVAL with a problem that begins with `path`.
 */
int store_scan(const char *path, const char *text, size_t length, struct problem *problem);

#endif
