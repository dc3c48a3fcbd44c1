/* SPDX-License-Identifier: MIT */
/*
 * figure_dots.c - sorts dots into rows and classes, and writes them.
 */
#include "report/figure_dots.h"

#include "base/text.h"
#include "judge/contest.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct dot {
    const struct figure_cell *cell;
    char row[256], class[192];
    size_t class_rank; /* classes stand in this order */
    double value, low, high;
    double row_value; /* the least of its row: the fastest row comes first */
};

struct dots {
    struct dot *list;
    size_t count;
};

static int dots_init(struct dots *dots, const struct figure_slice *slice, struct problem *problem) {
    *dots = (struct dots){calloc(slice->count + 1, sizeof *dots->list), 0};
    return dots->list != NULL ? 0 : problem_set(problem, ENOMEM, "there is no memory for the dots");
}

/* Adds a dot; the caller then names its row and class. */
static struct dot *add(struct dots *dots, const struct figure_cell *cell, double value, double low,
                       double high) {
    struct dot *dot = &dots->list[dots->count++];
    *dot = (struct dot){.cell = cell, .value = value, .low = low, .high = high};
    (void)snprintf(dot->row, sizeof dot->row, "%s", cell->transport);
    return dot;
}

static struct dot *add_p50(struct dots *dots, const struct figure_cell *cell) {
    const struct cell_summary *of = cell->summary;
    return add(dots, cell, of->p50_ns, of->p50_low_ns, of->p50_high_ns);
}

/* The class, with the run's name where there are several. */
static void name_class(struct dot *dot, size_t rank, const char *name, const char *more) {
    const struct figure_cell *cell = dot->cell;
    dot->class_rank = rank * 64 + cell->run_number;
    (void)snprintf(dot->class, sizeof dot->class, "%s%s%s%s", name, more,
                   cell->run_count > 1 ? " of " : "", cell->run_count > 1 ? cell->run->name : "");
}

static int by_row(const void *a, const void *b) {
    const struct dot *left = a, *right = b;
    if (left->row_value != right->row_value)
        return left->row_value < right->row_value ? -1 : 1;
    int order = strcmp(left->row, right->row);
    return order != 0
               ? order
               : (left->class_rank > right->class_rank) - (left->class_rank < right->class_rank);
}

static void find_row_values(struct dots *dots) {
    for (size_t i = 0; i < dots->count; i++) {
        double least = INFINITY;
        for (size_t k = 0; k < dots->count; k++)
            if (strcmp(dots->list[k].row, dots->list[i].row) == 0)
                least = fmin(least, dots->list[k].value);
        dots->list[i].row_value = least;
    }
}

/* The number of the dot's class: how many classes come before it, and 1. */
static size_t class_number(const struct dots *dots, const struct dot *dot) {
    size_t number = 1;
    for (size_t i = 0; i < dots->count; i++) {
        const struct dot *other = &dots->list[i];
        int before = other->class_rank < dot->class_rank ||
                     (other->class_rank == dot->class_rank && strcmp(other->class, dot->class) < 0);
        for (size_t k = 0; k < i && before; k++)
            before = dots->list[k].class_rank != other->class_rank ||
                     strcmp(dots->list[k].class, other->class) != 0;
        number += (size_t)before;
    }
    return number;
}

static void print_dot(FILE *csv, const struct dot *dot, size_t class, size_t row) {
    char label[96], row_label[96];
    text_label(dot->class, label, sizeof label);
    text_label(dot->row, row_label, sizeof row_label);
    (void)fprintf(csv, "%zu,%zu,1,", class, class);
    text_field(csv, label);
    (void)fputc(',', csv);
    text_field(csv, dot->cell->summary->key);
    (void)fprintf(csv, ",%zu,%zu,", dot->cell->summary->trials, row);
    text_field(csv, row_label);
    const double numbers[] = {dot->value, dot->low, dot->high};
    for (size_t i = 0; i < 3; i++) {
        (void)fputc(',', csv);
        text_number(csv, numbers[i]);
    }
    (void)fputc('\n', csv);
}

