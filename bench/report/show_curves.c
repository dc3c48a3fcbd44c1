/* SPDX-License-Identifier: MIT */
/*
 * show_curves.c - picks the figures that a terminal can show, and has them drawn.
 */
#include "report/show_curves.h"

#include "base/table.h"
#include "report/figure.h"
#include "report/figure_draw.h"
#include "report/report.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { CURVES = 6 }; /* as many marks as are told apart in one picture */

static const struct figure_kind *kind_of(const char *name) {
    const struct figure_kind *kind = figure_kinds;
    while (kind->name != NULL && strcmp(kind->name, name) != 0)
        kind++;
    return kind;
}

/* Only the cells that pass; everything else is the run's own. The caller frees part->cells. */
static int take_part(const struct run *run, const struct show_filter *filter, struct run *part) {
    *part = *run;
    part->cell_count = 0;
    part->cells = calloc(run->cell_count + 1, sizeof *part->cells);
    if (part->cells == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < run->cell_count; i++)
        if (show_filter_passes(filter, &run->cells[i].cell))
            part->cells[part->cell_count++] = run->cells[i];
    return 0;
}

static bool has_sizes(const struct run *run) {
    const struct cell *first = NULL;
    for (size_t i = 0; i < run->cell_count; i++) {
        const struct cell *cell = &run->cells[i].cell;
        if (run->cells[i].status != RECORD_OK || strncmp(cell->workload, "pingpong", 8) != 0)
            continue;
        if (first != NULL && first->size_bytes != cell->size_bytes)
            return true;
        first = cell;
    }
    return false;
}

/* Without the empty lines and the blanks at line ends with which gnuplot fills its screen. */
static void print_trimmed(FILE *to, char *text) {
    for (char *rest = NULL, *line = strtok_r(text, "\f\n", &rest); line != NULL;
         line = strtok_r(NULL, "\f\n", &rest)) {
        size_t length = strlen(line);
        while (length > 0 && line[length - 1] == ' ')
            length--;
        if (length > 0)
            (void)fprintf(to, "%.*s\n", (int)length, line);
    }
}

static int draw_all(FILE *to, const struct figure_list *list, const char *scripts, unsigned columns,
                    struct problem *problem) {
    int error = 0;
    for (size_t i = 0; i < list->count && error == 0; i++) {
        char *text = NULL;
        if (list->figures[i].csv == NULL)
            continue;
        error = figure_draw_text(&list->figures[i], scripts, columns, &text, problem);
        if (error == 0) {
            (void)fputc('\n', to);
            print_trimmed(to, text);
        }
        free(text);
    }
    return error;
}

/* No gnuplot is no failure: the tables say the same. */
static int forgive(FILE *to, int error, const struct problem *problem) {
    if (error != -ENOPKG && error != -ENOENT)
        return error;
    (void)fputc('\n', to);
    table_wrap(to, "No curves: ", "  ", problem->text);
    return 0;
}

int show_curves(FILE *to, const struct run *run, const struct show_filter *filter, unsigned columns,
                struct problem *problem) {
    struct figure_run part = {.name = "run"};
    struct figure_list list = {NULL, 0, NULL};
    struct problem undrawn = {""};
    char scripts[PATH_MAX];
    int error = report_scripts(NULL, scripts, sizeof scripts, &undrawn);
    if (error != 0)
        return forgive(to, error, &undrawn);
    if (take_part(run, filter, &part.run) != 0)
        return problem_set(problem, ENOMEM, "there is no memory for the curves");
    struct figure_kind kind = *kind_of(has_sizes(&part.run) ? "latency" : "percentiles");
    kind.most_series = CURVES;
    error = figure_make_kind(&kind, &part, 1, &list, problem);
    if (error == 0) {
        error = draw_all(to, &list, scripts, columns, &undrawn);
        int left = forgive(to, error, &undrawn);
        error = left == 0 ? 0 : problem_set(problem, -left, "%s", undrawn.text);
    }
    figure_free(&list);
    free(part.run.cells);
    return error;
}
