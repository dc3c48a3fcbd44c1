/* SPDX-License-Identifier: MIT */
/*
 * units.h - sizes, durations and rates, as people write and read them. No system calls.
 */
#ifndef BENCH_UNITS_H
#define BENCH_UNITS_H

#include "base/problem.h"

#include <stddef.h>
#include <stdint.h>

/* Parses "64", "64B", "4K", "4KiB", "1M", "1MiB", "2G" (all binary) into bytes. `what` begins the
 * sentence of a refusal, e.g. "size". 0, or -EINVAL with a problem. */
int units_parse_bytes(const char *text, const char *what, uint64_t *bytes, struct problem *problem);

/* Parses seconds: "0.5", "2", "150ms", "20us", "1s", "2m", "1h". 0, or -EINVAL with a problem. Not
 * negative, finite. */
int units_parse_seconds(const char *text, const char *what, double *seconds,
                        struct problem *problem);

/* The same in nanoseconds, and from `least_ns` to `most_ns`. */
int units_parse_ns(const char *text, const char *what, uint64_t least_ns, uint64_t most_ns,
                   uint64_t *ns, struct problem *problem);

/* Parses a whole number in [low, high]. 0, or -EINVAL with a problem. */
int units_parse_number(const char *text, const char *what, uint64_t low, uint64_t high,
                       uint64_t *number, struct problem *problem);

/* Canonical size, exact: 64 -> "64B", 4096 -> "4KiB", 1048576 -> "1MiB", 4097 -> "4097B". */
void units_format_bytes(uint64_t bytes, char *text, size_t room);

/* Three significant digits with a unit: "57.3 ns", "4.45 us", "1.20 ms"; "-" for NaN. */
void units_format_ns(double ns, char *text, size_t room);

/* Three significant digits, SI: "1.25 M", "850 k", "12.0"; "-" for NaN. */
void units_format_rate(double per_second, char *text, size_t room);

#endif
