/* SPDX-License-Identifier: MIT */
/*
 * within.h - asserts that a count is in a range, both ends included. cmocka's own assert_in_range
 * is deprecated by its version 2, and what that has in its place is unknown to version 1.
 */
#ifndef TESTS_WITHIN_H
#define TESTS_WITHIN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_within(value, low, high)                                                         \
    assert_within_at((uintmax_t)(value), (uintmax_t)(low), (uintmax_t)(high), #value, __FILE__, \
                     __LINE__)

static inline void assert_within_at(uintmax_t value, uintmax_t low, uintmax_t high,
                                    const char *what, const char *file, int line) {
    if (value >= low && value <= high)
        return;
    print_error("%s is %ju, not %ju to %ju\n", what, value, low, high);
    _fail(file, line);
}

#endif
