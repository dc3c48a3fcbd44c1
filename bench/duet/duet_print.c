/* SPDX-License-Identifier: MIT */
/*
 * duet_print.c - a duet's result for a person: a table, and a sentence for each cell that needs
 * one.
 */
#include "duet/duet_result.h"
#include "duet/duet_session.h"

#include "base/table.h"
#include "base/units.h"
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

static const struct table_column columns[] = {
    {"cell", false}, {"base p50", true}, {"p50", true}, {"99% interval", true},
    {"p90", true},   {"p99", true},      {"n", true},   {"verdict", false},
};

static void format_change(double log_ratio, char *text, size_t room) {
    if (isnan(log_ratio))
        (void)snprintf(text, room, "-");
    else
        (void)snprintf(text, room, "%+.1f%%", 100 * expm1(log_ratio));
}

static void add_change(struct table *table, double log_ratio) {
    char text[32];
    format_change(log_ratio, text, sizeof text);
    table_add(table, text);
}

/* The median trial's p50 of the base. */
static double base_ns(const struct duet_session *session, size_t index) {
    double values[DUET_MOST_TRIALS];
    size_t count = 0;
    for (size_t i = 0; i < session->trial_count && count < DUET_MOST_TRIALS; i++)
        if (session->trial_cells[i] == index && session->trials[i].status == RECORD_OK)
            values[count++] = session->trials[i].sides[DUET_BASE].ns[DUET_P50];
    return stats_median(values, stats_sort(values, count));
}

static void add_row(const struct duet_session *session, size_t index, struct table *table) {
    const struct duet_cell *cell = &session->suite.cells[index];
    const struct duet_finding *p50 = &cell->findings[DUET_P50];
    char text[CELL_KEY_BYTES + 32], low[32], high[32];
    (void)snprintf(text, sizeof text, "%s%s", cell->key, cell->canary ? " (canary)" : "");
    table_add(table, text);
    units_format_ns(base_ns(session, index), text, sizeof text);
    table_add(table, text);
    add_change(table, p50->shift.estimate);
    format_change(p50->shift.low, low, sizeof low);
    format_change(p50->shift.high, high, sizeof high);
    (void)snprintf(text, sizeof text, "%s %s", low, high);
    table_add(table, cell->count > 0 ? text : "-");
    add_change(table, cell->findings[DUET_P90].shift.estimate);
    add_change(table, cell->findings[DUET_P99].shift.estimate);
    (void)snprintf(text, sizeof text, "%zu", cell->count);
    table_add(table, text);
    (void)snprintf(text, sizeof text, "%s%s", duet_verdicts[cell->verdict],
                   cell->limits.gated ? "" : " (not gated)");
    table_add(table, text);
}

/* A canary says something only by moving: then the verdict is about it. */
static void explain(const struct duet_cell *cell, FILE *to) {
    char words[640], text[CELL_KEY_BYTES + sizeof words + 4];
    duet_result_words(cell, words, sizeof words);
    if (cell->canary || words[0] == '\0')
        return;
    (void)snprintf(text, sizeof text, "%s: %s", cell->key, words);
    table_wrap(to, "  ", "    ", text);
}

static void explain_limits(const struct duet_cell *cell, FILE *to) {
    char text[CELL_KEY_BYTES + 512];
    if (cell->limits.reason[0] == '\0')
        return;
    (void)snprintf(text, sizeof text, "%s: %s beyond %g%%, pass within %g%%: %s", cell->key,
                   cell->limits.gated ? "alarm" : "not gated; alarm", 100 * cell->limits.alarm,
                   100 * cell->limits.tolerance, cell->limits.reason);
    table_wrap(to, "  ", "    ", text);
}

int duet_session_print(const struct duet_session *session, const struct duet_judgement *judgement,
                       FILE *to) {
    struct table table;
    table_init(&table, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < session->suite.count; i++)
        add_row(session, i, &table);
    int error = table_print(&table, to, "  ");
    table_free(&table);
    (void)fputc('\n', to);
    for (size_t i = 0; i < session->suite.count; i++)
        explain(&session->suite.cells[i], to);
    for (size_t i = 0; i < session->suite.count; i++)
        explain_limits(&session->suite.cells[i], to);
    char text[sizeof judgement->why + 64];
    (void)snprintf(text, sizeof text, "%s%s: %s (%.0f s)", duet_verdicts[judgement->verdict],
                   session->interrupted ? ", interrupted" : "", judgement->why,
                   (double)(session->ended_ns - session->started_ns) / 1e9);
    table_wrap(to, "", "  ", text);
    return error;
}
