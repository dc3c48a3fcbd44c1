/* SPDX-License-Identifier: MIT */
/*
 * stats.c - medians, quantiles and intervals against known answers, and what the intervals promise.
 */
#include "stats/stats.h"

#include "within.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum { MOST = 32, RESAMPLES = 200 };

static void assert_near(double is, double should) {
    if (!(fabs(is - should) <= 1e-12 * (1 + fabs(should))))
        fail_msg("%.17g should be %.17g", is, should);
}

static void sorting_drops_what_is_not_known(void **state) {
    (void)state;
    double values[] = {3, NAN, -1, INFINITY, NAN, 2};
    assert_int_equal(stats_sort(values, 6), 4);
    static const double sorted[] = {-1, 2, 3, INFINITY};
    for (int i = 0; i < 4; i++)
        assert_true(values[i] == sorted[i]);
    assert_true(isnan(values[4]) && isnan(values[5]));
    assert_int_equal(stats_sort(values + 4, 2), 0);
    assert_int_equal(stats_sort(values, 0), 0);
}

/* R: quantile(c(1, 2, 4, 8, 16), c(0, .1, .25, .5, .9, .95, 1)), type 7 */
static void quantiles_are_those_of_r(void **state) {
    (void)state;
    static const double values[] = {1, 2, 4, 8, 16};
    static const double cases[][2] = {{0, 1},       {0.1, 1.4}, {0.25, 2}, {0.5, 4}, {0.9, 12.8},
                                      {0.95, 14.4}, {1, 16},    {-1, 1},   {2, 16}};
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_near(stats_quantile(values, 5, cases[i][0]), cases[i][1]);
    assert_near(stats_quantile(values, 1, 0.7), 1);
    assert_true(isnan(stats_quantile(values, 0, 0.5)));
}

static void medians_are_the_middle(void **state) {
    (void)state;
    static const double values[] = {1, 2, 4, 8, INFINITY, INFINITY};
    assert_near(stats_median(values, 1), 1);
    assert_near(stats_median(values, 2), 1.5);
    assert_near(stats_median(values, 3), 2);
    assert_near(stats_median(values, 4), 3);
    assert_true(stats_median(values + 4, 2) == (double)INFINITY);
    assert_true(isnan(stats_median(values, 0)));
}

/* The first numbers for the seed 1234567, as published with the generator by others. */
static void the_generator_is_splitmix64(void **state) {
    (void)state;
    static const uint64_t numbers[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                       UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
                                       UINT64_C(16408922859458223821)};
    uint64_t seed = 1234567;
    for (size_t i = 0; i < COUNT(numbers); i++)
        assert_true(stats_random(&seed) == numbers[i]);
}

static void numbers_below_a_bound_are_even(void **state) {
    (void)state;
    uint64_t seed = 1;
    unsigned seen[7] = {0};
    for (int i = 0; i < 70000; i++) {
        uint64_t number = stats_random_below(&seed, 7);
        assert_true(number < 7);
        seen[number]++;
    }
    for (int i = 0; i < 7; i++) /* 10000 each, and 5 standard deviations of 92.6 */
        assert_within(seen[i], 9537, 10463);
    assert_int_equal(stats_random_below(&seed, 1), 0);
}

/* Ranks and coverage as in tables of the sign test; from 6 numbers on they reach 95%. */
static void order_intervals_have_their_exact_coverage(void **state) {
    (void)state;
    static const struct {
        size_t count, low, high;
        double coverage;
    } cases[] = {
        {2, 1, 2, 0.5},
        {3, 1, 3, 0.75},
        {4, 1, 4, 0.875},
        {5, 1, 5, 0.9375},
        {6, 1, 6, 1 - 2 / 64.0},
        {7, 1, 7, 1 - 2 / 128.0},
        {8, 1, 8, 1 - 2 / 256.0},
        {9, 2, 8, 1 - 2 * (1 + 9) / 512.0},
        {10, 2, 9, 1 - 2 * (1 + 10) / 1024.0},
        {12, 3, 10, 1 - 2 * (1 + 12 + 66) / 4096.0},
        {20, 6, 15, 1 - 2 * (1 + 20 + 190 + 1140 + 4845 + 15504) / 1048576.0},
    };
    double values[MOST];
    for (int i = 0; i < MOST; i++)
        values[i] = i + 1;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct stats_interval interval = stats_order_interval(values, cases[i].count, 0.95);
        assert_near(interval.low, (double)cases[i].low);
        assert_near(interval.high, (double)cases[i].high);
        assert_near(interval.coverage, cases[i].coverage);
    }
}

