/* SPDX-License-Identifier: MIT */
/*
 * folder.c - a trial's folder: mkdir, and a removal that follows no links.
 */
#include "base/folder.h"

#include "base/others.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* What a path may take so that "/ipcbench-PID-RANDOM/NAME" still fits into a socket's address. */
#define BASE_BYTES (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 60)

/* A folder of root's or of ours, in which nobody else can rename what we make. */
static bool is_safe(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0 || (status.st_uid != 0 && status.st_uid != geteuid()))
        return false;
    return !others_write(&status, geteuid()) || (status.st_mode & S_ISVTX);
}

const char *folder_base(void) {
    const char *base = getenv("TMPDIR");
    bool fits = base != NULL && base[0] == '/' && strlen(base) < BASE_BYTES;
    return fits && access(base, W_OK | X_OK) == 0 && is_safe(base) ? base : "/tmp";
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

static bool remove_below(int folder, dev_t device, int depth);

/* Removes an entry of an open folder, with what is below it; not beyond a mount, and no link is
 * followed, also when somebody puts one there meanwhile. */
static void remove_entry(int folder, const char *name, dev_t device, int depth) {
    if (unlinkat(folder, name, 0) == 0 || unlinkat(folder, name, AT_REMOVEDIR) == 0 || depth == 0)
        return;
    int inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner >= 0 && remove_below(inner, device, depth - 1))
        (void)unlinkat(folder, name, AT_REMOVEDIR);
}

/* Empties an open folder on that device, and closes it. */
static bool remove_below(int folder, dev_t device, int depth) {
    struct stat status;
    bool ours = fstat(folder, &status) == 0 && status.st_dev == device;
    DIR *list = ours ? fdopendir(folder) : NULL;
    if (list == NULL) {
        (void)close(folder);
        return false;
    }
    for (struct dirent *entry; (entry = readdir(list)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove_entry(folder, entry->d_name, device, depth);
    (void)closedir(list);
    return true;
}

/* To look into a folder takes a descriptor, of which there may be none; an empty one needs no look.
 * What stands there may have been exchanged for another user's. */
static void remove_tree(const char *path) {
    enum { DEPTH = 32 };
    struct stat status;
    if (rmdir(path) == 0)
        return;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0)
        return;
    if (fstat(folder, &status) != 0 || status.st_uid != geteuid())
        (void)close(folder);
    else if (remove_below(folder, status.st_dev, DEPTH))
        (void)rmdir(path);
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
