/* SPDX-License-Identifier: MIT */
/*
 * write_all.h - writes all of it, however often the kernel takes only a part.
 */
#ifndef BENCH_WRITE_ALL_H
#define BENCH_WRITE_ALL_H

#include <stddef.h>

/* 0 or the negative errno of the write that failed; what was written before it stays. */
int write_all(int fd, const char *bytes, size_t count);

#endif
