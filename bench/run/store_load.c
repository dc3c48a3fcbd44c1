/* SPDX-License-Identifier: MIT */
/*
 * store_load.c - reads run files and journals. Their first JSON value says which of the two it is:
 * a run file has nothing after it; a journal's says "journal": true, and one trial a line follows.
 */
#include "base/fields.h"
#include "base/json_file.h"
#include "run/store_parts.h"
#include "run/summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct json_file_kind run_file = {"run file", "name a file that `ipcbench run` wrote"};

static int no_memory(const char *path, struct problem *problem) {
    return problem_set(problem, ENOMEM, "can't read %s: %s", path, strerror(ENOMEM));
}

static int foreign(const char *path, struct problem *problem) {
    return problem_set(problem, EINVAL,
                       "%s is JSON, but no run file of ipcbench: it has no 'schema' of \"%s\"",
                       path, STORE_SCHEMA);
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
        return no_memory(path, problem);
    int error = record_from_json(json, record, &why);
    if (error == -ENOKEY) {
        error = of_another_version(path, what, number, why.text, problem);
    } else if (error != 0) {
        error = damaged(path, what, number, why.text, problem);
    } else if (run_add(run, record) != 0) {
        record_free(record);
        error = no_memory(path, problem);
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
    int error = json_file_plain(path, json, problem);
    if (error == 0)
        error = load_entry(path, json, number, run, problem);
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

static int load_value(const char *path, const struct json_file *file, struct run *run,
                      struct problem *problem) {
    const char *rest = file->text + file->value_end;
    size_t blank = strspn(rest, " \t\r\n");
    int error = load_head(path, file->value, run, problem);
    if (error != 0)
        return error;
    if (json_is_true(json_object_get(file->value, "journal")))
        return load_journal(path, rest + (*rest == '\n'), file->text + file->length, run, problem);
    if (file->value_end + blank != file->length)
        return problem_set(problem, EINVAL, "%s is damaged: something follows the run", path);
    return load_run(path, file->value, run, problem);
}

int store_load(const char *path, struct run *run, struct problem *problem) {
    struct json_file file;
    memset(run, 0, sizeof *run);
    int error = json_file_read(path, &run_file, &file, problem);
    if (error == 0)
        error = load_value(path, &file, run, problem);
    json_file_free(&file);
    if (error == 0 && run_summarise(run) != 0)
        error = no_memory(path, problem);
    if (error != 0)
        run_free(run);
    return error;
}
