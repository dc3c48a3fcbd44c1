/* SPDX-License-Identifier: MIT */
/*
 * report.h - writes a report into a folder: the page, and for each figure its data (NAME.csv) and
 * its pictures (NAME.svg, NAME.png). A file appears whole or not at all.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "judge/history.h"
#include "report/figure.h"

/* The folder of the figures' scripts, as an absolute path: `given` (--scripts), else that of the
 * source tree in which this executable was built, else that which was installed with it. 0, or
 * -ENOENT with a problem. */
int report_scripts(const char *given, char *path, size_t room, struct problem *problem);

/* What to write, and where. */
struct report {
    const struct figure_run *runs;
    size_t run_count;
    struct figure_list *figures; /* of these runs */
    struct history *history;     /* open, its trends in the page; NULL: without */
    const char *scripts, *folder;
    /* Is told before each picture; may be NULL. */
    void (*each)(void *context, const struct figure *figure);
    void *context;
};

/* Writes the page (index.html), all figures that have data, and all cells (cells.csv); sets `drawn`
 * in each figure whose pictures stand in the folder. The folder is made if its parent exists. All
 * data is written before the first picture is drawn, and stays when drawing fails, whereas older
 * pictures of these figures go, since they would show other data. 0 or -errno with a problem;
 * -ENOPKG when there is no gnuplot: then the page is there, without pictures. */
int report_write(const struct report *report, struct problem *problem);

#endif
