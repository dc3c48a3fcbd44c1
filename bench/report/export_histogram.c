/* SPDX-License-Identifier: MIT */
/*
 * export_histogram.c - HdrHistogram's two text formats: a percentile distribution, which its
 * plotter reads, and a log, from which its tools rebuild every histogram. Sources:
 * HdrHistogram/HdrHistogram, AbstractHistogram.java (outputPercentileDistribution),
 * PercentileIterator.java, HistogramLogWriter.java.
 */
#include "report/export.h"

#include "stats/histlog.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TICKS_PER_HALF_DISTANCE = 5 };
static const double ns_per_unit = 1000; /* .hgrm is in us */
static const double ns_per_ms = 1e6;    /* the unit of a log's maximum */

/* ---- .hgrm ---- */

/* All trials of the cell together. */
static int add_up(const struct run *run, const struct cell_summary *cell, struct histogram *sum,
                  struct problem *problem) {
    struct histogram *one = malloc(sizeof *one);
    int error =
        one == NULL ? problem_set(problem, ENOMEM, "there is no memory for a histogram") : 0;
    histogram_reset(sum);
    for (size_t i = 0; i < run->trial_count && error == 0; i++) {
        const struct record *trial = &run->trials[i];
        if (!run_counts(trial, cell) || trial->histogram == NULL)
            continue;
        error = histlog_decode(trial->histogram, one, problem);
        if (error == 0)
            histogram_add(sum, one);
    }
    free(one);
    if (error == 0 && sum->total == 0)
        error = problem_set(problem, EINVAL, "%s has no histogram: %s", cell->key,
                            cell->why[0] != '\0' ? cell->why : "no trial of it was stamped");
    return error;
}

/* The next percentile at which a line is due: ever finer, halving the distance to 100. */
static double next_level(double level) {
    double halvings = floor(log2(100 / (100 - level))) + 1;
    return level + 100 / (TICKS_PER_HALF_DISTANCE * exp2(halvings));
}

static void print_level(FILE *to, uint64_t value, double level, uint64_t counted) {
    (void)fprintf(to, "%12.3f %2.12f %10llu", (double)value / ns_per_unit, level / 100,
                  (unsigned long long)counted);
    if (level < 100)
        (void)fprintf(to, " %14.2f", 1 / (1 - level / 100));
    (void)fputc('\n', to);
}

/* A line for each level that a bucket reaches; the bucket at which all is counted has one level,
 * and then the line of 100%. */
static void print_levels(FILE *to, const struct histogram *histogram) {
    uint64_t counted = 0;
    double level = 0;
    for (uint32_t index = 0; index < HISTOGRAM_COUNTS && counted < histogram->total; index++) {
        counted += histogram->counts[index];
        bool due = histogram->counts[index] > 0;
        while (due && level <= 100 * (double)counted / (double)histogram->total) {
            print_level(to, histogram_value(index), level, counted);
            level = next_level(level);
            due = counted < histogram->total;
        }
        if (counted == histogram->total)
            print_level(to, histogram_value(index), 100, counted);
    }
}

/* HdrHistogram takes every value of a bucket for the one in its middle. */
static double middle(uint32_t index) {
    uint64_t low = histogram_lowest(index);
    uint64_t half = (histogram_value(index) - low + 1) / 2;
    return (double)(low + half);
}

static void moments(const struct histogram *histogram, double *mean, double *deviation) {
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < HISTOGRAM_COUNTS; i++)
        sum += (double)histogram->counts[i] * middle(i);
    *mean = sum / (double)histogram->total;
    for (uint32_t i = 0; i < HISTOGRAM_COUNTS; i++)
        squares += (double)histogram->counts[i] * (middle(i) - *mean) * (middle(i) - *mean);
    *deviation = sqrt(squares / (double)histogram->total);
}

static uint64_t highest(const struct histogram *histogram) {
    uint32_t index = HISTOGRAM_COUNTS - 1;
    while (index > 0 && histogram->counts[index] == 0)
        index--;
    return histogram_value(index);
}

int export_hgrm(FILE *to, const struct export_input *input, struct problem *problem) {
    if (input->count != 1)
        return problem_set(problem, EINVAL,
                           "an .hgrm file holds one histogram, and %zu cells are chosen; name one "
                           "with --cell",
                           input->count);
    struct histogram *sum = malloc(sizeof *sum);
    if (sum == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for a histogram");
    int error = add_up(input->run, input->cells[0], sum, problem);
    if (error == 0) {
        double mean, deviation;
        moments(sum, &mean, &deviation);
        (void)fputs("       Value     Percentile TotalCount 1/(1-Percentile)\n\n", to);
        print_levels(to, sum);
        (void)fprintf(to, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", mean / ns_per_unit,
                      deviation / ns_per_unit);
        (void)fprintf(to, "#[Max     = %12.3f, Total count    = %12llu]\n",
                      (double)highest(sum) / ns_per_unit, (unsigned long long)sum->total);
        (void)fprintf(to, "#[Buckets = %12d, SubBuckets     = %12d]\n", HISTOGRAM_BUCKETS,
                      2 * HISTOGRAM_HALF);
    }
    free(sum);
    return error;
}

/* ---- .hlog ---- */

/* A tag can hold neither comma nor blank; a key's commas become semicolons. */
static void hlog_tag(FILE *to, const char *key) {
    for (; *key != '\0'; key++)
        (void)fputc(*key == ',' ? ';' : *key, to);
}

static void hlog_trial(FILE *to, const struct record *trial) {
    (void)fputs("Tag=", to);
    hlog_tag(to, trial->key);
    (void)fprintf(to, ",%lld.000,%.3f,%.3f,%s\n", run_seconds(trial->started),
                  trial->duration_ns / 1e9, trial->max_ns / ns_per_ms, trial->histogram);
}

int export_hlog(FILE *to, const struct export_input *input, struct problem *problem) {
    (void)problem;
    const char *date = run_environment(input->run, NULL, "date");
    (void)fprintf(to,
                  "#[Histogram log format version 1.3]\n"
                  "#[Values are in ns, maxima in ms; a tag is a cell's key, its commas ';']\n"
                  "#[StartTime: %lld.000 (seconds since epoch), %s]\n"
                  "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                  "\"Interval_Compressed_Histogram\"\n",
                  run_seconds(date), date);
    for (size_t t = 0; t < input->run->trial_count; t++)
        for (size_t i = 0; i < input->count; i++) {
            const struct record *trial = &input->run->trials[t];
            if (run_counts(trial, input->cells[i]) && trial->histogram != NULL)
                hlog_trial(to, trial);
        }
    return 0;
}
