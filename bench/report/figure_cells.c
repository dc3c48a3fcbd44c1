/* SPDX-License-Identifier: MIT */
/*
 * figure_cells.c - the cells of a report, numbered and sorted.
 */
#include "report/figure_cells.h"
#include "base/text.h"
#include "judge/contest.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A control would squeeze what it controls to the other end of the axis. */
static int shows(const struct cell_summary *summary) {
    return summary->status == RECORD_OK && strcmp(summary->group, "control") != 0;
}

static void name_cell(struct figure_cell *cell, int several_runs) {
    const struct cell *of = &cell->summary->cell;
    const char *options = strchr(of->workload, ':'); /* a stream's way is part of its name */
    if (options == NULL || !contest_runs(of, "stream"))
        options = "";
    (void)snprintf(cell->transport, sizeof cell->transport, "%s%s%s%s%s", of->transport,
                   of->knobs[0] != '\0' ? ":" : "", of->knobs, options[0] != '\0' ? " " : "",
                   options[0] != '\0' ? options + 1 : "");
    char label[sizeof cell->run->name + sizeof cell->transport + 8];
    if (several_runs) /* leaves room for the name, which is what tells them apart */
        (void)snprintf(label, sizeof label, "%.32s of %s", cell->transport, cell->run->name);
    else
        (void)snprintf(label, sizeof label, "%s", cell->transport);
    text_label(label, cell->label, sizeof cell->label);
}

static size_t collect(const struct figure_run *runs, size_t run_count, struct figure_cell *cells) {
    size_t count = 0;
    for (size_t r = 0; r < run_count; r++)
        for (size_t i = 0; i < runs[r].run.cell_count; i++) {
            if (!shows(&runs[r].run.cells[i]))
                continue;
            struct figure_cell *cell = &cells[count++];
            *cell = (struct figure_cell){.summary = &runs[r].run.cells[i],
                                         .run = &runs[r],
                                         .run_number = r + 1,
                                         .run_count = run_count};
            name_cell(cell, run_count > 1);
        }
    return count;
}

static int by_transport(const void *a, const void *b) {
    const struct figure_cell *left = a, *right = b;
    return strcmp(left->transport, right->transport);
}

static void number_series(struct figure_cell *cells, size_t count, size_t run_count) {
    size_t number = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(cells[i - 1].transport, cells[i].transport) != 0)
            number++;
        cells[i].transport_number = number;
        cells[i].series = (number - 1) * run_count + cells[i].run_number;
    }
}

/* Placements that are not of a known class (two CPUs by number) come after those that are. */
static size_t placement_rank(const char *placement) {
    size_t rank = 0;
    while (topology_names[rank] != NULL && strcmp(topology_names[rank], placement) != 0)
        rank++;
    return rank;
}

static int compare(uint64_t left, uint64_t right) {
    return (left > right) - (left < right);
}

static int by_group(const struct cell *left, const struct cell *right) {
    int order = compare(left->wait, right->wait);
    if (order == 0)
        order = compare(placement_rank(left->placement), placement_rank(right->placement));
    return order != 0 ? order : strcmp(left->placement, right->placement);
}

static int by_workload(const struct cell *left, const struct cell *right) {
    char names[2][WORKLOAD_SPEC_BYTES];
    const char *const specs[] = {left->workload, right->workload};
    for (size_t i = 0; i < 2; i++)
        (void)snprintf(names[i], sizeof names[i], "%.*s", (int)strcspn(specs[i], ":"), specs[i]);
    return strcmp(names[0], names[1]);
}

static int in_figures(const void *a, const void *b) {
    const struct figure_cell *left = a, *right = b;
    int order = by_workload(&left->summary->cell, &right->summary->cell);
    if (order == 0)
        order = by_group(&left->summary->cell, &right->summary->cell);
    if (order == 0)
        order = compare(left->series, right->series);
    if (order == 0)
        order = strcmp(left->summary->cell.workload, right->summary->cell.workload);
    return order != 0 ? order
                      : compare(left->summary->cell.size_bytes, right->summary->cell.size_bytes);
}

static int in_groups(const void *a, const void *b) {
    const struct figure_cell *left = a, *right = b;
    return by_group(&left->summary->cell, &right->summary->cell);
}

/* Over all workloads, so that a group keeps its colour from figure to figure. */
static void number_groups(struct figure_cell *cells, size_t count) {
    qsort(cells, count, sizeof *cells, in_groups);
    for (size_t i = 0; i < count; i++)
        cells[i].group =
            i == 0 ? 1 : cells[i - 1].group + (in_groups(&cells[i - 1], &cells[i]) != 0);
}

int figure_cells_collect(const struct figure_run *runs, size_t run_count,
                         struct figure_cell **cells, size_t *count, struct problem *problem) {
    size_t room = 1; /* never 0, so that NULL can only mean that there is no memory */
    for (size_t r = 0; r < run_count; r++)
        room += runs[r].run.cell_count;
    *cells = calloc(room, sizeof **cells);
    if (*cells == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for %zu cells", room);
    *count = collect(runs, run_count, *cells);
    qsort(*cells, *count, sizeof **cells, by_transport);
    number_series(*cells, *count, run_count);
    number_groups(*cells, *count);
    qsort(*cells, *count, sizeof **cells, in_figures);
    return 0;
}

struct figure_slice figure_cells_of(const struct figure_slice *all, const char *workload) {
    struct figure_slice slice = {all->cells, 0};
    size_t i = 0;
    while (i < all->count && !contest_runs(&all->cells[i].summary->cell, workload))
        i++;
    slice.cells += i;
    while (i + slice.count < all->count &&
           contest_runs(&slice.cells[slice.count].summary->cell, workload))
        slice.count++;
    return slice;
}

struct figure_slice figure_cells_group(const struct figure_slice *slice) {
    struct figure_slice group = {slice->cells, 0};
    while (group.count < slice->count &&
           by_group(&slice->cells[0].summary->cell, &slice->cells[group.count].summary->cell) == 0)
        group.count++;
    return group;
}

uint64_t figure_cells_size(const struct figure_slice *slice, uint64_t bytes) {
    uint64_t nearest = 0;
    double least = INFINITY;
    for (size_t i = 0; i < slice->count; i++) {
        uint64_t size = slice->cells[i].summary->cell.size_bytes;
        double far = fabs(log2((double)size / (double)bytes));
        if (far < least || (far == least && size < nearest)) {
            least = far;
            nearest = size;
        }
    }
    return nearest;
}
