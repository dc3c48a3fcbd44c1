/* SPDX-License-Identifier: MIT */
/*
 * store_scan.c - what would take too much memory is refused before it is parsed, and what stands in
 * strings doesn't count.
 */
#include "run/store_scan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int scan(const char *text, size_t length, struct problem *problem) {
    problem->text[0] = '\0';
    return store_scan("some.json", text, length, problem);
}

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
    struct problem problem;
    char *deep = repeat("[", 100000);
    assert_int_equal(scan(deep, STORE_MAX_DEPTH, &problem), 0);
    assert_int_equal(scan(deep, STORE_MAX_DEPTH + 1, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "some.json"));
    assert_non_null(strstr(problem.text, "32 levels"));
    assert_int_equal(scan(deep, 100000, &problem), -EINVAL);
    free(deep);
    char *wide = repeat("[{}]", 1000);
    assert_int_equal(scan(wide, 4000, &problem), 0);
    free(wide);
}

static void the_number_of_values_is_limited(void **state) {
    (void)state;
    struct problem problem;
    char *many = repeat("1,", STORE_MAX_VALUES);
    assert_int_equal(scan(many, 2 * STORE_MAX_VALUES - 2, &problem), 0);
    assert_int_equal(scan(many, 2 * STORE_MAX_VALUES, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "2097152 values"));
    free(many);
}

static void strings_do_not_count(void **state) {
    (void)state;
    struct problem problem;
    char *inside = repeat("[\\\",", 1000000);
    inside[0] = '"';
    assert_int_equal(scan(inside, strlen(inside), &problem), 0);
    free(inside);
    assert_int_equal(scan("\"cut off\\", 9, &problem), 0);
}

static void what_is_no_json_is_left_to_the_parser(void **state) {
    (void)state;
    struct problem problem;
    assert_int_equal(scan("", 0, &problem), 0);
    assert_int_equal(scan("]]]]}}}}", 8, &problem), 0);
    assert_int_equal(scan("\0\xff\0", 3, &problem), 0);
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
