/* SPDX-License-Identifier: MIT */
/*
 * nearest.c - which word a typo meant, and when none is near.
 */
#include "base/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const words[] = {"pipe",  "shm",  "unix", "tcp-localhost", "tcp-public",
                                    "block", "spin", "park", "known-delay",   NULL};

static void typos_find_their_word(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"pipe", "pipe"},                   /* itself */
        {"pip", "pipe"},                    /* a letter is missing */
        {"pippe", "pipe"},                  /* one too many */
        {"bipe", "pipe"},                   /* a wrong one */
        {"ipep", "pipe"},                   /* two changes */
        {"sipn", "spin"},                   /* neighbours swapped */
        {"hsm", "shm"},                     /* the same at the start */
        {"UNIX", "unix"},                   /* capitals */
        {"tcp-lcalhots", "tcp-localhost"},  /* a missing letter and a swap */
        {"tcplocal_host", "tcp-localhost"}, /* a third of 13 letters may be wrong */
        {"knwon-dlay", "known-delay"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(nearest(cases[i][0], words), cases[i][1]);
}

static void far_words_find_nothing(void **state) {
    (void)state;
    static const char *const cases[] = {
        "", "x", "qq", "carrier-pigeon", "mmap", "\xff\xfe\xfd", "zzzzzz"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_null(nearest(cases[i], words));
}

static void beginnings_find_the_first(void **state) {
    (void)state;
    assert_string_equal(nearest("tcp", words), "tcp-localhost");
    assert_string_equal(nearest("tcp-p", words), "tcp-public");
    assert_string_equal(nearest("known", words), "known-delay");
    assert_null(nearest("t", words));
}

static void the_nearer_of_two_wins_and_the_first_of_equals(void **state) {
    (void)state;
    static const char *const pairs[] = {"cross-l3", "cross-core", "same-l3", NULL};
    assert_string_equal(nearest("cross-cor", pairs), "cross-core");
    assert_string_equal(nearest("same-13", pairs), "same-l3");
    static const char *const equals[] = {"abcd", "abce", NULL};
    assert_string_equal(nearest("abcf", equals), "abcd");
}

static void any_length_and_an_empty_list_are_fine(void **state) {
    (void)state;
    char text[10000];
    memset(text, 'p', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_null(nearest(text, words));
    static const char *const none[] = {NULL};
    assert_null(nearest("pipe", none));
    const char *const only_long[] = {text, NULL};
    assert_null(nearest("pipe", only_long));
    text[63] = '\0';
    assert_string_equal(nearest(text, only_long), text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typos_find_their_word),
        cmocka_unit_test(far_words_find_nothing),
        cmocka_unit_test(beginnings_find_the_first),
        cmocka_unit_test(the_nearer_of_two_wins_and_the_first_of_equals),
        cmocka_unit_test(any_length_and_an_empty_list_are_fine),
    };
    return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
