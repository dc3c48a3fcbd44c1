/* SPDX-License-Identifier: MIT */
/*
 * duet_source.c - a folder is itself; NAME.so is in its folder; a program has its plug-ins beside
 * it, or where `make install` puts them.
 */
#include "duet/duet_source.h"

#include <errno.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* What `make` and `make install` leave beside, or near, an ipcbench. */
static int beside(const char *program, const char *given, const char *what,
                  struct duet_source *source, struct problem *problem) {
    static const char *const places[] = {"transports", "../lib/ipcbench/transports"};
    char copy[PATH_MAX], path[PATH_MAX + 64];
    (void)snprintf(copy, sizeof copy, "%s", program);
    const char *own = dirname(copy);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", own, places[i]);
        if (is_folder(path) && realpath(path, source->folder) != NULL)
            return 0;
    }
    return problem_set(
        problem, EINVAL,
        "%s: %.300s is a program without plug-ins: there is neither %s nor %s beside "
        "it; name the folder that holds them",
        what, given, places[0], places[1]);
}

static int plugin_in(const char *path, const char *what, struct duet_source *source,
                     struct problem *problem) {
    char copy[PATH_MAX];
    (void)snprintf(copy, sizeof copy, "%s", path);
    (void)snprintf(source->folder, sizeof source->folder, "%s", dirname(copy));
    const char *name = strrchr(path, '/') + 1;
    size_t length = strlen(name) - 3;
    if (length >= sizeof source->only)
        return problem_set(problem, EINVAL, "%s: the name of %.300s is too long", what, name);
    (void)snprintf(source->only, sizeof source->only, "%.*s", (int)length, name);
    return 0;
}

int duet_source_find(const char *given, const char *what, struct duet_source *source,
                     struct problem *problem) {
    char path[PATH_MAX];
    *source = (struct duet_source){.only = ""};
    if (realpath(given, path) == NULL)
        return problem_set(
            problem, EINVAL,
            "%s: %.300s: %s; name a folder of plug-ins, one plug-in (NAME.so), or an "
            "installed ipcbench",
            what, given, strerror(errno));
    size_t length = strlen(path);
    if (is_folder(path)) {
        memcpy(source->folder, path, length + 1);
        return 0;
    }
    if (length > 3 && strcmp(path + length - 3, ".so") == 0)
        return plugin_in(path, what, source, problem);
    if (access(path, X_OK) == 0)
        return beside(path, given, what, source, problem);
    return problem_set(problem, EINVAL,
                       "%s: %.300s is neither a folder, nor a plug-in (NAME.so), nor a program",
                       what, given);
}