static void order_intervals_of_many_numbers_stay_narrow(void **state) {
    (void)state;
    static double values[4000];
    for (int i = 0; i < 4000; i++)
        values[i] = i + 1;
    struct stats_interval interval = stats_order_interval(values, 4000, 0.95);
    /* 2000.5 and 1.96 times half the root of 4000 to each side */
    assert_true(interval.low >= 1937 && interval.low <= 1940);
    assert_near(interval.low + interval.high, 4001);
    assert_true(interval.coverage >= 0.95 && interval.coverage < 0.953);
}

static void one_number_has_no_interval(void **state) {
    (void)state;
    static const double value[] = {5};
    double scratch[MOST + RESAMPLES];
    struct stats_interval intervals[] = {
        stats_order_interval(value, 1, 0.95),
        stats_order_interval(value, 0, 0.95),
        stats_bootstrap_interval(value, 1, 0.95, RESAMPLES, 1, scratch),
        stats_median_interval(value, 1, RESAMPLES, 1, scratch),
        stats_median_interval(value, 0, RESAMPLES, 1, scratch),
    };
    for (size_t i = 0; i < COUNT(intervals); i++)
        assert_true(isnan(intervals[i].low) && isnan(intervals[i].high) &&
                    isnan(intervals[i].coverage));
}

/* Of 3 numbers the resampled median is the smallest with probability 7/27, so that the outer 2.5%
 * are the smallest and the largest. Of 1, 2, ..., 9 it is 1 with probability 0.0014 and at most 2
 * with 0.0304 (binomial with 1/9 and 2/9, at least 5 of 9), so that the bounds are 2 and 8. */
static void the_bootstrap_finds_its_known_bounds(void **state) {
    (void)state;
    static const double values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static double scratch[9 + 20000];
    struct stats_interval few = stats_bootstrap_interval(values, 3, 0.95, 20000, 1, scratch);
    assert_near(few.low, 1);
    assert_near(few.high, 3);
    struct stats_interval more = stats_bootstrap_interval(values, 9, 0.95, 20000, 1, scratch);
    assert_near(more.low, 2);
    assert_near(more.high, 8);
    assert_true(isnan(more.coverage));
}

static void the_bootstrap_repeats_with_its_seed(void **state) {
    (void)state;
    double values[15];
    double scratch[15 + 40];
    for (int i = 0; i < 15; i++)
        values[i] = i * i;
    struct stats_interval first = stats_bootstrap_interval(values, 15, 0.9, 40, 7, scratch);
    unsigned different = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct stats_interval again = stats_bootstrap_interval(values, 15, 0.9, 40, 7, scratch);
        struct stats_interval other = stats_bootstrap_interval(values, 15, 0.9, 40, seed, scratch);
        assert_true(again.low == first.low && again.high == first.high);
        different += other.low != first.low || other.high != first.high;
    }
    assert_true(different > 0);
}

