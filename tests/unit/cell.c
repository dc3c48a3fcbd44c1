/* SPDX-License-Identifier: MIT */
/*
 * cell.c - keys of cells: read, written back the same, and refused with the part that is wrong.
 */
#include "plugin/cell.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void a_key_is_read(void **state) {
    (void)state;
    struct cell cell;
    struct problem problem;
    assert_int_equal(cell_parse("pipe/pingpong/block/cross-core/64B", &cell, &problem), 0);
    assert_string_equal(cell.transport, "pipe");
    assert_string_equal(cell.knobs, "");
    assert_string_equal(cell.workload, "pingpong");
    assert_int_equal(cell.wait, IPC_BLOCK);
    assert_string_equal(cell.placement, "cross-core");
    assert_int_equal(cell.size_bytes, 64);
}

static void knobs_are_kept_as_written(void **state) {
    (void)state;
    struct cell cell;
    struct problem problem;
    const char *key = "tcp-localhost:nodelay=0,address=::1/pingpong/spin/0,3/1M";
    assert_int_equal(cell_parse(key, &cell, &problem), 0);
    assert_string_equal(cell.transport, "tcp-localhost");
    assert_string_equal(cell.knobs, "nodelay=0,address=::1");
    assert_int_equal(cell.wait, IPC_SPIN);
    assert_string_equal(cell.placement, "0,3");
    assert_int_equal(cell.size_bytes, 1048576);
}

static void keys_are_written_in_one_form(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"pipe/pingpong/block/cross-core/64", "pipe/pingpong/block/cross-core/64B"},
        {"pipe/pingpong/block/same-core/4096", "pipe/pingpong/block/same-core/4KiB"},
        {"shm/pingpong/park/unpinned/1048576B", "shm/pingpong/park/unpinned/1MiB"},
        {"shm/pingpong/spin/12,7/1", "shm/pingpong/spin/12,7/1B"},
        {"pipe:bufsize=1M/pingpong/spin/smt/1k", "pipe:bufsize=1M/pingpong/spin/smt/1KiB"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cell cell;
        struct cell again;
        struct problem problem;
        char key[CELL_KEY_BYTES];
        assert_int_equal(cell_parse(cases[i][0], &cell, &problem), 0);
        cell_format(&cell, key);
        assert_string_equal(key, cases[i][1]);
        assert_int_equal(cell_parse(key, &again, &problem), 0);
        assert_memory_equal(&cell, &again, sizeof cell);
    }
}

static void the_longest_cell_fits_into_a_key(void **state) {
    (void)state;
    struct cell cell = {.workload = "pingpong", .wait = IPC_PARK, .size_bytes = 1048575};
    struct cell again;
    struct problem problem;
    char key[CELL_KEY_BYTES];
    memset(cell.transport, 't', sizeof cell.transport - 1);
    memset(cell.knobs, 'k', sizeof cell.knobs - 1);
    strcpy(cell.placement, "10000,20000");
    cell_format(&cell, key);
    assert_int_equal(cell_parse(key, &again, &problem), 0);
    assert_memory_equal(&cell, &again, sizeof cell);
}

static void refused(const char *key, const char *begins, const char *says) {
    struct cell cell = {.size_bytes = 77};
    struct problem problem;
    assert_int_equal(cell_parse(key, &cell, &problem), -EINVAL);
    if (strncmp(problem.text, begins, strlen(begins)) != 0 || strstr(problem.text, says) == NULL)
        fail_msg("'%s' doesn't begin with '%s' and say '%s'", problem.text, begins, says);
    assert_int_equal(cell.size_bytes, 77);
}

