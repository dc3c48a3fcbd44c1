/* SPDX-License-Identifier: MIT */
/*
 * guard.c - owners and modes of a path, from its end up to the root.
 */
#include "plugin/guard.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYSTEM_GROUPS 100

/* Could somebody else write to it, going by its mode? A group counts as nobody else when it is the
 * user's own (its number is theirs) or one of the system's (below 100). */
static bool others_write(const struct stat *status, uid_t user) {
    bool own_group = status->st_gid < SYSTEM_GROUPS || status->st_gid == user;
    return (status->st_mode & S_IWOTH) || ((status->st_mode & S_IWGRP) && !own_group);
}

static bool owns(const char *path, uid_t owner) {
    struct stat status;
    return stat(path, &status) == 0 && status.st_uid == owner;
}

static bool is_trusted(uid_t owner) {
    return owner == 0 || owner == geteuid() || owns("/", owner) || owns("/proc/self/exe", owner);
}

static int check_one(const char *path, bool strict, struct problem *problem) {
    struct stat status;
    if (stat(path, &status) != 0)
        return 0;
    if (!is_trusted(status.st_uid))
        return problem_set(problem, EINVAL,
                           "%.300s belongs to user %u, who could put other code there; copy the "
                           "plug-ins to a folder of your own",
                           path, (unsigned)status.st_uid);
    bool sticky = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX);
    if (others_write(&status, geteuid()) && (strict || !sticky))
        return problem_set(problem, EINVAL,
                           "others can write to %.300s, and so put other code there; mend it with "
                           "`chmod go-w`, or copy the plug-ins to a folder of your own",
                           path);
    return 0;
}

int guard_path(const char *path, bool strict, struct problem *problem) {
    char whole[PATH_MAX];
    if (realpath(path, whole) == NULL)
        return 0;
    int error = check_one(whole, strict, problem);
    for (char *slash; error == 0 && (slash = strrchr(whole, '/')) != NULL;) {
        *slash = '\0';
        error = check_one(whole[0] == '\0' ? "/" : whole, false, problem);
    }
    return error;
}
