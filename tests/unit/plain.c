/* SPDX-License-Identifier: MIT */
/*
 * plain.c - foreign text can't steer a terminal: in a sentence, in a run file's strings.
 */
#include "base/plain.h"
#include "base/problem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void only_printable_utf8_stays(void **state) {
    (void)state;
    static const struct {
        const char *text, *plain;
    } known[] = {
        {"", ""},
        {"as it is, caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", NULL},
        {"\033[2J", "?[2J"},
        {"a\nb\tc\x7f", "a?b?c?"},
        {"\xc2\x9b"
         "31m",
         "??31m"}, /* CSI, as one character */
        {"\xe2\x80\xae"
         "exe",
         "???exe"},                             /* right-to-left override */
        {"\xff\xc0\x80\xed\xa0\x80", "??????"}, /* no UTF-8, overlong, a surrogate */
        {"\xf4\x90\x80\x80", "????"},           /* beyond the last code point */
        {"cut \xe2\x82", "cut ??"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char text[64];
        (void)strcpy(text, known[i].text);
        plain_text(text);
        assert_string_equal(text, known[i].plain ? known[i].plain : known[i].text);
    }
}

static void a_sentence_is_plain(void **state) {
    (void)state;
    struct problem problem;
    assert_int_equal(problem_set(&problem, EINVAL, "'%s' is wrong", "\033]0;title\a"), -EINVAL);
    assert_string_equal(problem.text, "'?]0;title?' is wrong");
}

static void every_string_of_a_document_is_made_plain(void **state) {
    (void)state;
    json_t *json = json_pack("{s:[s,{s:s}], s:s, s:i}", "list", "a\033b", "deep", "c\nd", "good",
                             "e", "number", 7);
    json_t *wished = json_pack("{s:[s,{s:s}], s:s, s:i}", "list", "a?b", "deep", "c?d", "good", "e",
                               "number", 7);
    assert_int_equal(plain_json(json), 0);
    assert_true(json_equal(json, wished));
    json_decref(json);
    json_decref(wished);
}

static void a_name_that_is_not_plain_is_refused(void **state) {
    (void)state;
    json_t *json = json_pack("{s:{s:i}}", "outer", "in\033ner", 1);
    assert_int_equal(plain_json(json), -EINVAL);
    json_decref(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_printable_utf8_stays),
        cmocka_unit_test(a_sentence_is_plain),
        cmocka_unit_test(every_string_of_a_document_is_made_plain),
        cmocka_unit_test(a_name_that_is_not_plain_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
