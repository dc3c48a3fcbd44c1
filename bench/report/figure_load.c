/* SPDX-License-Identifier: MIT */
/*
 * figure_load.c - splits a workload's text into the number on the axis and the rest, which names
 * the series.
 */
#include "report/figure_load.h"

#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct point {
    const struct figure_cell *cell;
    char name[224];
    double x;
};

/* Reads the option's number, and leaves the workload's other options in `rest`. */
static double take_option(const char *workload, const char *option, char *rest, size_t room) {
    const char *list = strchr(workload, ':');
    double value = NAN;
    rest[0] = '\0';
    for (list = list != NULL ? list + 1 : ""; *list != '\0';) {
        size_t length = strcspn(list, ","), name = strlen(option), used = strlen(rest);
        if (strncmp(list, option, name) == 0 && list[name] == '=')
            value = strtod(list + name + 1, NULL);
        else
            (void)snprintf(rest + used, room - used, " %.*s", (int)length, list);
        list += length + (list[length] == ',');
    }
    return value;
}

static void name_point(struct point *point, const char *option) {
    const struct cell *cell = &point->cell->summary->cell;
    char rest[WORKLOAD_SPEC_BYTES];
    point->x = take_option(cell->workload, option, rest, sizeof rest);
    const char *run = point->cell->run_count > 1 ? point->cell->run->name : "";
    (void)snprintf(point->name, sizeof point->name, "%.48s%s%.64s%s %s %s%s%s", cell->transport,
                   cell->knobs[0] != '\0' ? ":" : "", cell->knobs, rest, cell_waits[cell->wait],
                   cell->placement, run[0] != '\0' ? " of " : "", run);
}

static int by_name(const void *a, const void *b) {
    const struct point *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    return order != 0 ? order : (left->x > right->x) - (left->x < right->x);
}

static void print_point(FILE *csv, const struct point *point, size_t series) {
    const struct cell_summary *of = point->cell->summary;
    char label[96];
    text_label(point->name, label, sizeof label);
    (void)fprintf(csv, "%zu,%zu,1,", series, series);
    text_field(csv, label);
    (void)fputc(',', csv);
    text_field(csv, of->key);
    (void)fprintf(csv, ",%zu", of->trials);
    const double numbers[] = {(double)of->cell.size_bytes,
                              point->x,
                              of->p50_ns,
                              of->p50_low_ns,
                              of->p50_high_ns,
                              of->p99_ns,
                              of->cpu_ns,
                              of->per_second};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        (void)fputc(',', csv);
        text_number(csv, numbers[i]);
    }
    (void)fputc('\n', csv);
}

static int write_points(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                        const char *option, struct problem *problem) {
    struct point *points = calloc(slice->count + 1, sizeof *points);
    size_t count = 0, series = 0;
    if (points == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for the points");
    for (size_t i = 0; i < slice->count; i++) {
        struct point *point = &points[count];
        point->cell = &slice->cells[i];
        name_point(point, option);
        count += point->cell->summary->cell.size_bytes == figure->size_bytes && point->x > 0;
    }
    qsort(points, count, sizeof *points, by_name);
    for (size_t i = 0; i < count; i++) {
        series += i == 0 || strcmp(points[i - 1].name, points[i].name) != 0;
        print_point(csv, &points[i], series);
        figure_count(figure, points[i].cell);
    }
    free(points);
    return 0;
}

int figure_load_rate(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                     struct problem *problem) {
    return write_points(slice, csv, figure, "hz", problem);
}

int figure_load_clients(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                        struct problem *problem) {
    return write_points(slice, csv, figure, "clients", problem);
}
