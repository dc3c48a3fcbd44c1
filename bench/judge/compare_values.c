/* SPDX-License-Identifier: MIT */
/*
 * compare_values.c - picks trials, divides them by the reference, and takes medians of runs.
 */
#include "judge/compare_values.h"

#include "run/run.h"
#include "stats/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cell_summary *find(const struct run *run, const char *key) {
    for (size_t i = 0; i < run->cell_count; i++)
        if (strcmp(run->cells[i].key, key) == 0 && run->cells[i].status == RECORD_OK)
            return &run->cells[i];
    return NULL;
}

static const struct cell_summary *
find_reference(const struct run *run, const struct cell_summary *cell, const char *reference) {
    struct cell like = cell->cell;
    char key[CELL_KEY_BYTES];
    (void)snprintf(like.transport, sizeof like.transport, "%s", reference);
    like.knobs[0] = '\0';
    cell_format(&like, key);
    return strcmp(key, cell->key) == 0 ? NULL : find(run, key);
}

bool compare_values_have_reference(const struct compare_side *side, const char *key,
                                   const char *reference) {
    for (size_t i = 0; i < side->count && reference != NULL; i++) {
        const struct cell_summary *cell = find(&side->runs[i], key);
        if (cell == NULL || find_reference(&side->runs[i], cell, reference) == NULL)
            return false;
    }
    return reference != NULL;
}

static double headline(const struct record *trial) {
    return isnan(trial->p50_ns) ? trial->mean_ns : trial->p50_ns;
}

/* The reference's headline nearest to that time; NaN without one. */
static double nearest_reference(const struct run *run, const struct cell_summary *reference,
                                double seconds) {
    double best = NAN, distance = INFINITY;
    for (size_t i = 0; i < run->trial_count; i++) {
        const struct record *trial = &run->trials[i];
        double away = fabs((double)run_seconds(trial->started) - seconds);
        if (run_counts(trial, reference) && away < distance) {
            distance = away;
            best = headline(trial);
        }
    }
    return best;
}

static void add(struct compare_values *values, double log_value, double seconds) {
    if (!isfinite(log_value) || values->count == COMPARE_VALUES_MOST)
        return;
    values->logs[values->count] = log_value;
    values->seconds[values->count++] = seconds;
}

static void add_trial(const struct run *run, const struct record *trial,
                      const struct cell_summary *reference, struct compare_values *values) {
    double seconds = (double)run_seconds(trial->started);
    double by = reference == NULL ? 1 : nearest_reference(run, reference, seconds);
    if (values->cpus[0] == '\0') {
        (void)snprintf(values->cpus, sizeof values->cpus, "%d,%d", trial->placement.server_cpu,
                       trial->placement.client_cpu);
        values->one_cpu = trial->placement.server_cpu == trial->placement.client_cpu &&
                          trial->placement.server_cpu >= 0;
    }
    add(values, log(headline(trial) / by), seconds);
}

static void add_trials(const struct run *run, const char *key, const char *reference,
                       struct compare_values *values) {
    const struct cell_summary *cell = find(run, key);
    const struct cell_summary *by =
        cell == NULL || reference == NULL ? NULL : find_reference(run, cell, reference);
    for (size_t i = 0; i < run->trial_count && cell != NULL; i++)
        if (run_counts(&run->trials[i], cell))
            add_trial(run, &run->trials[i], by, values);
}

static void add_run(const struct run *run, const char *key, const char *reference,
                    struct compare_values *values) {
    struct compare_values trials = {.count = 0};
    add_trials(run, key, reference, &trials);
    if (trials.count == 0)
        return;
    if (values->cpus[0] == '\0') {
        memcpy(values->cpus, trials.cpus, sizeof values->cpus);
        values->one_cpu = trials.one_cpu;
    }
    const char *date = run_environment(run, NULL, "date");
    size_t count = stats_sort(trials.logs, trials.count);
    add(values, stats_median(trials.logs, count), (double)run_seconds(date));
}

void compare_values_of(const struct compare_side *side, const char *key, const char *reference,
                       bool by_run, struct compare_values *values) {
    *values = (struct compare_values){.count = 0};
    for (size_t i = 0; i < side->count; i++) {
        if (by_run)
            add_run(&side->runs[i], key, reference, values);
        else
            add_trials(&side->runs[i], key, reference, values);
    }
}
