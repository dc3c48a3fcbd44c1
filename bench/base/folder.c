/* SPDX-License-Identifier: MIT */
/*
 * folder.c - a trial's folder: mkdir, and a removal that follows no links.
 */
#include "base/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* What a path may take so that "/ipcbench-PID-RANDOM/NAME" still fits into a socket's address. */
#define BASE_BYTES (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 60)

const char *folder_base(void) {
    const char *base = getenv("TMPDIR");
    bool fits = base != NULL && base[0] == '/' && strlen(base) < BASE_BYTES;
    return fits && access(base, W_OK | X_OK) == 0 ? base : "/tmp";
}

/* A descriptor that holds the folder's lock, or -1 when another process does. */
static int lock(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

int folder_make(struct folder *folder, const char *base, const char *name) {
    size_t room = sizeof folder->path;
    int length = snprintf(folder->path, room, "%s/%s", base, name);
    int error = length < 0 || (size_t)length >= room ? -ENAMETOOLONG : 0;
    if (error == 0 && mkdir(folder->path, S_IRWXU) < 0)
        error = -errno;
    folder->lock = error ? -1 : lock(folder->path);
    if (error)
        folder->path[0] = '\0';
    return error;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status;
    (void)kind;
    (void)place;
    (void)remove(path);
    return 0;
}

/* To look into a folder takes a descriptor, of which there may be none; an empty one needs no look.
 */
static void remove_tree(const char *path) {
    enum { OPEN_AT_ONCE = 16 };
    if (rmdir(path) < 0)
        (void)nftw(path, remove_one, OPEN_AT_ONCE, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

void folder_remove(struct folder *folder) {
    if (folder->path[0] == '\0')
        return;
    /* A removal needs a descriptor, and the lock's may be the last one. A sweep that comes in
     * between removes the same. */
    if (folder->lock >= 0)
        (void)close(folder->lock);
    remove_tree(folder->path);
    folder->path[0] = '\0';
}

bool folder_remove_unused(const char *path) {
    int fd = lock(path);
    if (fd < 0)
        return false;
    remove_tree(path);
    (void)close(fd);
    return access(path, F_OK) < 0;
}
