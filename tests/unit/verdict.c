/* SPDX-License-Identifier: MIT */
/*
 * verdict.c - the best choice for known cells: who wins, who ties, what is left out.
 */
#include "judge/verdict.h"
#include "judged_run.h"

static void answers_are_known(void **state) {
    (void)state;
    struct run run = {0};
    struct verdict verdicts[VERDICT_QUESTIONS];
    judged_add(&run, "pipe/pingpong/spin/cross-core/64B", "core", 1000, 0.05);
    judged_add(&run, "shm/pingpong/spin/cross-core/64B", "core", 100, 0.05);
    judged_add(&run, "shm/pingpong/park/cross-core/64B", "core", 110, 0.05);
    judged_add(&run, "null/pingpong/block/cross-core/64B", "control", 10, 0.05);
    judged_add(&run, "value/pingpong/spin/cross-core/64B", "kernel", 50, 0.05)->not_a_channel =
        true;
    judged_add(&run, "shm/pingpong/spin/same-core/64B", "core", 1, 0.05);
    judged_add(&run, "pipe/pingpong/block/cross-core/64B", "core", 50000, 0.05);
    judged_add(&run, "unix/pingpong/block/cross-core/64B", "core", 60000, 0.01);
    judged_add(&run, "unix/pingpong/spin/cross-core/64B", "core", 1, 0.01)->status = RECORD_FAILED;
    verdict_make(&run, verdicts);
    assert_string_equal(verdicts[0].best->key, "shm/pingpong/spin/cross-core/64B");
    assert_string_equal(verdicts[0].runner_up.right->key, "pipe/pingpong/spin/cross-core/64B");
    assert_true(verdicts[0].runner_up.outcome == CONTEST_LEFT);
    assert_float_equal(verdicts[0].runner_up.times, 10, 1e-9);
    assert_float_equal(verdicts[0].runner_up.times_low, 950.0 / 105, 1e-9);
    assert_float_equal(verdicts[0].runner_up.times_high, 1050.0 / 95, 1e-9);
    assert_int_equal(verdicts[0].candidates, 3);
    assert_int_equal(verdicts[0].tied_count, 0);
    assert_null(verdicts[0].cheapest);
    assert_string_equal(verdicts[1].best->key, "pipe/pingpong/block/cross-core/64B");
    assert_string_equal(verdicts[1].placement, "cross-core");
    assert_null(verdicts[2].best); /* nothing blocks on one CPU here */
    assert_null(verdicts[3].best); /* nor is there anything of 4 KiB */
    run_free(&run);
}

static void overlap_is_a_tie_and_the_cheapest_is_named(void **state) {
    (void)state;
    struct run run = {0};
    struct verdict verdicts[VERDICT_QUESTIONS];
    char text[1024];
    judged_add(&run, "pipe/pingpong/block/same-core/4KiB", "core", 5000, 0.1);
    judged_add(&run, "unix/pingpong/block/same-core/4KiB", "core", 5900, 0.1);
    judged_add(&run, "shm/pingpong/block/same-core/4KiB", "core", 5400, 0.01)->cpu_ns = 900;
    judged_add(&run, "fifo/pingpong/block/same-core/4KiB", "kernel", 9000, 0.1);
    verdict_make(&run, verdicts);
    const struct verdict *verdict = &verdicts[5];
    assert_string_equal(verdict->best->cell.transport, "pipe");
    assert_string_equal(verdict->runner_up.right->cell.transport, "shm");
    assert_int_equal(verdict->tied_count, 2);
    assert_string_equal(verdict->tied[0]->cell.transport, "unix");
    assert_string_equal(verdict->tied[1]->cell.transport, "shm");
    assert_string_equal(verdict->cheapest->cell.transport, "shm");
    verdict_say(verdict, text, sizeof text);
    assert_string_equal(text, "pipe, block, 5.00 us (4.50 us to 5.50 us); ties with unix, shm; "
                              "least CPU: shm, 900 ns");
    run_free(&run);
}

static void a_step_of_the_clock_is_no_difference(void **state) {
    (void)state;
    struct run run = {0};
    struct record trial;
    struct verdict verdicts[VERDICT_QUESTIONS];
    judged_add(&run, "shm/pingpong/spin/cross-core/64B", "core", 70, 0);
    judged_add(&run, "pipe/pingpong/spin/cross-core/64B", "core", 80, 0);
    for (size_t i = 0; i < 2; i++) {
        record_init(&trial);
        memcpy(trial.key, run.cells[i].key, sizeof trial.key);
        trial.clock_quantum_ns = i == 0 ? 10 : 9.9;
        assert_int_equal(run_add(&run, &trial), 0);
    }
    verdict_make(&run, verdicts);
    assert_true(verdicts[0].runner_up.outcome == CONTEST_LEFT);
    run.trials[1].clock_quantum_ns = 10;
    verdict_make(&run, verdicts);
    assert_true(verdicts[0].runner_up.outcome == CONTEST_TIE);
    run_free(&run);
}

static void one_trial_cannot_tell(void **state) {
    (void)state;
    struct run run = {0};
    struct verdict verdicts[VERDICT_QUESTIONS];
    char text[1024];
    judged_add(&run, "shm/pingpong/block/same-core/64B", "core", 70, NAN);
    judged_add(&run, "pipe/pingpong/block/same-core/64B", "core", 8000, 0.1);
    verdict_make(&run, verdicts);
    assert_true(verdicts[2].runner_up.outcome == CONTEST_UNKNOWN);
    verdict_say(&verdicts[2], text, sizeof text);
    assert_string_equal(text, "shm, block, 70.0 ns (one trial: no interval); cannot tell by how "
                              "much: next is pipe, block, 8.00 us (7.20 us to 8.80 us)");
    run_free(&run);
}

static void hyperthreads_stand_in_where_there_is_nothing_else(void **state) {
    (void)state;
    struct run run = {0};
    struct verdict verdicts[VERDICT_QUESTIONS];
    judged_add(&run, "shm/pingpong/spin/smt/64B", "core", 20, 0.1);
    verdict_make(&run, verdicts);
    assert_string_equal(verdicts[0].placement, "smt");
    judged_add(&run, "shm/pingpong/spin/same-l3/64B", "core", 70, 0.1);
    verdict_make(&run, verdicts);
    assert_string_equal(verdicts[0].placement, "same-l3");
    json_t *json = verdict_to_json(verdicts);
    assert_int_equal(json_array_size(json), VERDICT_QUESTIONS);
    assert_string_equal(json_string_value(json_object_get(json_array_get(json, 0), "best")),
                        "shm/pingpong/spin/same-l3/64B");
    assert_true(json_is_null(json_object_get(json_array_get(json, 0), "runner_up")));
    json_decref(json);
    run_free(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_known),
        cmocka_unit_test(overlap_is_a_tie_and_the_cheapest_is_named),
        cmocka_unit_test(a_step_of_the_clock_is_no_difference),
        cmocka_unit_test(one_trial_cannot_tell),
        cmocka_unit_test(hyperthreads_stand_in_where_there_is_nothing_else),
    };
    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
