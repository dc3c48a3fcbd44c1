/* SPDX-License-Identifier: MIT */
/*
 * store.c - writes: the journal while a run goes on, and the run file at its end. The journal is
 * made with O_EXCL, so who holds it owns the names beside it. store_load.c reads.
 */
#include "run/store_parts.h"

#include "base/fields.h"
#include "base/write_all.h"
#include "run/summary.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_json(int fd, const json_t *json, size_t flags) {
    char *text = json_dumps(json, FIELDS_DUMP | flags);
    if (text == NULL)
        return -ENOMEM;
    int error = write_all(fd, text, strlen(text));
    free(text);
    return error == 0 ? write_all(fd, "\n", 1) : error;
}

static int sync_folder(const char *folder) {
    int fd = (int)TEMP_FAILURE_RETRY(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd < 0)
        return -errno;
    /* Some file systems can't sync a folder, and say so with EINVAL. */
    int error = fsync(fd) != 0 && errno != EINVAL ? -errno : 0;
    (void)close(fd);
    return error;
}

void store_free(struct store *store) {
    if (store == NULL)
        return;
    if (store->fd >= 0)
        (void)close(store->fd);
    json_decref(store->environment);
    json_decref(store->options);
    free(store->path);
    free(store->journal);
    free(store->aside);
    free(store->folder);
    free(store);
}

static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static char *with_suffix(const char *path, const char *suffix) {
    char *name = NULL;
    return asprintf(&name, "%s%s", path, suffix) < 0 ? NULL : name;
}

struct store *store_new(const char *path, const json_t *environment, const json_t *options) {
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return NULL;
    store->fd = -1;
    store->path = strdup(path);
    store->journal = with_suffix(path, ".journal");
    store->aside = with_suffix(path, ".partial");
    store->folder = folder_of(path);
    store->environment = json_deep_copy(environment);
    store->options = json_deep_copy(options);
    if (store->path && store->journal && store->aside && store->folder && store->environment &&
        store->options)
        return store;
    store_free(store);
    return NULL;
}

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Refuses a name that can't be, or already is, a run file. */
static int check_name(const char *path, struct problem *problem) {
    struct stat info;
    size_t length = strlen(path);
    if (length == 0)
        return problem_set(problem, EINVAL, "the run file's name is empty; give one with -o FILE");
    if (path[length - 1] == '/' || is_folder(path))
        return problem_set(problem, EINVAL, "%s is a folder; give a file in it with -o FILE", path);
    if (lstat(path, &info) == 0)
        return problem_set(problem, EEXIST,
                           "%s exists and is not overwritten; choose another name with -o FILE",
                           path);
    return 0;
}

static int make_folder(struct store *store, struct problem *problem) {
    if (is_folder(store->folder))
        return 0;
    if (mkdir(store->folder, 0755) == 0) {
        store->made_folder = true;
        return 0;
    }
    int error = errno == EEXIST ? ENOTDIR : errno; /* what exists is no folder */
    return problem_set(problem, error, "can't make the folder %s: %s%s", store->folder,
                       strerror(error),
                       error == ENOENT ? "; make the folder above it first, or choose another "
                                         "with -o FILE"
                                       : "; choose another with -o FILE");
}

