/* SPDX-License-Identifier: MIT */
/*
 * figure_labels.h - where the names of points may stand in a picture without covering each other.
 * Computes only.
 */
#ifndef BENCH_FIGURE_LABELS_H
#define BENCH_FIGURE_LABELS_H

#include <stddef.h>

/* In which direction from its point a name stands; scripts/pareto.gp knows them by their number. */
enum figure_label_place {
    FIGURE_LABEL_NONE,
    FIGURE_LABEL_RIGHT,
    FIGURE_LABEL_LEFT,
    FIGURE_LABEL_ABOVE,
    FIGURE_LABEL_BELOW,
    FIGURE_LABEL_UPPER_RIGHT,
    FIGURE_LABEL_LOWER_RIGHT,
    FIGURE_LABEL_UPPER_LEFT,
    FIGURE_LABEL_LOWER_LEFT,
    FIGURE_LABEL_PLACES
};

struct figure_label {
    double x, y;   /* of its point, in pixels from the upper left */
    size_t length; /* of the name, in letters */
    int rank;      /* the greatest gets its place first */
    enum figure_label_place place;
};

struct figure_label_box {
    double left, top, right, bottom; /* in pixels */
};

/* Fills the places: none where every direction would cover a point, a name, or `key`, or leave
 * `inside`. */
void figure_labels_place(struct figure_label *labels, size_t count, struct figure_label_box inside,
                         struct figure_label_box key);

/* What the name covers at this place. */
struct figure_label_box figure_labels_box(const struct figure_label *label,
                                          enum figure_label_place place);

#endif
