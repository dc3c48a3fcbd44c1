/* SPDX-License-Identifier: MIT */
/*
 * serve_uring.h - can a server use io_uring here?
 */
#ifndef BENCH_SERVE_URING_H
#define BENCH_SERVE_URING_H

/* NULL, or why not. */
const char *serve_uring_refusal(void);

#endif
