/* SPDX-License-Identifier: MIT */
/*
 * json_file.h - JSON from a file that anybody may have made: its size, nesting and number of values
 * are limited before anything is parsed, no name stands twice in an object, and every string is
 * made safe to show.
 */
#ifndef BENCH_JSON_FILE_H
#define BENCH_JSON_FILE_H

#include "base/problem.h"

#include <jansson.h>
#include <stddef.h>

struct json_file_kind {
    const char *name; /* "run file": what it should be */
    const char *hint; /* what to do where there is none; NULL: nothing to say */
};

struct json_file {
    char *text;    /* owned, ended by NUL */
    size_t length; /* bytes */
    json_t *value; /* owned: the first value in it */
    size_t value_end;
};

/* Reads a regular file; what follows the first value is left to the caller. 0, or -errno with a
 * problem that names `path`; json_file_free() is due in any case. */
int json_file_read(const char *path, const struct json_file_kind *kind, struct json_file *file,
                   struct problem *problem);
void json_file_free(struct json_file *file);

/* Makes a further value of that file safe to show. 0, or -errno with a problem that names `path`.
 */
int json_file_plain(const char *path, json_t *json, struct problem *problem);

#endif
