/* SPDX-License-Identifier: MIT */
/*
 * ability.c - which workloads a transport can do: what a preset says of its knobs holds whoever set
 * them, and no longer than they are set.
 */
#include "trial/ability.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct test_link {
    struct ipc_link base;
    uint64_t pattern, size;
};

static const char *const patterns[] = {"free", "turns", NULL};
static const struct ipc_knob knobs[] = {{.name = "pattern",
                                         .kind = IPC_KNOB_CHOICE,
                                         .offset = offsetof(struct test_link, pattern),
                                         .fallback = "free",
                                         .choices = patterns,
                                         .help = "a choice"},
                                        {.name = "size",
                                         .kind = IPC_KNOB_NUMBER,
                                         .offset = offsetof(struct test_link, size),
                                         .fallback = "1",
                                         .low = 1,
                                         .high = 9,
                                         .help = "a number"},
                                        {.name = NULL}};
static const struct ipc_preset presets[] = {
    {.name = "free", .knobs = "pattern=free"},
    {.name = "turning", .knobs = "pattern=turns", .one_at_a_time = "they take turns"},
    {.name = NULL}};
static const struct ipc_messages messages = {.send = NULL};

static struct ipc_transport transport = {.link_bytes = sizeof(struct test_link),
                                         .knobs = knobs,
                                         .presets = presets,
                                         .messages = {[IPC_BLOCK] = &messages}};
static const struct registry_entry entries[] = {
    {.name = "free", .transport = &transport, .preset = &presets[0]},
    {.name = "turning", .transport = &transport, .preset = &presets[1]}};

static int check(size_t entry, const char *set, enum workload_kind kind, struct problem *problem) {
    const struct workload_spec spec = {.kind = kind};
    return ability_check(&entries[entry], set, &spec, IPC_BLOCK, problem);
}

static void knobs_decide_and_not_the_name(void **state) {
    static const struct {
        size_t entry;
        const char *set;
        int result;
    } cases[] = {{0, "", 0},
                 {0, "size=7", 0},
                 {0, "pattern=turns", -EOPNOTSUPP},
                 {0, "size=7,pattern=turns", -EOPNOTSUPP},
                 {1, "", -EOPNOTSUPP},
                 {1, "size=7", -EOPNOTSUPP},
                 {1, "pattern=free", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct problem problem = {""};
        for (int twice = 0; twice < 2; twice++)
            assert_int_equal(check(cases[i].entry, cases[i].set,
                                   twice ? WORKLOAD_TWICE : WORKLOAD_STREAM, &problem),
                             cases[i].result);
        if (cases[i].result != 0)
            assert_non_null(strstr(problem.text, "they take turns"));
        assert_int_equal(check(cases[i].entry, cases[i].set, WORKLOAD_PINGPONG, &problem), 0);
    }
}

static void a_wait_without_a_table_can_do_nothing(void **state) {
    const struct workload_spec spec = {.kind = WORKLOAD_PINGPONG};
    struct problem problem = {""};
    (void)state;
    assert_int_equal(ability_check(&entries[0], "", &spec, IPC_SPIN, &problem), -EOPNOTSUPP);
    assert_non_null(strstr(problem.text, "free can't spin"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(knobs_decide_and_not_the_name),
                                       cmocka_unit_test(a_wait_without_a_table_can_do_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
