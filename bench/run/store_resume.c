/* SPDX-License-Identifier: MIT */
/*
 * store_resume.c - takes up the journal of a run that was interrupted, or makes one from its run
 * file.
 */
#include "base/others.h"
#include "run/store_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX ".journal"

/* The run file's name, whichever of the two was given; NULL without memory. */
static char *run_path(const char *path) {
    size_t length = strlen(path), suffix = strlen(SUFFIX);
    bool journal = length > suffix && strcmp(path + length - suffix, SUFFIX) == 0;
    return strndup(path, journal ? length - suffix : length);
}

static bool exists(const char *path) {
    struct stat info;
    return lstat(path, &info) == 0;
}

static int unusable(const struct store *store, int error, struct problem *problem) {
    return problem_set(problem, error, "can't go on with %s: %s", store->journal, strerror(error));
}

/* What a run file or a journal says is executed when it is resumed. */
static int check_own(const char *path, const struct stat *info, struct problem *problem) {
    if (!S_ISREG(info->st_mode) || info->st_uid != geteuid())
        return problem_set(problem, EINVAL,
                           "%s is no file of this user, and what it says would be executed; resume "
                           "only runs of your own",
                           path);
    if (others_write(info, geteuid()))
        return problem_set(problem, EINVAL,
                           "others can write to %s, and what it says would be executed; if it is "
                           "as you left it, `chmod go-w` it first",
                           path);
    return 0;
}

/* Opens the journal that is there and makes sure that it is ours alone. */
static int open_journal(struct store *store, struct problem *problem) {
    struct stat info;
    store->fd =
        (int)TEMP_FAILURE_RETRY(open(store->journal, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (store->fd < 0 || fstat(store->fd, &info) != 0)
        return unusable(store, errno, problem);
    int error = check_own(store->journal, &info, problem);
    if (error != 0)
        return error;
    if (flock(store->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return problem_set(problem, EINVAL, "%s belongs to a run that still goes on; let it end",
                           store->journal);
    return 0;
}

/* Where the last whole line ends. */
static off_t whole_lines(int fd, off_t end) {
    char last = 0;
    while (end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n')
        end--;
    return end;
}

/* Is what follows the last whole line a line, too, that only lacks its end? Then store_load took it
 * for a trial. */
static bool is_line(int fd, off_t from, off_t end) {
    size_t length = (size_t)(end - from);
    char *tail = malloc(length + 1);
    json_t *line = NULL;
    if (tail != NULL && pread(fd, tail, length, from) == (ssize_t)length)
        line = json_loadb(tail, length, JSON_REJECT_DUPLICATES, NULL);
    free(tail);
    json_decref(line);
    return line != NULL;
}

/* Drops a line that was cut, and goes to the end. */
static int trim(struct store *store, struct problem *problem) {
    off_t end = lseek(store->fd, 0, SEEK_END);
    off_t whole = end < 0 ? end : whole_lines(store->fd, end);
    bool open_line = whole < end && is_line(store->fd, whole, end);
    if (end < 0 || (open_line && pwrite(store->fd, "\n", 1, end) != 1))
        return unusable(store, errno, problem);
    store->length = open_line ? end + 1 : whole;
    if (ftruncate(store->fd, store->length) != 0 || lseek(store->fd, store->length, SEEK_SET) < 0)
        return unusable(store, errno, problem);
    return 0;
}

/* Writes a journal aside that holds all of the run, and gives it its name once it is whole. */
static int make_journal(struct store *store, const struct run *run, struct problem *problem) {
    (void)unlink(store->aside); /* of a resumption that was killed right here */
    store->fd =
        (int)TEMP_FAILURE_RETRY(open(store->aside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (store->fd < 0)
        return problem_set(problem, errno, "can't write %s: %s", store->aside, strerror(errno));
    (void)flock(store->fd, LOCK_EX | LOCK_NB);
    int error = store_append_head(store, problem);
    for (size_t i = 0; i < run->trial_count && error == 0; i++)
        error = store_append(store, &run->trials[i], problem);
    if (error == 0 &&
        renameat2(AT_FDCWD, store->aside, AT_FDCWD, store->journal, RENAME_NOREPLACE) != 0)
        error = unusable(store, errno, problem);
    if (error != 0)
        (void)unlink(store->aside);
    return error;
}

/* Says in the journal and in the run's options that here it was taken up again. */
static int note_resumption(struct store *store, struct run *run, struct problem *problem) {
    char date[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc) != NULL)
        (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    json_t *line = json_pack("{s:s}", "resumed", date);
    int error = store_append_line(store, line, problem);
    json_decref(line);
    return error == 0 ? store_note_resumed(run, date, problem) : error;
}

/* The journal of a run whose trials are all in its run file already: the kill came in between. */
static int drop_journal(const char *path, struct run *run, struct store *store,
                        struct problem *problem) {
    struct run whole;
    int error = store_load(path, &whole, problem);
    if (error != 0)
        return error;
    store->replaces = true;
    if (!whole.complete || whole.trial_count < run->trial_count) {
        run_free(&whole);
        return 0;
    }
    run_free(run);
    *run = whole;
    (void)unlink(store->journal);
    return 0;
}

/* A run that was killed inside the very first line of its journal has made no trial. */
static int check_head(const struct store *store, struct problem *problem) {
    char part[4096];
    off_t at = 0;
    ssize_t got;
    while ((got = pread(store->fd, part, sizeof part, at)) > 0) {
        if (memchr(part, '\n', (size_t)got) != NULL)
            return 0;
        at += got;
    }
    return problem_set(problem, EINVAL,
                       "%s holds no trial, since its run was killed before the first line was "
                       "whole: nothing is lost; remove it and begin the run anew",
                       store->journal);
}

static int take_up(const char *path, struct run *run, struct store *store,
                   struct problem *problem) {
    struct stat info;
    bool has_journal = exists(store->journal);
    int error = has_journal ? open_journal(store, problem) : 0;
    if (!has_journal && lstat(path, &info) == 0)
        error = check_own(path, &info, problem);
    if (error == 0 && has_journal)
        error = check_head(store, problem);
    if (error == 0)
        error = store_load(has_journal ? store->journal : path, run, problem);
    if (error == 0 && has_journal && exists(path))
        error = drop_journal(path, run, store, problem);
    if (error != 0 || run->complete)
        return error;
    json_decref(store->environment);
    json_decref(store->options);
    store->environment = json_deep_copy(run->environment);
    store->options = json_deep_copy(run->options);
    if (has_journal) {
        error = trim(store, problem);
    } else {
        store->replaces = true;
        error = make_journal(store, run, problem);
    }
    store->trials = run->trial_count;
    return error == 0 ? note_resumption(store, run, problem) : error;
}

int store_resume(const char *path, struct run *run, struct store **store, struct problem *problem) {
    char *name = run_path(path);
    json_t *nothing = json_object();
    struct store *new = name != NULL ? store_new(name, nothing, nothing) : NULL;
    *store = NULL;
    memset(run, 0, sizeof *run);
    int error = new == NULL ? problem_set(problem, ENOMEM, "there is no memory to resume %s", path)
                            : take_up(name, run, new, problem);
    if (error == 0 && !run->complete) {
        *store = new;
    } else {
        store_free(new);
        if (error != 0)
            run_free(run);
    }
    json_decref(nothing);
    free(name);
    return error;
}
