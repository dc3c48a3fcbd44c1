/* SPDX-License-Identifier: MIT */
/*
 * run.c - what several trials of a cell add up to.
 */
#include "run/run.h"

#include "stats/histlog.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PIPE "pipe/pingpong/block/same-core/64B"
#define UNIX "unix/pingpong/block/same-core/64B"

static void assert_is(double is, double should) {
    if (!(fabs(is - should) <= 1e-9 * (1 + fabs(should))))
        fail_msg("%.17g should be %.17g", is, should);
}

static void assert_unknown(double is) {
    if (!isnan(is))
        fail_msg("%.17g should not be known", is);
}

static int make(void **state) {
    *state = calloc(1, sizeof(struct run));
    return *state == NULL;
}

static int unmake(void **state) {
    run_free(*state);
    free(*state);
    return 0;
}

/* The text of a histogram with `count` values from `first` on, each 1 ns after the other. */
static char *text_of(uint64_t first, uint64_t count) {
    struct histogram *histogram = malloc(sizeof *histogram);
    assert_non_null(histogram);
    histogram_reset(histogram);
    for (uint64_t ns = first; ns < first + count; ns++)
        histogram_record(histogram, ns);
    char *text = histlog_encode(histogram);
    assert_non_null(text);
    free(histogram);
    return text;
}

/* A trial of which every figure is `x` times a number of its own. */
static void trial(struct record *record, const char *key, double x) {
    struct problem problem;
    record_init(record);
    (void)snprintf(record->key, sizeof record->key, "%s", key);
    assert_int_equal(cell_parse(key, &record->cell, &problem), 0);
    record->exchanges = 1000 * x;
    record->stamped = 100 * x;
    record->mean_ns = 2 * x;
    record->min_ns = x;
    record->p50_ns = 3 * x;
    record->p90_ns = 4 * x;
    record->p99_ns = 5 * x;
    record->p999_ns = 6 * x;
    record->max_ns = 7 * x;
    record->per_second = 8 * x;
    record->bytes_per_second = 9 * x;
    record->cpu_ns = 10 * x;
    for (int role = 0; role < IPC_ROLES; role++) {
        record->ends[role].voluntary_switches = 400 * x * (role + 1);
        record->ends[role].involuntary_switches = 25 * x * x;
    }
}

static void add(struct run *run, struct record *record) {
    assert_int_equal(run_add(run, record), 0);
}

static void add_trial(struct run *run, const char *key, double x) {
    struct record record;
    trial(&record, key, x);
    add(run, &record);
}

static void add_other(struct run *run, const char *key, enum record_status status,
                      const char *why) {
    struct record record;
    trial(&record, key, 1e6);
    record.status = status;
    (void)snprintf(record.why, sizeof record.why, "%s", why);
    add(run, &record);
}

static void adding_takes_over_the_record(void **state) {
    struct run *run = *state;
    struct record record;
    trial(&record, PIPE, 1);
    char *text = record.histogram = text_of(1, 5);
    add(run, &record);
    assert_null(record.histogram);
    assert_int_equal(record.key[0], '\0');
    assert_ptr_equal(run->trials[0].histogram, text);
    assert_string_equal(run->trials[0].key, PIPE);
    assert_int_equal(run->trial_count, 1);
}

static void a_run_without_trials_has_no_cells(void **state) {
    struct run *run = *state;
    assert_int_equal(run_summarise(run), 0);
    assert_int_equal(run->cell_count, 0);
    assert_null(run->cells);
}

static void figures_are_medians_extremes_and_sums(void **state) {
    struct run *run = *state;
    add_trial(run, PIPE, 30);
    add_trial(run, PIPE, 10);
    add_trial(run, PIPE, 20);
    assert_int_equal(run_summarise(run), 0);
    assert_int_equal(run->cell_count, 1);
    const struct cell_summary *cell = run->cells;
    assert_string_equal(cell->key, PIPE);
    assert_string_equal(cell->cell.transport, "pipe");
    assert_int_equal(cell->cell.size_bytes, 64);
    assert_int_equal(cell->status, RECORD_OK);
    assert_int_equal(cell->trials, 3);
    assert_int_equal(cell->failed, 0);
    assert_is(cell->exchanges, 100 * (30 + 10 + 20));
    assert_is(cell->mean_ns, 40);
    assert_is(cell->min_ns, 10);
    assert_is(cell->p50_ns, 60);
    assert_is(cell->p90_ns, 80);
    assert_is(cell->p99_ns, 100);
    assert_is(cell->p999_ns, 120);
    assert_is(cell->max_ns, 210);
    assert_is(cell->per_second, 160);
    assert_is(cell->bytes_per_second, 180);
    assert_is(cell->cpu_ns, 200);
    /* of the median trial, x = 20: (400 + 800) * 20 + 2 * 25 * 20^2, by 20000 */
    assert_is(cell->switches, 1.2 + 0.05 * 20);
}

