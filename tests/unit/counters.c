/* SPDX-License-Identifier: MIT */
/*
 * counters.c (test) - what is counted is exact, what can't be counted is -1.
 */
#include "host/counters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

enum { CALLS = 100 };

static void call_often(void) {
    for (int i = 0; i < CALLS; i++)
        (void)syscall(SYS_getppid);
}

static void test_system_calls_are_counted_exactly(void **state) {
    (void)state;
    struct counters counters;
    int64_t before[COUNTERS], after[COUNTERS];
    int64_t tracepoint = counters_tracepoint();
    if (tracepoint == COUNTERS_NO_TRACEPOINT) {
        print_message("skipped: this host or user may not count by the tracepoint\n");
        skip();
    }
    counters_open(&counters, tracepoint);
    counters_begin(&counters, before);
    call_often();
    counters_end(&counters, after);
    counters_close(&counters);
    assert_true(before[COUNTER_SYSTEM_CALLS] >= 0);
    assert_int_equal(after[COUNTER_SYSTEM_CALLS] - before[COUNTER_SYSTEM_CALLS], CALLS + 1);
}

static void test_without_the_tracepoint_calls_are_unknown(void **state) {
    (void)state;
    struct counters counters;
    int64_t totals[COUNTERS];
    counters_open(&counters, COUNTERS_NO_TRACEPOINT);
    counters_begin(&counters, totals);
    assert_int_equal(totals[COUNTER_SYSTEM_CALLS], -1);
    counters_end(&counters, totals);
    assert_int_equal(totals[COUNTER_SYSTEM_CALLS], -1);
    counters_close(&counters);
}

static void test_the_processors_counters_grow_or_are_unknown(void **state) {
    (void)state;
    struct counters counters;
    int64_t before[COUNTERS], after[COUNTERS];
    counters_open(&counters, COUNTERS_NO_TRACEPOINT);
    counters_begin(&counters, before);
    call_often();
    counters_end(&counters, after);
    for (int i = 0; i < COUNTER_SYSTEM_CALLS; i++) {
        if (counters.fds[i][0] < 0)
            assert_int_equal(after[i], -1);
        else if (before[i] >= 0 && after[i] >= 0)
            assert_true(i == COUNTER_CACHE_MISSES ? after[i] >= before[i] : after[i] > before[i]);
    }
    counters_close(&counters);
}

static void test_closed_counters_are_unknown(void **state) {
    (void)state;
    struct counters counters;
    int64_t totals[COUNTERS];
    counters_open(&counters, counters_tracepoint());
    counters_close(&counters);
    counters_begin(&counters, totals);
    for (int i = 0; i < COUNTERS; i++)
        assert_int_equal(totals[i], -1);
    counters_close(&counters);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_calls_are_counted_exactly),
        cmocka_unit_test(test_without_the_tracepoint_calls_are_unknown),
        cmocka_unit_test(test_the_processors_counters_grow_or_are_unknown),
        cmocka_unit_test(test_closed_counters_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
