/* SPDX-License-Identifier: MIT */
/*
 * selection.c - the lists of `run`: where a comma starts a new entry and where it doesn't, and what
 * is refused.
 */
#include "run/selection.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* The transports as read, "name[knobs] name[knobs]". */
static void spell_transports(const struct selection *selection, char *text, size_t room) {
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < selection->transport_count; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%s[%s]", i > 0 ? " " : "",
                                 selection->transports[i].name, selection->transports[i].knobs);
}

static void a_comma_belongs_to_knobs_only_before_another_knob(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"pipe", "pipe[]"},
        {"pipe,unix", "pipe[] unix[]"},
        {"pipe,pipe:bufsize=1M,tcp-public", "pipe[] pipe[bufsize=1M] tcp-public[]"},
        {"tcp:nodelay=0,bufsize=1M", "tcp[nodelay=0,bufsize=1M]"},
        {"tcp:nodelay=0,bufsize=1M,pipe", "tcp[nodelay=0,bufsize=1M] pipe[]"},
        {"tcp:nodelay=0,pipe:bufsize=1M", "tcp[nodelay=0] pipe[bufsize=1M]"},
        {"tcp:a=1,b=2,c=3,pipe:d=4,e=5", "tcp[a=1,b=2,c=3] pipe[d=4,e=5]"},
        {"tcp:address=::1,nodelay=0", "tcp[address=::1,nodelay=0]"},
        {"tcp:nodelay=0,address=::1", "tcp[nodelay=0,address=::1]"},
        {"pipe,unix,pipe", "pipe[] unix[]"},
        {"pipe:bufsize=1M,pipe:bufsize=2M,pipe:bufsize=1M", "pipe[bufsize=1M] pipe[bufsize=2M]"},
        {"all", "all[]"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct selection selection = {.transport_count = 0};
        struct problem problem = {""};
        char text[256];
        assert_int_equal(selection_transports(cases[i][0], &selection, &problem), 0);
        spell_transports(&selection, text, sizeof text);
        assert_string_equal(text, cases[i][1]);
    }
}