/* The p50s are 30, 60, 90: their geometric mean is 54.5 and the standard error of its logarithm
 * 0.3207; Student's t for 3 is 4.303. */
static void the_interval_of_few_trials_is_wide(void **state) {
    struct run *run = *state;
    for (int x = 1; x <= 3; x++)
        add_trial(run, PIPE, 10 * x);
    assert_int_equal(run_summarise(run), 0);
    double spread[3] = {log(30), log(60), log(90)}, mean = log(30. * 60 * 90) / 3, squares = 0;
    for (int i = 0; i < 3; i++)
        squares += (spread[i] - mean) * (spread[i] - mean);
    double error = sqrt(squares / 2 / 3);
    assert_is(run->cells->p50_low_ns, exp(mean - 4.303 * error));
    assert_is(run->cells->p50_high_ns, exp(mean + 4.303 * error));
}

static void the_interval_of_eight_trials_is_their_range(void **state) {
    struct run *run = *state;
    for (int x = 8; x >= 1; x--)
        add_trial(run, PIPE, x);
    assert_int_equal(run_summarise(run), 0);
    assert_is(run->cells->p50_ns, 13.5);
    assert_is(run->cells->per_second_low, 8);
    assert_is(run->cells->per_second_high, 64);
    assert_is(run->cells->p50_low_ns, 3);
    assert_is(run->cells->p50_high_ns, 24);
}

static void one_trial_has_no_interval(void **state) {
    struct run *run = *state;
    add_trial(run, PIPE, 10);
    assert_int_equal(run_summarise(run), 0);
    assert_is(run->cells->p50_ns, 30);
    assert_unknown(run->cells->p50_low_ns);
    assert_unknown(run->cells->p50_high_ns);
}

static void cells_come_in_the_order_of_their_first_trial(void **state) {
    struct run *run = *state;
    add_trial(run, UNIX, 1);
    add_trial(run, PIPE, 2);
    add_trial(run, UNIX, 3);
    assert_int_equal(run_summarise(run), 0);
    assert_int_equal(run_summarise(run), 0); /* again: replaces, and is the same */
    assert_int_equal(run->cell_count, 2);
    assert_string_equal(run->cells[0].key, UNIX);
    assert_string_equal(run->cells[1].key, PIPE);
    assert_is(run->cells[0].p50_ns, 6);
    assert_is(run->cells[1].p50_ns, 6);
    assert_int_equal(run->cells[0].trials, 2);
    assert_int_equal(run->cells[1].trials, 1);
}

static void trials_that_are_not_ok_only_count(void **state) {
    struct run *run = *state;
    add_other(run, PIPE, RECORD_FAILED, "write: broken pipe");
    add_trial(run, PIPE, 10);
    add_other(run, PIPE, RECORD_FAILED, "write: broken again");
    assert_int_equal(run_summarise(run), 0);
    const struct cell_summary *cell = run->cells;
    assert_int_equal(cell->status, RECORD_OK);
    assert_string_equal(cell->why, "");
    assert_int_equal(cell->trials, 1);
    assert_int_equal(cell->failed, 2);
    assert_is(cell->p50_ns, 30);
    assert_is(cell->max_ns, 70);
    assert_is(cell->exchanges, 1000);
}

static void a_cell_without_an_ok_trial_says_why(void **state) {
    struct run *run = *state;
    add_other(run, PIPE, RECORD_FAILED, "write: broken pipe");
    add_other(run, PIPE, RECORD_SKIPPED, "this host has one CPU");
    assert_int_equal(run_summarise(run), 0);
    const struct cell_summary *cell = run->cells;
    assert_int_equal(cell->status, RECORD_SKIPPED);
    assert_string_equal(cell->why, "this host has one CPU");
    assert_int_equal(cell->trials, 0);
    assert_int_equal(cell->failed, 2);
    const double figures[] = {
        cell->exchanges,  cell->mean_ns,          cell->min_ns, cell->p50_ns,     cell->p90_ns,
        cell->p99_ns,     cell->p999_ns,          cell->max_ns, cell->p50_low_ns, cell->p50_high_ns,
        cell->per_second, cell->bytes_per_second, cell->cpu_ns, cell->switches};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        assert_unknown(figures[i]);
}

