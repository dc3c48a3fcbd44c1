/* SPDX-License-Identifier: MIT */
/*
 * clock.c (test) - the clock agrees with the system's over a span that it was not calibrated on,
 * never runs backwards, and its conversion is exact where the answer is known.
 */
#include "base/clock.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_it_agrees_with_the_system_clock(void **state) {
    (void)state;
    struct clock clock;
    clock_calibrate(&clock);
    /* Each read of ours lies between two of the system's, however long a pause comes between. */
    uint64_t early = clock_system_ns();
    uint64_t ticks = clock_ticks(&clock);
    uint64_t start = clock_system_ns();
    while (clock_system_ns() - start < 20000000)
        continue;
    uint64_t end = clock_system_ns();
    double counted = (double)clock_span_ns(&clock, clock_ticks(&clock) - ticks);
    uint64_t late = clock_system_ns();
    assert_true(counted > 0.99 * (double)(end - start));
    assert_true(counted < 1.01 * (double)(late - early));
}

static void test_it_says_what_it_is(void **state) {
    (void)state;
    struct clock clock;
    clock_calibrate(&clock);
    assert_non_null(clock_name(&clock));
    assert_true(clock.hz > 1e6);
    assert_true(clock.cost_ns > 0 && clock.cost_ns < 1e5);
    assert_true(clock.quantum_ns > 0 && clock.quantum_ns < 1e5);
    assert_true(fabs(clock.ns_per_tick * clock.hz / 1e9 - 1) < 1e-12);
}

static void test_a_step_is_found(void **state) {
    (void)state;
    enum { COUNT = 200 };
    uint64_t differences[COUNT];
    for (uint64_t i = 0; i < COUNT; i++)
        differences[i] = 20 + i % 37;
    assert_int_equal(clock_step_of(differences, COUNT), 1);
    for (uint64_t i = 0; i < COUNT; i++)
        differences[i] = 2 * (10 + i % 17);
    assert_int_equal(clock_step_of(differences, COUNT), 2);
    for (uint64_t i = 0; i < COUNT; i++)
        differences[i] = 26 * (i % 3);
    assert_int_equal(clock_step_of(differences, COUNT), 26);
    for (uint64_t i = 0; i < COUNT; i++)
        differences[i] = 26;
    assert_int_equal(clock_step_of(differences, COUNT), 26);
    differences[7] = 12345; /* a machine that was moved */
    assert_int_equal(clock_step_of(differences, COUNT), 26);
    /* Read twice within a step, the counter adds 1, which the next difference lacks. */
    static const uint64_t odd[] = {26, 1, 25, 52, 26, 1, 51, 26, 26, 78};
    for (uint64_t i = 0; i < COUNT; i++)
        differences[i] = odd[i % 10];
    assert_int_equal(clock_step_of(differences, COUNT), 26);
    for (uint64_t i = 0; i < COUNT; i++)
        differences[i] = i % 2; /* a slow counter */
    assert_int_equal(clock_step_of(differences, COUNT), 1);
}

static void test_it_never_runs_backwards(void **state) {
    (void)state;
    struct clock clock;
    clock_calibrate(&clock);
    uint64_t before = clock_ticks(&clock);
    for (int i = 0; i < 100000; i++) {
        uint64_t now = clock_ticks(&clock);
        assert_true(now >= before);
        before = now;
    }
}

static void test_spans_are_converted(void **state) {
    (void)state;
    const struct clock clock = {.source = CLOCK_MANUAL, .ns_per_tick = 0.4, .hz = 2.5e9};
    assert_int_equal(clock_span_ns(&clock, 0), 0);
    assert_int_equal(clock_span_ns(&clock, 10), 4);
    assert_int_equal(clock_span_ns(&clock, 2500000000), 1000000000);
}

static void test_a_manual_clock_reads_its_variable(void **state) {
    (void)state;
    uint64_t now = 5;
    const struct clock clock = {.source = CLOCK_MANUAL, .manual = &now, .ns_per_tick = 1};
    assert_int_equal(clock_ticks(&clock), 5);
    now = 77;
    assert_int_equal(clock_ticks(&clock), 77);
    assert_string_equal(clock_name(&clock), "manual");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_agrees_with_the_system_clock),
        cmocka_unit_test(test_it_says_what_it_is),
        cmocka_unit_test(test_a_step_is_found),
        cmocka_unit_test(test_it_never_runs_backwards),
        cmocka_unit_test(test_spans_are_converted),
        cmocka_unit_test(test_a_manual_clock_reads_its_variable),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
