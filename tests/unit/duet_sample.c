/* SPDX-License-Identifier: MIT */
/*
 * duet_sample.c - the order of the slices, sorting, quantiles of what comes in steps, and the ratio
 * of two sides whose spans are known.
 */
#include "duet/duet_sample.h"

#include "stats/stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_close(double is, double should) {
    if (!(fabs(is - should) <= 1e-9 * (1 + fabs(should))))
        fail_msg("%.12g should be %.12g", is, should);
}

static void slices_go_abba(void **state) {
    (void)state;
    static const unsigned sides[] = {0, 1, 1, 0, 0, 1, 1, 0};
    for (uint64_t i = 0; i < 8; i++) {
        assert_int_equal(workload_duet_side(0, i), sides[i]);
        assert_int_equal(workload_duet_side(1, i), !sides[i]);
    }
}

static void sorting_sorts(void **state) {
    (void)state;
    enum { COUNT = 5000 };
    static uint32_t values[COUNT], scratch[COUNT];
    uint64_t random = 3, sum = 0, after = 0;
    for (int i = 0; i < COUNT; i++)
        sum += values[i] = (uint32_t)stats_random(&random) >> stats_random_below(&random, 31);
    duet_sample_sort(values, scratch, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_true(i == 0 || values[i - 1] <= values[i]);
        after += values[i];
    }
    assert_true(sum == after);
    duet_sample_sort(values, scratch, 0);
}

/* Two values, ten apart, with shares that change: the middle of the distribution function passes
 * one half in between, at the share's own place. */
static void quantiles_move_smoothly_between_steps(void **state) {
    (void)state;
    uint32_t values[100];
    double last = 0;
    for (size_t low = 20; low <= 80; low++) {
        for (size_t i = 0; i < 100; i++)
            values[i] = i < low ? 120 : 130;
        double median = duet_sample_quantile(values, 100, 0.5);
        assert_close(median, 120 + 10 * fmin(1, fmax(0, (50 - (double)low / 2) / 50)));
        assert_true(low == 20 || median < last);
        last = median;
    }
    assert_close(duet_sample_quantile(values, 1, 0.9), 120);
    assert_true(isnan(duet_sample_quantile(values, 0, 0.5)));
}

static struct workload_duet_result *result;
static uint32_t *scratch;

static int make_result(void **state) {
    (void)state;
    result = calloc(1, sizeof *result);
    scratch = calloc(2 * WORKLOAD_DUET_MOST_SPANS, sizeof *scratch);
    return result == NULL || scratch == NULL;
}

static int free_result(void **state) {
    (void)state;
    free(scratch);
    free(result);
    return 0;
}

/* Slices of 100 spans around `base` ticks; the second side is slower by `by`; after half of the
 * slices everything is `jump` times as slow, in the middle of a quad. */
static void fill(unsigned first, double base, double by, double jump) {
    enum { SLICES = 40, SPANS = 100 };
    *result = (struct workload_duet_result){.per_stamp = 2, .slices = SLICES};
    for (uint32_t i = 0; i < SLICES; i++) {
        unsigned side = workload_duet_side(first, i);
        for (uint32_t j = 0; j < SPANS; j++) {
            double ticks = base * (1 + (double)j / 1000) * (side == 1 ? by : 1);
            result->ticks[result->spans++] = (uint32_t)(ticks * (i >= SLICES / 2 - 2 ? jump : 1));
        }
        result->exchanges[side] += SPANS * 2;
        result->starts[i + 1] = result->spans;
    }
}

static void the_sides_are_kept_apart(void **state) {
    (void)state;
    struct duet_sample samples[2];
    for (unsigned first = 0; first < 2; first++) {
        fill(first, 100000, 1.07, 1);
        duet_sample_take(result, first, 0.5, scratch, samples);
        assert_close(samples[0].exchanges, 4000);
        assert_true(fabs(samples[0].ns[DUET_P50] - 105000 / 4.0) < 30);
        assert_true(fabs(samples[1].ns[DUET_P90] - 109000 * 1.07 / 4.0) < 30);
        for (int s = 0; s < DUET_STATISTICS; s++)
            assert_true(fabs(duet_sample_log_ratio(result, first, (enum duet_statistic)s, samples,
                                                   scratch) -
                             log(1.07)) < 1e-3);
    }
}

/* A host that changes its state within a quad moves the ratio of the whole trial, but not this one.
 */
static void a_jump_of_the_host_does_not_move_the_ratio(void **state) {
    (void)state;
    struct duet_sample samples[2];
    fill(0, 100000, 1.03, 5);
    duet_sample_take(result, 0, 0.5, scratch, samples);
    double log_ratio = duet_sample_log_ratio(result, 0, DUET_P50, samples, scratch);
    assert_true(fabs(log_ratio - log(1.03)) < 1e-3);
}

static void few_spans_carry_no_percentile(void **state) {
    (void)state;
    struct duet_sample samples[2];
    *result = (struct workload_duet_result){.per_stamp = 1, .slices = 4, .spans = 8};
    for (uint32_t i = 0; i < 4; i++)
        result->starts[i + 1] = 2 * (i + 1);
    duet_sample_take(result, 0, 1, scratch, samples);
    assert_true(isnan(samples[0].ns[DUET_P50]));
    assert_true(isnan(duet_sample_log_ratio(result, 0, DUET_P50, samples, scratch)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_go_abba),
        cmocka_unit_test(sorting_sorts),
        cmocka_unit_test(quantiles_move_smoothly_between_steps),
        cmocka_unit_test(the_sides_are_kept_apart),
        cmocka_unit_test(a_jump_of_the_host_does_not_move_the_ratio),
        cmocka_unit_test(few_spans_carry_no_percentile),
    };
    return cmocka_run_group_tests(tests, make_result, free_result);
}
