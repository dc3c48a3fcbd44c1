/* SPDX-License-Identifier: MIT */
/*
 * hostfiles.h - values from the small text files of /proc and /sys, as JSON; null for what isn't
 * there. Each function takes a root that goes in front of the path, for tests ("": this host), and
 * returns a new reference (NULL without memory).
 */
#ifndef BENCH_HOSTFILES_H
#define BENCH_HOSTFILES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Reads at most `room` - 1 bytes of a file and ends them with NUL; false when it can't be read. */
bool hostfiles_read(const char *root, const char *path, char *text, size_t room);

/* The first line. */
json_t *hostfiles_line(const char *root, const char *path);

/* The value of the first line "name : value", as in /proc/cpuinfo. */
json_t *hostfiles_value(const char *root, const char *path, const char *name);

/* The word in brackets of a line like "always [madvise] never". */
json_t *hostfiles_chosen(const char *root, const char *path);

/* The first lines of the files that match a pattern of glob(7), each value once: "performance,
 * powersave". */
json_t *hostfiles_joined(const char *root, const char *pattern);

/* How many files match, and how many distinct first lines they have; null for none. */
json_t *hostfiles_count(const char *root, const char *pattern);
json_t *hostfiles_count_distinct(const char *root, const char *pattern);

/* The files that match: an object of their names without the folder, and their first lines. */
json_t *hostfiles_named(const char *root, const char *pattern);

#endif
