/* SPDX-License-Identifier: MIT */
/*
 * figure_pareto.c - the points, those of the front marked, in the order of their CPU cost.
 */
#include "figure_pareto.h"

#include "figure_text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_point(const struct figure_cell *cell, const struct figure *figure) {
    const struct cell_summary *of = cell->summary;
    return of->cell.size_bytes == figure->size_bytes && of->p50_ns > 0 && of->cpu_ns > 0;
}

static bool beats(const struct cell_summary *a, const struct cell_summary *b) {
    return a->cpu_ns <= b->cpu_ns && a->p50_ns <= b->p50_ns &&
           (a->cpu_ns < b->cpu_ns || a->p50_ns < b->p50_ns);
}

/* 2: nobody is both faster and cheaper; 1: nobody of its wait and placement is; else 0. */
static int front_of(const struct figure_slice *slice, const struct figure *figure,
                    const struct figure_cell *cell) {
    int front = 2;
    for (size_t i = 0; i < slice->count && front > 0; i++) {
        const struct figure_cell *other = &slice->cells[i];
        if (is_point(other, figure) && other->run == cell->run &&
            beats(other->summary, cell->summary))
            front = other->group == cell->group ? 0 : 1;
    }
    return front;
}

static int by_cpu(const void *a, const void *b) {
    const struct figure_cell *left = *(const struct figure_cell *const *)a;
    const struct figure_cell *right = *(const struct figure_cell *const *)b;
    return (left->summary->cpu_ns > right->summary->cpu_ns) -
           (left->summary->cpu_ns < right->summary->cpu_ns);
}

static void print_point(FILE *csv, const struct figure_cell *cell, int front) {
    const struct cell_summary *of = cell->summary;
    char class[192], label[96];
    (void)snprintf(class, sizeof class, "%s %s%s%s", cell_waits[of->cell.wait], of->cell.placement,
                   cell->run_count > 1 ? " of " : "", cell->run_count > 1 ? cell->run->name : "");
    figure_text_label(class, label, sizeof label);
    size_t series = (cell->group - 1) * cell->run_count + cell->run_number;
    (void)fprintf(csv, "%zu,%zu,%zu,", series, cell->group, cell->run_number);
    figure_text_field(csv, label);
    (void)fputc(',', csv);
    figure_text_field(csv, of->key);
    (void)fprintf(csv, ",%zu,", of->trials);
    figure_text_label(cell->transport, label, sizeof label);
    figure_text_field(csv, label);
    (void)fprintf(csv, ",%d", front);
    const double numbers[] = {of->cpu_ns, of->p50_ns, of->p50_low_ns, of->p50_high_ns};
    for (size_t i = 0; i < 4; i++) {
        (void)fputc(',', csv);
        figure_text_number(csv, numbers[i]);
    }
    (void)fputc('\n', csv);
}

int figure_pareto(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                  struct problem *problem) {
    const struct figure_cell **points = calloc(slice->count + 1, sizeof *points);
    size_t count = 0;
    if (points == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for the points");
    for (size_t i = 0; i < slice->count; i++)
        if (is_point(&slice->cells[i], figure))
            points[count++] = &slice->cells[i];
    qsort(points, count, sizeof *points, by_cpu);
    for (size_t i = 0; i < count; i++) {
        print_point(csv, points[i], front_of(slice, figure, points[i]));
        figure_count(figure, points[i]);
    }
    free(points);
    return 0;
}
