/* SPDX-License-Identifier: MIT */
/*
 * json_file.c - what is no file of JSON within the bounds is refused by a sentence that says what
 * it should have been, and what is read is safe to show.
 */
#include "base/json_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PATH "json_file.test"

static const struct json_file_kind kind = {"list of birds", "count some"};

/* Of a file with that text; NULL: of none. */
static int read_as(const char *text, struct json_file *file, struct problem *problem) {
    (void)unlink(PATH);
    if (text != NULL) {
        FILE *to = fopen(PATH, "we");
        assert_non_null(to);
        assert_true(fputs(text, to) >= 0);
        assert_int_equal(fclose(to), 0);
    }
    problem->text[0] = '\0';
    int error = json_file_read(PATH, &kind, file, problem);
    (void)unlink(PATH);
    return error;
}

static void the_first_value_is_read(void **state) {
    (void)state;
    struct json_file file;
    struct problem problem;
    assert_int_equal(read_as(" {\"a\": [1, \"b\"]}\nrest", &file, &problem), 0);
    assert_string_equal(problem.text, "");
    assert_int_equal(json_array_size(json_object_get(file.value, "a")), 2);
    assert_string_equal(file.text + file.value_end, "\nrest");
    assert_int_equal(file.length, strlen(" {\"a\": [1, \"b\"]}\nrest"));
    json_file_free(&file);
    assert_null(file.text);
}

static void strings_are_made_safe_to_show(void **state) {
    (void)state;
    struct json_file file;
    struct problem problem;
    assert_int_equal(read_as("[\"\\u001b[31mred\"]", &file, &problem), 0);
    assert_string_equal(json_string_value(json_array_get(file.value, 0)), "?[31mred");
    json_file_free(&file);
    assert_int_equal(read_as("{\"a\\nb\": 1}", &file, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "name is not printable"));
    json_file_free(&file);
}

static void a_refusal_says_what_was_wanted(void **state) {
    (void)state;
    static char deep[34];
    memset(deep, '[', sizeof deep - 1);
    static const struct {
        const char *text;
        int error;
        const char *says;
    } known[] = {
        {NULL, -ENOENT, PATH ": No such file or directory; count some"},
        {"", -EINVAL, PATH " is empty, so it is no list of birds"},
        {"[1, ", -EINVAL, PATH " is cut off at line 1, column 4"},
        {"[1,\n}", -EINVAL, PATH " is damaged or no list of birds: it is not JSON at line 2"},
        {"{\"a\": 1, \"a\": 2}", -EINVAL, "duplicate"},
        {deep, -EINVAL, PATH " is no list of birds: it is nested deeper than 32 levels"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct json_file file;
        struct problem problem;
        assert_int_equal(read_as(known[i].text, &file, &problem), known[i].error);
        if (strstr(problem.text, known[i].says) == NULL)
            fail_msg("'%s' doesn't say '%s'", problem.text, known[i].says);
        assert_null(file.value);
        json_file_free(&file);
    }
    struct json_file file;
    struct problem problem;
    assert_int_equal(json_file_read(".", &kind, &file, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, ". is a folder; name a list of birds in it"));
    json_file_free(&file);
    assert_int_equal(json_file_read("/dev/zero", &kind, &file, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "not a regular file"));
    json_file_free(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_value_is_read),
        cmocka_unit_test(strings_are_made_safe_to_show),
        cmocka_unit_test(a_refusal_says_what_was_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
