/* SPDX-License-Identifier: MIT */
/*
 * trust.c - each answer at the edge of its criterion, and the sums behind it.
 */
#include "judge/trust.h"
#include "judged_run.h"

/* Trials that were to time: how many of them were flagged, and how many failed. */
static void add_trials(struct run *run, size_t count, size_t flagged, size_t failed) {
    for (size_t i = 0; i < count; i++) {
        struct record trial;
        record_init(&trial);
        trial.placement = (struct placement){.server_cpu = 0, .client_cpu = 1};
        trial.duration_ns = 1000;
        trial.steal_ns = i == 0 ? 200 : 0;
        if (i < flagged)
            (void)snprintf(trial.flags, sizeof trial.flags, i == 0 ? "steal, distance" : "steal");
        if (i >= count - failed)
            trial.status = RECORD_FAILED;
        assert_int_equal(run_add(run, &trial), 0);
    }
}

static struct trust judge(const char *fit, size_t flagged, size_t failed) {
    struct run run = {.environment = json_pack("{s:{s:s, s:[]}}", "doctor", "fit", fit, "checks")};
    struct trust trust;
    add_trials(&run, 10, flagged, failed);
    assert_int_equal(trust_make(&run, &trust), 0);
    trust.fit = NULL; /* ends with the run */
    run_free(&run);
    return trust;
}

static void answers_are_known(void **state) {
    (void)state;
    assert_true(judge("fit", 1, 0).answer == TRUST_YES);
    assert_true(judge("fit", 2, 0).answer == TRUST_WITH_CARE);
    assert_true(judge("fit", 3, 0).answer == TRUST_WITH_CARE);
    assert_true(judge("fit", 4, 0).answer == TRUST_NO);
    assert_true(judge("fit", 0, 1).answer == TRUST_WITH_CARE);
    assert_true(judge("fit", 0, 10).answer == TRUST_CANNOT_TELL);
    assert_true(judge("unfit", 0, 0).answer == TRUST_NO);
}

static void sums_are_known(void **state) {
    (void)state;
    struct trust trust = judge("fit", 2, 3);
    assert_int_equal(trust.trials, 10);
    assert_int_equal(trust.failed, 3);
    assert_int_equal(trust.flagged, 2);
    assert_int_equal(trust.flag_count, 2);
    assert_string_equal(trust.flags[0].name, "steal");
    assert_int_equal(trust.flags[0].trials, 2);
    assert_string_equal(trust.flags[1].name, "distance");
    assert_int_equal(trust.flags[1].trials, 1);
    assert_float_equal(trust.steal_share, 200.0 / (7 * 2 * 1000), 1e-12);
}

static void a_warning_asks_for_care(void **state) {
    (void)state;
    struct run run = {.environment =
                          json_pack("{s:{s:s, s:[{s:s}, {s:s}]}}", "doctor", "fit", "warnings",
                                    "checks", "verdict", "warning", "verdict", "ok")};
    struct trust trust;
    add_trials(&run, 1, 0, 0);
    assert_int_equal(trust_make(&run, &trust), 0);
    assert_int_equal(trust.warnings, 1);
    assert_true(trust.answer == TRUST_WITH_CARE);
    run_free(&run);
}

static void smallest_difference_is_the_median_interval(void **state) {
    (void)state;
    struct run run = {0};
    struct trust trust;
    judged_add(&run, "pipe/pingpong/block/same-core/64B", "core", 100, 0.1);
    judged_add(&run, "unix/pingpong/block/same-core/64B", "core", 100, 0.2);
    judged_add(&run, "shm/pingpong/block/same-core/64B", "core", 100, 0.4);
    judged_add(&run, "null/pingpong/block/same-core/64B", "control", 100, 0.9);
    judged_add(&run, "shm/pingpong/spin/cross-core/64B", "core", 100, NAN);
    assert_int_equal(trust_make(&run, &trust), 0);
    assert_int_equal(trust.place_count, 2);
    assert_string_equal(trust.places[0].placement, "same-core");
    assert_float_equal(trust.places[0].smallest, 120.0 / 80 - 1, 1e-9);
    assert_true(isnan(trust.places[1].smallest));
    run_free(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_known),
        cmocka_unit_test(sums_are_known),
        cmocka_unit_test(a_warning_asks_for_care),
        cmocka_unit_test(smallest_difference_is_the_median_interval),
    };
    return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
