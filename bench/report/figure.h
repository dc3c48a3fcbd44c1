/* SPDX-License-Identifier: MIT */
/*
 * figure.h - the figures of a report: which there are (one table), and for given runs the data, the
 * words and the gap of each. Computes only: files are report.h's business, drawing is
 * figure_draw.h's.
 */
#ifndef BENCH_FIGURE_H
#define BENCH_FIGURE_H

#include "base/problem.h"
#include "run/run.h"

#include <stddef.h>
#include <stdio.h>

/* A run under the name that the report gives it; see figure_runs.h. */
struct figure_run {
    char name[64];
    struct run run;
};

/* A cell that can stand in a figure (its status is ok), and the numbers of its series. Transports
 * are numbered alphabetically over all runs of the report, so that one keeps its colour and its
 * point from figure to figure. */
struct figure_cell {
    const struct cell_summary *summary;
    const struct figure_run *run;
    size_t run_number; /* from 1 */
    size_t run_count;
    size_t group;            /* from 1: the wait and the placement, in the order of figures */
    size_t transport_number; /* from 1 */
    size_t series;           /* from 1: the runs of one transport stand side by side */
    char transport[164];     /* with its knobs: "pipe:bufsize=1M" */
    char label[72];          /* in the legend; with the run's name where there are several */
};

/* Cells in the order of a figure: by workload without its knobs, wait, placement, series, workload
 * and size. */
struct figure_slice {
    const struct figure_cell *cells;
    size_t count;
};

struct figure;

/* A kind of figure: everything that a page or a picture says about it, stated once. */
struct figure_kind {
    const char *name; /* begins the names of its files */
    const char *title;
    const char *measures; /* what one sees */
    const char *better;   /* in which direction better lies */
    const char *script;   /* in the scripts folder; gnuplot runs it */
    const char *absent;   /* why it is missing when it has no row */
    const char *columns;  /* the header line of its data */
    const char *workload; /* whose cells it shows, whatever the workload's knobs */
    int each_group;       /* one picture for each wait and placement; else one for all */
    int one_size;         /* shows one size only: that nearest to FIGURE_SIZE_BYTES */
    size_t most_series;   /* of more, the core transports and the fastest others; 0: all */
    /* Writes the rows and counts each with figure_count; with none it may leave a reason in
     * figure->why that is better than `absent`. 0 or -errno with a problem. */
    int (*write)(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                 struct problem *problem);
};

#define FIGURE_SIZE_BYTES 64

/* The kinds, in the order of the report; ended by a NULL name. */
extern const struct figure_kind figure_kinds[];

/* One picture, or the reason why there is none. */
struct figure {
    const struct figure_kind *kind;
    char name[96]; /* of its files, without suffix; only a-z, 0-9 and '-' */
    char title[160];
    char subtitle[400]; /* what one sees, the better direction, the trials behind a point */
    char *csv;          /* its data; NULL: it has none */
    char why[256];      /* a sentence, where it has none */
    size_t rows;
    size_t trials_low, trials_high; /* behind a point: the fewest and the most */
    uint64_t size_bytes;            /* of a kind with one size; else 0 */
    size_t series, all_series;      /* shown, and how many there were */
    int drawn;                      /* its pictures stand in the folder; report_write sets it */
    char *svg;                      /* then this is one of them, for the page */
    size_t svg_bytes;
};

struct figure_list {
    struct figure *figures;
    size_t count;
    char *caption; /* host, CPU and date; a line for each run */
};

/* Makes the figures of the runs; one for which no run has a cell is there with its reason. 0;
 * -EINVAL with a problem when a histogram is damaged; -ENOMEM. On failure the list is empty. */
int figure_make(const struct figure_run *runs, size_t count, struct figure_list *list,
                struct problem *problem);
/* The same with one kind only, which may be a changed copy of one in the table; it must outlive the
 * list. */
int figure_make_kind(const struct figure_kind *kind, const struct figure_run *runs, size_t count,
                     struct figure_list *list, struct problem *problem);
void figure_free(struct figure_list *list);

/* For the functions of the table: notes that a row of this cell was written. */
void figure_count(struct figure *figure, const struct figure_cell *cell);

#endif
