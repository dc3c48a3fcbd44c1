/* SPDX-License-Identifier: MIT */
/*
 * folder.h - folders that live as long as a trial, and their removal, also by the next start of the
 * program when the trial was killed.
 */
#ifndef BENCH_FOLDER_H
#define BENCH_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

/* Where such folders stand: TMPDIR, or /tmp where that is not set or too long for the path of a
 * socket (108 bytes). Lives as long as the program. */
const char *folder_base(void);

/* Makes the folder `name` (mode 0700) there and writes its path. 0 or -errno. */
int folder_make(const char *name, char *path, size_t room);

/* Removes it with all that is in it, following no link and crossing no mount. */
void folder_remove(const char *path);

#endif
