/* SPDX-License-Identifier: MIT */
/*
 * figure.c - the table of figures, and the walk that makes one figure, or the reason for its gap,
 * of each kind for each wait and placement.
 */
#include "report/figure.h"
#include "base/text.h"
#include "report/figure_cells.h"
#include "report/figure_costs.h"
#include "report/figure_dots.h"
#include "report/figure_load.h"
#include "report/figure_pareto.h"
#include "report/figure_rows.h"
#include "report/figure_runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SERIES = 14 }; /* more lines than that nobody tells apart */

const struct figure_kind figure_kinds[] = {
    {.name = "pareto",
     .title = "Latency against its price",
     .measures = "a point for each transport, wait and placement; the line joins those that nobody "
                 "beats in both",
     .better = "lower left is better",
     .script = "pareto.gp",
     .absent = "no trial of ping-pong is valid in this run",
     .columns = FIGURE_PARETO,
     .workload = "pingpong",
     .one_size = 1,
     .write = figure_pareto},
    {.name = "overview",
     .title = "Round trip by transport",
     .measures = "dots: median over trials of p50, bars: its 95% interval",
     .better = "left is better",
     .script = "times.gp",
     .absent = "no trial of ping-pong is valid in this run",
     .columns = FIGURE_DOTS_NS,
     .workload = "pingpong",
     .one_size = 1,
     .write = figure_dots_overview},
    {.name = "latency",
     .title = "Round trip by message size",
     .measures = "thick lines: p50, thin lines: p99, shade between them",
     .better = "lower is better",
     .script = "latency.gp",
     .absent = "no trial of ping-pong is valid in this run",
     .columns = FIGURE_ROWS_LATENCY,
     .workload = "pingpong",
     .each_group = 1,
     .most_series = MOST_SERIES,
     .write = figure_rows_latency},
    {.name = "percentiles",
     .title = "Round trip by percentile",
     .measures = "all exchanges of all trials together, as far as the sample carries a percentile",
     .better = "lower is better",
     .script = "percentiles.gp",
     .absent = "no histogram in this run",
     .columns = FIGURE_ROWS_PERCENTILES,
     .workload = "pingpong",
     .each_group = 1,
     .one_size = 1,
     .most_series = MOST_SERIES,
     .write = figure_rows_percentiles},
    {.name = "throughput",
     .title = "Throughput of a stream by message size",
     .measures = "payload in one direction; shade: lowest to highest trial; memcpy: the floor, one "
                 "copy within one CPU",
     .better = "higher is better",
     .script = "throughput.gp",
     .absent = "no stream in this run; measure with `ipcbench run -w stream`",
     .columns = FIGURE_ROWS_THROUGHPUT,
     .workload = "stream",
     .each_group = 1,
     .most_series = MOST_SERIES,
     .write = figure_rows_throughput},
    {.name = "waiting",
     .title = "What waiting costs in time",
     .measures = "p50 of each wait across two cores, with its 95% interval",
     .better = "left is better",
     .script = "times.gp",
     .absent = "no trial of ping-pong is valid in this run",
     .columns = FIGURE_DOTS_NS,
     .workload = "pingpong",
     .one_size = 1,
     .write = figure_dots_waiting},
    {.name = "waiting-cpu",
     .title = "What waiting costs in CPU time",
     .measures = "user and system time of both ends for each exchange, across two cores",
     .better = "left is better",
     .script = "cpu.gp",
     .absent = "no trial of ping-pong is valid in this run",
     .columns = FIGURE_DOTS_NS,
     .workload = "pingpong",
     .one_size = 1,
     .write = figure_dots_waiting_cpu},
    {.name = "placement",
     .title = "What placement costs",
     .measures = "p50 of blocking cells by where the two ends run, with its 95% interval",
     .better = "left is better",
     .script = "times.gp",
     .absent = "no trial of ping-pong is valid in this run",
     .columns = FIGURE_DOTS_NS,
     .workload = "pingpong",
     .one_size = 1,
     .write = figure_dots_placement},
    {.name = "rate",
     .title = "What an idle gap costs",
     .measures = "requests at their times; latency counts from when each was due; thick lines: "
                 "p50, thin lines: p99",
     .better = "lower is better",
     .script = "rate.gp",
     .absent = "no open loop in this run; measure with `ipcbench run -w rate:hz=100..10000 -s 64`",
     .columns = FIGURE_LOAD_RATE,
     .workload = "rate",
     .one_size = 1,
     .write = figure_load_rate},
    {.name = "servers",
     .title = "Servers by number of clients",
     .measures = "exchanges a second of all clients together",
     .better = "higher is better",
     .script = "servers.gp",
     .absent = "no server in this run; measure with `ipcbench run -t unix,tcp-localhost "
               "-w serve:clients=16,design=epoll`",
     .columns = FIGURE_LOAD_CLIENTS,
     .workload = "serve",
     .one_size = 1,
     .write = figure_load_clients},
    {.name = "connections",
     .title = "What a connection for each exchange costs",
     .measures = "p50 of connecting, one exchange, and hanging up, with its 95% interval",
     .better = "left is better",
     .script = "times.gp",
     .absent = "no connections in this run; measure with `ipcbench run -t unix-path,tcp-localhost "
               "-w connect`",
     .columns = FIGURE_DOTS_NS,
     .workload = "connect",
     .one_size = 1,
     .write = figure_dots_connections},
    {.name = "tax",
     .title = "What a library costs",
     .measures = "p50 as a multiple of the raw transport that the library uses, with the interval",
     .better = "left is better; 1 is free",
     .script = "multiples.gp",
     .absent = "no library or guest in this run has its raw transport beside it; measure with "
               "`ipcbench run -t core,library,guest`",
     .columns = FIGURE_DOTS_TIMES,
     .workload = "pingpong",
     .one_size = 1,
     .write = figure_dots_tax},
    {.name = "costs",
     .title = "Where the time goes",
     .measures = "predicted from the floors, as a share of the measured mean; the gap to 100% is "
                 "not explained",
     .better = "nearer to 100% is better explained",
     .script = "costs.gp",
     .absent = "this run counted no system calls or has no floors (`ipcbench run` without "
               "--no-counts brings both)",
     .columns = FIGURE_COSTS,
     .workload = "pingpong",
     .one_size = 1,
     .most_series = 10,
     .write = figure_costs_rows},
    {.name = "runs",
     .title = "Run against run",
     .measures = "p50 of each later run as a multiple of the first's, with the interval",
     .better = "left of 1 is faster than the first",
     .script = "multiples.gp",
     .absent = "one run only, or runs without a common cell; name several: `ipcbench report BEFORE "
               "AFTER`",
     .columns = FIGURE_DOTS_TIMES,
     .workload = "pingpong",
     .one_size = 1,
     .write = figure_dots_runs},
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
    static const struct cell none;
    const struct cell *cell = slice->count > 0 ? &slice->cells[0].summary->cell : &none;
    int each_group = kind->each_group && slice->count > 0;
    char where[64] = "", size[40] = "", joined[160];
    if (each_group)
        (void)snprintf(where, sizeof where, "%s, %s", cell_waits[cell->wait], cell->placement);
    if (kind->one_size && figure->size_bytes > 0) {
        char text[24];
        text_size(figure->size_bytes, text, sizeof text);
        (void)snprintf(size, sizeof size, ", %s", text);
    }
    (void)snprintf(joined, sizeof joined, "%s%s%s%s", kind->title, size, each_group ? ": " : "",
                   where);
    text_plain(joined, figure->title, sizeof figure->title);
    (void)snprintf(joined, sizeof joined, "%s%s%s%s%s", kind->name, each_group ? "-" : "",
                   each_group ? cell_waits[cell->wait] : "", each_group ? "-" : "",
                   each_group ? cell->placement : "");
    text_file(joined, figure->name, sizeof figure->name);
}

