/* SPDX-License-Identifier: MIT */
/*
 * store_parts.h - an open journal from within: what store.c and store_resume.c share.
 */
#ifndef BENCH_STORE_PARTS_H
#define BENCH_STORE_PARTS_H

#include "run/store.h"

#include <stdbool.h>
#include <sys/types.h>

struct store {
    char *path;    /* the run file */
    char *journal; /* path.journal */
    char *aside;   /* path.partial, until it is whole */
    char *folder;
    json_t *environment;
    json_t *options;
    int fd; /* of the journal; locked by flock(2) */
    off_t length;
    size_t trials;
    bool made_folder;
    bool replaces; /* at `path` stands the same run as it was when it was interrupted */
};

/* Without any file yet. NULL without memory. */
struct store *store_new(const char *path, const json_t *environment, const json_t *options);
void store_free(struct store *store);

/* Appends one line to the journal and syncs it, whole or not at all. 0 or -errno with a problem. */
int store_append_line(struct store *store, const json_t *line, struct problem *problem);

/* The first line. */
int store_append_head(struct store *store, struct problem *problem);

/* Adds the date to options.resumed. 0, or -ENOMEM with a problem. */
int store_note_resumed(struct run *run, const char *date, struct problem *problem);

#endif
