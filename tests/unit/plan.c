/* SPDX-License-Identifier: MIT */
/*
 * plan.c - which cells a selection means. plan_next.c tests what becomes of them.
 */
#include "run/plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct plan_transport pipe_like = {.name = "pipe", .waits = {true, true, false}};
static const struct plan_transport shm_like = {.name = "shm", .waits = {true, true, true}};
static const struct plan_transport null_like = {
    .name = "null", .solo = true, .waits = {true, false, false}};
static const struct placement two_cpus[] = {{"same-core", "same-core", 1, 1},
                                            {"cross-core", "same-l3", 0, 1}};
static const enum ipc_wait all_waits[] = {IPC_BLOCK, IPC_SPIN, IPC_PARK};
static const char one_workload[][WORKLOAD_SPEC_BYTES] = {"pingpong"};
static const uint64_t two_sizes[] = {8, 4096};

/* All waits, both placements and both sizes, none of them named by the user. */
static struct plan_input defaults(const struct plan_transport *transports, size_t count) {
    return (struct plan_input){.transports = transports,
                               .transport_count = count,
                               .workloads = one_workload,
                               .workload_count = 1,
                               .waits = all_waits,
                               .wait_count = COUNT(all_waits),
                               .placements = two_cpus,
                               .placement_count = COUNT(two_cpus),
                               .sizes = two_sizes,
                               .size_count = COUNT(two_sizes)};
}

/* Compares the keys with those expected, ended by NULL; one that is not possible begins with '!'.
 */
static void assert_cells(const struct plan_input *input, const char *const *expected) {
    struct plan plan;
    struct problem problem = {""};
    assert_int_equal(plan_make(input, &plan, &problem), 0);
    size_t count = 0;
    for (; count < plan.cell_count && expected[count] != NULL; count++) {
        const char *key = expected[count] + (expected[count][0] == '!');
        assert_string_equal(plan.cells[count].key, key);
        assert_int_equal(plan.cells[count].possible, expected[count][0] != '!');
    }
    assert_null(expected[count]);
    assert_int_equal(plan.cell_count, count);
    plan_free(&plan);
}

static void defaults_take_what_each_can_and_never_spin_on_one_core(void **state) {
    (void)state;
    const struct plan_transport transports[] = {pipe_like, shm_like, null_like};
    struct plan_input input = defaults(transports, COUNT(transports));
    input.size_count = 1;
    assert_cells(&input,
                 (const char *const[]){
                     "pipe/pingpong/block/same-core/8B", "pipe/pingpong/block/cross-core/8B",
                     "pipe/pingpong/spin/cross-core/8B", "shm/pingpong/block/same-core/8B",
                     "shm/pingpong/block/cross-core/8B", "shm/pingpong/spin/cross-core/8B",
                     "shm/pingpong/park/cross-core/8B", "null/pingpong/block/same-core/8B", NULL});
}

static void knobs_are_part_of_the_key(void **state) {
    (void)state;
    struct plan_transport knobs = {
        .name = "pipe", .knobs = "bufsize=1M", .waits = {true, false, false}};
    struct plan_input input = defaults(&knobs, 1);
    input.placement_count = 1;
    assert_cells(&input,
                 (const char *const[]){"pipe:bufsize=1M/pingpong/block/same-core/8B",
                                       "pipe:bufsize=1M/pingpong/block/same-core/4KiB", NULL});
}

/* Which waits are noted as dropped, when the user named waits or placements or both. */
static void assert_dropped(bool waits_named, bool placements_named, size_t cells, bool noted) {
    struct plan plan;
    struct problem problem = {""};
    struct plan_input input = defaults(&shm_like, 1);
    input.size_count = 1;
    input.waits_named = waits_named;
    input.placements_named = placements_named;
    assert_int_equal(plan_make(&input, &plan, &problem), 0);
    assert_int_equal(plan.cell_count, cells);
    assert_false(plan.dropped[IPC_BLOCK]);
    assert_int_equal(plan.dropped[IPC_SPIN], noted);
    assert_int_equal(plan.dropped[IPC_PARK], noted);
    plan_free(&plan);
}

static void spinning_on_one_core_must_be_asked_for_by_both_names(void **state) {
    (void)state;
    assert_dropped(false, false, 4, false);
    assert_dropped(true, false, 4, true);
    assert_dropped(false, true, 4, true);
    assert_dropped(true, true, 6, false);
}

