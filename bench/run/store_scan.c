/* SPDX-License-Identifier: MIT */
/*
 * store_scan.c - walks over a text once, and counts brackets and commas outside of its strings.
 */
#include "run/store_scan.h"

#include <errno.h>
#include <string.h>

/* Behind the string that begins before `at`; at `end` when it isn't closed. */
static const char *skip_string(const char *at, const char *end) {
    while (at < end && *at != '"')
        at += *at == '\\' && at + 1 < end ? 2 : 1;
    return at < end ? at + 1 : end;
}

int store_scan(const char *path, const char *text, size_t length, struct problem *problem) {
    const char *end = text + length;
    size_t depth = 0, values = 1;
    while (text < end && depth <= STORE_MAX_DEPTH && values <= STORE_MAX_VALUES) {
        char c = *text++;
        if (c == '"')
            text = skip_string(text, end);
        depth += c == '[' || c == '{';
        depth -= (c == ']' || c == '}') && depth > 0;
        values += c == '[' || c == '{' || c == ',';
    }
    if (depth > STORE_MAX_DEPTH)
        return problem_set(problem, EINVAL,
                           "%s is no run file: it is nested deeper than %d levels, which no run "
                           "file is",
                           path, STORE_MAX_DEPTH);
    if (values > STORE_MAX_VALUES)
        return problem_set(problem, EINVAL,
                           "%s holds more than %zu values, which no run file does; split a longer "
                           "run into several",
                           path, STORE_MAX_VALUES);
    return 0;
}
