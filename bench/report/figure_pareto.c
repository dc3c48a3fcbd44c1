/* SPDX-License-Identifier: MIT */
/*
 * figure_pareto.c - the points, those of the front marked, in the order of their CPU cost.
 */
#include "report/figure_pareto.h"

#include "base/text.h"
#include "report/figure_labels.h"

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

/* The picture of scripts/pareto.gp in pixels: its plot, and its key in the upper left. */
enum { PLOT_WIDTH = 770, PLOT_HEIGHT = 420, KEY_WIDTH = 240, KEY_LINE = 24 };

/* The ranges of scripts/pareto.gp, on log axes. */
struct axes {
    double least_cpu, most_cpu, least_p50, most_p50;
};

static struct axes axes_of(const struct figure_cell *const *points, size_t count) {
    struct axes axes = {INFINITY, 0, INFINITY, 0};
    for (size_t i = 0; i < count; i++) {
        axes.least_cpu = fmin(axes.least_cpu, points[i]->summary->cpu_ns / 1.5);
        axes.most_cpu = fmax(axes.most_cpu, points[i]->summary->cpu_ns * 2.5);
        axes.least_p50 = fmin(axes.least_p50, points[i]->summary->p50_ns / 1.3 / 1.25);
        axes.most_p50 = fmax(axes.most_p50, points[i]->summary->p50_ns * 1.6 * 1.25);
    }
    return axes;
}

/* The label of each point; NULL without memory. */
static struct figure_label *place_labels(const struct figure_slice *slice,
                                         const struct figure *figure,
                                         const struct figure_cell *const *points, size_t count) {
    struct figure_label *labels = calloc(count + 1, sizeof *labels);
    struct axes axes = axes_of(points, count);
    size_t classes = 0;
    for (size_t i = 0; i < count && labels != NULL; i++) {
        const struct cell_summary *of = points[i]->summary;
        labels[i].x =
            PLOT_WIDTH * log(of->cpu_ns / axes.least_cpu) / log(axes.most_cpu / axes.least_cpu);
        labels[i].y =
            PLOT_HEIGHT * log(axes.most_p50 / of->p50_ns) / log(axes.most_p50 / axes.least_p50);
        labels[i].length = strlen(points[i]->transport);
        labels[i].rank = front_of(slice, figure, points[i]);
        classes = points[i]->group > classes ? points[i]->group : classes;
    }
    if (labels != NULL)
        figure_labels_place(
            labels, count, (struct figure_label_box){0, 0, PLOT_WIDTH, PLOT_HEIGHT},
            (struct figure_label_box){0, 0, KEY_WIDTH, (double)(KEY_LINE * classes)});
    return labels;
}

static void print_point(FILE *csv, const struct figure_cell *cell,
                        const struct figure_label *placed) {
    const struct cell_summary *of = cell->summary;
    char class[192], label[96];
    (void)snprintf(class, sizeof class, "%s %s%s%s", cell_waits[of->cell.wait], of->cell.placement,
                   cell->run_count > 1 ? " of " : "", cell->run_count > 1 ? cell->run->name : "");
    text_label(class, label, sizeof label);
    size_t series = (cell->group - 1) * cell->run_count + cell->run_number;
    (void)fprintf(csv, "%zu,%zu,%zu,", series, cell->group, cell->run_number);
    text_field(csv, label);
    (void)fputc(',', csv);
    text_field(csv, of->key);
    (void)fprintf(csv, ",%zu,", of->trials);
    text_label(cell->transport, label, sizeof label);
    text_field(csv, label);
    (void)fprintf(csv, ",%d", placed->rank);
    const double numbers[] = {of->cpu_ns, of->p50_ns, of->p50_low_ns, of->p50_high_ns};
    for (size_t i = 0; i < 4; i++) {
        (void)fputc(',', csv);
        text_number(csv, numbers[i]);
    }
    (void)fprintf(csv, ",%d\n", (int)placed->place);
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
    struct figure_label *labels = place_labels(slice, figure, points, count);
    for (size_t i = 0; i < count && labels != NULL; i++) {
        print_point(csv, points[i], &labels[i]);
        figure_count(figure, points[i]);
    }
    free(points);
    if (labels == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for the labels");
    free(labels);
    return 0;
}
