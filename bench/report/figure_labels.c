/* SPDX-License-Identifier: MIT */
/*
 * figure_labels.c - tries the directions one after the other, the most important names first.
 */
#include "report/figure_labels.h"

#include <stdbool.h>

/* Pixels: of a letter, a line, a point's half width, and how far a name stands from its point. */
enum { LETTER = 7, LINE = 13, POINT = 4, AWAY = 9 };

/* -1: the name ends left of the point, 0: its middle is there, 1: it begins right of it; likewise
 * above and below. */
static const struct {
    int across, down;
} directions[FIGURE_LABEL_PLACES] = {
    [FIGURE_LABEL_RIGHT] = {1, 0},        [FIGURE_LABEL_LEFT] = {-1, 0},
    [FIGURE_LABEL_ABOVE] = {0, -1},       [FIGURE_LABEL_BELOW] = {0, 1},
    [FIGURE_LABEL_UPPER_RIGHT] = {1, -1}, [FIGURE_LABEL_LOWER_RIGHT] = {1, 1},
    [FIGURE_LABEL_UPPER_LEFT] = {-1, -1}, [FIGURE_LABEL_LOWER_LEFT] = {-1, 1},
};

struct figure_label_box figure_labels_box(const struct figure_label *label,
                                          enum figure_label_place place) {
    int across = directions[place].across, down = directions[place].down;
    double width = LETTER * (double)label->length;
    double away = across != 0 && down == 0 ? AWAY : AWAY * 0.7;
    double left = label->x + (across > 0 ? away : across < 0 ? -away - width : -width / 2);
    double middle = label->y + down * (AWAY + LINE / 4.0);
    return (struct figure_label_box){left, middle - LINE / 2.0, left + width, middle + LINE / 2.0};
}

static bool meet(struct figure_label_box a, struct figure_label_box b) {
    return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

static struct figure_label_box point_of(const struct figure_label *label) {
    return (struct figure_label_box){label->x - POINT, label->y - POINT, label->x + POINT,
                                     label->y + POINT};
}

static bool is_free(const struct figure_label *labels, size_t count, size_t of,
                    struct figure_label_box box) {
    for (size_t i = 0; i < count; i++) {
        if (i != of && meet(box, point_of(&labels[i])))
            return false;
        if (labels[i].place != FIGURE_LABEL_NONE &&
            meet(box, figure_labels_box(&labels[i], labels[i].place)))
            return false;
    }
    return true;
}

static bool is_inside(struct figure_label_box box, struct figure_label_box of) {
    return box.left >= of.left && box.right <= of.right && box.top >= of.top &&
           box.bottom <= of.bottom;
}

void figure_labels_place(struct figure_label *labels, size_t count, struct figure_label_box inside,
                         struct figure_label_box key) {
    int most = 0;
    for (size_t i = 0; i < count; i++) {
        labels[i].place = FIGURE_LABEL_NONE;
        most = labels[i].rank > most ? labels[i].rank : most;
    }
    for (int rank = most; rank >= 0; rank--)
        for (size_t i = 0; i < count; i++)
            for (int place = FIGURE_LABEL_RIGHT; place < FIGURE_LABEL_PLACES; place++) {
                struct figure_label_box box =
                    figure_labels_box(&labels[i], (enum figure_label_place)place);
                if (labels[i].rank != rank || labels[i].place != FIGURE_LABEL_NONE ||
                    !is_inside(box, inside) || meet(box, key) || !is_free(labels, count, i, box))
                    continue;
                labels[i].place = (enum figure_label_place)place;
            }
}
