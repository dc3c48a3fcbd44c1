/* SPDX-License-Identifier: MIT */
/*
 * plain.h - makes foreign text safe to show: what a run file, a guest or an argument says must not
 * steer the terminal on which it is printed, nor look like something else. No system calls.
 */
#ifndef BENCH_PLAIN_H
#define BENCH_PLAIN_H

#include <jansson.h>
#include <stddef.h>

/* How many bytes the character has that stands there, if it can be shown as it is; 0 for control
 * characters, line and paragraph ends, the marks that reverse the direction of text, and what is
 * not UTF-8. `at` is not at the end of its text. */
size_t plain_bytes(const char *at);

/* Puts '?' for every byte that is part of no such character. */
void plain_text(char *text);

/* The same for every string in `json`. 0, -ENOMEM, or -EINVAL when the name of a member is not
 * plain. */
int plain_json(json_t *json);

#endif
