/* SPDX-License-Identifier: MIT */
/*
 * fingerprint.h - what must be the same for two runs to be comparable: the stable facts of host and
 * build, and nothing that differs from day to day (date, load, host name, commit). No system calls.
 */
#ifndef BENCH_FINGERPRINT_H
#define BENCH_FINGERPRINT_H

#include <jansson.h>
#include <stddef.h>

#define FINGERPRINT_HASH_BYTES 17 /* 16 digits and NUL */

/* The facts of a run's environment, by their names in the order of the table. A fact that the host
 * has no value for is null, as in the run file; one that the file lacks altogether is left out. A
 * new reference, or NULL without memory. */
json_t *fingerprint_facts(const json_t *environment);

/* 16 hexadecimal digits that name the facts: FNV-1a of names and values. */
void fingerprint_hash(const json_t *known, char hash[FINGERPRINT_HASH_BYTES]);

/* Calls `differs` for each fact that is not in both with the same value; a value that is not known
 * is given as "not known", a missing fact as "missing". Returns how many there are. */
size_t fingerprint_compare(const json_t *was, const json_t *is,
                           void (*differs)(void *context, const char *fact, const char *was,
                                           const char *is),
                           void *context);

/* The names of all facts, NULL-terminated at `most` entries or before. */
void fingerprint_names(const char **names, size_t most);

#endif
