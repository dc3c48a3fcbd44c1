/* SPDX-License-Identifier: MIT */
/*
 * changepoint.c - changes that are there are found where they are, and noise has none.
 */
#include "stats/changepoint.h"

#include "stats/stats.h"
#include "within.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MOST = 3000 };

/* About normal: the sum of 12 even numbers. */
static double noise(uint64_t *state) {
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += (double)stats_random_below(state, 1U << 30) / (1U << 30);
    return sum;
}

/* Points around the levels, each of which begins at its index; the last begins beyond the end. */
struct level {
    size_t begin;
    double value;
};

static void fill(double *logs, size_t count, const struct level *levels, double deviation,
                 uint64_t seed) {
    for (size_t i = 0; i < count; i++) {
        while (levels[1].begin <= i)
            levels++;
        logs[i] = levels[0].value + deviation * noise(&seed);
    }
}

static void finds_a_step_where_it_is(void **state) {
    (void)state;
    static const struct level levels[] = {{0, 3}, {20, 3.1}, {SIZE_MAX, 0}};
    struct changepoint found[CHANGEPOINT_MOST];
    double logs[40];
    fill(logs, 40, levels, 0.005, 1);
    assert_int_equal(changepoint_find(logs, 40, found), 1);
    assert_int_equal(found[0].index, 20);
    assert_true(fabs(found[0].shift - 0.1) < 0.01);
    assert_true(found[0].p < CHANGEPOINT_P);
}

static void finds_each_of_several(void **state) {
    (void)state;
    static const struct level levels[] = {{0, 0}, {30, 0.2}, {60, 0.1}, {100, -0.1}, {SIZE_MAX, 0}};
    struct changepoint found[CHANGEPOINT_MOST];
    double logs[140];
    fill(logs, 140, levels, 0.005, 2);
    assert_int_equal(changepoint_find(logs, 140, found), 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(found[i].index, levels[i + 1].begin);
        assert_true(fabs(found[i].shift - (levels[i + 1].value - levels[i].value)) < 0.01);
    }
}

static void finds_them_beyond_one_window(void **state) {
    (void)state;
    static const struct level levels[] = {
        {0, 0}, {CHANGEPOINT_WINDOW - 3, 0.1}, {1500, 0}, {2900, 0.2}, {SIZE_MAX, 0}};
    struct changepoint found[CHANGEPOINT_MOST];
    double logs[MOST];
    fill(logs, MOST, levels, 0.01, 3);
    assert_int_equal(changepoint_find(logs, MOST, found), 3);
    for (int i = 0; i < 3; i++)
        assert_within(found[i].index, levels[i + 1].begin - 1, levels[i + 1].begin + 1);
}

static void too_small_is_none(void **state) {
    (void)state;
    static const struct level levels[] = {{0, 0}, {50, 0.015}, {SIZE_MAX, 0}};
    struct changepoint found[CHANGEPOINT_MOST];
    double logs[100];
    fill(logs, 100, levels, 0.001, 4);
    assert_int_equal(changepoint_find(logs, 100, found), 0);
}

static void too_few_are_none(void **state) {
    (void)state;
    struct changepoint found[CHANGEPOINT_MOST];
    static const double logs[] = {0, 0, 0, 1, 1, 1, 1};
    assert_int_equal(changepoint_find(logs, 7, found), 0);
    assert_int_equal(changepoint_find(logs, 0, found), 0);
    assert_int_equal(changepoint_find(logs, 1, found), 0);
}

/* A single slow run, however slow, is not a change. */
static void an_outlier_is_none(void **state) {
    (void)state;
    static const struct level levels[] = {{0, 0}, {SIZE_MAX, 0}};
    struct changepoint found[CHANGEPOINT_MOST];
    double logs[60];
    fill(logs, 60, levels, 0.01, 5);
    logs[30] = 5;
    assert_int_equal(changepoint_find(logs, 60, found), 0);
}

static void equal_numbers_have_none(void **state) {
    (void)state;
    static const double logs[50] = {0};
    struct changepoint found[CHANGEPOINT_MOST];
    assert_int_equal(changepoint_find(logs, 50, found), 0);
}

/* 400 series of nothing but noise, of 5%: at p < 0.001 hardly any has a change. */
static void noise_has_none(void **state) {
    (void)state;
    static const struct level levels[] = {{0, 0}, {SIZE_MAX, 0}};
    struct changepoint found[CHANGEPOINT_MOST];
    int all = 0;
    for (uint64_t seed = 0; seed < 400; seed++) {
        double logs[40];
        fill(logs, 40, levels, 0.05, 1000 + seed);
        all += changepoint_find(logs, 40, found);
    }
    assert_within(all, 0, 3);
}

/* 5% in noise of 2%, as of same-core cells: found in nearly all of 60 series, close by. */
static void noise_hides_little(void **state) {
    (void)state;
    static const struct level levels[] = {{0, 0}, {20, 0.05}, {SIZE_MAX, 0}};
    struct changepoint found[CHANGEPOINT_MOST];
    int all = 0;
    for (uint64_t seed = 0; seed < 60; seed++) {
        double logs[40];
        fill(logs, 40, levels, 0.02, 2000 + seed);
        int count = changepoint_find(logs, 40, found);
        all += count >= 1 && found[0].index >= 17 && found[0].index <= 23;
    }
    assert_true(all >= 55);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_a_step_where_it_is),
                                       cmocka_unit_test(finds_each_of_several),
                                       cmocka_unit_test(finds_them_beyond_one_window),
                                       cmocka_unit_test(too_small_is_none),
                                       cmocka_unit_test(too_few_are_none),
                                       cmocka_unit_test(an_outlier_is_none),
                                       cmocka_unit_test(equal_numbers_have_none),
                                       cmocka_unit_test(noise_has_none),
                                       cmocka_unit_test(noise_hides_little)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
