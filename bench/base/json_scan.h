/* SPDX-License-Identifier: MIT */
/*
 * json_scan.h - how much JSON a text is, before a parser makes a tree of it: a few MiB of
 * "[{},{}," become GiBs in memory. No system calls.
 */
#ifndef BENCH_JSON_SCAN_H
#define BENCH_JSON_SCAN_H

#include <stddef.h>

#define JSON_SCAN_MAX_DEPTH  32                /* run files are 6 deep */
#define JSON_SCAN_MAX_VALUES ((size_t)2 << 20) /* of a run file: some 20,000 trials */

/* 0; -ELOOP when the text is nested deeper, -E2BIG when it holds more values. What is wrong with it
 * otherwise is for the parser to say. */
int json_scan(const char *text, size_t length);

#endif
