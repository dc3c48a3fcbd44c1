/* SPDX-License-Identifier: MIT */
/*
 * duet_result.c - the way back from a duet's JSON (duet_json.c) to its verdicts.
 */
#include "duet/duet_result.h"

#include "base/fields.h"
#include "base/json_file.h"
#include "duet/duet_session.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct field cell_fields[] = {FIELD(FIELD_TEXT, struct duet_cell, key),
                                           FIELD(FIELD_TEXT_OR_NULL, struct duet_cell, why),
                                           FIELD(FIELD_COUNT, struct duet_cell, count),
                                           {"verdict", FIELD_WORD,
                                            offsetof(struct duet_cell, verdict),
                                            sizeof((struct duet_cell *)0)->verdict, duet_verdicts},
                                           {0}};

static const struct field finding_fields[] = {
    {"verdict", FIELD_WORD, offsetof(struct duet_finding, verdict),
     sizeof((struct duet_finding *)0)->verdict, duet_verdicts},
    FIELD(FIELD_NUMBER, struct duet_finding, p),
    FIELD(FIELD_NUMBER, struct duet_finding, holm),
    FIELD(FIELD_NUMBER, struct duet_finding, smallest),
    {0}};

static const struct field limit_fields[] = {FIELD(FIELD_NUMBER, struct duet_limits, alarm),
                                            FIELD(FIELD_NUMBER, struct duet_limits, tolerance),
                                            FIELD(FIELD_TEXT_OR_NULL, struct duet_limits, reason),
                                            {0}};

static const struct field result_fields[] = {
    {"verdict", FIELD_WORD, offsetof(struct duet_result, judgement.verdict),
     sizeof((struct duet_judgement *)0)->verdict, duet_verdicts},
    FIELD_AS("why", FIELD_TEXT, struct duet_result, judgement.why),
    FIELD(FIELD_NUMBER, struct duet_result, took_s),
    {0}};

static int read_flag(const json_t *json, const char *name, bool *flag, struct problem *problem) {
    const json_t *value = json_object_get(json, name);
    if (!json_is_boolean(value))
        return problem_set(problem, EINVAL, "'%s' must be true or false", name);
    *flag = json_is_true(value);
    return 0;
}

/* A change as a share, back to the logarithm that it was. */
static int read_change(const json_t *json, const char *name, double *log_ratio,
                       struct problem *problem) {
    const json_t *value = json_object_get(json, name);
    double share = json_is_null(value) ? NAN : json_number_value(value);
    if (!(json_is_null(value) || json_is_number(value)) || share <= -1)
        return problem_set(problem, EINVAL, "'%s' must be a share above -1, or null", name);
    *log_ratio = log1p(share);
    return 0;
}

static int read_finding(const json_t *json, struct duet_finding *finding, struct problem *problem) {
    int error = fields_from_json(finding_fields, json, finding, problem);
    if (error == 0)
        error = read_change(json, "change", &finding->shift.estimate, problem);
    if (error == 0)
        error = read_change(json, "low", &finding->shift.low, problem);
    return error == 0 ? read_change(json, "high", &finding->shift.high, problem) : error;
}

static int read_cell(const json_t *json, struct duet_cell *cell, struct problem *problem) {
    static const char *const statistics[DUET_STATISTICS] = {"p50", "p90", "p99"};
    const json_t *limits = json_object_get(json, "limits");
    int error = fields_from_json(cell_fields, json, cell, problem);
    if (error == 0)
        error = cell_parse(cell->key, &cell->cell, problem);
    if (error == 0)
        error = read_flag(json, "canary", &cell->canary, problem);
    if (error == 0)
        error = fields_from_json(limit_fields, limits, &cell->limits, problem);
    if (error == 0)
        error = read_flag(limits, "gated", &cell->limits.gated, problem);
    for (int i = 0; i < DUET_STATISTICS && error == 0; i++)
        error = read_finding(json_object_get(json, statistics[i]), &cell->findings[i], problem);
    return error;
}

/* Counts each cell that was read where the judge counted it. */
static int read_cells(const json_t *list, struct duet_result *result, struct problem *problem) {
    size_t i;
    const json_t *json;
    if (!json_is_array(list))
        return problem_set(problem, EINVAL, "it has no array 'cells'");
    result->suite.cells = calloc(json_array_size(list) + 1, sizeof *result->suite.cells);
    if (result->suite.cells == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for its cells");
    json_array_foreach(list, i, json) {
        struct duet_cell *cell = &result->suite.cells[i];
        struct problem why = {""};
        if (read_cell(json, cell, &why) < 0)
            return problem_set(problem, EINVAL, "cell %zu: %s", i + 1, why.text);
        result->suite.count++;
        if (!cell->canary)
            result->judgement.counts[cell->verdict]++;
    }
    return 0;
}

static void read_environment(const json_t *json, const char *name, char *text, size_t room) {
    const char *value = json_string_value(json_object_get(json, name));
    (void)snprintf(text, room, "%s", value == NULL ? "not known" : value);
}

static int read_result(const json_t *json, struct duet_result *result, struct problem *problem) {
    const json_t *environment = json_object_get(json, "environment");
    read_environment(environment, "host", result->host, sizeof result->host);
    read_environment(environment, "date", result->date, sizeof result->date);
    int error = fields_from_json(result_fields, json, result, problem);
    if (error == 0)
        error = read_flag(json, "interrupted", &result->interrupted, problem);
    return error == 0 ? read_cells(json_object_get(json, "cells"), result, problem) : error;
}

static int read_file(const char *path, const json_t *json, struct duet_result *result,
                     struct problem *problem) {
    struct problem why = {""};
    const char *schema = json_string_value(json_object_get(json, "schema"));
    if (schema == NULL || strcmp(schema, DUET_SCHEMA) != 0)
        return problem_set(problem, EINVAL, "%s has no 'schema' of \"%s\"", path, DUET_SCHEMA);
    int error = read_result(json, result, &why);
    return error == 0 ? 0 : problem_set(problem, -error, "%s is damaged: %s", path, why.text);
}

int duet_result_load(const char *path, struct duet_result *result, struct problem *problem) {
    static const struct json_file_kind kind = {"file of a duet", "name one that a duet wrote"};
    struct json_file file;
    *result = (struct duet_result){.suite = {NULL, 0}};
    int error = json_file_read(path, &kind, &file, problem);
    if (error == 0)
        error = read_file(path, file.value, result, problem);
    json_file_free(&file);
    if (error != 0)
        duet_result_free(result);
    return error;
}

void duet_result_free(struct duet_result *result) {
    free(result->suite.cells);
    *result = (struct duet_result){.suite = {NULL, 0}};
}

void duet_result_words(const struct duet_cell *cell, char *text, size_t room) {
    const struct duet_finding *p50 = &cell->findings[DUET_P50];
    text[0] = '\0';
    if (cell->verdict == DUET_NOT_COMPARED)
        (void)snprintf(text, room, "not compared: %s", cell->why);
    else if (cell->verdict == DUET_REGRESSION && p50->verdict != DUET_REGRESSION)
        (void)snprintf(text, room, "its p90 regressed, by %+.1f%%",
                       100 * expm1(cell->findings[DUET_P90].shift.estimate));
    else if (cell->verdict == DUET_INCONCLUSIVE && isnan(p50->smallest))
        (void)snprintf(text, room,
                       "can't tell: no slowdown would have been found with so few trials");
    else if (cell->verdict == DUET_INCONCLUSIVE)
        (void)snprintf(text, room, "can't tell; a slowdown of %.1f%% or more would have been found",
                       100 * p50->smallest);
}