static void each_wrong_part_is_named(void **state) {
    (void)state;
    refused("pipe/pingpong/blok/cross-core/64B", "wait 'blok' is unknown",
            "block, spin, park; did you mean 'block'?");
    refused("pipe/pingpong/BLOCK/cross-core/64B", "wait 'BLOCK'", "did you mean 'block'?");
    refused("pipe/pinpong/block/cross-core/64B", "workload 'pinpong'", "did you mean 'pingpong'?");
    refused("pipe/pingpong/block/cross-cor/64B", "placement 'cross-cor'",
            "did you mean 'cross-core'?");
    refused("pipe/pingpong/block/moon/64B", "placement 'moon'", "two CPUs, as in 0,3");
    refused("Pipe/pingpong/block/smt/64B", "transport 'Pipe'", "a-z, 0-9 and '-'");
    refused("/pingpong/block/smt/64B", "transport ''", "ipcbench list");
    refused("abcdefghijklmnopqrstuvwxyzabcdefg/pingpong/block/smt/64B", "transport 'abc",
            "at most 31");
    refused("pipe:/pingpong/block/smt/64B", "transport 'pipe:'", "leave the colon out");
    refused("pipe:a=1 2/pingpong/block/smt/64B", "knobs of 'pipe'", "blank");
    refused("pipe:a=\x01/pingpong/block/smt/64B", "knobs of 'pipe'", "unprintable");
}

static void a_word_far_from_all_gets_no_suggestion(void **state) {
    (void)state;
    struct problem problem;
    assert_int_equal(cell_parse_word("telepathy", "wait", cell_waits, &problem), -EINVAL);
    assert_string_equal(problem.text,
                        "wait 'telepathy' is unknown: it is one of block, spin, park");
    assert_int_equal(cell_parse_word("park", "wait", cell_waits, &problem), IPC_PARK);
}

static void sizes_out_of_range_say_the_range(void **state) {
    (void)state;
    refused("pipe/pingpong/block/smt/0", "size '0' is no message", "the smallest is 1B");
    refused("pipe/pingpong/block/smt/0K", "size '0K' is no message", "the largest 1MiB");
    refused("pipe/pingpong/block/smt/1048577", "size '1048577' is too large", "is 1MiB");
    refused("pipe/pingpong/block/smt/2G", "size '2G' is too large", "is 1MiB");
    refused("pipe/pingpong/block/smt/12Q", "size '12Q' ends in 'Q'", "B, K, M or G");
    refused("pipe/pingpong/block/smt/", "size '' is not a size", "B, K, M or G");
}

static void wrong_numbers_of_parts_show_the_form(void **state) {
    (void)state;
    refused("", "key '' has 1 part ", "TRANSPORT[:KNOB=VALUE,...]/WORKLOAD/WAIT/PLACEMENT/SIZE");
    refused("pipe/pingpong/block/64B", "key '", "has 4 parts");
    refused("pipe/pingpong/block/smt/64B/", "key '", "has 6 parts");
    refused("pipe:path=/tmp/pingpong/block/smt/64B", "key '", "has 6 parts");
    char longest[2000];
    memset(longest, '/', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    refused(longest, "key '", "too long: it has at most 287 characters");
    longest[255] = '\0';
    refused(longest, "key '", "has 256 parts");
}

static void placements_are_words_or_two_cpus(void **state) {
    (void)state;
    struct problem problem;
    static const char *const right[] = {"same-core",  "smt",          "same-l3",    "cross-l3",
                                        "cross-numa", "cross-socket", "cross-core", "unpinned",
                                        "0,0",        "0,3",          "12,7",       "99999,99999"};
    for (size_t i = 0; i < COUNT(right); i++)
        assert_int_equal(cell_check_placement(right[i], &problem), 0);
    static const char *const wrong[] = {"",     ",",    "0",    "0,",     ",1",       "0,1,2",
                                        "0, 1", "-1,0", "00,1", "0,01",   "100000,1", "0,1x",
                                        "a,b",  "0;1",  "0,+1", "smt,smt"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_int_equal(cell_check_placement(wrong[i], &problem), -EINVAL);
        assert_non_null(strstr(problem.text, "placement '"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_read),
        cmocka_unit_test(knobs_are_kept_as_written),
        cmocka_unit_test(keys_are_written_in_one_form),
        cmocka_unit_test(the_longest_cell_fits_into_a_key),
        cmocka_unit_test(each_wrong_part_is_named),
        cmocka_unit_test(a_word_far_from_all_gets_no_suggestion),
        cmocka_unit_test(sizes_out_of_range_say_the_range),
        cmocka_unit_test(wrong_numbers_of_parts_show_the_form),
        cmocka_unit_test(placements_are_words_or_two_cpus),
    };
    return cmocka_run_group_tests_name("cell", tests, NULL, NULL);
}
