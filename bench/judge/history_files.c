/* SPDX-License-Identifier: MIT */
/*
 * history_files.c - finds run files and hands them to the history.
 */
#include "judge/history_files.h"

#include "run/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int import_file(struct history *history, const char *path,
                       struct history_import_counts *counts, struct problem *problem) {
    struct run run;
    int error = store_load(path, &run, problem);
    if (error != 0)
        return error == -ENOMEM ? error : -EINVAL; /* whatever is wrong with it, it is input */
    int result = history_add(history, path, &run, problem);
    run_free(&run);
    counts->added += result == 0;
    counts->known += result == 1;
    return result < 0 ? result : 0;
}

/* A run file says so in its first bytes. Not to hang on a FIFO. */
static bool says_run(const char *path) {
    char head[64] = "";
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return false;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode))
        (void)!read(file, head, sizeof head - 1);
    (void)close(file);
    return strstr(head, "\"ipcbench-run-") != NULL;
}

static int import_found(struct history *history, const char *path,
                        struct history_import_counts *counts, struct problem *problem) {
    struct problem damage = {""};
    if (!says_run(path)) {
        counts->other++;
        return 0;
    }
    int error = import_file(history, path, counts, &damage);
    if (error == -EINVAL) {
        (void)fprintf(stderr, "ipcbench history: left out: %s\n", damage.text);
        counts->damaged++;
        return 0;
    }
    if (error != 0)
        *problem = damage;
    return error;
}

static int is_json(const struct dirent *entry) {
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && dot != entry->d_name && strcmp(dot, ".json") == 0;
}

static int import_folder(struct history *history, const char *folder,
                         struct history_import_counts *counts, struct problem *problem) {
    struct dirent **entries;
    int count = scandir(folder, &entries, is_json, alphasort);
    if (count < 0)
        return problem_set(problem, EINVAL, "can't read the folder %s: %s", folder,
                           strerror(errno));
    int error = 0;
    for (int i = 0; i < count; i++) {
        char path[4096];
        int length = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (error == 0 && length > 0 && (size_t)length < sizeof path)
            error = import_found(history, path, counts, problem);
        free(entries[i]);
    }
    free(entries);
    return error;
}

int history_import(struct history *history, const char *const *paths, size_t count,
                   struct history_import_counts *counts, struct problem *problem) {
    int error = 0;
    for (size_t i = 0; i < count && error == 0; i++) {
        struct stat found;
        if (stat(paths[i], &found) != 0)
            return problem_set(problem, EINVAL, "can't read %s: %s", paths[i], strerror(errno));
        error = S_ISDIR(found.st_mode) ? import_folder(history, paths[i], counts, problem)
                                       : import_file(history, paths[i], counts, problem);
    }
    return error;
}
