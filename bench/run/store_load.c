/* SPDX-License-Identifier: MIT */
/*
 * store_load.c - reads run files and journals. Their first JSON value says which of the two it is:
 * a run file has nothing after it; a journal's says "journal": true, and one trial a line follows.
 */
#include "base/fields.h"
#include "base/plain.h"
#include "run/store_parts.h"
#include "run/store_scan.h"
#include "run/summary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_MAX_BYTES ((off_t)256 << 20)
#define PARSE_FLAGS     (JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK)

struct text {
    char *bytes; /* ended by NUL */
    size_t length;
};

static int unreadable(const char *path, int error, struct problem *problem) {
    return problem_set(problem, error, "can't read %s: %s%s", path, strerror(error),
                       error == ENOENT ? "; name a file that `ipcbench run` wrote" : "");
}

static int foreign(const char *path, struct problem *problem) {
    return problem_set(problem, EINVAL,
                       "%s is JSON, but no run file of ipcbench: it has no 'schema' of \"%s\"",
                       path, STORE_SCHEMA);
}

/* Refuses what isn't a file of a sensible size. */
static int check_file(const char *path, const struct stat *info, struct problem *problem) {
    if (S_ISDIR(info->st_mode))
        return problem_set(problem, EINVAL, "%s is a folder; name a run file in it", path);
    if (!S_ISREG(info->st_mode))
        return problem_set(problem, EINVAL, "%s is not a regular file; name a run file", path);
    if (info->st_size == 0)
        return problem_set(problem, EINVAL, "%s is empty, so it is no run file", path);
    if (info->st_size > STORE_MAX_BYTES)
        return problem_set(problem, EINVAL, "%s is larger than 256 MiB, which no run file is",
                           path);
    return 0;
}

static int read_all(int fd, struct text *text) {
    size_t done = 0;
    while (done < text->length) {
        ssize_t got = read(fd, text->bytes + done, text->length - done);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return -errno;
        done += got > 0 ? (size_t)got : 0;
    }
    text->length = done;
    text->bytes[done] = '\0';
    return 0;
}

static int read_text(const char *path, int fd, struct text *text, struct problem *problem) {
    struct stat info;
    if (fstat(fd, &info) != 0)
        return unreadable(path, errno, problem);
    int error = check_file(path, &info, problem);
    if (error != 0)
        return error;
    text->length = (size_t)info.st_size;
    text->bytes = malloc(text->length + 1);
    if (text->bytes == NULL)
        return unreadable(path, ENOMEM, problem);
    error = read_all(fd, text);
    return error == 0 ? 0 : unreadable(path, -error, problem);
}

static int slurp(const char *path, struct text *text, struct problem *problem) {
    /* Not to hang on a FIFO. */
    int fd = (int)TEMP_FAILURE_RETRY(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd < 0)
        return unreadable(path, errno, problem);
    int error = read_text(path, fd, text, problem);
    (void)close(fd);
    return error;
}

static int not_json(const char *path, const json_error_t *where, struct problem *problem) {
    if (json_error_code(where) == json_error_premature_end_of_input)
        return problem_set(problem, EINVAL,
                           "%s is cut off at line %d, column %d: its end is missing, so use "
                           "another run file",
                           path, where->line, where->column);
    return problem_set(problem, EINVAL,
                       "%s is damaged or no run file: it is not JSON at line %d, column %d (%s)",
                       path, where->line, where->column, where->text);
}

/* Makes what was read safe to show; on failure it is freed. */
static json_t *make_plain(const char *path, json_t *json, struct problem *problem) {
    int error = plain_json(json);
    if (error == 0)
        return json;
    json_decref(json);
    if (error == -ENOMEM)
        (void)unreadable(path, ENOMEM, problem);
    else
        (void)problem_set(problem, EINVAL, "%s is damaged: a field's name is not printable", path);
    return NULL;
}

/* The first JSON value of the text, or NULL with a problem; `end` is where it ends. */
static json_t *first_value(const char *path, const struct text *text, size_t *end,
                           struct problem *problem) {
    json_error_t where;
    json_t *json = json_loadb(text->bytes, text->length, PARSE_FLAGS, &where);
    if (json == NULL)
        (void)not_json(path, &where, problem);
    *end = json == NULL ? 0 : (size_t)where.position;
    return json == NULL ? NULL : make_plain(path, json, problem);
}

