/* SPDX-License-Identifier: MIT */
/*
 * run.c - collects trials, and sums them up by cell.
 */
#include "run.h"

#include "histlog.h"
#include "stats.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { RESAMPLES = 2000, SEED = 1 }; /* of the bootstrap: fixed, so that a summary is repeatable */

/* Figures of a trial that become a median over trials. */
static const struct figure {
    size_t in_record, in_summary;
} figures[] = {
    {offsetof(struct record, mean_ns), offsetof(struct cell_summary, mean_ns)},
    {offsetof(struct record, per_second), offsetof(struct cell_summary, per_second)},
    {offsetof(struct record, bytes_per_second), offsetof(struct cell_summary, bytes_per_second)},
    {offsetof(struct record, cpu_ns), offsetof(struct cell_summary, cpu_ns)},
    {offsetof(struct record, floor_ns), offsetof(struct cell_summary, floor_ns)},
};

static const struct percentile {
    double percent;
    struct figure figure;
} percentiles[] = {
    {50, {offsetof(struct record, p50_ns), offsetof(struct cell_summary, p50_ns)}},
    {90, {offsetof(struct record, p90_ns), offsetof(struct cell_summary, p90_ns)}},
    {99, {offsetof(struct record, p99_ns), offsetof(struct cell_summary, p99_ns)}},
    {99.9, {offsetof(struct record, p999_ns), offsetof(struct cell_summary, p999_ns)}},
};

/* What the summing up of one cell after the other needs. */
struct work {
    const struct run *run;
    double *values;           /* one for each trial of the run */
    double *scratch;          /* for the bootstrap: as many, and RESAMPLES */
    struct histogram *merged; /* of the cell's ok trials */
    struct histogram *one;
};

static double in_record(const struct record *record, size_t offset) {
    const void *figure = (const char *)record + offset;
    return *(const double *)figure;
}

static double *in_summary(struct cell_summary *summary, size_t offset) {
    void *figure = (char *)summary + offset;
    return figure;
}

/* Steps through the ok trials of a cell that timed: the next after `trial` (NULL: the first), or
 * NULL. */
static const struct record *next_ok(const struct run *run, const struct cell_summary *cell,
                                    const struct record *trial) {
    const struct record *end = run->trials + run->trial_count;
    for (trial = trial == NULL ? run->trials : trial + 1; trial < end; trial++)
        if (trial->status == RECORD_OK && trial->purpose == RECORD_TIMING &&
            strcmp(trial->key, cell->key) == 0)
            return trial;
    return NULL;
}

/* Leaves what the cell's ok trials know of a figure in work->values, ascending, and returns how
 * many do. */
static size_t gather(const struct work *work, const struct cell_summary *cell, size_t offset) {
    size_t count = 0;
    for (const struct record *t = NULL; (t = next_ok(work->run, cell, t)) != NULL;)
        work->values[count++] = in_record(t, offset);
    return stats_sort(work->values, count);
}

static double switches(const struct record *trial) {
    double sum = 0;
    for (int role = 0; role < IPC_ROLES; role++)
        sum += trial->ends[role].voluntary_switches + trial->ends[role].involuntary_switches;
    return trial->exchanges > 0 ? sum / trial->exchanges : NAN;
}

/* Adds up the histograms of the cell's ok trials. When one of them is missing or can't be read
 * there is no total, since the sum of the others would stand for fewer trials than it says. 0 or
 * -ENOMEM. */
static int merge(const struct work *work, const struct cell_summary *cell) {
    struct problem problem;
    histogram_reset(work->merged);
    for (const struct record *t = NULL; (t = next_ok(work->run, cell, t)) != NULL;) {
        int result = t->histogram ? histlog_decode(t->histogram, work->one, &problem) : -EINVAL;
        if (result == -ENOMEM)
            return result;
        if (result < 0) {
            histogram_reset(work->merged);
            return 0;
        }
        histogram_add(work->merged, work->one);
    }
    return 0;
}

/* Percentiles as medians over trials, and for those that not every trial carries as the merged
 * histogram's. 0 or -ENOMEM. */
static int sum_up_percentiles(const struct work *work, struct cell_summary *cell) {
    bool merged = false;
    for (size_t i = 0; i < sizeof percentiles / sizeof *percentiles; i++) {
        const struct percentile *p = &percentiles[i];
        double *figure = in_summary(cell, p->figure.in_summary);
        size_t known = gather(work, cell, p->figure.in_record);
        if (known == cell->trials) {
            *figure = stats_median(work->values, known);
            continue;
        }
        int result = merged ? 0 : merge(work, cell);
        if (result < 0)
            return result;
        merged = true;
        *figure = histogram_carries(work->merged, p->percent)
                      ? (double)histogram_percentile(work->merged, p->percent)
                      : NAN;
    }
    return 0;
}

/* Where each ok trial knows the figure, and there is more than one. */
static void sum_up_interval(const struct work *work, const struct cell_summary *cell,
                            size_t in_record, double *low, double *high) {
    size_t known = gather(work, cell, in_record);
    *low = *high = NAN;
    if (known < cell->trials || known < 2)
        return;
    struct stats_interval interval =
        stats_median_interval(work->values, known, RESAMPLES, SEED, work->scratch);
    *low = fmax(interval.low, 0);
    *high = interval.high;
}

static void sum_up_switches(const struct work *work, struct cell_summary *cell) {
    size_t count = 0;
    for (const struct record *t = NULL; (t = next_ok(work->run, cell, t)) != NULL;)
        work->values[count++] = switches(t);
    cell->switches = stats_median(work->values, stats_sort(work->values, count));
}

/* In a run file ns have three decimals (fields_number): a summary that is made anew from the file
 * must be the same. */
