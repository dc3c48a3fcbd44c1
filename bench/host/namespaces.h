/* SPDX-License-Identifier: MIT */
/*
 * namespaces.h - moves this process into namespaces of its own: as root, or as an ordinary user
 * within a new user namespace that knows nobody but the caller.
 */
#ifndef BENCH_NAMESPACES_H
#define BENCH_NAMESPACES_H

#include <stdbool.h>

/* Moves the calling process (single-threaded) into new namespaces of those kinds (CLONE_NEWNET,
 * CLONE_NEWIPC, CLONE_NEWNS, or-ed), and makes them usable by `furnish` (may be NULL; 0 or -errno).
 * Some hosts let a user make namespaces and then forbid to use them, and there is no way back out:
 * with `rehearse` a child tries first, so that a failure changes nothing. 0 or -errno.
 * -ENOTRECOVERABLE: the process has moved, and can't use where it is; errno says why. */
int namespaces_enter(int kinds, int (*furnish)(void), bool rehearse);

/* How this process got its namespaces: "root", or "user" within a user namespace made here. */
const char *namespaces_way(void);

/* Writes a text to a file of the kernel's, such as a sysctl. 0 or -errno. */
int namespaces_write(const char *path, const char *text);

#endif
