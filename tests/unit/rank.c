/* SPDX-License-Identifier: MIT */
/*
 * rank.c - the gate's statistics against answers that others published, and by counting.
 */
#include "stats/rank.h"

#include "stats/stats.h"
#include "within.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void assert_close(double is, double should, double within) {
    if (!(fabs(is - should) <= within))
        fail_msg("%.12g should be %.12g", is, should);
}

/* Hollander and Wolfe, Nonparametric Statistical Methods (1973), table 3.1: depression scales of
 * nine patients at two visits, the first minus the second. Also in R's help of wilcox.test, whose
 * one-sided p is 0.01953. */
static const double depression[] = {1.83 - 0.878, 0.50 - 0.647, 1.62 - 0.598,
                                    2.48 - 2.05,  1.68 - 1.06,  1.88 - 1.29,
                                    1.55 - 1.06,  3.06 - 3.14,  1.30 - 1.29};

static void the_depression_scales_give_the_published_answers(void **state) {
    (void)state;
    assert_close(rank_signed_p(depression, COUNT(depression)), 2 * 10 / 512.0, 1e-12);
    struct rank_shift shift = rank_shift_of(depression, COUNT(depression), 0.95);
    assert_close(shift.estimate, 0.46, 1e-9);
    assert_close(shift.low, 0.010, 1e-9);
    assert_close(shift.high, 0.786, 1e-9);
    assert_close(shift.coverage, 0.961, 5e-4);
}

/* The largest T that is significant at .05, two-sided, for 6 to 25 pairs: the table that stands in
 * most textbooks since F. Wilcoxon and R. A. Wilcox (1964), Some Rapid Approximate Statistical
 * Procedures. */
static void critical_values_are_those_of_the_tables(void **state) {
    (void)state;
    static const size_t critical[] = {0,  2,  3,  5,  8,  10, 13, 17, 21, 25,
                                      29, 34, 40, 46, 52, 58, 65, 73, 81, 89};
    for (size_t i = 0; i < COUNT(critical); i++) {
        double values[RANK_MOST];
        for (size_t more = 0; more < 2; more++) {
            size_t count = i + 6, left = critical[i] + more;
            for (size_t rank = count; rank > 0; rank--) {
                int negative = rank <= left;
                values[rank - 1] = negative ? -(double)rank : (double)rank;
                left -= negative ? rank : 0;
            }
            double p = rank_signed_p(values, count);
            if ((p <= 0.05) == (more == 1))
                fail_msg("n = %zu, T = %zu: p = %g", count, critical[i] + more, p);
        }
    }
}

/* All 2^n signs, one by one. */
static double counted_p(const double *values, size_t count) {
    double ranks[12], least = INFINITY, extreme = 0;
    double total = 0, positive = 0;
    for (size_t i = 0; i < count; i++) {
        double below = 0, equal = 0;
        for (size_t j = 0; j < count; j++) {
            below += fabs(values[j]) < fabs(values[i]);
            equal += !(fabs(values[j]) < fabs(values[i])) && !(fabs(values[j]) > fabs(values[i]));
        }
        ranks[i] = below + (equal + 1) / 2;
        total += ranks[i];
        positive += values[i] > 0 ? ranks[i] : 0;
    }
    least = fmin(positive, total - positive);
    for (uint32_t signs = 0; signs < UINT32_C(1) << count; signs++) {
        double sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += signs >> i & 1 ? ranks[i] : 0;
        extreme += sum <= least;
    }
    return fmin(1, 2 * extreme / (double)(UINT32_C(1) << count));
}

static void the_p_is_that_of_all_signs_also_with_ties(void **state) {
    (void)state;
    uint64_t random = 5;
    for (int i = 0; i < 60; i++) {
        double values[12];
        size_t count = 1 + stats_random_below(&random, COUNT(values));
        for (size_t j = 0; j < count; j++) { /* few sizes, so that many tie; none is 0 */
            double size = 1 + (double)stats_random_below(&random, 6);
            values[j] = stats_random_below(&random, 3) > 0 ? size : -size;
        }
        assert_close(rank_signed_p(values, count), counted_p(values, count), 1e-12);
    }
}

static void zeros_say_nothing(void **state) {
    (void)state;
    static const double with[] = {0, 3, 1, 0, 2, -4, 5}, without[] = {3, 1, 2, -4, 5};
    assert_close(rank_signed_p(with, 7), rank_signed_p(without, 5), 1e-12);
    assert_close(rank_signed_p(with, 1), 1, 0);
    assert_close(rank_signed_p(with, 0), 1, 0);
}

