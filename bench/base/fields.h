/* SPDX-License-Identifier: MIT */
/*
 * fields.h - moves the members of a struct into a JSON object and back, by a table, so that each
 * field of a run file is named once. What is not known is null. No system calls.
 */
#ifndef BENCH_FIELDS_H
#define BENCH_FIELDS_H

#include "base/problem.h"

#include <jansson.h>
#include <stddef.h>

enum field_kind {
    FIELD_NUMBER,       /* double, never negative; NaN and infinities are null */
    FIELD_NUMBER_LATER, /* likewise; earlier versions wrote none, which leaves the member as it is
                         */
    FIELD_COUNT,        /* size_t */
    FIELD_CPU,          /* int; negative is null */
    FIELD_SEED,         /* uint64_t, as a string of digits: many JSON readers round beyond 2^53 */
    FIELD_TEXT,         /* char[room] */
    FIELD_TEXT_OR_NULL, /* char[room]; empty is null */
    FIELD_WORD          /* an enum that indexes `words` */
};

struct field {
    const char *name; /* in JSON; a NULL name ends a table */
    enum field_kind kind;
    size_t offset;
    size_t room;              /* sizeof the member */
    const char *const *words; /* FIELD_WORD: NULL-terminated */
};

/* An entry whose name in JSON is that of the member, and one with a name of its own. */
#define FIELD(kind, type, member) FIELD_AS(#member, kind, type, member)
#define FIELD_AS(name, kind, type, member) \
    { name, kind, offsetof(type, member), sizeof(((type *)0)->member), NULL }

/* Adds every field of the struct at `from` to `json`. 0 or -ENOMEM. */
int fields_to_json(const struct field *fields, const void *from, json_t *json);

/* Fills the struct at `to` from `json`, in which every field but those of
 * FIELD_NUMBER_LATER must be, of the right type. 0;
 * -EINVAL with a problem that names the first field that is wrong; or -ENOKEY with one that names
 * all that are missing, as they are where another version wrote them. */
int fields_from_json(const struct field *fields, const json_t *json, void *to,
                     struct problem *problem);

/* A new reference to a number as short as its worth allows: whole numbers as integers, others with
 * 3 decimals (6 below 1); null for NaN and infinities. Written with JSON_REAL_PRECISION(15), it
 * reads back as the same number. NULL without memory. */
json_t *fields_number(double value);

/* A new reference to a string, made plain (see plain_text). NULL without memory. */
json_t *fields_text(const char *text);
json_t *fields_text_or_null(const char *text); /* null for NULL */

/* How everything of ours is written. */
#define FIELDS_DUMP JSON_REAL_PRECISION(15)

#endif
