/* SPDX-License-Identifier: MIT */
/*
 * compare_print.c - what differs between the hosts first, then a line for each cell, then how weak
 * the tests were, then the verdict.
 */
#include "report/compare_print.h"

#include "base/fields.h"
#include "base/table.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct table_column columns[] = {
    {"cell", false}, {"of", false},   {"change", true}, {"95% interval", true}, {"p (Holm)", true},
    {"n", true},     {"test", false}, {"sees", true},   {"verdict", false}};
enum { COLUMNS = sizeof columns / sizeof *columns };

static const char *text_of(const json_t *json, const char *name) {
    const char *text = json_string_value(json_object_get(json, name));
    return text == NULL ? "?" : text;
}

static void print_differences(FILE *to, const struct compare *compare) {
    size_t i;
    const json_t *one;
    json_array_foreach(compare->differences, i, one) {
        char line[1400];
        bool accepted = json_is_true(json_object_get(one, "accepted"));
        (void)snprintf(line, sizeof line, "%s: %s was %s, is %s",
                       accepted ? "compared across" : "not comparable", text_of(one, "fact"),
                       text_of(one, "was"), text_of(one, "is"));
        table_wrap(to, "", "    ", line);
    }
    if (json_array_size(compare->differences) > 0)
        (void)fputc('\n', to);
}

static void add_share(struct table *table, const char *format, double share) {
    char text[32];
    (void)snprintf(text, sizeof text, format, 100 * share);
    table_add(table, isfinite(share) ? text : "-");
}

static void add_cell(struct table *table, const struct compare_cell *cell, const char *reference) {
    char text[64];
    table_add(table, cell->key);
    (void)snprintf(text, sizeof text, "%s%.32s", cell->by_ratio ? "ratio to " : "p50",
                   cell->by_ratio ? reference : "");
    table_add(table, text);
    add_share(table, "%+.1f%%", expm1(cell->shift.estimate));
    (void)snprintf(text, sizeof text, "%+.1f to %+.1f%%",
                   100 * expm1(cell->shift.low - cell->drift),
                   100 * expm1(cell->shift.high + cell->drift));
    table_add(table, isfinite(cell->shift.low) ? text : "-");
    (void)snprintf(text, sizeof text, "%.3g", cell->holm);
    table_add(table, isfinite(cell->holm) ? text : "-");
    (void)snprintf(text, sizeof text, "%zu, %zu", cell->base_count, cell->new_count);
    table_add(table, text);
    table_add(table, compare_designs[cell->design]);
    add_share(table, "%.1f%%", cell->smallest);
    table_add(table, compare_verdicts[cell->verdict]);
}

/* How weak the tests are that stand in the table. */
static void print_weakness(FILE *to, const struct compare *compare) {
    static const char *const words[] = {
        [COMPARE_PAIRED] =
            "paired: the two sides were measured by turns, and what drifts hits both.",
        [COMPARE_BLOCKS] =
            "blocks: the runs of the sides were not by turns, so that a slow change of the machine "
            "looks like one of the code.",
        [COMPARE_SINGLE] =
            "single: one run on a side. Runs of one build differ by 3% on one CPU and by 24% "
            "across "
            "two with nothing changed, whatever their trials say; the interval is wider by that."};
    bool used[sizeof words / sizeof *words] = {false};
    double least_p = 0;
    for (size_t i = 0; i < compare->count; i++)
        if (isfinite(compare->cells[i].shift.p)) {
            used[compare->cells[i].design] = true;
            least_p = fmax(least_p, compare->cells[i].shift.least_p);
        }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (used[i])
            table_wrap(to, "", "    ", words[i]);
    if (least_p > COMPARE_ALPHA)
        table_wrap(to, "", "    ",
                   "Some cells have so few numbers that no difference at all could be told.");
    table_wrap(to, "", "    ", "sees: the least slowdown that could have been told, of each cell.");
}

int compare_print(FILE *to, const struct compare *compare, const char *reference) {
    struct table table;
    print_differences(to, compare);
    table_init(&table, columns, COLUMNS);
    for (size_t i = 0; i < compare->count; i++)
        if (compare->cells[i].shift.p >= 0)
            add_cell(&table, &compare->cells[i], reference);
    int error = table_print(&table, to, "");
    table_free(&table);
    for (size_t i = 0; i < compare->count; i++) {
        char line[CELL_KEY_BYTES + 300];
        const struct compare_cell *cell = &compare->cells[i];
        (void)snprintf(line, sizeof line, "not compared: %s: %s", cell->key, cell->why);
        if (!(cell->shift.p >= 0))
            table_wrap(to, "", "    ", line);
    }
    (void)fputc('\n', to);
    print_weakness(to, compare);
    (void)fprintf(to, "\n%s: %s\n", compare_verdicts[compare->verdict], compare->why);
    return error;
}

/* ---- JSON ---- */

static json_t *share(double value) {
    return isfinite(value) ? json_real(round(value * 1e6) / 1e6) : json_null();
}

static json_t *cell_to_json(const struct compare_cell *cell, const char *reference) {
    bool compared = cell->shift.p >= 0;
    return json_pack(
        "{s:s, s:s, s:s?, s:s?, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I}", "key",
        cell->key, "verdict", compare_verdicts[cell->verdict], "why",
        cell->why[0] != '\0' ? cell->why : NULL, "test",
        compared ? compare_designs[cell->design] : NULL, "reference",
        cell->by_ratio ? reference : NULL, "change", share(expm1(cell->shift.estimate)), "low",
        share(expm1(cell->shift.low - cell->drift)), "high",
        share(expm1(cell->shift.high + cell->drift)), "coverage", share(cell->shift.coverage), "p",
        share(compared ? cell->shift.p : NAN), "holm", share(cell->holm), "drift",
        share(expm1(cell->drift)), "smallest", share(compared ? cell->smallest : NAN), "base_count",
        (json_int_t)cell->base_count, "new_count", (json_int_t)cell->new_count);
}

int compare_print_json(FILE *to, const struct compare *compare, const char *reference) {
    json_t *cells = json_array();
    for (size_t i = 0; i < compare->count; i++)
        (void)json_array_append_new(cells, cell_to_json(&compare->cells[i], reference));
    json_t *all =
        json_pack("{s:s, s:s, s:O, s:o}", "verdict", compare_verdicts[compare->verdict], "why",
                  compare->why, "differences", compare->differences, "cells", cells);
    int error = all != NULL && json_dumpf(all, to, FIELDS_DUMP | JSON_INDENT(1)) == 0 ? 0 : -ENOMEM;
    json_decref(all);
    (void)fputc('\n', to);
    return error;
}
