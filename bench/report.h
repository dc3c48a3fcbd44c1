/* SPDX-License-Identifier: MIT */
/*
 * report.h - writes the figures of a report into a folder: for each its data (NAME.csv) and its
 * pictures (NAME.svg, NAME.png). A file appears whole or not at all.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "figure.h"

/* The folder of the figures' scripts, as an absolute path: `given` (--scripts), else that of the
 * source tree in which this executable was built, else that which was installed with it. 0, or
 * -ENOENT with a problem. */
int report_scripts(const char *given, char *path, size_t room, struct problem *problem);

/* Writes all figures that have data; sets `drawn` in each whose pictures stand in the folder. The
 * folder is made if its parent exists. All data is written before the first picture is drawn, and
 * stays when drawing fails, whereas older pictures of these figures go, since they would show other
 * data. `each` (may be NULL) is told before each picture. 0 or -errno with a problem; -ENOPKG when
 * there is no gnuplot. */
int report_write(struct figure_list *list, const char *scripts, const char *folder,
                 void (*each)(void *context, const struct figure *figure), void *context,
                 struct problem *problem);

#endif