static void describe(struct figure *figure) {
    char trials[64];
    size_t low = figure->trials_low, high = figure->trials_high;
    if (low == high)
        (void)snprintf(trials, sizeof trials, "%zu trial%s", high, high == 1 ? "" : "s");
    else
        (void)snprintf(trials, sizeof trials, "%zu to %zu trials", low, high);
    char chosen[80] = "";
    if (figure->series < figure->all_series)
        (void)snprintf(chosen, sizeof chosen, "; core and fastest, %zu of %zu", figure->series,
                       figure->all_series);
    (void)snprintf(figure->subtitle, sizeof figure->subtitle, "%s;\n%s a cell%s; %s",
                   figure->kind->measures, trials, chosen, figure->kind->better);
}

/* Keeps the data when it has rows; else says why there are none. */
static void settle(struct figure *figure) {
    if (figure->rows > 0) {
        describe(figure);
        return;
    }
    free(figure->csv);
    figure->csv = NULL;
    if (figure->why[0] == '\0')
        (void)snprintf(figure->why, sizeof figure->why, "%s", figure->kind->absent);
}

/* Writes the rows of those series that the kind shows. */
static int write_rows(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                      struct problem *problem) {
    struct figure_cell *cells = calloc(slice->count + 1, sizeof *cells);
    if (cells == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for figure %s", figure->name);
    size_t most = figure->kind->most_series;
    size_t count = figure_cells_pick(slice, most, cells, &figure->all_series);
    figure->series = most > 0 && most < figure->all_series ? most : figure->all_series;
    struct figure_slice picked = {cells, count};
    int error = figure->kind->write(&picked, csv, figure, problem);
    free(cells);
    return error;
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
    int error = write_rows(slice, csv, figure, problem);
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

/* Room for as many as there can be: each kind has one figure, or one for each group. */
static size_t how_many(const struct figure_slice *all) {
    size_t count = 0;
    for (const struct figure_kind *kind = figure_kinds; kind->name != NULL; kind++)
        count += 1 + (kind->each_group ? all->count : 0);
    return count;
}

/* The figures of a kind; one without data where there is no cell. */
static int make_kind(const struct figure_kind *kind, const struct figure_slice *all,
                     struct figure_list *list, struct problem *problem) {
    struct figure_slice rest = figure_cells_of(all, kind->workload);
    int error = 0;
    do {
        struct figure_slice slice = next_slice(kind, &rest);
        error = make_one(kind, &slice, &list->figures[list->count++], problem);
    } while (rest.count > 0 && error == 0);
    return error;
}

/* `only`: NULL for every kind of the table. */
static int make_all(const struct figure_slice *all, const struct figure_kind *only,
                    struct figure_list *list, struct problem *problem) {
    int error = 0;
    list->figures = calloc(1 + how_many(all), sizeof *list->figures);
    if (list->figures == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for the figures");
    if (only != NULL)
        return make_kind(only, all, list, problem);
    for (const struct figure_kind *kind = figure_kinds; kind->name != NULL && error == 0; kind++)
        error = make_kind(kind, all, list, problem);
    return error;
}

int figure_make_kind(const struct figure_kind *kind, const struct figure_run *runs, size_t count,
                     struct figure_list *list, struct problem *problem) {
    struct figure_cell *cells = NULL;
    struct figure_slice all = {NULL, 0};
    *list = (struct figure_list){NULL, 0, NULL};
    int error = figure_cells_collect(runs, count, &cells, &all.count, problem);
    all.cells = cells;
    if (error == 0)
        error = make_all(&all, kind, list, problem);
    if (error == 0)
        error = figure_runs_caption(runs, count, &list->caption, problem);
    free(cells); /* a figure keeps its rows as text, and no cell */
    if (error != 0)
        figure_free(list);
    return error;
}

int figure_make(const struct figure_run *runs, size_t count, struct figure_list *list,
                struct problem *problem) {
    return figure_make_kind(NULL, runs, count, list, problem);
}

void figure_free(struct figure_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->figures[i].csv);
        free(list->figures[i].svg);
    }
    free(list->figures);
    free(list->caption);
    *list = (struct figure_list){NULL, 0, NULL};
}
