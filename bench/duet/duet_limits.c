/* SPDX-License-Identifier: MIT */
/*
 * duet_limits.c - checks the file strictly, and matches the cells.
 */
#include "duet/duet_limits.h"

#include "base/json_file.h"

#include <errno.h>
#include <fnmatch.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const struct duet_limits defaults = {
    .alarm = DUET_ALARM, .tolerance = DUET_TOLERANCE, .gated = true};

/* One entry of the file, before it is applied. */
struct entry {
    size_t number; /* as a person counts */
    const char *match, *reason;
    const json_t *alarm, *tolerance, *gated; /* NULL: not said */
};

static int check_fields(const json_t *json, size_t number, struct problem *problem) {
    static const char *const known[] = {"match", "alarm", "tolerance", "gated", "reason"};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json, name, value) {
        size_t i = 0;
        while (i < sizeof known / sizeof *known && strcmp(known[i], name) != 0)
            i++;
        if (i == sizeof known / sizeof *known)
            return problem_set(
                problem, EINVAL,
                "entry %zu: nobody knows '%.60s'; there are match, alarm, tolerance, "
                "gated and reason",
                number, name);
    }
    return 0;
}

static int check_share(const json_t *json, const char *name, size_t number,
                       struct problem *problem) {
    double share = json_number_value(json);
    if (json == NULL || (json_is_number(json) && share > 0 && share <= 10))
        return 0;
    return problem_set(problem, EINVAL,
                       "entry %zu: '%s' must be a share above 0 and up to 10, such as 0.05 for 5%%",
                       number, name);
}

static int read_entry(const json_t *json, struct entry *entry, struct problem *problem) {
    size_t number = entry->number;
    if (!json_is_object(json))
        return problem_set(problem, EINVAL, "entry %zu is no object", number);
    entry->match = json_string_value(json_object_get(json, "match"));
    entry->reason = json_string_value(json_object_get(json, "reason"));
    entry->alarm = json_object_get(json, "alarm");
    entry->tolerance = json_object_get(json, "tolerance");
    entry->gated = json_object_get(json, "gated");
    if (entry->match == NULL || strlen(entry->match) == 0)
        return problem_set(problem, EINVAL, "entry %zu: 'match' must be a pattern of cells' keys",
                           number);
    if (entry->reason == NULL || strspn(entry->reason, " ") == strlen(entry->reason))
        return problem_set(problem, EINVAL,
                           "entry %zu (%.100s): 'reason' is missing: say why these cells are held "
                           "to something else",
                           number, entry->match);
    if (entry->gated != NULL && !json_is_boolean(entry->gated))
        return problem_set(problem, EINVAL, "entry %zu: 'gated' must be true or false", number);
    int error = check_fields(json, number, problem);
    if (!error)
        error = check_share(entry->alarm, "alarm", number, problem);
    return error ? error : check_share(entry->tolerance, "tolerance", number, problem);
}

static void set_limits(const struct entry *entry, struct duet_limits *limits) {
    *limits = defaults;
    if (entry->alarm != NULL)
        limits->alarm = json_number_value(entry->alarm);
    if (entry->tolerance != NULL)
        limits->tolerance = json_number_value(entry->tolerance);
    if (entry->gated != NULL)
        limits->gated = json_is_true(entry->gated);
    (void)snprintf(limits->reason, sizeof limits->reason, "%s", entry->reason);
}

static int apply(const struct entry *entry, struct duet_suite *suite, struct problem *problem) {
    size_t matched = 0;
    for (size_t i = 0; i < suite->count; i++) {
        struct duet_cell *cell = &suite->cells[i];
        if (fnmatch(entry->match, cell->key, 0) != 0)
            continue;
        matched++;
        if (!cell->canary)
            set_limits(entry, &cell->limits);
    }
    if (matched > 0)
        return 0;
    return problem_set(problem, EINVAL, "entry %zu: '%.200s' matches no cell of this suite",
                       entry->number, entry->match);
}

static int apply_all(const json_t *json, struct duet_suite *suite, struct problem *problem) {
    const json_t *cells = json_object_get(json, "cells");
    int error = 0;
    if (!json_is_object(json) || json_object_size(json) != 1 || !json_is_array(cells))
        return problem_set(problem, EINVAL, "it must be {\"cells\": [...]} and nothing else");
    for (size_t i = 0; i < json_array_size(cells) && error == 0; i++) {
        struct entry entry = {.number = i + 1};
        error = read_entry(json_array_get(cells, i), &entry, problem);
        if (!error)
            error = apply(&entry, suite, problem);
    }
    return error;
}

int duet_limits_apply(const char *path, struct duet_suite *suite, struct problem *problem) {
    static const struct json_file_kind kind = {"file of limits", NULL};
    struct problem inner = {""};
    struct json_file file;
    for (size_t i = 0; i < suite->count; i++)
        suite->cells[i].limits = defaults;
    if (path == NULL)
        return 0;
    int error = json_file_read(path, &kind, &file, &inner);
    if (error != 0)
        (void)problem_set(problem, EINVAL, "--limits: %.700s", inner.text);
    else if (file.text[file.value_end + strspn(file.text + file.value_end, " \t\r\n")] != '\0')
        error =
            problem_set(problem, EINVAL, "--limits: %.200s: something follows the object", path);
    else if (apply_all(file.value, suite, &inner) != 0)
        error = problem_set(problem, EINVAL, "--limits: %.200s: %.500s", path, inner.text);
    json_file_free(&file);
    return error != 0 ? -EINVAL : 0;
}