static double as_stored(double ns) {
    return round(ns * 1000) / 1000;
}

/* Each trial is compared with its own floor: on a virtual machine that changes from one to the
 * next. */
static void sum_up_floor(const struct work *work, struct cell_summary *cell) {
    size_t count = 0;
    for (const struct record *t = NULL; (t = next_ok(work->run, cell, t)) != NULL;)
        work->values[count++] = as_stored(t->mean_ns) / as_stored(t->floor_ns);
    cell->times_floor = stats_median(work->values, stats_sort(work->values, count));
}

/* Figures of which the extreme or the sum over all trials counts. */
static void sum_up_extremes(const struct work *work, struct cell_summary *cell) {
    size_t known = gather(work, cell, offsetof(struct record, min_ns));
    cell->min_ns = stats_quantile(work->values, known, 0);
    known = gather(work, cell, offsetof(struct record, max_ns));
    cell->max_ns = stats_quantile(work->values, known, 1);
    known = gather(work, cell, offsetof(struct record, stamped));
    cell->exchanges = known > 0 ? 0 : NAN;
    for (size_t i = 0; i < known; i++)
        cell->exchanges += work->values[i];
}

static int sum_up(const struct work *work, struct cell_summary *cell) {
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        size_t known = gather(work, cell, figures[i].in_record);
        *in_summary(cell, figures[i].in_summary) = stats_median(work->values, known);
    }
    sum_up_extremes(work, cell);
    sum_up_switches(work, cell);
    sum_up_floor(work, cell);
    sum_up_interval(work, cell, offsetof(struct record, p50_ns), &cell->p50_low_ns,
                    &cell->p50_high_ns);
    sum_up_interval(work, cell, offsetof(struct record, per_second), &cell->per_second_low,
                    &cell->per_second_high);
    return cell->trials > 0 ? sum_up_percentiles(work, cell) : 0;
}

static struct cell_summary *find_cell(struct run *run, const struct record *trial) {
    for (size_t i = 0; i < run->cell_count; i++)
        if (strcmp(run->cells[i].key, trial->key) == 0)
            return &run->cells[i];
    return NULL;
}

/* The cell of that trial, made when this is its first. */
static struct cell_summary *cell_of(struct run *run, const struct record *trial) {
    struct cell_summary *cell = find_cell(run, trial);
    if (cell != NULL)
        return cell;
    cell = &run->cells[run->cell_count];
    memcpy(cell->key, trial->key, sizeof cell->key);
    memcpy(cell->group, trial->group, sizeof cell->group);
    cell->cell = trial->cell;
    cell->system_calls = NAN;
    cell->p50_ns = cell->p90_ns = cell->p99_ns = cell->p999_ns = NAN;
    cell->p50_low_ns = cell->p50_high_ns = NAN;
    run->cell_count++;
    return cell;
}

static void count_trial(struct cell_summary *cell, const struct record *trial) {
    if (trial->status == RECORD_OK) {
        cell->trials++;
        cell->flagged += trial->flags[0] != '\0';
        cell->status = RECORD_OK;
        cell->why[0] = '\0';
        return;
    }
    cell->failed++;
    if (cell->trials == 0) {
        cell->status = trial->status;
        memcpy(cell->why, trial->why, sizeof cell->why);
    }
}

/* A trial that counted without a fault adds its one figure to a cell that others have made. */
static bool only_counted(const struct record *trial) {
    return trial->purpose == RECORD_COUNTING && trial->status == RECORD_OK;
}

static void make_cells(struct run *run) {
    for (size_t i = 0; i < run->trial_count; i++)
        if (!only_counted(&run->trials[i]))
            count_trial(cell_of(run, &run->trials[i]), &run->trials[i]);
    for (size_t i = 0; i < run->trial_count; i++) {
        const struct record *trial = &run->trials[i];
        struct cell_summary *cell = only_counted(trial) ? find_cell(run, trial) : NULL;
        if (cell != NULL)
            cell->system_calls = trial->system_calls;
    }
}

static int sum_up_all(struct run *run) {
    size_t count = run->trial_count;
    struct work work = {
        .run = run,
        .values = calloc(count, sizeof(double)),
        .scratch = calloc(count + RESAMPLES, sizeof(double)),
        .merged = malloc(sizeof(struct histogram)),
        .one = malloc(sizeof(struct histogram)),
    };
    int result = work.values && work.scratch && work.merged && work.one ? 0 : -ENOMEM;
    for (size_t i = 0; i < run->cell_count && result == 0; i++)
        result = sum_up(&work, &run->cells[i]);
    free(work.one);
    free(work.merged);
    free(work.scratch);
    free(work.values);
    return result;
}

static void free_cells(struct run *run) {
    free(run->cells);
    run->cells = NULL;
    run->cell_count = 0;
}

int run_summarise(struct run *run) {
    free_cells(run);
    if (run->trial_count == 0)
        return 0;
    run->cells = calloc(run->trial_count, sizeof *run->cells);
    if (run->cells == NULL)
        return -ENOMEM;
    make_cells(run);
    int result = sum_up_all(run);
    if (result < 0)
        free_cells(run);
    return result;
}

int run_add(struct run *run, struct record *record) {
    struct record *trials = realloc(run->trials, (run->trial_count + 1) * sizeof *trials);
    if (trials == NULL)
        return -ENOMEM;
    trials[run->trial_count++] = *record;
    run->trials = trials;
    record_init(record);
    return 0;
}

void run_free(struct run *run) {
    for (size_t i = 0; i < run->trial_count; i++)
        record_free(&run->trials[i]);
    free(run->trials);
    free_cells(run);
    json_decref(run->environment);
    json_decref(run->options);
    *run = (struct run){0};
}
