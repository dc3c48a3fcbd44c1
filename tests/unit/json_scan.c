/* SPDX-License-Identifier: MIT */
/*
 * json_scan.c - what would take too much memory is refused before it is parsed, and what stands in
 * strings doesn't count.
 */
#include "base/json_scan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* `count` times the same, allocated. */
static char *repeat(const char *text, size_t count) {
    size_t length = strlen(text);
    char *all = malloc(length * count + 1);
    assert_non_null(all);
    for (size_t i = 0; i < count; i++)
        memcpy(all + i * length, text, length);
    all[length * count] = '\0';
    return all;
}

static void depth_is_limited(void **state) {
    (void)state;
    char *deep = repeat("[", 100000);
    assert_int_equal(json_scan(deep, JSON_SCAN_MAX_DEPTH), 0);
    assert_int_equal(json_scan(deep, JSON_SCAN_MAX_DEPTH + 1), -ELOOP);
    assert_int_equal(json_scan(deep, 100000), -ELOOP);
    free(deep);
    char *wide = repeat("[{}]", 1000);
    assert_int_equal(json_scan(wide, 4000), 0);
    free(wide);
}

static void the_number_of_values_is_limited(void **state) {
    (void)state;
    char *many = repeat("1,", JSON_SCAN_MAX_VALUES);
    assert_int_equal(json_scan(many, 2 * JSON_SCAN_MAX_VALUES - 2), 0);
    assert_int_equal(json_scan(many, 2 * JSON_SCAN_MAX_VALUES), -E2BIG);
    free(many);
}

static void strings_do_not_count(void **state) {
    (void)state;
    char *inside = repeat("[\\\",", 1000000);
    inside[0] = '"';
    assert_int_equal(json_scan(inside, strlen(inside)), 0);
    free(inside);
    assert_int_equal(json_scan("\"cut off\\", 9), 0);
}

static void what_is_no_json_is_left_to_the_parser(void **state) {
    (void)state;
    assert_int_equal(json_scan("", 0), 0);
    assert_int_equal(json_scan("]]]]}}}}", 8), 0);
    assert_int_equal(json_scan("\0\xff\0", 3), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(the_number_of_values_is_limited),
        cmocka_unit_test(strings_do_not_count),
        cmocka_unit_test(what_is_no_json_is_left_to_the_parser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
