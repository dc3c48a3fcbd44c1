/* SPDX-License-Identifier: MIT */
/*
 * figure.c - the table of figures, and the walk that makes one figure, or the reason for its gap,
 * of each kind for each wait and placement.
 */
#include "figure.h"
#include "figure_cells.h"
#include "figure_rows.h"
#include "figure_runs.h"
#include "figure_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct figure_kind figure_kinds[] = {
    {.name = "overview",
     .title = "Round trip by transport",
     .measures = "bars: median over trials of p50, whiskers: its 95% interval",
     .better = "lower is better",
     .script = "overview.gp",
     .absent = "no trial carries a median",
     .columns = FIGURE_ROWS_OVERVIEW,
     .one_size = 1,
     .write = figure_rows_overview},
    {.name = "latency",
     .title = "Round trip by message size",
     .measures = "thick lines: p50, thin lines: p99",
     .better = "lower is better",
     .script = "latency.gp",
     .absent = "no trial carries a median",
     .columns = FIGURE_ROWS_LATENCY,
     .each_group = 1,
     .write = figure_rows_latency},
    {.name = "percentiles",
     .title = "Round trip by percentile",
     .measures = "all exchanges of all trials together, as far as the sample carries a percentile",
     .better = "lower is better",
     .script = "percentiles.gp",
     .absent = "no histogram in this run",
     .columns = FIGURE_ROWS_PERCENTILES,
     .each_group = 1,
     .one_size = 1,
     .write = figure_rows_percentiles},
    {.name = "throughput",
     .title = "Throughput of ping-pong by message size",
     .measures = "payload in both directions, one message under way; shade, if any: lowest to "
                 "highest trial",
     .better = "higher is better",
     .script = "throughput.gp",
     .absent = "no throughput in this run",
     .columns = FIGURE_ROWS_THROUGHPUT,
     .each_group = 1,
     .write = figure_rows_throughput},
    {.name = NULL},
};

void figure_count(struct figure *figure, const struct figure_cell *cell) {
    size_t trials = cell->summary->trials;
    if (figure->rows == 0 || trials < figure->trials_low)
        figure->trials_low = trials;
    if (trials > figure->trials_high)
        figure->trials_high = trials;
    figure->rows++;
}

/* "latency-block-same-core" and "Round trip by message size: block, same-core". */
static void name_figure(struct figure *figure, const struct figure_slice *slice) {
    const struct figure_kind *kind = figure->kind;
    const struct cell *cell = &slice->cells[0].summary->cell;
    char where[64] = "", size[40] = "", joined[160];
    if (kind->each_group)
        (void)snprintf(where, sizeof where, "%s, %s", cell_waits[cell->wait], cell->placement);
    if (kind->one_size) {
        char text[24];
        figure_text_size(figure->size_bytes, text, sizeof text);
        (void)snprintf(size, sizeof size, ", %s", text);
    }
    (void)snprintf(joined, sizeof joined, "%s%s%s%s", kind->title, size,
                   kind->each_group ? ": " : "", where);
    figure_text_plain(joined, figure->title, sizeof figure->title);
    (void)snprintf(joined, sizeof joined, "%s%s%s%s%s", kind->name, kind->each_group ? "-" : "",
                   kind->each_group ? cell_waits[cell->wait] : "", kind->each_group ? "-" : "",
                   kind->each_group ? cell->placement : "");
    figure_text_file(joined, figure->name, sizeof figure->name);
}

static void describe(struct figure *figure) {
    char trials[64];
    size_t low = figure->trials_low, high = figure->trials_high;
    if (low == high)
        (void)snprintf(trials, sizeof trials, "%zu trial%s", high, high == 1 ? "" : "s");
    else
        (void)snprintf(trials, sizeof trials, "%zu to %zu trials", low, high);
    (void)snprintf(figure->subtitle, sizeof figure->subtitle, "%s; %s a cell; %s",
                   figure->kind->measures, trials, figure->kind->better);
}

/* Keeps the data when it has rows; else says why there are none. */
static void settle(struct figure *figure) {
    if (figure->rows > 0) {
        describe(figure);
        return;
    }
    free(figure->csv);
    figure->csv = NULL;
    (void)snprintf(figure->why, sizeof figure->why, "%s", figure->kind->absent);
}

static int make_one(const struct figure_kind *kind, const struct figure_slice *slice,
                    struct figure *figure, struct problem *problem) {
    *figure = (struct figure){.kind = kind};
    if (kind->one_size)
        figure->size_bytes = figure_cells_size(slice, FIGURE_SIZE_BYTES);
    name_figure(figure, slice);
    size_t bytes = 0;
    FILE *csv = open_memstream(&figure->csv, &bytes);
    if (csv == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for figure %s", figure->name);
    (void)fprintf(csv, "%s\n", kind->columns);
    int error = kind->write(slice, csv, figure, problem);
    int full = ferror(csv);
    if ((fclose(csv) != 0 || full) && error == 0)
        error = problem_set(problem, ENOMEM, "there is no memory for figure %s", figure->name);
    if (error == 0)
        settle(figure);
    return error;
}

/* The slice that the next figure of this kind shows; takes it off `rest`. */
static struct figure_slice next_slice(const struct figure_kind *kind, struct figure_slice *rest) {
    struct figure_slice slice = kind->each_group ? figure_cells_group(rest) : *rest;
    rest->cells += slice.count;
    rest->count -= slice.count;
    return slice;
}

static size_t how_many(const struct figure_slice *all) {
    size_t count = 0;
    for (const struct figure_kind *kind = figure_kinds; kind->name != NULL; kind++)
        for (struct figure_slice rest = *all; rest.count > 0; count++)
            (void)next_slice(kind, &rest);
    return count;
}

static int make_all(const struct figure_slice *all, struct figure_list *list,
                    struct problem *problem) {
    list->figures = calloc(how_many(all) + 1, sizeof *list->figures);
    if (list->figures == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for the figures");
    for (const struct figure_kind *kind = figure_kinds; kind->name != NULL; kind++) {
        struct figure_slice rest = *all;
        while (rest.count > 0) {
            struct figure_slice slice = next_slice(kind, &rest);
            int error = make_one(kind, &slice, &list->figures[list->count++], problem);
            if (error != 0)
                return error;
        }
    }
    return 0;
}

static int nothing_to_draw(const struct figure_run *runs, size_t count, struct problem *problem) {
    return problem_set(problem, ENODATA,
                       "there is nothing to draw: no ping-pong trial of %s is ok; `ipcbench show` "
                       "says why each failed",
                       count == 1 ? runs[0].name : "these runs");
}

int figure_make(const struct figure_run *runs, size_t count, struct figure_list *list,
                struct problem *problem) {
    struct figure_cell *cells = NULL;
    struct figure_slice all = {NULL, 0};
    *list = (struct figure_list){NULL, 0, NULL};
    int error = figure_cells_collect(runs, count, &cells, &all.count, problem);
    all.cells = cells;
    if (error == 0 && all.count == 0)
        error = nothing_to_draw(runs, count, problem);
    if (error == 0)
        error = make_all(&all, list, problem);
    if (error == 0)
        error = figure_runs_caption(runs, count, &list->caption, problem);
    free(cells); /* a figure keeps its rows as text, and no cell */
    if (error != 0)
        figure_free(list);
    return error;
}

void figure_free(struct figure_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->figures[i].csv);
    free(list->figures);
    free(list->caption);
    *list = (struct figure_list){NULL, 0, NULL};
}