static int check_schema(const char *path, const json_t *json, struct problem *problem) {
    const char *schema = json_string_value(json_object_get(json, "schema"));
    if (schema != NULL && strncmp(schema, "ipcbench-duet-", strlen("ipcbench-duet-")) == 0)
        return problem_set(
            problem, EPROTOTYPE,
            "%s holds what a duet found, which is no run; `ipcbench export` reads it", path);
    if (schema == NULL || strncmp(schema, "ipcbench-run-", strlen("ipcbench-run-")) != 0)
        return foreign(path, problem);
    if (strcmp(schema, STORE_SCHEMA) != 0)
        return problem_set(problem, EINVAL,
                           "%s is of schema %.32s, and this ipcbench reads %s: use the ipcbench "
                           "that wrote it, or measure again",
                           path, schema, STORE_SCHEMA);
    return 0;
}

/* Versions between two releases write the same schema with more or fewer fields. */
static int of_another_version(const char *path, const char *what, size_t number, const char *why,
                              struct problem *problem) {
    return problem_set(
        problem, EINVAL,
        "%s was written by another version of ipcbench, or is damaged: in %s %zu %s; "
        "read it with the version that wrote it, or measure again",
        path, what, number, why);
}

static int damaged(const char *path, const char *what, size_t number, const char *why,
                   struct problem *problem) {
    return problem_set(problem, EINVAL, "%s is damaged: %s %zu: %s", path, what, number, why);
}

/* Environment and options of either kind of file. */
static int load_head(const char *path, const json_t *json, struct run *run,
                     struct problem *problem) {
    int error = check_schema(path, json, problem);
    if (error != 0)
        return error;
    static const char *const names[] = {"environment", "options"};
    json_t **const places[] = {&run->environment, &run->options};
    for (int i = 0; i < 2; i++) {
        json_t *part = json_object_get(json, names[i]);
        if (!json_is_object(part))
            return problem_set(problem, EINVAL, "%s is damaged: it has no object '%s'", path,
                               names[i]);
        *places[i] = json_incref(part);
    }
    return 0;
}

static int load_trial(const char *path, const json_t *json, const char *what, size_t number,
                      struct run *run, struct problem *problem) {
    struct record *record = malloc(sizeof *record);
    struct problem why = {""};
    if (record == NULL)
        return unreadable(path, ENOMEM, problem);
    int error = record_from_json(json, record, &why);
    if (error == -ENOKEY) {
        error = of_another_version(path, what, number, why.text, problem);
    } else if (error != 0) {
        error = damaged(path, what, number, why.text, problem);
    } else if (run_add(run, record) != 0) {
        record_free(record);
        error = unreadable(path, ENOMEM, problem);
    }
    free(record);
    return error;
}

/* The cells are made anew from the trials; these are only checked. */
static int check_cells(const char *path, const json_t *json, struct problem *problem) {
    const json_t *cells = json_object_get(json, "cells");
    if (!json_is_array(cells))
        return problem_set(problem, EINVAL, "%s is damaged: it has no array 'cells'", path);
    size_t i;
    const json_t *cell;
    json_array_foreach(cells, i, cell) {
        struct cell_summary summary;
        struct problem why = {""};
        int error = summary_from_json(cell, &summary, &why);
        if (error == -ENOKEY)
            return of_another_version(path, "cell", i + 1, why.text, problem);
        if (error != 0)
            return damaged(path, "cell", i + 1, why.text, problem);
    }
    return 0;
}

static int load_run(const char *path, const json_t *json, struct run *run,
                    struct problem *problem) {
    json_t *trials = json_object_get(json, "trials");
    if (!json_is_array(trials))
        return problem_set(problem, EINVAL, "%s is damaged: it has no array 'trials'", path);
    int error = check_cells(path, json, problem);
    size_t i;
    const json_t *trial;
    json_array_foreach(trials, i, trial) {
        if (error == 0)
            error = load_trial(path, trial, "trial", i + 1, run, problem);
        (void)json_array_set_new(trials, i, json_null()); /* its memory, as early as can be */
    }
    run->complete = !json_is_true(json_object_get(run->options, "interrupted"));
    return error;
}

