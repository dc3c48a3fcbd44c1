/* SPDX-License-Identifier: MIT */
/*
 * history_print.c - curves of eight steps, tables, and JSON.
 */
#include "report/history_print.h"

#include "base/fields.h"
#include "base/table.h"
#include "base/units.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CURVE = 32 }; /* runs that a curve shows */

static const struct table_column columns[] = {
    {"cell", false}, {"runs", true}, {"last", true}, {"last change", false}, {"trend", false}};
enum { COLUMNS = sizeof columns / sizeof *columns };

static const struct table_column run_columns[] = {
    {"date", false}, {"commit", false}, {"value", true},       {"interval", false},
    {"ratio", true}, {"trials", true},  {"fingerprint", false}};
enum { RUN_COLUMNS = sizeof run_columns / sizeof *run_columns };

/* From the least of these runs to the greatest; all alike is a line in the middle. A bar stands
 * where something of the fingerprint changed. */
static void curve(const struct history_point *points, size_t count, char *text, size_t room) {
    static const char *const steps[] = {"\u2581", "\u2582", "\u2583", "\u2584",
                                        "\u2585", "\u2586", "\u2587", "\u2588"};
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < count; i++) {
        least = fmin(least, points[i].value);
        most = fmax(most, points[i].value);
    }
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count && used + 8 < room; i++) {
        double part = most > least * 1.0001 ? (points[i].value - least) / (most - least) : 0.5;
        used += (size_t)snprintf(text + used, room - used, "%s%s",
                                 history_starts_segment(points, i) ? "|" : "",
                                 steps[(int)(part * 7.49)]);
    }
}

struct trend {
    FILE *to;
    struct history *history;
    struct table table;
    const struct history_change *changes;
    size_t change_count, series_count;
    char only[CELL_KEY_BYTES]; /* the last series */
    struct problem *problem;
};

static const struct history_change *last_change(const struct trend *trend, const char *key) {
    for (size_t i = 0; i < trend->change_count; i++)
        if (strcmp(trend->changes[i].key, key) == 0)
            return &trend->changes[i];
    return NULL;
}

static int add_series(void *context, const char *key, size_t count) {
    struct trend *trend = context;
    struct history_point *points;
    size_t shown;
    int error = history_points(trend->history, key, CURVE, &points, &shown, trend->problem);
    if (error < 0 || shown == 0) {
        free(points);
        return error;
    }
    char text[8 * CURVE];
    (void)snprintf(trend->only, sizeof trend->only, "%s", key);
    trend->series_count++;
    table_add(&trend->table, key);
    (void)snprintf(text, sizeof text, "%zu", count);
    table_add(&trend->table, text);
    units_format_ns(points[shown - 1].value, text, sizeof text);
    table_add(&trend->table, text);
    const struct history_change *change = last_change(trend, key);
    text[0] = '\0';
    if (change != NULL)
        (void)snprintf(text, sizeof text, "%+.1f%% at %.12s%s", 100 * change->shift, change->commit,
                       change->reason[0] != '\0' ? " (accepted)" : "");
    table_add(&trend->table, text);
    curve(points, shown, text, sizeof text);
    table_add(&trend->table, text);
    free(points);
    return 0;
}

static void add_run(struct table *table, const struct history_point *point) {
    char text[80], low[32], high[32];
    table_add(table, point->date);
    (void)snprintf(text, sizeof text, "%.12s", point->commit);
    table_add(table, text);
    units_format_ns(point->value, text, sizeof text);
    table_add(table, text);
    units_format_ns(point->low, low, sizeof low);
    units_format_ns(point->high, high, sizeof high);
    (void)snprintf(text, sizeof text, "%s to %s", low, high);
    table_add(table, isnan(point->low) ? "-" : text);
    (void)snprintf(text, sizeof text, "%.3f", point->ratio);
    table_add(table, isnan(point->ratio) ? "-" : text);
    (void)snprintf(text, sizeof text, "%zu%s", point->trials, point->flagged > 0 ? "*" : "");
    table_add(table, text);
    table_add(table, point->fingerprint);
}

static int print_runs(struct trend *trend) {
    struct history_point *points;
    size_t count;
    struct table table;
    int error = history_points(trend->history, trend->only, CURVE, &points, &count, trend->problem);
    table_init(&table, run_columns, RUN_COLUMNS);
    for (size_t i = 0; i < count; i++) {
        if (history_starts_segment(points, i))
            table_gap(&table);
        add_run(&table, &points[i]);
    }
    (void)fputc('\n', trend->to);
    if (error == 0 && table_print(&table, trend->to, "") != 0)
        error = problem_set(trend->problem, ENOMEM, "there is no memory for a table");
    table_free(&table);
    free(points);
    return error;
}

