/* SPDX-License-Identifier: MIT */
/*
 * show.c - sorts the cells of a run so that those to be compared stand together: one table for each
 * workload, wait and placement; in it by size, then the fastest first.
 */
#include "report/show.h"

#include "base/table.h"
#include "host/topology.h"
#include "judge/losses.h"
#include "report/show_answers.h"
#include "report/show_rows.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHOW_KEYS 3 /* named for each reason */

/* Pointers to the cells that pass, sorted. */
struct selected {
    const struct cell_summary **cells;
    size_t count;
};

bool show_filter_passes(const struct show_filter *filter, const struct cell *cell) {
    if (filter == NULL)
        return true;
    return (filter->wait == NULL || strcmp(filter->wait, cell_waits[cell->wait]) == 0) &&
           (filter->placement == NULL || strcmp(filter->placement, cell->placement) == 0);
}

/* Near placements come first, pairs of CPUs last. */
static int placement_rank(const char *placement) {
    int rank = 0;
    while (topology_names[rank] != NULL && strcmp(topology_names[rank], placement) != 0)
        rank++;
    return rank;
}

/* Numbers in workloads ascend, as a curve is read: hz=200 stands before hz=1000. */
static int compare_tables(const struct cell *a, const struct cell *b) {
    char left[WORKLOAD_SPEC_BYTES], right[WORKLOAD_SPEC_BYTES];
    show_rows_heading(a, left);
    show_rows_heading(b, right);
    int order = strverscmp(left, right);
    if (order == 0)
        order = (int)a->wait - (int)b->wait;
    if (order == 0)
        order = placement_rank(a->placement) - placement_rank(b->placement);
    return order == 0 ? strcmp(a->placement, b->placement) : order;
}

