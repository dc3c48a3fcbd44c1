/* SPDX-License-Identifier: MIT */
/*
 * figure_pick.c - which series a figure shows that has more of them than a reader can tell apart.
 */
#include "report/figure_cells.h"

#include <math.h>
#include <string.h>

enum { MOST = 32 };

/* A series and how it ranks: less is better. */
struct rank {
    size_t series;
    double value;
};

/* Core transports rank before all others, in any order. */
static double value_of(const struct figure_cell *cell, uint64_t size) {
    const struct cell_summary *of = cell->summary;
    if (strcmp(of->group, "core") == 0)
        return -1;
    if (of->cell.size_bytes != size)
        return INFINITY;
    double ns = isnan(of->p50_ns) ? of->mean_ns : of->p50_ns;
    return isnan(ns) ? INFINITY : ns;
}

static bool is_first_of_series(const struct figure_slice *slice, size_t index) {
    for (size_t i = 0; i < index; i++)
        if (slice->cells[i].series == slice->cells[index].series)
            return false;
    return true;
}

static double best_of_series(const struct figure_slice *slice, size_t series, uint64_t size) {
    double best = INFINITY;
    for (size_t i = 0; i < slice->count; i++)
        if (slice->cells[i].series == series)
            best = fmin(best, value_of(&slice->cells[i], size));
    return best;
}

/* Puts a series into the sorted list of the best, which holds `room` of them. */
static size_t insert(struct rank *list, size_t count, size_t room, struct rank rank) {
    size_t at = count;
    while (at > 0 && list[at - 1].value > rank.value)
        at--;
    if (at >= room)
        return count;
    size_t kept = count < room ? count : room - 1;
    memmove(&list[at + 1], &list[at], (kept - at) * sizeof *list);
    list[at] = rank;
    return kept + 1;
}

static bool is_listed(const struct rank *list, size_t count, size_t series) {
    for (size_t i = 0; i < count; i++)
        if (list[i].series == series)
            return true;
    return false;
}

size_t figure_cells_pick(const struct figure_slice *slice, size_t most, struct figure_cell *to,
                         size_t *series) {
    struct rank list[MOST + 1];
    uint64_t size = figure_cells_size(slice, FIGURE_SIZE_BYTES);
    size_t listed = 0, copied = 0, room = most < MOST ? most : MOST;
    *series = 0;
    for (size_t i = 0; i < slice->count; i++) {
        if (!is_first_of_series(slice, i))
            continue;
        ++*series;
        size_t number = slice->cells[i].series;
        struct rank rank = {number, best_of_series(slice, number, size)};
        if (room > 0)
            listed = insert(list, listed, room, rank);
    }
    for (size_t i = 0; i < slice->count; i++)
        if (most == 0 || is_listed(list, listed, slice->cells[i].series))
            to[copied++] = slice->cells[i];
    return copied;
}
