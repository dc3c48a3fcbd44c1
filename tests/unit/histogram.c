/* SPDX-License-Identifier: MIT */
/*
 * histogram.c - that the buckets are HdrHistogram's, and what is read back from them.
 */
#include "stats/histogram.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static struct histogram *fresh(void) {
    struct histogram *histogram = malloc(sizeof *histogram);
    assert_non_null(histogram);
    histogram_reset(histogram);
    return histogram;
}

static void record_times(struct histogram *histogram, uint64_t ns, unsigned times) {
    for (unsigned i = 0; i < times; i++)
        histogram_record(histogram, ns);
}

/* HdrHistogram's countsArrayIndex, worked out by hand for 3 digits from 1: subBucketCount 2048,
 * subBucketHalfCount 1024 (magnitude 10), unitMagnitude 0. For example 2050 = 0b100000000010 has 12
 * bits, so bucketIndex is 1, subBucketIndex 2050 >> 1 = 1025, and the index
 * ((1 + 1) << 10) + (1025 - 1024) = 2049. */
static void indexes_are_those_of_hdrhistogram(void **state) {
    (void)state;
    static const struct {
        uint64_t ns, index, low, high;
    } cases[] = {
        {0, 0, 0, 0},
        {1, 1, 1, 1},
        {1023, 1023, 1023, 1023},
        {1024, 1024, 1024, 1024},
        {2047, 2047, 2047, 2047},
        {2048, 2048, 2048, 2049},
        {2049, 2048, 2048, 2049},
        {2050, 2049, 2050, 2051},
        {4095, 3071, 4094, 4095},
        {4096, 3072, 4096, 4099},
        {4099, 3072, 4096, 4099},
        {4100, 3073, 4100, 4103},
        {10000, 4322, 10000, 10007},                /* octave 3: 3 * 1024 + 1250 */
        {1000000, 11169, 999936, 1000447},          /* octave 9: 9 * 1024 + 1953 */
        {1000000000, 21363, 999817216, 1000341503}, /* octave 19: 19 * 1024 + 1907 */
        {UINT64_C(1) << 36, 27648, UINT64_C(1) << 36,
         (UINT64_C(1) << 36) + (UINT64_C(1) << 26) - 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t index = histogram_index(cases[i].ns);
        assert_int_equal(index, cases[i].index);
        assert_int_equal(histogram_lowest(index), cases[i].low);
        assert_int_equal(histogram_value(index), cases[i].high);
    }
}

/* The same in HdrHistogram's own steps, as AbstractHistogram.java has them. */
static uint32_t counts_array_index(uint64_t value) {
    const unsigned leading_zero_count_base = 64 - 0 - 11;
    unsigned bucket = leading_zero_count_base - (unsigned)__builtin_clzll(value | 2047);
    unsigned sub_bucket = (unsigned)(value >> bucket);
    return ((bucket + 1) << 10) + sub_bucket - 1024;
}

static void check_value(uint64_t ns) {
    uint32_t index = histogram_index(ns);
    uint64_t high = histogram_value(index);
    if (index != counts_array_index(ns) || index >= HISTOGRAM_COUNTS || high < ns ||
        histogram_lowest(index) > ns || (high - ns) * 1000 > ns)
        fail_msg("%llu ns is in bucket %u up to %llu", (unsigned long long)ns, index,
                 (unsigned long long)high);
}

/* Every bucket at both of its ends, in order, without a gap; and every value up to 2^20. */
static void buckets_hold_all_values_within_a_thousandth(void **state) {
    (void)state;
    uint32_t last = histogram_index(HISTOGRAM_MAX_NS);
    uint64_t next = 0;
    for (uint32_t index = 0; index <= last; index++) {
        assert_int_equal(histogram_lowest(index), next);
        next = histogram_value(index) + 1;
        assert_int_equal(histogram_index(next - 1), index);
        check_value(histogram_lowest(index));
        check_value(histogram_value(index));
    }
    assert_true(next > HISTOGRAM_MAX_NS);
    for (uint64_t ns = 0; ns < UINT64_C(1) << 20; ns++)
        check_value(ns);
}

static void all_powers_and_their_neighbours_fit(void **state) {
    (void)state;
    for (unsigned bit = 1; bit <= 36; bit++)
        for (uint64_t ns = (UINT64_C(1) << bit) - 1;
             ns <= (UINT64_C(1) << bit) + 1 && ns <= HISTOGRAM_MAX_NS; ns++)
            check_value(ns);
}

static void values_beyond_the_range_count_as_the_largest(void **state) {
    (void)state;
    struct histogram *histogram = fresh();
    histogram_record(histogram, UINT64_MAX);
    histogram_record(histogram, HISTOGRAM_MAX_NS + 1);
    histogram_record(histogram, HISTOGRAM_MAX_NS);
    assert_int_equal(histogram->counts[27648], 3);
    assert_int_equal(histogram->max_ns, HISTOGRAM_MAX_NS);
    assert_int_equal(histogram->sum_ns, 3 * HISTOGRAM_MAX_NS);
    assert_int_equal(histogram_percentile(histogram, 50), HISTOGRAM_MAX_NS);
    free(histogram);
}

static void nothing_recorded_is_nothing(void **state) {
    (void)state;
    struct histogram *histogram = fresh();
    assert_int_equal(histogram->total, 0);
    assert_int_equal(histogram_percentile(histogram, 50), 0);
    assert_int_equal(histogram_percentile(histogram, 100), 0);
    assert_true(isnan(histogram_mean(histogram)));
    assert_false(histogram_carries(histogram, 0));
    free(histogram);
}

static void min_max_and_mean_are_exact(void **state) {
    (void)state;
    struct histogram *histogram = fresh();
    histogram_record(histogram, 100001);
    assert_int_equal(histogram->min_ns, 100001);
    assert_int_equal(histogram->max_ns, 100001);
    assert_true(histogram_mean(histogram) == 100001);
    histogram_record(histogram, 0);
    histogram_record(histogram, 200003);
    assert_int_equal(histogram->min_ns, 0);
    assert_int_equal(histogram->max_ns, 200003);
    assert_true(histogram_mean(histogram) == 100001 + 1 / 3.0);
    free(histogram);
}

static void percentiles_of_one_to_a_thousand(void **state) {
    (void)state;
    struct histogram *histogram = fresh();
    for (uint64_t ns = 1000; ns > 0; ns--)
        histogram_record(histogram, ns);
    static const struct {
        double percent;
        uint64_t ns;
    } cases[] = {
        {0, 1},      {0.1, 1},    {0.11, 2},   {1, 10},       {50, 500},   {50.05, 501},
        {90, 900},   {99, 990},   {99.9, 999}, {99.91, 1000}, {100, 1000}, {-5, 1},
        {120, 1000}, {28.4, 284}, {57.3, 573}, {14.2, 142},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(histogram_percentile(histogram, cases[i].percent), cases[i].ns);
    free(histogram);
}

/* The rank is ceil(n * p) in whole numbers, for every n: decimal fractions must not lift it. */
static void ranks_are_exact_for_every_total(void **state) {
    (void)state;
    static const unsigned per_mille[] = {500, 900, 990, 999};
    struct histogram *histogram = fresh();
    for (uint64_t total = 1; total <= 1500; total++) {
        histogram_record(histogram, total); /* the n-th smallest is n */
        for (size_t i = 0; i < COUNT(per_mille); i++)
            assert_int_equal(histogram_percentile(histogram, per_mille[i] / 10.0),
                             (total * per_mille[i] + 999) / 1000);
    }
    free(histogram);
}

static void percentiles_are_the_top_of_their_bucket_but_not_beyond_the_max(void **state) {
    (void)state;
    struct histogram *histogram = fresh();
    record_times(histogram, 10001, 5); /* of the bucket from 10000 to 10007 */
    assert_int_equal(histogram_percentile(histogram, 50), 10001);
    record_times(histogram, 20000, 5);
    assert_int_equal(histogram_percentile(histogram, 50), 10007);
    assert_int_equal(histogram_percentile(histogram, 51), 20000);
    free(histogram);
}

static void ten_values_beyond_carry_a_percentile(void **state) {
    (void)state;
    static const struct {
        unsigned total;
        double percent;
        int carries;
    } cases[] = {
        {10, 50, 0},    {19, 50, 0},   {20, 50, 1},     {99, 90, 0},      {100, 90, 1},
        {999, 99, 0},   {1000, 99, 1}, {9999, 99.9, 0}, {10000, 99.9, 1}, {10000, 99.99, 0},
        {1000, 100, 0}, {11, 0, 1},    {10, 0, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct histogram *histogram = fresh();
        record_times(histogram, 5, cases[i].total);
        assert_int_equal(histogram_carries(histogram, cases[i].percent), cases[i].carries);
        free(histogram);
    }
}

static void adding_is_as_if_recorded_together(void **state) {
    (void)state;
    struct histogram *one = fresh();
    struct histogram *two = fresh();
    struct histogram *both = fresh();
    struct histogram *empty = fresh();
    for (uint64_t ns = 3; ns < 1000000; ns = ns * 5 / 4 + 1) {
        histogram_record(ns % 2 ? one : two, ns);
        histogram_record(both, ns);
    }
    histogram_add(one, two);
    histogram_add(one, empty);
    assert_memory_equal(one, both, sizeof *one);
    histogram_add(empty, both);
    assert_memory_equal(empty, both, sizeof *empty);
    free(empty);
    free(both);
    free(two);
    free(one);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(indexes_are_those_of_hdrhistogram),
        cmocka_unit_test(buckets_hold_all_values_within_a_thousandth),
        cmocka_unit_test(all_powers_and_their_neighbours_fit),
        cmocka_unit_test(values_beyond_the_range_count_as_the_largest),
        cmocka_unit_test(nothing_recorded_is_nothing),
        cmocka_unit_test(min_max_and_mean_are_exact),
        cmocka_unit_test(percentiles_of_one_to_a_thousand),
        cmocka_unit_test(ranks_are_exact_for_every_total),
        cmocka_unit_test(percentiles_are_the_top_of_their_bucket_but_not_beyond_the_max),
        cmocka_unit_test(ten_values_beyond_carry_a_percentile),
        cmocka_unit_test(adding_is_as_if_recorded_together),
    };
    return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