static void few_numbers_reach_beyond_themselves(void **state) {
    (void)state;
    static const double values[] = {99, 101};
    double scratch[MOST + RESAMPLES];
    struct stats_interval interval = stats_median_interval(values, 2, RESAMPLES, 1, scratch);
    double error = (log(101) - log(99)) / 2; /* of the mean of the logarithms */
    assert_near(interval.low, sqrt(99 * 101) * exp(-12.706 * error));
    assert_near(interval.high, sqrt(99 * 101) * exp(12.706 * error));
    assert_near(interval.coverage, 0.5);
    static const double lopsided[] = {0, 100, 100, 100, 100}; /* 0 has no logarithm */
    interval = stats_median_interval(lopsided, 5, RESAMPLES, 1, scratch);
    assert_near(interval.low, 0); /* 80 - 2.776 * 20 = 24.48 would leave the smallest out */
    assert_near(interval.high, 80 + 2.776 * 20);
}

static void equal_numbers_have_an_interval_of_no_width(void **state) {
    (void)state;
    static const double values[] = {70, 70, 70, 70, 70, 70, 70, 70};
    double scratch[MOST + RESAMPLES];
    for (size_t count = 2; count <= 8; count++) {
        struct stats_interval interval =
            stats_median_interval(values, count, RESAMPLES, 1, scratch);
        assert_near(interval.low, 70);
        assert_near(interval.high, 70);
    }
}

static double uniform(uint64_t *seed) {
    return ((double)(stats_random(seed) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(uint64_t *seed) {
    double radius = sqrt(-2 * log(uniform(seed)));
    return radius * cos(2 * acos(-1) * uniform(seed));
}

/* As latencies are: positive, and scattered by factors. */
static double lognormal(uint64_t *seed) {
    return 5000 * exp(0.1 * normal(seed));
}

/* Three of ten trials ran where everything takes eight times as long. */
static double two_modes(uint64_t *seed) {
    return (uniform(seed) < 0.3 ? 8 : 1) * exp(0.1 * normal(seed));
}

/* The share of 1000 samples whose interval holds the true median. */
static double covered(size_t count, double (*draw)(uint64_t *), double median, bool bootstrap) {
    uint64_t seed = 42;
    double values[MOST];
    double scratch[MOST + RESAMPLES];
    int held = 0;
    for (uint64_t sample = 0; sample < 1000; sample++) {
        for (size_t i = 0; i < count; i++)
            values[i] = draw(&seed);
        (void)stats_sort(values, count);
        struct stats_interval interval =
            bootstrap ? stats_bootstrap_interval(values, count, 0.95, RESAMPLES, sample, scratch)
                      : stats_median_interval(values, count, RESAMPLES, sample, scratch);
        held += interval.low <= median && median <= interval.high;
    }
    return held / 1000.0;
}

/* Fixed seeds, so this can't fail by chance. The median of two_modes is where 0.7 of its lower mode
 * has 0.5: 0.1 times the normal quantile of 5/7. */
static void intervals_cover_what_they_promise(void **state) {
    (void)state;
    for (size_t count = 2; count <= 10; count++) {
        assert_true(covered(count, lognormal, 5000, false) >= 0.93);
        assert_true(covered(count, two_modes, exp(0.0565948821932863), false) >= 0.88);
    }
    assert_true(covered(3, normal, 0, true) < 0.80);
    assert_true(covered(7, normal, 0, true) < 0.92);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorting_drops_what_is_not_known),
        cmocka_unit_test(quantiles_are_those_of_r),
        cmocka_unit_test(medians_are_the_middle),
        cmocka_unit_test(the_generator_is_splitmix64),
        cmocka_unit_test(numbers_below_a_bound_are_even),
        cmocka_unit_test(order_intervals_have_their_exact_coverage),
        cmocka_unit_test(order_intervals_of_many_numbers_stay_narrow),
        cmocka_unit_test(one_number_has_no_interval),
        cmocka_unit_test(the_bootstrap_finds_its_known_bounds),
        cmocka_unit_test(the_bootstrap_repeats_with_its_seed),
        cmocka_unit_test(few_numbers_reach_beyond_themselves),
        cmocka_unit_test(equal_numbers_have_an_interval_of_no_width),
        cmocka_unit_test(intervals_cover_what_they_promise),
    };
    return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
