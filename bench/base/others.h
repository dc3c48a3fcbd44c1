/* SPDX-License-Identifier: MIT */
/*
 * others.h - who else may write to a file or a folder, going by its mode (which shows an ACL as the
 * group's rights).
 */
#ifndef BENCH_OTHERS_H
#define BENCH_OTHERS_H

#include <stdbool.h>
#include <sys/stat.h>

/* Could somebody other than that user, and root, write to it? A group counts as nobody else when it
 * is the user's own (its number is theirs) or root's. */
static inline bool others_write(const struct stat *status, uid_t user) {
    bool own_group = status->st_gid == 0 || status->st_gid == user;
    return (status->st_mode & S_IWOTH) || ((status->st_mode & S_IWGRP) && !own_group);
}

#endif