int store_note_resumed(struct run *run, const char *date, struct problem *problem) {
    json_t *dates = json_object_get(run->options, "resumed");
    if (!json_is_array(dates) && json_object_set_new(run->options, "resumed", json_array()) == 0)
        dates = json_object_get(run->options, "resumed");
    return json_array_append_new(dates, fields_text(date)) == 0
               ? 0
               : problem_set(problem, ENOMEM, "no memory for the options");
}

/* A trial, or where the run was taken up again. */
static int load_entry(const char *path, const json_t *json, size_t number, struct run *run,
                      struct problem *problem) {
    const char *resumed = json_string_value(json_object_get(json, "resumed"));
    return resumed != NULL ? store_note_resumed(run, resumed, problem)
                           : load_trial(path, json, "line", number, run, problem);
}

/* One line of a journal. The last one may be cut: the run was killed while it wrote it. */
static int load_line(const char *path, const char *line, size_t length, bool cut, size_t number,
                     struct run *run, struct problem *problem) {
    json_error_t where;
    json_t *json = json_loadb(line, length, JSON_REJECT_DUPLICATES, &where);
    if (json == NULL)
        return cut ? 0 : damaged(path, "line", number, where.text, problem);
    json = make_plain(path, json, problem);
    if (json == NULL)
        return -EINVAL;
    int error = load_entry(path, json, number, run, problem);
    json_decref(json);
    return error;
}

static int load_journal(const char *path, const char *lines, const char *end, struct run *run,
                        struct problem *problem) {
    int error = 0;
    for (size_t number = 2; lines < end && error == 0; number++) {
        const char *newline = memchr(lines, '\n', (size_t)(end - lines));
        const char *stop = newline == NULL ? end : newline;
        error =
            load_line(path, lines, (size_t)(stop - lines), newline == NULL, number, run, problem);
        lines = stop + 1;
    }
    run->complete = 0;
    return error;
}

static int load_text(const char *path, const struct text *text, struct run *run,
                     struct problem *problem) {
    size_t end;
    int error = store_scan(path, text->bytes, text->length, problem);
    json_t *json = error == 0 ? first_value(path, text, &end, problem) : NULL;
    if (json == NULL || text->bytes == NULL)
        return -EINVAL;
    const char *rest = text->bytes + end;
    size_t blank = strspn(rest, " \t\r\n");
    error = load_head(path, json, run, problem);
    if (error == 0 && json_is_true(json_object_get(json, "journal")))
        error =
            load_journal(path, rest + (*rest == '\n'), text->bytes + text->length, run, problem);
    else if (error == 0 && end + blank != text->length)
        error = problem_set(problem, EINVAL, "%s is damaged: something follows the run", path);
    else if (error == 0)
        error = load_run(path, json, run, problem);
    json_decref(json);
    return error;
}

int store_load(const char *path, struct run *run, struct problem *problem) {
    struct text text = {NULL, 0};
    memset(run, 0, sizeof *run);
    int error = slurp(path, &text, problem);
    if (error == 0)
        error = load_text(path, &text, run, problem);
    free(text.bytes);
    if (error == 0 && run_summarise(run) != 0)
        error = unreadable(path, ENOMEM, problem);
    if (error != 0)
        run_free(run);
    return error;
}

int store_load_json(const char *path, const char *schema, json_t **json, struct problem *problem) {
    struct text text = {NULL, 0};
    size_t end;
    int error = slurp(path, &text, problem);
    if (error == 0)
        error = store_scan(path, text.bytes, text.length, problem);
    *json = error == 0 ? first_value(path, &text, &end, problem) : NULL;
    free(text.bytes);
    if (*json == NULL)
        return error != 0 ? error : -EINVAL;
    const char *said = json_string_value(json_object_get(*json, "schema"));
    if (said != NULL && strcmp(said, schema) == 0)
        return 0;
    json_decref(*json);
    *json = NULL;
    return problem_set(problem, EINVAL, "%s has no 'schema' of \"%s\"", path, schema);
}