static int open_journal(struct store *store, struct problem *problem) {
    store->fd = (int)TEMP_FAILURE_RETRY(
        open(store->journal, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (store->fd >= 0) {
        (void)flock(store->fd, LOCK_EX | LOCK_NB); /* tells --resume that the run still goes on */
        return 0;
    }
    int error = errno;
    if (error == EEXIST)
        return problem_set(problem, error,
                           "%s holds the trials of a run that was interrupted or still goes on; "
                           "finish that with `ipcbench run --resume`, or remove it, or choose "
                           "another -o FILE",
                           store->journal);
    return problem_set(problem, error, "can't write %s: %s; choose another place with -o FILE",
                       store->journal, strerror(error));
}

/* Removes what store_begin made. */
static void undo_begin(struct store *store) {
    if (store->fd >= 0)
        (void)unlink(store->journal);
    if (store->made_folder)
        (void)rmdir(store->folder);
    store_free(store);
}

/* What follows a failure can still be read. */
int store_append_line(struct store *store, const json_t *line, struct problem *problem) {
    int error = line == NULL ? -ENOMEM : write_json(store->fd, line, JSON_COMPACT);
    if (error == 0 && fdatasync(store->fd) != 0)
        error = -errno;
    if (error == 0) {
        store->length = lseek(store->fd, 0, SEEK_CUR);
        return 0;
    }
    if (ftruncate(store->fd, store->length) == 0)
        (void)lseek(store->fd, store->length, SEEK_SET);
    return problem_set(problem, -error,
                       "can't write to %s: %s; free some space or choose another "
                       "place with -o FILE",
                       store->journal, strerror(-error));
}

int store_append_head(struct store *store, struct problem *problem) {
    json_t *line = json_pack("{s:s, s:b, s:O, s:O}", "schema", STORE_SCHEMA, "journal", 1,
                             "environment", store->environment, "options", store->options);
    int error = store_append_line(store, line, problem);
    json_decref(line);
    if (error == 0)
        (void)sync_folder(store->folder);
    return error;
}

int store_begin(const char *path, const json_t *environment, const json_t *options,
                struct store **store, struct problem *problem) {
    *store = NULL;
    int error = check_name(path, problem);
    if (error != 0)
        return error;
    struct store *new = store_new(path, environment, options);
    if (new == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for the run file %s", path);
    error = make_folder(new, problem);
    if (error == 0)
        error = open_journal(new, problem);
    if (error == 0)
        error = store_append_head(new, problem);
    if (error != 0)
        undo_begin(new);
    else
        *store = new;
    return error;
}

int store_append(struct store *store, const struct record *record, struct problem *problem) {
    json_t *line = record_to_json(record);
    int error = store_append_line(store, line, problem);
    json_decref(line);
    if (error == 0)
        store->trials++;
    return error;
}

static json_t *trials_to_json(const struct run *run) {
    json_t *trials = json_array();
    for (size_t i = 0; i < run->trial_count; i++)
        if (json_array_append_new(trials, record_to_json(&run->trials[i])) != 0) {
            json_decref(trials);
            return NULL;
        }
    return trials;
}

static json_t *cells_to_json(const struct run *run) {
    json_t *cells = json_array();
    for (size_t i = 0; i < run->cell_count; i++)
        if (json_array_append_new(cells, summary_to_json(&run->cells[i])) != 0) {
            json_decref(cells);
            return NULL;
        }
    return cells;
}

/* The run's own environment and options are preferred: they may have learned something since the
 * beginning. */
static json_t *run_to_json(const struct store *store, const struct run *run) {
    json_t *environment = run->environment != NULL ? run->environment : store->environment;
    json_t *options = run->options != NULL ? run->options : store->options;
    return json_pack("{s:s, s:O, s:O, s:o, s:o}", "schema", STORE_SCHEMA, "environment",
                     environment, "options", options, "cells", cells_to_json(run), "trials",
                     trials_to_json(run));
}

static int write_synced(int fd, const json_t *json) {
    int error = write_json(fd, json, JSON_INDENT(1));
    return error == 0 && fsync(fd) != 0 ? -errno : error;
}

/* Writes a file that has no name, so that a kill leaves nothing of it, and then gives it its name
 * unless that is taken. -EOPNOTSUPP where the file system can't. */
static int publish_unnamed(const struct store *store, const json_t *json) {
    char path[64];
    int fd = (int)TEMP_FAILURE_RETRY(open(store->folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644));
    if (fd < 0)
        return errno == EISDIR || errno == EINVAL ? -EOPNOTSUPP : -errno;
    int error = write_synced(fd, json);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (error == 0 && linkat(AT_FDCWD, path, AT_FDCWD, store->path, AT_SYMLINK_FOLLOW) != 0)
        error = errno == ENOENT ? -EOPNOTSUPP : -errno; /* without /proc */
    (void)close(fd);
    return error;
}

/* Writes a new file and syncs it; nothing is left of it on failure. */
static int write_file(const char *path, const json_t *json) {
    int fd = (int)TEMP_FAILURE_RETRY(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (fd < 0)
        return -errno;
    int error = write_synced(fd, json);
    if (close(fd) != 0 && error == 0)
        error = -errno;
    if (error != 0)
        (void)unlink(path);
    return error;
}

/* Renames without overwriting; on a file system that can't promise that, after a look. */
static int rename_new(const char *from, const char *to) {
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -errno;
    if (access(to, F_OK) == 0)
        return -EEXIST;
    return rename(from, to) == 0 ? 0 : -errno;
}

static int publish_aside(const struct store *store, const json_t *json) {
    int error = write_file(store->aside, json);
    if (error != 0)
        return error;
    if (store->replaces)
        error = rename(store->aside, store->path) == 0 ? 0 : -errno;
    else
        error = rename_new(store->aside, store->path);
    if (error != 0)
        (void)unlink(store->aside);
    return error;
}

static int publish(const struct store *store, const json_t *json) {
    (void)unlink(store->aside); /* of a run that was killed right here */
    int error = store->replaces ? -EOPNOTSUPP : publish_unnamed(store, json);
    if (error == -EOPNOTSUPP)
        error = publish_aside(store, json);
    return error;
}

/* What has its name, but would perhaps not have it after a power cut, is no failure to write; the
 * journal stays beside it. */
static int make_sure(const struct store *store, struct problem *problem) {
    int error = sync_folder(store->folder);
    if (error == 0) {
        (void)unlink(store->journal);
        return 0;
    }
    return problem_set(problem, -error,
                       "%s is written, but a power cut may still lose it, since its folder can't "
                       "be synced (%s); until that works, keep %s, which has the same trials",
                       store->path, strerror(-error), store->journal);
}

int store_finish(struct store *store, const struct run *run, struct problem *problem) {
    json_t *json = run_to_json(store, run);
    int error = json == NULL ? -ENOMEM : publish(store, json);
    json_decref(json);
    if (error == 0)
        error = make_sure(store, problem);
    else
        (void)problem_set(problem, -error,
                          "can't write %s: %s; the finished trials stand in %s, which `ipcbench "
                          "show` reads too",
                          store->path, strerror(-error), store->journal);
    store_free(store);
    return error;
}

void store_abandon(struct store *store) {
    if (store == NULL)
        return;
    if (store->trials == 0)
        undo_begin(store);
    else
        store_free(store);
}