/* Writes the dots whose value is known, and frees them. */
static int finish(struct dots *dots, FILE *csv, struct figure *figure) {
    size_t kept = 0, row = 0;
    for (size_t i = 0; i < dots->count; i++)
        if (isfinite(dots->list[i].value) && dots->list[i].value > 0)
            dots->list[kept++] = dots->list[i];
    dots->count = kept;
    find_row_values(dots);
    qsort(dots->list, dots->count, sizeof *dots->list, by_row);
    for (size_t i = 0; i < dots->count; i++) {
        row += i == 0 || strcmp(dots->list[i - 1].row, dots->list[i].row) != 0;
        print_dot(csv, &dots->list[i], class_number(dots, &dots->list[i]), row);
        figure_count(figure, dots->list[i].cell);
    }
    free(dots->list);
    return 0;
}

static bool is_of_size(const struct figure_cell *cell, const struct figure *figure) {
    return cell->summary->cell.size_bytes == figure->size_bytes;
}

int figure_dots_overview(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                         struct problem *problem) {
    struct dots dots;
    int error = dots_init(&dots, slice, problem);
    for (size_t i = 0; i < slice->count && error == 0; i++) {
        const struct cell *cell = &slice->cells[i].summary->cell;
        if (!is_of_size(&slice->cells[i], figure))
            continue;
        char where[40];
        (void)snprintf(where, sizeof where, " %s", cell->placement);
        name_class(add_p50(&dots, &slice->cells[i]), slice->cells[i].group, cell_waits[cell->wait],
                   where);
    }
    return error == 0 ? finish(&dots, csv, figure) : error;
}

/* The nearest placement on two cores in the slice, whose groups come from near to far; NULL. */
static const char *two_cores(const struct figure_slice *slice) {
    for (size_t i = 0; i < slice->count; i++) {
        const char *placement = slice->cells[i].summary->cell.placement;
        if (strcmp(placement, "same-core") != 0 && strcmp(placement, "smt") != 0 &&
            strcmp(placement, "unpinned") != 0)
            return placement;
    }
    return NULL;
}

static int waiting(const struct figure_slice *slice, FILE *csv, struct figure *figure, bool cpu,
                   struct problem *problem) {
    struct dots dots;
    const char *placement = two_cores(slice);
    if (placement == NULL) {
        (void)snprintf(figure->why, sizeof figure->why,
                       "no cell on two cores in this run: nobody spins on a shared one");
        return 0;
    }
    int error = dots_init(&dots, slice, problem);
    for (size_t i = 0; i < slice->count && error == 0; i++) {
        const struct figure_cell *cell = &slice->cells[i];
        if (!is_of_size(cell, figure) || strcmp(cell->summary->cell.placement, placement) != 0)
            continue;
        struct dot *dot =
            cpu ? add(&dots, cell, cell->summary->cpu_ns, NAN, NAN) : add_p50(&dots, cell);
        name_class(dot, cell->summary->cell.wait, cell_waits[cell->summary->cell.wait], "");
    }
    return error == 0 ? finish(&dots, csv, figure) : error;
}

int figure_dots_waiting(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                        struct problem *problem) {
    return waiting(slice, csv, figure, false, problem);
}

int figure_dots_waiting_cpu(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                            struct problem *problem) {
    return waiting(slice, csv, figure, true, problem);
}

static bool has_other_placement(const struct dots *dots) {
    for (size_t i = 1; i < dots->count; i++)
        if (strcmp(dots->list[i].cell->summary->cell.placement,
                   dots->list[0].cell->summary->cell.placement) != 0)
            return true;
    return false;
}

int figure_dots_placement(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                          struct problem *problem) {
    struct dots dots;
    int error = dots_init(&dots, slice, problem);
    for (size_t i = 0; i < slice->count && error == 0; i++) {
        const struct figure_cell *cell = &slice->cells[i];
        if (is_of_size(cell, figure) && cell->summary->cell.wait == IPC_BLOCK)
            name_class(add_p50(&dots, cell), cell->group, cell->summary->cell.placement, "");
    }
    if (error == 0 && !has_other_placement(&dots)) {
        (void)snprintf(figure->why, sizeof figure->why,
                       "this run has one placement only, so there is nothing to compare");
        dots.count = 0;
    }
    return error == 0 ? finish(&dots, csv, figure) : error;
}

int figure_dots_connections(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                            struct problem *problem) {
    struct dots dots;
    int error = dots_init(&dots, slice, problem);
    for (size_t i = 0; i < slice->count && error == 0; i++) {
        const struct cell *cell = &slice->cells[i].summary->cell;
        char where[48];
        (void)snprintf(where, sizeof where, " %s", cell->placement);
        name_class(add_p50(&dots, &slice->cells[i]), slice->cells[i].group, cell_waits[cell->wait],
                   where);
    }
    return error == 0 ? finish(&dots, csv, figure) : error;
}

