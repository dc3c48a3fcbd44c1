/* SPDX-License-Identifier: MIT */
/*
 * blocks.c - the test of two groups against known answers of R, its false alarms, and what counts
 * as measured by turns.
 */
#include "stats/blocks.h"

#include "stats/stats.h"
#include "within.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_near(double is, double should) {
    if (!(fabs(is - should) <= 1e-9 * (1 + fabs(should))))
        fail_msg("%.17g should be %.17g", is, should);
}

/* All choices of 4 of 8 are 70, and one of them is the most extreme to each side. */
static void separate_groups_have_the_least_p(void **state) {
    (void)state;
    static const double low[] = {1, 2, 3, 4}, high[] = {5, 6, 7, 8};
    struct blocks_shift shift = blocks_compare(low, 4, high, 4, 0.95);
    assert_near(shift.p, 2.0 / 70);
    assert_near(shift.least_p, 2.0 / 70);
    assert_near(shift.estimate, 4);
    assert_near(blocks_compare(high, 4, low, 4, 0.95).estimate, -4);
    assert_near(blocks_compare(high, 4, low, 4, 0.95).p, 2.0 / 70);
}

/* Of the 20 choices of 3 of 6, the sum of the ranks 2, 4, 6 or more is that of 7: p = 2 * 7 / 20.
 */
static void a_p_that_can_be_counted_by_hand(void **state) {
    (void)state;
    static const double first[] = {1, 3, 5}, second[] = {2, 4, 6};
    assert_near(blocks_compare(first, 3, second, 3, 0.95).p, 0.7);
    assert_near(blocks_compare(first, 3, second, 3, 0.95).estimate, 1);
}

/* Ties: of ranks 1, 2.5, 2.5, 4 the pair with the greatest sum, 6.5, is 2 of 6 choices. */
static void ties_share_their_rank(void **state) {
    (void)state;
    static const double first[] = {1, 2}, second[] = {2, 3};
    assert_near(blocks_compare(first, 2, second, 2, 0.95).p, 2.0 * 2 / 6);
    static const double same[] = {7, 7, 7};
    assert_near(blocks_compare(same, 3, same, 3, 0.95).p, 1);
    assert_near(blocks_compare(same, 3, same, 3, 0.95).estimate, 0);
}

/* R: wilcox.test(second, first, conf.int = TRUE) has 11 of 25 pairs below for qwilcox(0.025, 5, 5)
 * = 3, so the interval reaches from the 3rd smallest difference to the 3rd largest. */
static void the_interval_is_that_of_r(void **state) {
    (void)state;
    static const double first[] = {0, 1, 2, 3, 4}, second[] = {10, 21, 32, 43, 54};
    struct blocks_shift shift = blocks_compare(first, 5, second, 5, 0.95);
    assert_near(shift.low, 8);                      /* 6, 7, 8, ... */
    assert_near(shift.high, 52);                    /* 54, 53, 52, ... */
    assert_near(shift.coverage, 1 - 2 * 4.0 / 252); /* sums of 0, 1, 2 (twice) beyond: 4 choices */
}

static void too_few_say_so(void **state) {
    (void)state;
    static const double one[] = {1}, other[] = {2};
    struct blocks_shift shift = blocks_compare(one, 1, other, 1, 0.95);
    assert_near(shift.p, 1);
    assert_near(shift.least_p, 1);
    assert_near(shift.low, 1);
    assert_near(shift.high, 1);
    assert_true(shift.coverage <= 0.01);
    assert_true(isnan(blocks_compare(one, 0, other, 1, 0.95).p));
}

/* Under the null at most a share alpha of p is below alpha, at the greatest size too. */
static void false_alarms_are_as_promised(void **state) {
    (void)state;
    uint64_t random = 1;
    int alarms = 0, misses = 0;
    for (int round = 0; round < 400; round++) {
        double first[8], second[8];
        for (int i = 0; i < 8; i++) {
            first[i] = (double)stats_random_below(&random, 1U << 30);
            second[i] = (double)stats_random_below(&random, 1U << 30);
        }
        struct blocks_shift shift = blocks_compare(first, 8, second, 8, 0.95);
        alarms += shift.p < 0.05;
        misses += shift.low > 0 || shift.high < 0;
        assert_true((shift.p < 0.05) == (shift.low > 0 || shift.high < 0) || shift.p > 0.04);
    }
    assert_within(alarms, 5, 32); /* 20 are expected, 4.4 is their deviation */
    assert_within(misses, 5, 32);
    double many[2 * BLOCKS_MOST];
    for (int i = 0; i < 2 * BLOCKS_MOST; i++)
        many[i] = i;
    struct blocks_shift apart =
        blocks_compare(many, BLOCKS_MOST, many + BLOCKS_MOST, BLOCKS_MOST, 0.95);
    assert_true(apart.p >= 0 && apart.p < 1e-20);
}

static void by_turns(void **state) {
    (void)state;
    static const double a[] = {1, 4, 5}, b[] = {2, 3, 6};
    assert_true(blocks_interleaved(a, 3, b, 3)); /* ABBAAB */
    static const double later[] = {7, 8, 9};
    assert_false(blocks_interleaved(a, 3, later, 3)); /* AAABBB */
    assert_false(blocks_interleaved(a, 3, b, 2));
    static const double same[] = {1, 4, 5};
    assert_false(blocks_interleaved(a, 3, same, 3));
    static const double skewed[] = {2, 6, 7};
    assert_false(blocks_interleaved(a, 3, skewed, 3)); /* ABAABB: the last pair is A(5), B(7) */
    assert_false(blocks_interleaved(a, 0, b, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(separate_groups_have_the_least_p),
                                       cmocka_unit_test(a_p_that_can_be_counted_by_hand),
                                       cmocka_unit_test(ties_share_their_rank),
                                       cmocka_unit_test(the_interval_is_that_of_r),
                                       cmocka_unit_test(too_few_say_so),
                                       cmocka_unit_test(false_alarms_are_as_promised),
                                       cmocka_unit_test(by_turns)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