static void a_pair_of_one_cpu_is_one_core_too(void **state) {
    (void)state;
    static const struct placement pair = {"1,1", "same-core", 1, 1};
    struct plan_input input = defaults(&pipe_like, 1);
    input.placements = &pair;
    input.placement_count = 1;
    input.placements_named = true;
    input.size_count = 1;
    assert_cells(&input, (const char *const[]){"pipe/pingpong/block/1,1/8B", NULL});
    input.waits_named = true;
    assert_cells(&input, (const char *const[]){"pipe/pingpong/block/1,1/8B",
                                               "pipe/pingpong/spin/1,1/8B", NULL});
}

static void a_solo_transport_has_one_placement(void **state) {
    (void)state;
    struct plan_input input = defaults(&null_like, 1);
    input.size_count = 1;
    input.placements_named = true;
    assert_cells(&input, (const char *const[]){"null/pingpong/block/same-core/8B", NULL});
    input.placements = two_cpus + 1;
    input.placement_count = 1;
    assert_cells(&input, (const char *const[]){"null/pingpong/block/cross-core/8B", NULL});
}

static void a_wait_that_both_names_ask_for_is_kept_as_not_possible(void **state) {
    (void)state;
    static const enum ipc_wait park[] = {IPC_PARK};
    struct plan_transport transports[] = {pipe_like, shm_like};
    struct plan_input input = defaults(transports, 2);
    input.waits = park;
    input.wait_count = 1;
    input.waits_named = true;
    input.placements = two_cpus + 1;
    input.placement_count = 1;
    input.size_count = 1;
    assert_cells(&input, (const char *const[]){"shm/pingpong/park/cross-core/8B", NULL});
    transports[0].named = true;
    assert_cells(&input, (const char *const[]){"!pipe/pingpong/park/cross-core/8B",
                                               "shm/pingpong/park/cross-core/8B", NULL});
    input.waits_named = false;
    assert_cells(&input, (const char *const[]){"shm/pingpong/park/cross-core/8B", NULL});
}

static void a_size_that_both_names_ask_for_is_kept_as_not_possible(void **state) {
    (void)state;
    struct plan_transport small = {.name = "mq", .waits = {true}, .max_bytes = 4095};
    struct plan_input input = defaults(&small, 1);
    input.placement_count = 1;
    assert_cells(&input, (const char *const[]){"mq/pingpong/block/same-core/8B", NULL});
    input.sizes_named = true;
    assert_cells(&input, (const char *const[]){"mq/pingpong/block/same-core/8B", NULL});
    small.named = true;
    assert_cells(&input, (const char *const[]){"mq/pingpong/block/same-core/8B",
                                               "!mq/pingpong/block/same-core/4KiB", NULL});
    small.max_bytes = 4096;
    assert_cells(&input, (const char *const[]){"mq/pingpong/block/same-core/8B",
                                               "mq/pingpong/block/same-core/4KiB", NULL});
}

static void a_placement_that_is_not_here_is_kept_as_not_possible(void **state) {
    (void)state;
    static const struct placement absent = {"cross-socket", "", -1, -1};
    struct plan_transport block = {.name = "pipe", .waits = {true}};
    struct plan_input input = defaults(&block, 1);
    input.placements = &absent;
    input.placement_count = 1;
    input.placements_named = true;
    input.size_count = 1;
    assert_cells(&input, (const char *const[]){"!pipe/pingpong/block/cross-socket/8B", NULL});
}

static void a_plan_without_cells_is_refused(void **state) {
    (void)state;
    static const enum ipc_wait spin[] = {IPC_SPIN};
    struct plan plan;
    struct problem problem = {""};
    struct plan_input input = defaults(&pipe_like, 1);
    input.waits = spin;
    input.wait_count = 1;
    input.waits_named = true;
    input.placement_count = 1;
    assert_int_equal(plan_make(&input, &plan, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "-p same-core"));
    input.transports = &null_like;
    assert_int_equal(plan_make(&input, &plan, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "ipcbench list"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_take_what_each_can_and_never_spin_on_one_core),
        cmocka_unit_test(knobs_are_part_of_the_key),
        cmocka_unit_test(spinning_on_one_core_must_be_asked_for_by_both_names),
        cmocka_unit_test(a_pair_of_one_cpu_is_one_core_too),
        cmocka_unit_test(a_solo_transport_has_one_placement),
        cmocka_unit_test(a_wait_that_both_names_ask_for_is_kept_as_not_possible),
        cmocka_unit_test(a_size_that_both_names_ask_for_is_kept_as_not_possible),
        cmocka_unit_test(a_placement_that_is_not_here_is_kept_as_not_possible),
        cmocka_unit_test(a_plan_without_cells_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