static void two_numbers_in_a_row_are_a_pair_of_cpus(void **state) {
    (void)state;
    static const char *const cases[][5] = {
        {"same-core,0,3", "same-core", "0,3"},
        {"0,3,same-core", "0,3", "same-core"},
        {"0,1,2,3", "0,1", "2,3"},
        {"1,1", "1,1"},
        {"smt,12,7,unpinned,smt", "smt", "12,7", "unpinned"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct selection selection = {.placement_count = 0};
        struct problem problem = {""};
        assert_int_equal(selection_placements(cases[i][0], &selection, &problem), 0);
        size_t expected = 0;
        while (expected < 4 && cases[i][expected + 1] != NULL) {
            assert_string_equal(selection.placements[expected], cases[i][expected + 1]);
            expected++;
        }
        assert_int_equal(selection.placement_count, expected);
    }
}

static void sizes_waits_and_workloads_keep_their_order_and_stand_once(void **state) {
    (void)state;
    struct selection selection = {.size_count = 0};
    struct problem problem = {""};
    assert_int_equal(selection_sizes("4K,8,1024,1K,1M", &selection, &problem), 0);
    const uint64_t sizes[] = {4096, 8, 1024, 1048576};
    assert_int_equal(selection.size_count, COUNT(sizes));
    assert_memory_equal(selection.sizes, sizes, sizeof sizes);
    assert_int_equal(selection_waits("park,block,park", &selection, &problem), 0);
    assert_int_equal(selection.wait_count, 2);
    assert_int_equal(selection.waits[0], IPC_PARK);
    assert_int_equal(selection.waits[1], IPC_BLOCK);
    assert_int_equal(selection_workloads("pingpong,pingpong", &selection, &problem), 0);
    assert_int_equal(selection.workload_count, 1);
    assert_string_equal(selection.workloads[0], "pingpong");
}

static void a_workload_keeps_its_settings(void **state) {
    (void)state;
    static const char *const expected[] = {"rate:hz=10,arrivals=poisson",
                                           "pingpong",
                                           "rate:hz=1000",
                                           "rate:hz=1",
                                           "rate:hz=3",
                                           "rate:hz=10",
                                           "write-write-read",
                                           "stream",
                                           "stream:depth=8,inplace=consume",
                                           "stream:inplace=handover"};
    struct selection selection = {.size_count = 0};
    struct problem problem = {""};
    assert_int_equal(
        selection_workloads(
            "rate:hz=10,arrivals=poisson,pingpong,rate,"
            "rate:arrivals=constant,hz=1000,rate:hz=1..29,write-write-read,stream:depth=0,"
            "stream:inplace=consume,depth=8,stream:inplace=handover",
            &selection, &problem),
        0);
    assert_int_equal(selection.workload_count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++)
        assert_string_equal(selection.workloads[i], expected[i]);
}

static void a_ladder_of_sizes_has_rungs_beside_the_powers(void **state) {
    (void)state;
    static const uint64_t expected[] = {1, 4, 2, 5, 7, 8, 11, 13, 16};
    struct selection selection = {.size_count = 0};
    struct problem problem = {""};
    assert_int_equal(selection_sizes("1..16", &selection, &problem), 0);
    assert_int_equal(selection.size_count, COUNT(expected));
    assert_memory_equal(selection.sizes, expected, sizeof expected);
    selection.size_count = 0;
    assert_int_equal(selection_sizes("1..1M", &selection, &problem), 0);
    assert_int_equal(selection.size_count, 57);
}

struct refusal {
    int (*read)(const char *text, struct selection *selection, struct problem *problem);
    const char *text;
    const char *says;
};

static void what_is_wrong_is_refused_with_its_name(void **state) {
    (void)state;
    static const struct refusal cases[] = {
        {selection_transports, "", "empty"},
        {selection_transports, "pipe,", "empty"},
        {selection_transports, "pipe,,unix", "empty"},
        {selection_transports, ":a=1", "':a=1'"},
        {selection_transports, "pipe:", "'pipe:'"},
        {selection_transports, "pipe:bufsize", "'pipe:bufsize'"},
        {selection_transports, "bufsize=1M", "NAME:bufsize=1M"},
        {selection_transports, "pipe,bufsize=1M", "NAME:bufsize=1M"},
        {selection_transports, "a-name-that-no-transport-can-have", "longer than 31"},
        {selection_placements, "0", "0"},
        {selection_placements, "0,same-core", "0"},
        {selection_placements, "0,1,2", "2"},
        {selection_placements, "same-cor", "'same-core'"},
        {selection_sizes, "12Q", "12Q"},
        {selection_sizes, "0", "'0'"},
        {selection_sizes, "2M", "'2M'"},
        {selection_sizes, "8,-1", "-1"},
        {selection_waits, "spinn", "'spin'"},
        {selection_workloads, "pingpon", "'pingpong'"},
        {selection_workloads, "hz=10", "NAME:hz=10"},
        {selection_workloads, "rate:", "colon"},
        {selection_workloads, "rate:hz=0", "1 to 100000000"},
        {selection_workloads, "rate:hz=9..1", "LOW..HIGH"},
        {selection_workloads, "rate:hz=0..10", "LOW..HIGH"},
        {selection_workloads, "pingpong:hz=1", "no knobs"},
        {selection_sizes, "64..8", "smaller size first"},
        {selection_sizes, "1..2M", "'2M'"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct selection selection = {.transport_count = 0};
        struct problem problem = {""};
        assert_int_equal(cases[i].read(cases[i].text, &selection, &problem), -EINVAL);
        assert_non_null(strstr(problem.text, cases[i].says));
    }
}

static void a_list_that_is_too_long_is_refused(void **state) {
    (void)state;
    char text[1024] = "1";
    struct selection selection = {.size_count = 0};
    struct problem problem = {""};
    for (int i = 2; i <= SELECTION_MAX; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), ",%d", i);
    assert_int_equal(selection_sizes(text, &selection, &problem), 0);
    assert_int_equal(selection.size_count, SELECTION_MAX);
    assert_int_equal(selection_sizes("4096", &selection, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "64"));
}

static void knobs_that_are_too_long_are_refused(void **state) {
    (void)state;
    char text[256] = "pipe:a=1";
    struct selection selection = {.size_count = 0};
    struct problem problem = {""};
    for (int i = 0; i < 60; i++)
        (void)strcat(text, ",b=2");
    assert_int_equal(selection_transports(text, &selection, &problem), -EINVAL);
    assert_true(strlen(selection.transports[0].name) < sizeof selection.transports[0].name);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_comma_belongs_to_knobs_only_before_another_knob),
        cmocka_unit_test(two_numbers_in_a_row_are_a_pair_of_cpus),
        cmocka_unit_test(a_workload_keeps_its_settings),
        cmocka_unit_test(a_ladder_of_sizes_has_rungs_beside_the_powers),
        cmocka_unit_test(sizes_waits_and_workloads_keep_their_order_and_stand_once),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_name),
        cmocka_unit_test(a_list_that_is_too_long_is_refused),
        cmocka_unit_test(knobs_that_are_too_long_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
