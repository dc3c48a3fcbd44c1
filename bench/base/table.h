/* SPDX-License-Identifier: MIT */
/*
 * table.h - text in aligned columns, and text wrapped at a margin. Counts bytes as columns: for
 * ASCII.
 */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_WIDTH 100 /* columns that we may rely on */

struct table_column {
    const char *head;
    bool right; /* aligned to the right, as numbers are */
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    char **cells; /* row by row; owned */
    size_t cell_count, room;
    bool out_of_memory; /* sticky, so that adders need not check each cell */
};

/* An empty table; `columns` must outlive it. */
void table_init(struct table *table, const struct table_column *columns, size_t column_count);
void table_free(struct table *table);

/* Adds the next cell of the row, a copy of `text`. */
void table_add(struct table *table, const char *text);

/* Ends a group: prints as an empty line. Only between whole rows. */
void table_gap(struct table *table);

/* Prints the heads and all whole rows, each line begun with `indent`, without blanks at the ends of
 * lines; the columns stand closer where the lines would pass TABLE_WIDTH. 0, or -ENOMEM when a cell
 * could not be added. */
int table_print(const struct table *table, FILE *to, const char *indent);

/* Prints `text` broken between words so that no line passes TABLE_WIDTH (longer words stand alone);
 * the first line begins with `first`, the others with `rest`. Control characters print as '?',
 * since the text may come from a file. */
void table_wrap(FILE *to, const char *first, const char *rest, const char *text);

#endif
