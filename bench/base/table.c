/* SPDX-License-Identifier: MIT */
/*
 * table.c - keeps the cells of a table as copies, and knows the widths only when it prints. A gap
 * is a row whose cells are all NULL.
 */
#include "base/table.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void table_init(struct table *table, const struct table_column *columns, size_t column_count) {
    *table = (struct table){.columns = columns, .column_count = column_count};
}

void table_free(struct table *table) {
    for (size_t i = 0; i < table->cell_count; i++)
        free(table->cells[i]);
    free(table->cells);
    table_init(table, table->columns, table->column_count);
}

static bool grow(struct table *table) {
    if (table->cell_count < table->room)
        return true;
    size_t room = table->room == 0 ? 64 : 2 * table->room;
    char **cells = realloc(table->cells, room * sizeof *cells);
    if (cells == NULL)
        return false;
    table->cells = cells;
    table->room = room;
    return true;
}

void table_add(struct table *table, const char *text) {
    char *copy = strdup(text);
    if (copy == NULL || !grow(table)) {
        free(copy);
        table->out_of_memory = true;
        return;
    }
    table->cells[table->cell_count++] = copy;
}

void table_gap(struct table *table) {
    for (size_t i = 0; i < table->column_count; i++) {
        if (!grow(table)) {
            table->out_of_memory = true;
            return;
        }
        table->cells[table->cell_count++] = NULL;
    }
}

static size_t width_of(const struct table *table, size_t column) {
    size_t width = strlen(table->columns[column].head);
    for (size_t i = column; i < table->cell_count; i += table->column_count) {
        size_t length = table->cells[i] == NULL ? 0 : strlen(table->cells[i]);
        width = length > width ? length : width;
    }
    return width;
}

/* How a table is laid out. */
struct layout {
    size_t *widths;
    size_t between; /* blanks between two columns */
};

/* Columns stand two blanks apart, or one where the lines would be too long. */
static size_t blanks_between(const struct table *table, const size_t *widths, size_t indent) {
    size_t all = indent + 2 * (table->column_count - 1);
    for (size_t column = 0; column < table->column_count; column++)
        all += widths[column];
    return all <= TABLE_WIDTH ? 2 : 1;
}

/* Blanks are owed rather than written, so that none ends a line. */
static void print_blanks(FILE *to, size_t *owed) {
    for (; *owed > 0; (*owed)--)
        (void)fputc(' ', to);
}

static void print_cell(const struct table *table, FILE *to, size_t column,
                       const struct layout *layout, const char *text, size_t *owed) {
    size_t length = strlen(text);
    size_t blanks = layout->widths[column] - length;
    *owed += column == 0 ? 0 : layout->between;
    if (table->columns[column].right)
        *owed += blanks;
    if (length > 0) {
        print_blanks(to, owed);
        (void)fputs(text, to);
    }
    if (!table->columns[column].right)
        *owed += blanks;
}

static void print_heads(const struct table *table, FILE *to, const struct layout *layout,
                        const char *indent) {
    size_t owed = 0;
    (void)fputs(indent, to);
    for (size_t column = 0; column < table->column_count; column++)
        print_cell(table, to, column, layout, table->columns[column].head, &owed);
    (void)fputc('\n', to);
}

static void print_row(const struct table *table, FILE *to, const struct layout *layout,
                      const char *indent, char *const *row) {
    size_t owed = 0;
    if (row[0] != NULL) {
        (void)fputs(indent, to);
        for (size_t column = 0; column < table->column_count; column++)
            print_cell(table, to, column, layout, row[column], &owed);
    }
    (void)fputc('\n', to);
}

int table_print(const struct table *table, FILE *to, const char *indent) {
    struct layout layout = {.widths = calloc(table->column_count, sizeof *layout.widths)};
    if (table->out_of_memory || layout.widths == NULL) {
        free(layout.widths);
        return -ENOMEM;
    }
    for (size_t column = 0; column < table->column_count; column++)
        layout.widths[column] = width_of(table, column);
    layout.between = blanks_between(table, layout.widths, strlen(indent));
    print_heads(table, to, &layout, indent);
    size_t rows = table->cell_count / table->column_count;
    for (size_t row = 0; row < rows; row++)
        print_row(table, to, &layout, indent, table->cells + row * table->column_count);
    free(layout.widths);
    return 0;
}

void table_wrap(FILE *to, const char *first, const char *rest, const char *text) {
    size_t used = strlen(first);
    bool line_is_empty = true;
    (void)fputs(first, to);
    for (text += strspn(text, " \n"); *text != '\0'; text += strspn(text, " \n")) {
        size_t length = strcspn(text, " \n");
        if (!line_is_empty && used + 1 + length > TABLE_WIDTH) {
            (void)fprintf(to, "\n%s", rest);
            used = strlen(rest);
            line_is_empty = true;
        }
        used += length + (line_is_empty ? 0 : 1);
        (void)fputs(line_is_empty ? "" : " ", to);
        line_is_empty = false;
        for (; length > 0; length--, text++)
            (void)fputc(iscntrl((unsigned char)*text) ? '?' : *text, to);
    }
    (void)fputc('\n', to);
}
