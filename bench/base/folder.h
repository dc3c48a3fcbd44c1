/* SPDX-License-Identifier: MIT */
/*
 * folder.h - folders that live as long as a trial, and their removal, also by the next start of the
 * program when the trial was killed.
 */
#ifndef BENCH_FOLDER_H
#define BENCH_FOLDER_H

#include <stdbool.h>

struct folder {
    char path[96]; /* empty: none */
    int lock;      /* held until the last process that inherited it is gone */
};

/* Where such folders stand: TMPDIR, or /tmp where that is not set, can't be written to, is one in
 * which others could exchange what we make, or is too long for the path of a socket (108 bytes).
 * Lives as long as the program. */
const char *folder_base(void);

/* Makes the folder `name` in `base` (mode 0700) and locks it (flock(2), which also holds between
 * containers). 0 or -errno. */
int folder_make(struct folder *folder, const char *base, const char *name);

/* Removes it with all that is in it, following no link and crossing no mount. */
void folder_remove(struct folder *folder);

/* Does the same with one that a dead process left. False when somebody holds it, or on failure. */
bool folder_remove_unused(const char *path);

#endif