static int print_table(struct trend *trend) {
    size_t runs, points;
    int error = history_count(trend->history, &runs, &points, trend->problem);
    if (error != 0)
        return error;
    (void)fprintf(trend->to, "%zu runs, %zu points\n\n", runs, points);
    if (table_print(&trend->table, trend->to, "") != 0)
        return problem_set(trend->problem, ENOMEM, "there is no memory for a table");
    if (trend->series_count == 1) {
        error = print_runs(trend);
        if (error == 0 && trend->change_count > 0)
            (void)fputc('\n', trend->to);
        history_print_changes(trend->to, trend->changes, trend->change_count);
    }
    (void)fputc('\n', trend->to);
    table_wrap(trend->to, "", "",
               "trend: the last 32 runs, from the least to the greatest of them; a bar: the host, "
               "the build or the CPUs changed, and a new segment begins. ratio: to "
               "the " HISTORY_REFERENCE " of the same run.");
    return 0;
}

int history_print_trend(FILE *to, struct history *history, const char *pattern,
                        struct problem *problem) {
    struct history_change *changes;
    struct trend trend = {.to = to, .history = history, .problem = problem};
    int error = history_changes(history, pattern, &changes, &trend.change_count, problem);
    trend.changes = changes;
    table_init(&trend.table, columns, COLUMNS);
    if (error == 0)
        error = history_series(history, pattern, add_series, &trend, problem);
    if (error == 0 && trend.series_count == 0)
        error = problem_set(problem, EINVAL,
                            "no series matches '%s'; `ipcbench history trend` lists them all",
                            pattern == NULL ? "*" : pattern);
    if (error == 0)
        error = print_table(&trend);
    table_free(&trend.table);
    free(changes);
    return error;
}

void history_print_changes(FILE *to, const struct history_change *changes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct history_change *change = &changes[i];
        char text[1200];
        (void)snprintf(text, sizeof text,
                       "%+.1f%%%s in %s began with commit %s (%s); the last before it is %s. p = "
                       "%.4f%s%s",
                       100 * change->shift, change->by_ratio ? " against " HISTORY_REFERENCE : "",
                       change->key, change->commit[0] != '\0' ? change->commit : "not known",
                       change->date,
                       change->commit_before[0] != '\0' ? change->commit_before : "not known",
                       change->p, change->reason[0] != '\0' ? ". Accepted: " : "", change->reason);
        table_wrap(to, "", "    ", text);
    }
}

static json_t *text_or_null(const char *text) {
    return text[0] == '\0' ? json_null() : fields_text(text);
}

json_t *history_change_to_json(const struct history_change *change) {
    return json_pack("{s:s, s:s, s:o, s:o, s:f, s:f, s:b, s:o}", "key", change->key, "date",
                     change->date, "commit", text_or_null(change->commit), "commit_before",
                     text_or_null(change->commit_before), "shift", change->shift, "p", change->p,
                     "by_ratio", change->by_ratio, "accepted", text_or_null(change->reason));
}

static json_t *point_to_json(const struct history_point *point) {
    return json_pack("{s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:I}", "date", point->date,
                     "commit", text_or_null(point->commit), "fingerprint", point->fingerprint,
                     "cpus", point->cpus, "value_ns", fields_number(point->value), "low_ns",
                     fields_number(point->low), "high_ns", fields_number(point->high), "ratio",
                     fields_number(point->ratio), "trials", (json_int_t)point->trials, "flagged",
                     (json_int_t)point->flagged);
}

struct collect {
    struct history *history;
    const struct history_change *changes;
    size_t change_count;
    json_t *series;
    struct problem *problem;
};

static json_t *changes_of(const struct collect *collect, const char *key) {
    json_t *list = json_array();
    for (size_t i = 0; i < collect->change_count; i++)
        if (strcmp(collect->changes[i].key, key) == 0 &&
            json_array_append_new(list, history_change_to_json(&collect->changes[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *points_of(const struct history_point *points, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(list, point_to_json(&points[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static int collect_series(void *context, const char *key, size_t count) {
    struct collect *collect = context;
    struct history_point *points;
    int error = history_points(collect->history, key, 0, &points, &count, collect->problem);
    if (error == 0) {
        json_t *series = json_pack("{s:s, s:o, s:o}", "key", key, "points",
                                   points_of(points, count), "changes", changes_of(collect, key));
        if (json_array_append_new(collect->series, series) != 0)
            error = problem_set(collect->problem, ENOMEM, "there is no memory for JSON");
    }
    free(points);
    return error;
}

int history_print_json(FILE *to, struct history *history, const char *pattern,
                       struct problem *problem) {
    struct history_change *changes;
    struct collect collect = {.history = history, .series = json_array(), .problem = problem};
    int error = history_changes(history, pattern, &changes, &collect.change_count, problem);
    collect.changes = changes;
    if (error == 0)
        error = history_series(history, pattern, collect_series, &collect, problem);
    free(changes);
    json_t *all = json_pack("{s:o}", "series", collect.series);
    if (error == 0 && (all == NULL || json_dumpf(all, to, FIELDS_DUMP | JSON_INDENT(1)) != 0))
        error = problem_set(problem, ENOMEM, "there is no memory to write JSON");
    if (error == 0)
        (void)fputc('\n', to);
    json_decref(all);
    return error;
}