/* What is not known comes last. */
static int compare_numbers(double a, double b) {
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

static int compare_cells(const void *left, const void *right) {
    const struct cell_summary *a = *(const struct cell_summary *const *)left;
    const struct cell_summary *b = *(const struct cell_summary *const *)right;
    int order = compare_tables(&a->cell, &b->cell);
    if (order == 0)
        order =
            (a->cell.size_bytes > b->cell.size_bytes) - (a->cell.size_bytes < b->cell.size_bytes);
    if (order == 0)
        order = compare_numbers(show_rows_rank(a), show_rows_rank(b));
    return order == 0 ? strcmp(a->key, b->key) : order;
}

/* The cells that pass and are, or are not, ok; sorted. */
static int choose(const struct run *run, const struct show_filter *filter, bool ok,
                  struct selected *selected) {
    selected->count = 0;
    selected->cells = calloc(run->cell_count + 1, sizeof *selected->cells);
    if (selected->cells == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < run->cell_count; i++)
        if ((run->cells[i].status == RECORD_OK) == ok &&
            show_filter_passes(filter, &run->cells[i].cell))
            selected->cells[selected->count++] = &run->cells[i];
    qsort(selected->cells, selected->count, sizeof *selected->cells, compare_cells);
    return 0;
}

static const char *text_of(const json_t *json, const char *part, const char *name) {
    const json_t *holder = part == NULL ? json : json_object_get(json, part);
    const char *text = json_string_value(json_object_get(holder, name));
    return text == NULL ? "not known" : text;
}

/* "none", its name, or what else is known of it. */
static const char *hypervisor_of(const json_t *environment) {
    const json_t *hypervisor = json_object_get(environment, "hypervisor");
    const json_t *present = json_object_get(hypervisor, "present");
    if (json_is_false(present))
        return "none";
    const char *name = json_string_value(json_object_get(hypervisor, "name"));
    return name != NULL ? name : json_is_true(present) ? "unnamed" : "not known";
}

static void print_host(FILE *to, const json_t *environment) {
    char line[1024];
    (void)snprintf(line, sizeof line, "%s, %s", text_of(environment, NULL, "host"),
                   text_of(environment, NULL, "date"));
    table_wrap(to, "host    ", "        ", line);
    (void)snprintf(line, sizeof line, "%s, numbers %s, hypervisor %s",
                   text_of(environment, "cpu", "model"), text_of(environment, "cpu", "allowed"),
                   hypervisor_of(environment));
    table_wrap(to, "CPUs    ", "        ", line);
    table_wrap(to, "kernel  ", "        ", text_of(environment, "kernel", "release"));
}

/* What was wrong with the host, in a line: a table from an unfit host looks like any other. */
static void print_doctor(FILE *to, const json_t *doctor) {
    char line[1024] = "";
    size_t i, used = 0;
    const json_t *check;
    json_array_foreach(json_object_get(doctor, "checks"), i, check) {
        const char *verdict = text_of(check, NULL, "verdict");
        if (used < sizeof line &&
            (strcmp(verdict, "warning") == 0 || strcmp(verdict, "unfit") == 0))
            used += (size_t)snprintf(line + used, sizeof line - used, "%s%s", used ? ", " : ": ",
                                     text_of(check, NULL, "name"));
    }
    if (doctor == NULL)
        return;
    const char *fit = text_of(doctor, NULL, "fit");
    bool warned = strcmp(fit, "warnings") == 0;
    char all[1100];
    (void)snprintf(all, sizeof all, "%s%s%s", warned ? "fit, with warnings" : fit, line,
                   used ? " (`ipcbench doctor` explains)" : "");
    table_wrap(to, "fitness ", "        ", all);
}

/* How the trials ended, but for those that counted system calls without a fault: these stand in no
 * figure that is timed. */
static size_t count_trials(const struct run *run, size_t ended[RECORD_STATUSES], size_t *flagged) {
    size_t all = 0;
    for (size_t i = 0; i < run->trial_count; i++) {
        const struct record *trial = &run->trials[i];
        if (trial->status == RECORD_OK && trial->purpose != RECORD_TIMING)
            continue;
        all++;
        ended[trial->status]++;
        *flagged += trial->status == RECORD_OK && trial->flags[0] != '\0';
    }
    return all;
}

/* What this host or a transport can't do is said apart: nobody shall take it for failed. */
static void print_trials(FILE *to, const struct run *run) {
    char line[256];
    size_t ended[RECORD_STATUSES] = {0}, flagged = 0;
    size_t all = count_trials(run, ended, &flagged);
    int used =
        snprintf(line, sizeof line, "%zu of %zu cells: %zu ok (%zu of these with interference)",
                 all, run->cell_count, ended[RECORD_OK], flagged);
    for (int status = RECORD_FAILED; status < RECORD_STATUSES; status++)
        if (ended[status] > 0)
            used += snprintf(line + used, sizeof line - (size_t)used, ", %zu %s", ended[status],
                             record_statuses[status]);
    table_wrap(to, "trials  ", "        ", line);
}

static void print_heading(FILE *to, const struct run *run) {
    print_host(to, run->environment);
    print_doctor(to, json_object_get(run->environment, "doctor"));
    print_trials(to, run);
    if (!run->complete)
        table_wrap(to, "", "  ",
                   "INCOMPLETE: the run was interrupted; these are the trials that it finished");
}

/* How many cells, from the first on, stand in its table; and whether any two are of one size, so
 * that gaps between the sizes help. */
static size_t table_rows(const struct cell_summary *const *cells, size_t count, bool *gaps) {
    size_t rows = 1;
    *gaps = false;
    for (; rows < count && compare_tables(&cells[0]->cell, &cells[rows]->cell) == 0; rows++)
        *gaps |= cells[rows - 1]->cell.size_bytes == cells[rows]->cell.size_bytes;
    return rows;
}

/* Prints the table that begins with the first of the cells; returns how many cells it took. */
static size_t print_table(FILE *to, const struct cell_summary *const *cells, size_t count,
                          double precision, int *error) {
    struct table table;
    bool gaps;
    size_t rows = table_rows(cells, count, &gaps);
    const struct cell *first = &cells[0]->cell;
    show_rows_begin(&table, first);
    for (size_t i = 0; i < rows; i++) {
        if (gaps && i > 0 && cells[i - 1]->cell.size_bytes != cells[i]->cell.size_bytes)
            table_gap(&table);
        show_rows_add(&table, cells[i], precision);
    }
    char heading[WORKLOAD_SPEC_BYTES];
    show_rows_heading(first, heading);
    (void)fprintf(to, "\n%s, %s, %s\n", heading, cell_waits[first->wait], first->placement);
    *error = table_print(&table, to, "  ");
    table_free(&table);
    return rows;
}

static int print_tables(FILE *to, const struct selected *ok, double precision) {
    int error = 0;
    for (size_t done = 0; done < ok->count && error == 0;)
        done += print_table(to, ok->cells + done, ok->count - done, precision, &error);
    return error;
}

static bool same_reason(const struct cell_summary *a, const struct cell_summary *b) {
    return a->status == b->status && strcmp(a->why, b->why) == 0;
}

/* "pipe/pingpong/block/same-core/8B, ... and 3 more" */
static void print_keys(FILE *to, const struct selected *cells, const struct cell_summary *like) {
    char line[SHOW_KEYS * (CELL_KEY_BYTES + 2) + 64] = "";
    size_t count = 0;
    for (size_t i = 0; i < cells->count; i++) {
        size_t used = strlen(line);
        if (same_reason(cells->cells[i], like) && count++ < SHOW_KEYS)
            (void)snprintf(line + used, sizeof line - used, "%s%s", used ? ", " : "",
                           cells->cells[i]->key);
    }
    size_t used = strlen(line);
    if (count > SHOW_KEYS)
        (void)snprintf(line + used, sizeof line - used, " and %zu more", count - SHOW_KEYS);
    table_wrap(to, "    ", "    ", line);
}

static bool seen_before(const struct selected *cells, size_t index) {
    for (size_t i = 0; i < index; i++)
        if (same_reason(cells->cells[i], cells->cells[index]))
            return true;
    return false;
}

/* Each reason once, with the cells that it holds for. */
static void print_reasons(FILE *to, const struct selected *cells, enum record_status status) {
    for (size_t i = 0; i < cells->count; i++) {
        const struct cell_summary *cell = cells->cells[i];
        char start[64];
        if (cell->status != status || seen_before(cells, i))
            continue;
        (void)snprintf(start, sizeof start, "  %s: ", record_statuses[status]);
        table_wrap(to, start, "    ", cell->why);
        print_keys(to, cells, cell);
    }
}

/* Beside a rate of what came, what didn't come. */
static void print_losses(FILE *to, const struct selected *cells) {
    size_t shown = 0;
    for (size_t i = 0; i < cells->count; i++) {
        char text[64], line[CELL_KEY_BYTES + 80];
        if (!losses_has(cells->cells[i]))
            continue;
        if (shown++ == 0)
            (void)fputs("\nLost: a rate counts only what came\n", to);
        losses_say(cells->cells[i], text, sizeof text);
        (void)snprintf(line, sizeof line, "%s: %s", cells->cells[i]->key, text);
        table_wrap(to, "  ", "      ", line);
    }
}

static void print_missing(FILE *to, const struct selected *cells) {
    if (cells->count == 0)
        return;
    (void)fprintf(to, "\nNot measured: %zu cells\n", cells->count);
    for (int status = RECORD_FAILED; status < RECORD_STATUSES; status++)
        print_reasons(to, cells, (enum record_status)status);
}

bool show_filter_is_empty(const struct show_filter *filter) {
    return filter == NULL || (filter->wait == NULL && filter->placement == NULL);
}

int show_tables(FILE *to, const struct run *run, const struct show_filter *filter) {
    struct selected ok = {NULL, 0}, missing = {NULL, 0};
    int error = choose(run, filter, true, &ok);
    if (error == 0)
        error = choose(run, filter, false, &missing);
    if (error == 0) {
        print_heading(to, run);
        const json_t *precision = json_object_get(run->options, "precision");
        error = print_tables(to, &ok, precision ? json_number_value(precision) : INFINITY);
    }
    if (error == 0)
        show_rows_legend(to, ok.cells, ok.count);
    if (error == 0)
        print_losses(to, &ok);
    if (error == 0 && ok.count == 0)
        (void)fputs(missing.count > 0 || filter == NULL ? "\nNo cell was measured.\n"
                                                        : "\nNo cell is of that kind.\n",
                    to);
    if (error == 0)
        print_missing(to, &missing);
    free(ok.cells);
    free(missing.cells);
    return error;
}

int show_part(FILE *to, const struct run *run, const struct show_filter *filter) {
    int error = show_tables(to, run, filter);
    if (error == 0 && show_filter_is_empty(filter)) /* last, where a terminal still shows them */
        error = show_answers(to, run);
    return error;
}

int show_run(FILE *to, const struct run *run) {
    return show_part(to, run, NULL);
}
