/* SPDX-License-Identifier: MIT */
/*
 * folder.c - a trial's folder: mkdir, and a removal that follows no links.
 */
#include "folder.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* What a path may take so that "/ipcbench-PID-RANDOM/NAME" still fits into a socket's address. */
#define BASE_BYTES (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 60)

const char *folder_base(void) {
    const char *base = getenv("TMPDIR");
    return base != NULL && base[0] == '/' && strlen(base) < BASE_BYTES ? base : "/tmp";
}

int folder_make(const char *name, char *path, size_t room) {
    int length = snprintf(path, room, "%s/%s", folder_base(), name);
    int error = length < 0 || (size_t)length >= room ? -ENAMETOOLONG : 0;
    if (error == 0 && mkdir(path, S_IRWXU) < 0)
        error = -errno;
    if (error)
        path[0] = '\0';
    return error;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status;
    (void)kind;
    (void)place;
    (void)remove(path);
    return 0;
}

void folder_remove(const char *path) {
    enum { OPEN_AT_ONCE = 16 };
    (void)nftw(path, remove_one, OPEN_AT_ONCE, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