static void few_numbers_cover_what_they_can(void **state) {
    (void)state;
    static const double values[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct rank_shift seven = rank_shift_of(values, 7, 0.99),
                      eight = rank_shift_of(values, 8, 0.99);
    assert_close(seven.coverage, 1 - 2 / 128.0, 1e-12); /* not 99% */
    assert_close(eight.coverage, 1 - 2 / 256.0, 1e-12);
    assert_close(eight.low, 1, 0);
    assert_close(eight.high, 8, 0);
    assert_close(eight.estimate, 4.5, 1e-12);
    assert_true(isnan(rank_shift_of(values, 0, 0.99).estimate));
    assert_close(rank_shift_of(values, 1, 0.99).coverage, 0, 1e-12);
}

/* Samples of twelve around 0 with a skewless distribution: the interval must miss 0 as rarely as it
 * says. */
static void the_interval_covers_as_often_as_it_says(void **state) {
    (void)state;
    enum { SAMPLES = 20000 };
    uint64_t random = 77;
    int missed = 0;
    for (int i = 0; i < SAMPLES; i++) {
        double values[12];
        for (size_t j = 0; j < COUNT(values); j++)
            values[j] = (double)stats_random_below(&random, 1000001) - 500000;
        struct rank_shift shift = rank_shift_of(values, COUNT(values), 0.9);
        missed += shift.low > 0 || shift.high < 0;
        if (i == 0) /* P(T <= 17) = 0.0461 for n = 12 */
            assert_close(shift.coverage, 1 - 2 * 0.0461, 1e-4);
    }
    assert_within(missed, 1700, 1990); /* 9.22% of them: 1844, and 3.5 standard deviations */
}

/* R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm"). */
static void holm_steps_down_as_r_does(void **state) {
    (void)state;
    static const double p[] = {0.03, 0.01, 0.05, NAN, 0.02, 0.04};
    static const double should[] = {0.09, 0.05, 0.09, NAN, 0.08, 0.09};
    double adjusted[COUNT(p)];
    rank_holm(p, COUNT(p), adjusted);
    for (size_t i = 0; i < COUNT(p); i++)
        if (isnan(should[i]))
            assert_true(isnan(adjusted[i]));
        else
            assert_close(adjusted[i], should[i], 1e-12);
    rank_holm(p + 2, 1, adjusted);
    assert_close(adjusted[0], 0.05, 1e-12);
}

/* Clopper and Pearson's equations themselves, by the sum of the binomial terms. */
static double tail_at_least(size_t hits, size_t count, double share) {
    double term = 1, sum = 0;
    for (size_t i = 0; i < count; i++)
        term *= 1 - share;
    for (size_t k = 0; k <= count; k++) {
        sum += k >= hits ? term : 0;
        term *= (double)(count - k) / (double)(k + 1) * share / (1 - share);
    }
    return sum;
}

/* R's help of binom.test: 682 of 925, after Conover (1971). The rest has closed forms. */
static void shares_have_the_exact_bounds(void **state) {
    (void)state;
    struct rank_bounds peas = rank_share(682, 925, 0.95);
    assert_close(peas.low, 0.7076683, 5e-8);
    assert_close(peas.high, 0.7654066, 5e-8);
    struct rank_bounds none = rank_share(0, 100, 0.95), all = rank_share(100, 100, 0.95);
    assert_close(none.low, 0, 0);
    assert_close(none.high, 1 - pow(0.025, 0.01), 1e-9);
    assert_close(all.low, pow(0.025, 0.01), 1e-9);
    assert_close(all.high, 1, 0);
    struct rank_bounds some = rank_share(7, 40, 0.95);
    assert_close(tail_at_least(7, 40, some.low), 0.025, 1e-9);
    assert_close(1 - tail_at_least(8, 40, some.high), 0.025, 1e-9);
    assert_close(rank_share(0, 0, 0.95).high, 1, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_depression_scales_give_the_published_answers),
        cmocka_unit_test(critical_values_are_those_of_the_tables),
        cmocka_unit_test(the_p_is_that_of_all_signs_also_with_ties),
        cmocka_unit_test(zeros_say_nothing),
        cmocka_unit_test(few_numbers_cover_what_they_can),
        cmocka_unit_test(the_interval_covers_as_often_as_it_says),
        cmocka_unit_test(holm_steps_down_as_r_does),
        cmocka_unit_test(shares_have_the_exact_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