static void what_one_trial_does_not_know_is_left_out(void **state) {
    struct run *run = *state;
    struct record record;
    trial(&record, PIPE, 50);
    record.cpu_ns = NAN;
    record.min_ns = NAN;
    record.ends[IPC_SERVER].voluntary_switches = NAN;
    add(run, &record);
    add_trial(run, PIPE, 10);
    assert_int_equal(run_summarise(run), 0);
    assert_is(run->cells->cpu_ns, 100);
    assert_is(run->cells->min_ns, 10);
    assert_is(run->cells->switches, 1.2 + 0.05 * 10);
    assert_is(run->cells->mean_ns, 60);
}

static void a_trial_without_exchanges_has_no_switches_for_each(void **state) {
    struct run *run = *state;
    struct record record;
    trial(&record, PIPE, 1);
    record.exchanges = 0;
    add(run, &record);
    assert_int_equal(run_summarise(run), 0);
    assert_unknown(run->cells->switches);
}

/* Adds a trial that carries a p90 but neither p99 nor p99.9, of 500 values from `first` on. */
static void add_short(struct run *run, uint64_t first) {
    struct record record;
    trial(&record, PIPE, 10);
    record.p99_ns = record.p999_ns = NAN;
    record.histogram = text_of(first, 500);
    add(run, &record);
}

static void small_trials_carry_a_percentile_together(void **state) {
    struct run *run = *state;
    add_short(run, 501);
    assert_int_equal(run_summarise(run), 0);
    assert_unknown(run->cells->p99_ns); /* 5 of 500 beyond: too few */
    add_short(run, 1);
    assert_int_equal(run_summarise(run), 0);
    assert_is(run->cells->p99_ns, 990); /* of 1 to 1000, 10 beyond; a mean or median would differ */
    assert_unknown(run->cells->p999_ns);
    assert_is(run->cells->p90_ns, 40); /* carried by each, so it is their median */
}

static void a_percentile_of_only_some_trials_is_of_all_together(void **state) {
    struct run *run = *state;
    struct record record;
    trial(&record, PIPE, 10);
    record.p999_ns = NAN;
    record.p99_ns = 77777; /* of 1500 values; the other trial doesn't carry one */
    record.histogram = text_of(501, 1500);
    add(run, &record);
    add_short(run, 1);
    assert_int_equal(run_summarise(run), 0);
    assert_is(run->cells->p99_ns, 1980); /* of 1 to 2000 */
}

static void a_histogram_that_is_missing_leaves_it_unknown(void **state) {
    struct run *run = *state;
    add_short(run, 1);
    add_short(run, 501);
    add_short(run, 1001);
    free(run->trials[1].histogram);
    run->trials[1].histogram = NULL;
    assert_int_equal(run_summarise(run), 0);
    assert_unknown(run->cells->p99_ns);
    run->trials[1].histogram = strdup("HISTdamaged=");
    assert_int_equal(run_summarise(run), 0);
    assert_unknown(run->cells->p99_ns);
}

static void the_median_is_not_replaced_by_an_interval_of_fewer(void **state) {
    struct run *run = *state;
    add_trial(run, PIPE, 10);
    add_trial(run, PIPE, 11);
    run->trials[0].p50_ns = NAN;
    assert_int_equal(run_summarise(run), 0);
    assert_unknown(run->cells->p50_ns);
    assert_unknown(run->cells->p50_low_ns);
    assert_unknown(run->cells->p50_high_ns);
}

static void freeing_leaves_an_empty_run(void **state) {
    struct run *run = *state;
    run->environment = json_object();
    run->options = json_object();
    add_short(run, 1);
    assert_int_equal(run_summarise(run), 0);
    run_free(run);
    static const struct run empty;
    assert_memory_equal(run, &empty, sizeof empty);
    run_free(run);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        CASE(adding_takes_over_the_record),
        CASE(a_run_without_trials_has_no_cells),
        CASE(figures_are_medians_extremes_and_sums),
        CASE(the_interval_of_few_trials_is_wide),
        CASE(the_interval_of_eight_trials_is_their_range),
        CASE(one_trial_has_no_interval),
        CASE(cells_come_in_the_order_of_their_first_trial),
        CASE(trials_that_are_not_ok_only_count),
        CASE(a_cell_without_an_ok_trial_says_why),
        CASE(what_one_trial_does_not_know_is_left_out),
        CASE(a_trial_without_exchanges_has_no_switches_for_each),
        CASE(small_trials_carry_a_percentile_together),
        CASE(a_percentile_of_only_some_trials_is_of_all_together),
        CASE(a_histogram_that_is_missing_leaves_it_unknown),
        CASE(the_median_is_not_replaced_by_an_interval_of_fewer),
        CASE(freeing_leaves_an_empty_run),
    };
    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
