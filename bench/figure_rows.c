/* SPDX-License-Identifier: MIT */
/*
 * figure_rows.c - writes the rows of each kind of figure. A value that is not known is an empty
 * field; a cell that has nothing to show in a figure has no row there.
 */
#include "figure_rows.h"
#include "figure_text.h"
#include "histlog.h"
#include "histogram.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void shared_fields(FILE *csv, const struct figure_cell *cell) {
    (void)fprintf(csv, "%zu,%zu,%zu,", cell->series, cell->transport_number, cell->run_number);
    figure_text_field(csv, cell->label);
    (void)fputc(',', csv);
    figure_text_field(csv, cell->summary->key);
    (void)fprintf(csv, ",%zu", cell->summary->trials);
}

static void numbers(FILE *csv, const double *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        (void)fputc(',', csv);
        figure_text_number(csv, list[i]);
    }
    (void)fputc('\n', csv);
}

int figure_rows_latency(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                        struct problem *problem) {
    (void)problem;
    for (size_t i = 0; i < slice->count; i++) {
        const struct cell_summary *cell = slice->cells[i].summary;
        if (isnan(cell->p50_ns))
            continue;
        shared_fields(csv, &slice->cells[i]);
        const double list[] = {(double)cell->cell.size_bytes,
                               cell->exchanges,
                               cell->min_ns,
                               cell->p50_ns,
                               cell->p50_low_ns,
                               cell->p50_high_ns,
                               cell->p99_ns};
        numbers(csv, list, sizeof list / sizeof *list);
        figure_count(figure, &slice->cells[i]);
    }
    return 0;
}

/* True for a trial that stands behind the cell. */
static int belongs(const struct record *trial, const struct figure_cell *cell) {
    return trial->status == RECORD_OK && trial->purpose == RECORD_TIMING &&
           strcmp(trial->key, cell->summary->key) == 0;
}

static void throughput_range(const struct figure_cell *cell, double *least, double *most) {
    const struct run *run = &cell->run->run;
    *least = *most = NAN;
    for (size_t i = 0; i < run->trial_count; i++) {
        if (!belongs(&run->trials[i], cell))
            continue;
        *least = fmin(*least, run->trials[i].bytes_per_second); /* fmin and fmax pass over NaN */
        *most = fmax(*most, run->trials[i].bytes_per_second);
    }
}

int figure_rows_throughput(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                           struct problem *problem) {
    (void)problem;
    for (size_t i = 0; i < slice->count; i++) {
        const struct cell_summary *cell = slice->cells[i].summary;
        if (isnan(cell->bytes_per_second))
            continue;
        double least, most;
        throughput_range(&slice->cells[i], &least, &most);
        shared_fields(csv, &slice->cells[i]);
        const double list[] = {(double)cell->cell.size_bytes, cell->bytes_per_second, least, most};
        numbers(csv, list, sizeof list / sizeof *list);
        figure_count(figure, &slice->cells[i]);
    }
    return 0;
}

/* Adds up the histograms of the cell's trials; `one` is room for one of them. */
static int merge(const struct figure_cell *cell, struct histogram *all, struct histogram *one,
                 struct problem *problem) {
    const struct run *run = &cell->run->run;
    histogram_reset(all);
    for (size_t i = 0; i < run->trial_count; i++) {
        const struct record *trial = &run->trials[i];
        if (!belongs(trial, cell) || trial->histogram == NULL)
            continue;
        struct problem inner = {""};
        int error = histlog_decode(trial->histogram, one, &inner);
        if (error != 0)
            return problem_set(problem, -error,
                               "the histogram of trial %zu (%s) of run %s is damaged: %s", i + 1,
                               trial->key, cell->run->name, inner.text);
        histogram_add(all, one);
    }
    return 0;
}

/* The curve of one cell, as far as its sample carries it. Each step is a twentieth of a decade
 * nearer to 100%, so that the tail, which is what the figure is for, has as many points as the
 * body. */
static void curve(FILE *csv, const struct figure_cell *cell, const struct histogram *all,
                  struct figure *figure) {
    enum { STEPS_A_DECADE = 20, STEP_OF_HALF = 6 };
    for (int step = 0;; step++) {
        double beyond = step == STEP_OF_HALF ? 2 : pow(10, (double)step / STEPS_A_DECADE);
        double percentile = 100 * (1 - 1 / beyond);
        if (!histogram_carries(all, percentile))
            return;
        int marked = step == STEP_OF_HALF || (step > 0 && step % STEPS_A_DECADE == 0);
        shared_fields(csv, cell);
        const double list[] = {(double)all->total, percentile, beyond, marked,
                               (double)histogram_percentile(all, percentile)};
        numbers(csv, list, sizeof list / sizeof *list);
        figure_count(figure, cell);
    }
}

static int curves(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                  struct histogram two[2], struct problem *problem) {
    for (size_t i = 0; i < slice->count; i++) {
        if (slice->cells[i].summary->cell.size_bytes != figure->size_bytes)
            continue;
        int error = merge(&slice->cells[i], &two[0], &two[1], problem);
        if (error != 0)
            return error;
        curve(csv, &slice->cells[i], &two[0], figure);
    }
    return 0;
}

int figure_rows_percentiles(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                            struct problem *problem) {
    struct histogram *two = malloc(2 * sizeof *two);
    if (two == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for two histograms");
    int error = curves(slice, csv, figure, two, problem);
    free(two);
    return error;
}

/* Writes one bar's row; `group` counts the waits and placements. */
static void bar(FILE *csv, const struct figure_cell *bar_of, size_t group) {
    const struct cell_summary *cell = bar_of->summary;
    shared_fields(csv, bar_of);
    char name[64], label[64];
    (void)snprintf(name, sizeof name, "%s/%s", cell_waits[cell->cell.wait], cell->cell.placement);
    figure_text_label(name, label, sizeof label);
    (void)fprintf(csv, ",%zu,", group);
    figure_text_field(csv, label);
    const double list[] = {(double)cell->cell.size_bytes, cell->p50_ns, cell->p50_low_ns,
                           cell->p50_high_ns};
    numbers(csv, list, sizeof list / sizeof *list);
}

int figure_rows_overview(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                         struct problem *problem) {
    (void)problem;
    const struct cell *last = NULL;
    size_t group = 0;
    for (size_t i = 0; i < slice->count; i++) {
        const struct cell_summary *summary = slice->cells[i].summary;
        const struct cell *cell = &summary->cell;
        if (cell->size_bytes != figure->size_bytes || isnan(summary->p50_ns))
            continue;
        if (last == NULL || last->wait != cell->wait ||
            strcmp(last->placement, cell->placement) != 0)
            group++;
        last = cell;
        bar(csv, &slice->cells[i], group);
        figure_count(figure, &slice->cells[i]);
    }
    return 0;
}
