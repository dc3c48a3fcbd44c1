/* SPDX-License-Identifier: MIT */
/*
 * export_json.c - the formats that are JSON: those of github-action-benchmark, Bencher, hyperfine.
 * Sources: the README of benchmark-action/github-action-benchmark ("Tool: custom"); the JSON Schema
 * in Bencher's reference of its metric format; what hyperfine --export-json writes.
 */
#include "report/export.h"

#include "base/fields.h"
#include "stats/stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- github-action-benchmark ---- */

/* The wider side of the interval, as its other tools write a spread: "± 1.7%". */
static json_t *range_of(double value, double low, double high) {
    double percent = 100 * fmax(value - low, high - value) / value;
    if (percent < 0.001) /* the error of a sum */
        percent = 0;
    return isfinite(percent) ? json_sprintf("\u00b1 %.2g%%", percent) : NULL;
}

static json_t *extra_of(const struct cell_summary *cell) {
    return json_sprintf("%zu trials, %zu of them with interference, %.0f samples", cell->trials,
                        cell->flagged, cell->exchanges);
}

/* One entry; a value that is not known has none. */
static int add_entry(json_t *list, const struct cell_summary *cell, const char *what,
                     const char *unit, double value, json_t *range) {
    if (!isfinite(value)) {
        json_decref(range);
        return 0;
    }
    json_t *entry =
        json_pack("{s:o, s:s, s:o, s:o}", "name", json_sprintf("%s %s", cell->key, what), "unit",
                  unit, "value", fields_number(value), "extra", extra_of(cell));
    if (range != NULL)
        (void)json_object_set_new(entry, "range", range);
    return json_array_append_new(list, entry);
}

int export_smaller(FILE *to, const struct export_input *input, struct problem *problem) {
    json_t *list = json_array();
    int failed = 0;
    for (size_t i = 0; i < input->count; i++) {
        const struct cell_summary *cell = input->cells[i];
        if (cell->status != RECORD_OK)
            continue;
        failed |= add_entry(list, cell, "p50", "ns", cell->p50_ns,
                            range_of(cell->p50_ns, cell->p50_low_ns, cell->p50_high_ns));
        failed |= add_entry(list, cell, "CPU time", "ns", cell->cpu_ns, NULL);
    }
    if (failed != 0)
        (void)json_array_clear(list);
    return failed != 0 ? export_json(to, NULL, problem) : export_json(to, list, problem);
}

int export_bigger(FILE *to, const struct export_input *input, struct problem *problem) {
    json_t *list = json_array();
    int failed = 0;
    for (size_t i = 0; i < input->count; i++) {
        const struct cell_summary *cell = input->cells[i];
        if (cell->status == RECORD_OK)
            failed |=
                add_entry(list, cell, "rate", export_rate_unit(&cell->cell), cell->per_second,
                          range_of(cell->per_second, cell->per_second_low, cell->per_second_high));
    }
    return export_json(to, failed != 0 ? NULL : list, problem);
}

/* ---- Bencher ---- */

static void add_measure(json_t *measures, const char *name, double value, double low, double high) {
    if (!isfinite(value))
        return;
    json_t *measure = json_object();
    (void)json_object_set_new(measures, name, measure);
    (void)json_object_set_new(measure, "value", fields_number(value));
    if (isfinite(low) && isfinite(high)) {
        (void)json_object_set_new(measure, "lower_value", fields_number(low));
        (void)json_object_set_new(measure, "upper_value", fields_number(high));
    }
}

/* latency and throughput are the slugs of measures that every project of Bencher has. */
static json_t *measures_of(const struct cell_summary *cell) {
    json_t *measures = json_object();
    add_measure(measures, "latency", cell->p50_ns, cell->p50_low_ns, cell->p50_high_ns);
    add_measure(measures, "latency-p99", cell->p99_ns, NAN, NAN);
    add_measure(measures, "throughput", cell->per_second, cell->per_second_low,
                cell->per_second_high);
    add_measure(measures, "cpu-time", cell->cpu_ns, NAN, NAN);
    return measures;
}

int export_bmf(FILE *to, const struct export_input *input, struct problem *problem) {
    json_t *all = json_object();
    int failed = 0;
    for (size_t i = 0; i < input->count; i++)
        if (input->cells[i]->status == RECORD_OK)
            failed |= json_object_set_new(all, input->cells[i]->key, measures_of(input->cells[i]));
    return export_json(to, failed != 0 ? NULL : all, problem);
}

/* ---- hyperfine ---- */

/* Its times are seconds with all their digits; fields_number would cut them. */
static json_t *seconds(double ns) {
    return isfinite(ns) ? json_real(ns / 1e9) : json_null();
}

struct times {
    double *ns;          /* the trials' means */
    double user, system; /* ns a round trip, of both ends, the trials' mean */
    size_t count;
    json_t *list, *codes;
};

static void add_trial(struct times *times, const struct record *trial) {
    for (int role = 0; role < IPC_ROLES; role++) {
        const struct record_end *end = &trial->ends[role];
        times->user += isnan(end->user_ns) ? 0 : end->user_ns / trial->exchanges;
        times->system += isnan(end->system_ns) ? 0 : end->system_ns / trial->exchanges;
    }
    times->ns[times->count++] = trial->mean_ns;
    (void)json_array_append_new(times->list, seconds(trial->mean_ns));
    (void)json_array_append_new(times->codes, json_integer(0));
}

static double mean_of(const double *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum / (double)count;
}

static double deviation_of(const double *values, size_t count) {
    double mean = mean_of(values, count), squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return count > 1 ? sqrt(squares / (double)(count - 1)) : NAN;
}

static json_t *result_of(const struct cell_summary *cell, struct times *times) {
    double deviation = deviation_of(times->ns, times->count);
    double mean = mean_of(times->ns, times->count);
    size_t count = stats_sort(times->ns, times->count);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "command",
                     json_sprintf("ipcbench trial %s", cell->key), "mean", seconds(mean), "stddev",
                     seconds(deviation), "median", seconds(stats_median(times->ns, count)), "user",
                     seconds(times->user / (double)count), "system",
                     seconds(times->system / (double)count), "min", seconds(times->ns[0]), "max",
                     seconds(times->ns[count - 1]), "times", times->list, "exit_codes",
                     times->codes);
}

/* NULL without a trial or without memory. */
static json_t *hyperfine_cell(const struct run *run, const struct cell_summary *cell) {
    struct times times = {.ns = calloc(run->trial_count + 1, sizeof *times.ns),
                          .list = json_array(),
                          .codes = json_array()};
    for (size_t i = 0; i < run->trial_count && times.ns != NULL; i++)
        if (run_counts(&run->trials[i], cell) && isfinite(run->trials[i].mean_ns))
            add_trial(&times, &run->trials[i]);
    json_t *result = NULL;
    if (times.count > 0) {
        result = result_of(cell, &times);
    } else {
        json_decref(times.list);
        json_decref(times.codes);
    }
    free(times.ns);
    return result;
}

int export_hyperfine(FILE *to, const struct export_input *input, struct problem *problem) {
    json_t *results = json_array();
    for (size_t i = 0; i < input->count; i++) {
        if (input->cells[i]->status != RECORD_OK)
            continue;
        json_t *result = hyperfine_cell(input->run, input->cells[i]);
        if (result != NULL)
            (void)json_array_append_new(results, result);
    }
    return export_json(to, json_pack("{s:o}", "results", results), problem);
}
