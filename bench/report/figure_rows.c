/* SPDX-License-Identifier: MIT */
/*
 * figure_rows.c - writes the rows of each kind of figure. A value that is not known is an empty
 * field; a cell that has nothing to show in a figure has no row there.
 */
#include "report/figure_rows.h"
#include "base/text.h"
#include "stats/histlog.h"
#include "stats/histogram.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void shared_fields(FILE *csv, const struct figure_cell *cell) {
    (void)fprintf(csv, "%zu,%zu,%zu,", cell->series, cell->transport_number, cell->run_number);
    text_field(csv, cell->label);
    (void)fputc(',', csv);
    text_field(csv, cell->summary->key);
    (void)fprintf(csv, ",%zu", cell->summary->trials);
}

static void numbers(FILE *csv, const double *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        (void)fputc(',', csv);
        text_number(csv, list[i]);
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

/* The floor as a series of its own: what one copy within one CPU moves, at the sizes shown. */
static void memcpy_rows(FILE *csv, const struct figure_slice *slice) {
    const struct figure_cell *last = &slice->cells[slice->count - 1];
    const json_t *floors = json_object_get(last->run->run.environment, "floors");
    size_t series = 0, i;
    for (i = 0; i < slice->count; i++)
        series = slice->cells[i].series > series ? slice->cells[i].series : series;
    uint64_t least = slice->cells[0].summary->cell.size_bytes, most = least;
    for (i = 0; i < slice->count; i++) {
        uint64_t bytes = slice->cells[i].summary->cell.size_bytes;
        least = bytes < least ? bytes : least;
        most = bytes > most ? bytes : most;
    }
    const json_t *copy;
    json_array_foreach(json_object_get(floors, "copies"), i, copy) {
        double bytes = json_number_value(json_object_get(copy, "size_bytes"));
        double rate = json_number_value(json_object_get(copy, "median_bytes_per_second"));
        if (bytes < (double)least || bytes > (double)most || !(rate > 0))
            continue;
        (void)fprintf(csv, "%zu,5,1,\"memcpy (floor)\",\"\",", series + 1);
        const double list[] = {bytes, rate, NAN, NAN};
        numbers(csv, list, sizeof list / sizeof *list);
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
    if (figure->rows > 0)
        memcpy_rows(csv, slice);
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

void figure_rows_cells(const struct figure_run *runs, size_t count, FILE *csv) {
    (void)fputs("run,key,trials,flagged,exchanges,mean_ns,p50_ns,p50_low_ns,p50_high_ns,p90_ns,"
                "p99_ns,p999_ns,per_second,per_second_low,per_second_high,bytes_per_second,cpu_ns,"
                "switches,system_calls,floor_ns,times_floor,lost\n",
                csv);
    for (size_t r = 0; r < count; r++)
        for (size_t i = 0; i < runs[r].run.cell_count; i++) {
            const struct cell_summary *cell = &runs[r].run.cells[i];
            if (cell->status != RECORD_OK)
                continue;
            text_field(csv, runs[r].name);
            (void)fputc(',', csv);
            text_field(csv, cell->key);
            const double list[] = {(double)cell->trials,  (double)cell->flagged,
                                   cell->exchanges,       cell->mean_ns,
                                   cell->p50_ns,          cell->p50_low_ns,
                                   cell->p50_high_ns,     cell->p90_ns,
                                   cell->p99_ns,          cell->p999_ns,
                                   cell->per_second,      cell->per_second_low,
                                   cell->per_second_high, cell->bytes_per_second,
                                   cell->cpu_ns,          cell->switches,
                                   cell->system_calls,    cell->floor_ns,
                                   cell->times_floor,     cell->lost};
            numbers(csv, list, sizeof list / sizeof *list);
        }
}
