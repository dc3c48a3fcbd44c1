/* SPDX-License-Identifier: MIT */
/*
 * export.c - the table of formats, the choice of cells, and what the formats share.
 */
#include "report/export.h"

#include "base/fields.h"
#include "base/nearest.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

const struct export_format export_formats[] = {
    {"github-action-benchmark-smaller",
     "the action of that name, tool customSmallerIsBetter: p50 and CPU time", export_smaller, NULL},
    {"github-action-benchmark-bigger", "the same, tool customBiggerIsBetter: rates", export_bigger,
     NULL},
    {"bmf", "Bencher's metric format, adapter json", export_bmf, NULL},
    {"go", "Go's benchmark text, for benchstat: a line for each trial", export_go, NULL},
    {"hyperfine", "hyperfine's JSON: seconds a round trip, a time for each trial", export_hyperfine,
     NULL},
    {"hgrm", "HdrHistogram's percentile distribution in us, of one cell", export_hgrm, NULL},
    {"hlog", "HdrHistogram's log, a tagged histogram for each trial", export_hlog, NULL},
    {"openmetrics", "OpenMetrics with the run's date, for promtool's backfilling",
     export_openmetrics, NULL},
    {"prometheus", "the same without dates, for a textfile collector", export_prometheus, NULL},
    {"junit", "JUnit XML: a cell is a test case", export_junit, export_duet_junit},
    {"github", "annotations of GitHub Actions, ten at most", export_github, export_duet_github},
    {"markdown", "a table, for a job summary", export_markdown, export_duet_markdown},
    {"csv", "a line for each cell, with all of its figures", export_csv, NULL},
    {NULL, NULL, NULL, NULL},
};
enum { FORMATS = sizeof export_formats / sizeof *export_formats };

const struct export_format *export_find(const char *name, struct problem *problem) {
    const char *names[FORMATS] = {NULL};
    char list[512] = "";
    size_t used = 0;
    for (size_t i = 0; export_formats[i].name != NULL; i++) {
        if (strcmp(export_formats[i].name, name) == 0)
            return &export_formats[i];
        names[i] = export_formats[i].name;
        used +=
            (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    const char *close = nearest(name, names);
    (void)problem_set(problem, EINVAL, "there is no format '%s'%s%s%s; there are %s", name,
                      close ? "; did you mean '" : "", close ? close : "", close ? "'?" : "", list);
    return NULL;
}

/* Marks in `used` the pattern that took the cell. */
static bool is_chosen(const char *key, const char *const *patterns, size_t count, bool *used) {
    bool chosen = count == 0;
    for (size_t i = 0; i < count; i++)
        if (fnmatch(patterns[i], key, FNM_NOESCAPE) == 0)
            chosen = used[i] = true;
    return chosen;
}

static int check_used(const char *const *patterns, size_t count, const bool *used,
                      struct problem *problem) {
    for (size_t i = 0; i < count; i++)
        if (!used[i])
            return problem_set(problem, EINVAL,
                               "no cell of the run matches '%s'; `ipcbench show` lists them, and "
                               "keys are as in its --json",
                               patterns[i]);
    return 0;
}

int export_choose(const struct run *run, const char *const *patterns, size_t pattern_count,
                  struct export_input *input, struct problem *problem) {
    bool *used = calloc(pattern_count + 1, sizeof *used);
    const struct cell_summary **cells = calloc(run->cell_count + 1, sizeof(void *));
    *input = (struct export_input){run, cells, 0};
    if (used == NULL || cells == NULL) {
        free(used);
        export_free(input);
        return problem_set(problem, ENOMEM, "there is no memory to choose cells");
    }
    for (size_t i = 0; i < run->cell_count; i++)
        if (is_chosen(run->cells[i].key, patterns, pattern_count, used))
            cells[input->count++] = &run->cells[i];
    int error = check_used(patterns, pattern_count, used, problem);
    free(used);
    if (error != 0)
        export_free(input);
    return error;
}

void export_free(struct export_input *input) {
    free(input->cells);
    *input = (struct export_input){NULL, NULL, 0};
}

const char *export_rate_unit(const struct cell *cell) {
    return strncmp(cell->workload, "stream", strlen("stream")) == 0 ? "messages/s"
                                                                    : "round trips/s";
}

void export_number(FILE *to, double value, const char *unknown) {
    json_t *number = fields_number(value);
    if (json_is_integer(number))
        (void)fprintf(to, "%lld", (long long)json_integer_value(number));
    else if (json_is_real(number))
        (void)fprintf(to, "%.15g", json_real_value(number));
    else
        (void)fputs(unknown, to);
    json_decref(number);
}

int export_json(FILE *to, json_t *json, struct problem *problem) {
    if (json == NULL || json_dumpf(json, to, FIELDS_DUMP | JSON_INDENT(1)) != 0) {
        json_decref(json);
        return problem_set(problem, ENOMEM, "there is no memory to write JSON");
    }
    json_decref(json);
    (void)fputc('\n', to);
    return 0;
}
