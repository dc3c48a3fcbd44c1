/* SPDX-License-Identifier: MIT */
/*
 * namespaces.c - unshare(2), as root or by way of a user namespace.
 */
#include "host/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int namespaces_write(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int error = write(fd, text, strlen(text)) < 0 ? -errno : 0;
    (void)close(fd);
    return error;
}

/* Gives the new user namespace the caller's own numbers and no others. */
static int map_ids(uid_t user, gid_t group) {
    char users[64], groups[64];
    (void)snprintf(users, sizeof users, "%u %u 1", user, user);
    (void)snprintf(groups, sizeof groups, "%u %u 1", group, group);
    int error = namespaces_write("/proc/self/setgroups", "deny");
    if (error == 0)
        error = namespaces_write("/proc/self/uid_map", users);
    return error ? error : namespaces_write("/proc/self/gid_map", groups);
}

static int unshare_as_user(int kinds) {
    uid_t user = geteuid();
    gid_t group = getegid();
    return unshare(CLONE_NEWUSER | kinds) < 0 ? -errno : map_ids(user, group);
}

static int rehearse_as_user(int kinds, int (*furnish)(void)) {
    pid_t child = fork();
    if (child < 0)
        return -errno;
    if (child == 0) {
        int error = unshare_as_user(kinds);
        _exit(-(error || furnish == NULL ? error : furnish()));
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -EPERM;
}

/* 0 once the process has moved. */
static int move(int kinds, int (*furnish)(void), bool rehearse) {
    if (unshare(kinds) == 0)
        return 0;
    if (errno != EPERM)
        return -errno;
    int error = rehearse ? rehearse_as_user(kinds, furnish) : 0;
    return error ? error : unshare_as_user(kinds);
}

int namespaces_enter(int kinds, int (*furnish)(void), bool rehearse) {
    int signal_of_death = 0;
    (void)prctl(PR_GET_PDEATHSIG, &signal_of_death);
    int error = move(kinds, furnish, rehearse);
    /* A new user namespace makes the process forget what should end it. */
    (void)prctl(PR_SET_PDEATHSIG, signal_of_death);
    if (error != 0 || furnish == NULL)
        return error;
    error = furnish();
    errno = -error;
    return error == 0 ? 0 : -ENOTRECOVERABLE;
}

/* The map of a namespace made here has one line of one number. */
const char *namespaces_way(void) {
    unsigned long inside, outside, count = 0;
    FILE *map = fopen("/proc/self/uid_map", "re");
    if (map != NULL && fscanf(map, "%lu %lu %lu", &inside, &outside, &count) != 3)
        count = 0;
    if (map != NULL)
        (void)fclose(map);
    return count == 1 ? "user" : "root";
}