/* What each library or guest moves its bytes with, as the transport without it. */
static const char *const raw[][2] = {
    {"zeromq-ipc", "unix"},
    {"zeromq-reqrep-ipc", "unix"},
    {"zeromq-tcp", "tcp-localhost"},
    {"zeromq-reqrep-tcp", "tcp-localhost"},
    {"nng-ipc", "unix"},
    {"nng-tcp", "tcp-localhost"},
    {"nanomsg-ipc", "unix"},
    {"nanomsg-tcp", "tcp-localhost"},
    {"dbus", "unix"},
    {"io-uring-unix", "unix"},
    {"io-uring-tcp", "tcp-localhost"},
    {"ck-ring", "shm-ring"},
    {"iceoryx", "shm"},
    {"libfabric", "shm"},
    {"ucx", "shm"},
    {"mpi", "shm"},
    {"python-pipe", "unix"},
    {"python-queue", "pipe"},
    {"python-shm", "shm"},
    {"python-socket", "tcp-localhost"},
    {"python-socket-unix", "unix"},
};

static const char *raw_of(const char *transport) {
    for (size_t i = 0; i < sizeof raw / sizeof *raw; i++)
        if (strcmp(raw[i][0], transport) == 0)
            return raw[i][1];
    return NULL;
}

static const struct figure_cell *raw_cell(const struct figure_slice *slice,
                                          const struct figure_cell *of) {
    const struct cell *cell = &of->summary->cell;
    const char *transport = raw_of(cell->transport);
    for (size_t i = 0; i < slice->count && transport != NULL; i++) {
        const struct cell *other = &slice->cells[i].summary->cell;
        if (slice->cells[i].run == of->run && other->wait == cell->wait &&
            other->size_bytes == cell->size_bytes && other->knobs[0] == '\0' &&
            strcmp(other->transport, transport) == 0 &&
            strcmp(other->placement, cell->placement) == 0)
            return &slice->cells[i];
    }
    return NULL;
}

int figure_dots_tax(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                    struct problem *problem) {
    struct dots dots;
    int error = dots_init(&dots, slice, problem);
    for (size_t i = 0; i < slice->count && error == 0; i++) {
        const struct figure_cell *cell = &slice->cells[i];
        const struct figure_cell *base = is_of_size(cell, figure) ? raw_cell(slice, cell) : NULL;
        if (base == NULL)
            continue;
        struct contest contest = contest_between(&cell->run->run, base->summary, cell->summary);
        struct dot *dot = add(&dots, cell, contest.times, contest.times_low, contest.times_high);
        (void)snprintf(dot->row, sizeof dot->row, "%.60s on %s", cell->transport, base->transport);
        char where[40];
        (void)snprintf(where, sizeof where, " %s", cell->summary->cell.placement);
        name_class(dot, cell->group, cell_waits[cell->summary->cell.wait], where);
    }
    return error == 0 ? finish(&dots, csv, figure) : error;
}

static const struct figure_cell *of_first_run(const struct figure_slice *slice,
                                              const struct figure_cell *of) {
    for (size_t i = 0; i < slice->count; i++)
        if (slice->cells[i].run_number == 1 &&
            strcmp(slice->cells[i].summary->key, of->summary->key) == 0)
            return &slice->cells[i];
    return NULL;
}

/* A clock's step is left out of the intervals here: the cells come from two runs. */
int figure_dots_runs(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                     struct problem *problem) {
    struct dots dots;
    int error = dots_init(&dots, slice, problem);
    for (size_t i = 0; i < slice->count && error == 0; i++) {
        const struct figure_cell *cell = &slice->cells[i];
        if (cell->run_number == 1 || !is_of_size(cell, figure))
            continue;
        const struct figure_cell *base = of_first_run(slice, cell);
        if (base == NULL)
            continue;
        const struct cell_summary *was = base->summary, *is = cell->summary;
        struct dot *dot = add(&dots, cell, is->p50_ns / was->p50_ns,
                              is->p50_low_ns / was->p50_high_ns, is->p50_high_ns / was->p50_low_ns);
        (void)snprintf(dot->row, sizeof dot->row, "%.60s %s %s", cell->transport,
                       cell_waits[is->cell.wait], is->cell.placement);
        name_class(dot, 0, "p50", "");
    }
    return error == 0 ? finish(&dots, csv, figure) : error;
}
