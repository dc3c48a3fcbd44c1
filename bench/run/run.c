/* SPDX-License-Identifier: MIT */
/*
 * run.c - collects trials, and sums them up by cell.
 */
#include "run/run.h"

#include "stats/histlog.h"
#include "stats/stats.h"
#include "trial/workload.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RESAMPLES = 2000, SEED = 1 }; /* of the bootstrap: fixed, so that a summary is repeatable */

#define IN_BOTH(member) \
    { offsetof(struct record, crowd.member), offsetof(struct cell_summary, crowd.member) }

/* Figures of a trial that become a median over trials. */
static const struct figure {
    size_t in_record, in_summary;
} figures[] = {
    {offsetof(struct record, mean_ns), offsetof(struct cell_summary, mean_ns)},
    {offsetof(struct record, per_second), offsetof(struct cell_summary, per_second)},
    {offsetof(struct record, bytes_per_second), offsetof(struct cell_summary, bytes_per_second)},
    {offsetof(struct record, cpu_ns), offsetof(struct cell_summary, cpu_ns)},
    {offsetof(struct record, floor_ns), offsetof(struct cell_summary, floor_ns)},
    IN_BOTH(fairness),
    IN_BOTH(least_exchanges),
    IN_BOTH(most_exchanges),
    IN_BOTH(little),
    IN_BOTH(phases[0].mean_ns),
    IN_BOTH(phases[0].p50_ns),
    IN_BOTH(phases[0].p99_ns),
    IN_BOTH(phases[1].mean_ns),
    IN_BOTH(phases[1].p50_ns),
    IN_BOTH(phases[1].p99_ns),
    IN_BOTH(phases[2].mean_ns),
    IN_BOTH(phases[2].p50_ns),
    IN_BOTH(phases[2].p99_ns),
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
    size_t *first;            /* of each cell, its first ok trial that timed; or trial_count */
    size_t *later;            /* of each such trial, the next one of its cell; or trial_count */
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
static const struct record *next_ok(const struct work *work, const struct cell_summary *cell,
                                    const struct record *trial) {
    const struct run *run = work->run;
    size_t next = trial == NULL ? work->first[cell - run->cells] : work->later[trial - run->trials];
    return next < run->trial_count ? &run->trials[next] : NULL;
}

/* Leaves what the cell's ok trials know of a figure in work->values, ascending, and returns how
 * many do. */
static size_t gather(const struct work *work, const struct cell_summary *cell, size_t offset) {
    size_t count = 0;
    for (const struct record *t = NULL; (t = next_ok(work, cell, t)) != NULL;)
        work->values[count++] = in_record(t, offset);
    return stats_sort(work->values, count);
}

/* An open loop at a slow rate has so few exchanges that those which don't count do matter. */
static double switches(const struct record *trial) {
    bool open = strncmp(trial->cell.workload, "rate", strlen("rate")) == 0;
    double sum = 0, exchanges = trial->exchanges + (open ? WORKLOAD_UNCOUNTED : 0);
    for (int role = 0; role < IPC_ROLES; role++)
        sum += trial->ends[role].voluntary_switches + trial->ends[role].involuntary_switches;
    return trial->exchanges > 0 ? sum / exchanges : NAN;
}

/* Adds up the histograms of the cell's ok trials. When one of them is missing or can't be read
 * there is no total, since the sum of the others would stand for fewer trials than it says. 0 or
 * -ENOMEM. */
static int merge(const struct work *work, const struct cell_summary *cell) {
    struct problem problem;
    histogram_reset(work->merged);
    for (const struct record *t = NULL; (t = next_ok(work, cell, t)) != NULL;) {
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
    for (const struct record *t = NULL; (t = next_ok(work, cell, t)) != NULL;)
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
    for (const struct record *t = NULL; (t = next_ok(work, cell, t)) != NULL;)
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

/* All trials together: a median would hide what only some of them lost. */
static void sum_up_losses(const struct work *work, struct cell_summary *cell) {
    double received = 0;
    cell->lost = cell->lost_share = NAN;
    for (const struct record *t = NULL; (t = next_ok(work, cell, t)) != NULL;) {
        if (isnan(t->lost))
            return;
        cell->lost = isnan(cell->lost) ? t->lost : cell->lost + t->lost;
        received += t->exchanges + 1; /* the first isn't timed, and so isn't counted there */
    }
    cell->lost_share = cell->lost / (cell->lost + received);
}

static int sum_up(const struct work *work, struct cell_summary *cell) {
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        size_t known = gather(work, cell, figures[i].in_record);
        *in_summary(cell, figures[i].in_summary) = stats_median(work->values, known);
    }
    sum_up_extremes(work, cell);
    sum_up_switches(work, cell);
    sum_up_floor(work, cell);
    sum_up_losses(work, cell);
    sum_up_interval(work, cell, offsetof(struct record, p50_ns), &cell->p50_low_ns,
                    &cell->p50_high_ns);
    sum_up_interval(work, cell, offsetof(struct record, per_second), &cell->per_second_low,
                    &cell->per_second_high);
    return cell->trials > 0 ? sum_up_percentiles(work, cell) : 0;
}

/* A file may hold thousands of cells, so they are found by `index`, an object of their numbers. */
static struct cell_summary *find_cell(struct run *run, const json_t *index,
                                      const struct record *trial) {
    const json_t *number = json_object_get(index, trial->key);
    return number == NULL ? NULL : &run->cells[json_integer_value(number)];
}

/* The cell of that trial, made when this is its first; NULL without memory. */
static struct cell_summary *cell_of(struct run *run, json_t *index, const struct record *trial) {
    struct cell_summary *cell = find_cell(run, index, trial);
    if (cell != NULL)
        return cell;
    if (json_object_set_new(index, trial->key, json_integer((json_int_t)run->cell_count)) != 0)
        return NULL;
    cell = &run->cells[run->cell_count];
    memcpy(cell->key, trial->key, sizeof cell->key);
    memcpy(cell->group, trial->group, sizeof cell->group);
    cell->not_a_channel = record_fact(trial, RECORD_NOT_A_CHANNEL) != NULL;
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
        cell->crowd.has_phases = trial->crowd.has_phases;
        cell->crowd.count = trial->crowd.count;
        memcpy(cell->crowd.design, trial->crowd.design, sizeof cell->crowd.design);
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

static int make_cells(struct run *run, json_t *index) {
    for (size_t i = 0; i < run->trial_count; i++) {
        if (only_counted(&run->trials[i]))
            continue;
        struct cell_summary *cell = cell_of(run, index, &run->trials[i]);
        if (cell == NULL)
            return -ENOMEM;
        count_trial(cell, &run->trials[i]);
    }
    for (size_t i = 0; i < run->trial_count; i++) {
        const struct record *trial = &run->trials[i];
        struct cell_summary *cell = only_counted(trial) ? find_cell(run, index, trial) : NULL;
        if (cell != NULL)
            cell->system_calls = trial->system_calls;
    }
    return 0;
}

/* Chains the ok trials that timed, cell by cell: from the last to the first. */
static void chain_trials(struct work *work, struct run *run, const json_t *index) {
    for (size_t i = 0; i < run->cell_count; i++)
        work->first[i] = run->trial_count;
    for (size_t i = run->trial_count; i-- > 0;) {
        const struct record *trial = &run->trials[i];
        if (trial->status != RECORD_OK || trial->purpose != RECORD_TIMING)
            continue;
        size_t cell = (size_t)(find_cell(run, index, trial) - run->cells);
        work->later[i] = work->first[cell];
        work->first[cell] = i;
    }
}

static int sum_up_all(struct run *run, const json_t *index) {
    size_t count = run->trial_count;
    struct work work = {
        .run = run,
        .first = calloc(count, sizeof(size_t)),
        .later = calloc(count, sizeof(size_t)),
        .values = calloc(count, sizeof(double)),
        .scratch = calloc(count + RESAMPLES, sizeof(double)),
        .merged = malloc(sizeof(struct histogram)),
        .one = malloc(sizeof(struct histogram)),
    };
    bool whole = work.first && work.later && work.values && work.scratch;
    int result = whole && work.merged && work.one ? 0 : -ENOMEM;
    if (result == 0)
        chain_trials(&work, run, index);
    for (size_t i = 0; i < run->cell_count && result == 0; i++)
        result = sum_up(&work, &run->cells[i]);
    free(work.one);
    free(work.merged);
    free(work.scratch);
    free(work.values);
    free(work.later);
    free(work.first);
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
    json_t *index = json_object();
    int result = run->cells && index ? make_cells(run, index) : -ENOMEM;
    if (result == 0)
        result = sum_up_all(run, index);
    json_decref(index);
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

bool run_counts(const struct record *trial, const struct cell_summary *cell) {
    return trial->status == RECORD_OK && trial->purpose == RECORD_TIMING &&
           strcmp(trial->key, cell->key) == 0;
}

const char *run_environment(const struct run *run, const char *part, const char *name) {
    const json_t *holder =
        part == NULL ? run->environment : json_object_get(run->environment, part);
    const char *text = json_string_value(json_object_get(holder, name));
    return text == NULL ? "not known" : text;
}

long long run_seconds(const char *date) {
    struct tm utc = {0};
    const char *end = strptime(date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return end != NULL && *end == '\0' ? (long long)timegm(&utc) : -1;
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
