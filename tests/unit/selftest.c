/* SPDX-License-Identifier: MIT */
/*
 * selftest.c - made-up records of the controls, and what has to be said of them.
 */
#include "judge/selftest.h"

#include "stats/histlog.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 10, TRIALS = ROUNDS * SELFTEST_CELLS };

struct scene {
    struct record trials[TRIALS];
    struct doctor_report doctor;
    struct selftest_report report;
    size_t rounds;
};

static const double means_ns[SELFTEST_CELLS] = {[SELFTEST_NULL] = 14,
                                                [SELFTEST_NO_DELAY] = 14,
                                                [SELFTEST_DELAY_200] = 214,
                                                [SELFTEST_DELAY_1000] = 1014,
                                                [SELFTEST_RARE_DELAY] = 10014,
                                                [SELFTEST_SAME_CORE] = 4500,
                                                [SELFTEST_SAME_CORE_TWIN] = 4500,
                                                [SELFTEST_CROSS_CORE] = 900,
                                                [SELFTEST_CROSS_CORE_TWIN] = 900,
                                                [SELFTEST_FLOOR] = 200};

/* The text of a histogram of so many exchanges, `slow` of which took 1 ms. */
static char *histogram_of(uint64_t stamped, uint64_t slow) {
    struct histogram *histogram = calloc(1, sizeof *histogram);
    assert_non_null(histogram);
    for (uint64_t i = 0; i < stamped; i++)
        histogram_record(histogram, i < slow ? 1000000 : 20);
    char *text = histlog_encode(histogram);
    assert_non_null(text);
    free(histogram);
    return text;
}

static struct record *trial(struct scene *scene, size_t round, enum selftest_cell cell) {
    return &scene->trials[round * SELFTEST_CELLS + (size_t)cell];
}

static void set_rare(struct scene *scene, uint64_t stamped, uint64_t slow) {
    for (size_t round = 0; round < ROUNDS; round++) {
        struct record *record = trial(scene, round, SELFTEST_RARE_DELAY);
        free(record->histogram);
        record->histogram = histogram_of(stamped, slow);
    }
}

/* Every control as it should be; from round to round all cells scatter alike, by 0.1%. */
static int begin(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    for (size_t i = 0; i < TRIALS; i++) {
        struct record *record = &scene->trials[i];
        double drift = 1 + 0.001 * (double)(i / SELFTEST_CELLS % 3);
        record_init(record);
        record->cell = selftest_cells[i % SELFTEST_CELLS];
        record->mean_ns = means_ns[i % SELFTEST_CELLS] * drift;
        record->p50_ns = record->mean_ns;
        record->clock_quantum_ns = 10;
        record->floor_ns = 100;
        record->placement = (struct placement){"same-core", "same-core", 1, 1};
    }
    for (size_t round = 0; round < ROUNDS; round++)
        trial(scene, round, SELFTEST_RARE_DELAY)->p50_ns = 14;
    scene->rounds = ROUNDS;
    set_rare(scene, 6000, 60);
    *state = scene;
    return 0;
}

static int end(void **state) {
    struct scene *scene = *state;
    for (size_t i = 0; i < TRIALS; i++)
        record_free(&scene->trials[i]);
    free(scene);
    return 0;
}

static const struct selftest_check *check_of(const struct scene *scene, const char *name) {
    for (size_t i = 0; i < scene->report.count; i++)
        if (strcmp(scene->report.checks[i].name, name) == 0)
            return &scene->report.checks[i];
    fail_msg("there is no check '%s'", name);
    return NULL;
}

/* Judges; the check (NULL: none) has that verdict, and every other one passes. */
static void only(struct scene *scene, const char *name, enum selftest_verdict verdict,
                 enum selftest_verdict all) {
    assert_int_equal(selftest_judge(scene->trials, scene->rounds, &scene->doctor, &scene->report),
                     0);
    for (size_t i = 0; i < scene->report.count; i++) {
        const struct selftest_check *check = &scene->report.checks[i];
        bool named = name != NULL && strcmp(check->name, name) == 0;
        if (check->verdict != (named ? verdict : SELFTEST_PASS))
            fail_msg("%s: %s: %s", check->name, selftest_verdicts[check->verdict], check->why);
        assert_true(check->why[0] != '\0' && check->found[0] != '\0' && check->expected[0] != '\0');
    }
    if (name != NULL)
        (void)check_of(scene, name);
    assert_int_equal(scene->report.verdict, all);
}

static void scale(struct scene *scene, enum selftest_cell cell, double factor) {
    for (size_t round = 0; round < ROUNDS; round++) {
        trial(scene, round, cell)->mean_ns *= factor;
        trial(scene, round, cell)->p50_ns *= factor;
    }
}

static void a_quiet_host_passes(void **state) {
    struct scene *scene = *state;
    only(scene, NULL, SELFTEST_PASS, SELFTEST_PASS);
    assert_int_equal(scene->report.count, 9);
    /* The twins are equal in every round: what remains is a step of the clock. */
    assert_true(fabs(scene->report.smallest[0] - 10 / 4504.5) < 1e-5);
    assert_true(fabs(scene->report.smallest[1] - 10 / 900.9) < 1e-4);
}

static void a_delay_that_is_off_fails(void **state) {
    struct scene *scene = *state;
    for (size_t round = 0; round < ROUNDS; round++)
        trial(scene, round, SELFTEST_DELAY_1000)->mean_ns += 50;
    only(scene, "delay of 1 us", SELFTEST_FAIL, SELFTEST_FAIL);
    assert_non_null(strstr(check_of(scene, "delay of 1 us")->why, "1051"));
}

static void a_delay_may_be_off_by_a_step_of_the_clock(void **state) {
    struct scene *scene = *state;
    for (size_t round = 0; round < ROUNDS; round++)
        trial(scene, round, SELFTEST_DELAY_200)->mean_ns -= 9;
    only(scene, NULL, SELFTEST_PASS, SELFTEST_PASS);
    for (size_t i = 0; i < TRIALS; i++)
        scene->trials[i].clock_quantum_ns = 1;
    only(scene, "delay of 200 ns", SELFTEST_FAIL, SELFTEST_FAIL);
}

static void delays_that_scatter_cannot_be_told(void **state) {
    struct scene *scene = *state;
    for (size_t round = 0; round < ROUNDS; round++)
        trial(scene, round, SELFTEST_DELAY_200)->mean_ns += round < 6 ? 40 : -40;
    only(scene, "delay of 200 ns", SELFTEST_UNFIT, SELFTEST_UNFIT);
}

static void three_percent_slow_ones_fail(void **state) {
    struct scene *scene = *state;
    set_rare(scene, 6000, 180);
    only(scene, "rare delay", SELFTEST_FAIL, SELFTEST_FAIL);
    set_rare(scene, 6000, 63);
    only(scene, NULL, SELFTEST_PASS, SELFTEST_PASS);
    set_rare(scene, 6000, 64);
    only(scene, "rare delay", SELFTEST_FAIL, SELFTEST_FAIL);
    set_rare(scene, 6000, 0);
    only(scene, "rare delay", SELFTEST_FAIL, SELFTEST_FAIL);
    set_rare(scene, 900, 9);
    only(scene, "rare delay", SELFTEST_UNFIT, SELFTEST_UNFIT);
}

static void rare_delays_that_move_the_median_fail(void **state) {
    struct scene *scene = *state;
    for (size_t round = 0; round < ROUNDS; round++)
        trial(scene, round, SELFTEST_RARE_DELAY)->p50_ns += 20;
    only(scene, "rare delay", SELFTEST_FAIL, SELFTEST_FAIL);
}

static void a_histogram_that_is_damaged_fails(void **state) {
    struct scene *scene = *state;
    struct record *record = trial(scene, 4, SELFTEST_RARE_DELAY);
    record->histogram[8] = '\0';
    only(scene, "rare delay", SELFTEST_FAIL, SELFTEST_FAIL);
    free(record->histogram);
    record->histogram = NULL;
    only(scene, "rare delay", SELFTEST_FAIL, SELFTEST_FAIL);
}

static void a_broken_tie_fails(void **state) {
    struct scene *scene = *state;
    scale(scene, SELFTEST_CROSS_CORE_TWIN, 1.05);
    only(scene, "tie cross-core", SELFTEST_FAIL, SELFTEST_FAIL);
    scale(scene, SELFTEST_CROSS_CORE_TWIN, 1 / 1.05);
    scale(scene, SELFTEST_SAME_CORE_TWIN, 0.99);
    only(scene, "tie same-core", SELFTEST_FAIL, SELFTEST_FAIL);
}

static void few_rounds_cannot_break_a_tie(void **state) {
    struct scene *scene = *state;
    scale(scene, SELFTEST_CROSS_CORE_TWIN, 1.05);
    scene->rounds = 7;
    only(scene, "tie cross-core", SELFTEST_UNFIT, SELFTEST_UNFIT);
}

/* Nine rounds to one side and one to the other happen by chance, once in fifty times. */
static void one_round_to_the_other_side_keeps_a_tie(void **state) {
    struct scene *scene = *state;
    scale(scene, SELFTEST_SAME_CORE_TWIN, 1.03);
    trial(scene, 2, SELFTEST_SAME_CORE_TWIN)->p50_ns *= 0.94;
    only(scene, NULL, SELFTEST_PASS, SELFTEST_PASS);
}

static void the_smallest_difference_follows_the_scatter(void **state) {
    struct scene *scene = *state;
    for (size_t round = 0; round < ROUNDS; round++)
        trial(scene, round, SELFTEST_CROSS_CORE_TWIN)->p50_ns *= round % 2 == 0 ? 1.1 : 0.9;
    only(scene, NULL, SELFTEST_PASS, SELFTEST_PASS);
    assert_true(fabs(scene->report.smallest[1] - 0.1) < 0.001);
    assert_true(scene->report.smallest[0] < 0.01);
}

static void a_dear_harness_fails(void **state) {
    struct scene *scene = *state;
    scale(scene, SELFTEST_NULL, 100);
    only(scene, "null", SELFTEST_FAIL, SELFTEST_FAIL);
}

static void results_far_from_the_floor_fail(void **state) {
    struct scene *scene = *state;
    scale(scene, SELFTEST_FLOOR, 0.2);
    only(scene, "floor", SELFTEST_FAIL, SELFTEST_FAIL);
    scale(scene, SELFTEST_FLOOR, 5 * 11);
    only(scene, "floor", SELFTEST_FAIL, SELFTEST_FAIL);
    for (size_t i = 0; i < TRIALS; i++)
        scene->trials[i].floor_ns = NAN;
    only(scene, "floor", SELFTEST_UNFIT, SELFTEST_UNFIT);
}

static void flag(struct scene *scene, size_t count, const char *flags) {
    for (size_t i = 0; i < count; i++)
        strcpy(scene->trials[i].flags, flags);
}

static void disturbed_trials_make_it_unfit(void **state) {
    struct scene *scene = *state;
    flag(scene, 33, "neighbour, faults");
    only(scene, NULL, SELFTEST_PASS, SELFTEST_PASS);
    flag(scene, 34, "neighbour, faults");
    only(scene, "interference", SELFTEST_UNFIT, SELFTEST_UNFIT);
    assert_non_null(strstr(check_of(scene, "interference")->why, "something else runs on CPU 1"));
    flag(scene, TRIALS, "faults, distance");
    only(scene, NULL, SELFTEST_PASS, SELFTEST_PASS);
    flag(scene, TRIALS, "steal");
    only(scene, "interference", SELFTEST_UNFIT, SELFTEST_UNFIT);
}

static void noise_explains_a_control_that_fails(void **state) {
    struct scene *scene = *state;
    scale(scene, SELFTEST_DELAY_1000, 1.05);
    flag(scene, TRIALS, "neighbour");
    assert_int_equal(selftest_judge(scene->trials, scene->rounds, &scene->doctor, &scene->report),
                     0);
    assert_int_equal(check_of(scene, "delay of 1 us")->verdict, SELFTEST_FAIL);
    assert_int_equal(scene->report.verdict, SELFTEST_UNFIT);
}

/* A control that can't be told is no excuse for one that is wrong. */
static void what_is_wrong_outweighs_what_cannot_be_told(void **state) {
    struct scene *scene = *state;
    scale(scene, SELFTEST_DELAY_1000, 1.05);
    set_rare(scene, 900, 9);
    assert_int_equal(selftest_judge(scene->trials, scene->rounds, &scene->doctor, &scene->report),
                     0);
    assert_int_equal(scene->report.verdict, SELFTEST_FAIL);
}

static void doctor_has_a_say(void **state) {
    struct scene *scene = *state;
    scene->doctor.count = 1;
    scene->doctor.findings[0] = (struct doctor_finding){"busy CPUs", DOCTOR_WARNING, "", "", ""};
    only(scene, NULL, SELFTEST_PASS, SELFTEST_PASS);
    scene->doctor.findings[0].verdict = DOCTOR_UNFIT;
    only(scene, "doctor", SELFTEST_UNFIT, SELFTEST_UNFIT);
    assert_non_null(strstr(check_of(scene, "doctor")->why, "busy CPUs"));
}

static void a_failed_trial_fails_its_control(void **state) {
    struct scene *scene = *state;
    struct record *record = trial(scene, 3, SELFTEST_FLOOR);
    record->status = RECORD_FAILED;
    strcpy(record->why, "shm: it broke");
    only(scene, "floor", SELFTEST_FAIL, SELFTEST_FAIL);
    assert_string_equal(check_of(scene, "floor")->why, "shm: it broke");
}

static void one_cpu_skips_what_needs_two(void **state) {
    struct scene *scene = *state;
    for (size_t i = 0; i < TRIALS; i++)
        if (strcmp(scene->trials[i].cell.placement, "cross-core") == 0) {
            scene->trials[i].status = RECORD_SKIPPED;
            strcpy(scene->trials[i].why, "one CPU");
        }
    assert_int_equal(selftest_judge(scene->trials, scene->rounds, &scene->doctor, &scene->report),
                     0);
    assert_int_equal(check_of(scene, "tie cross-core")->verdict, SELFTEST_SKIPPED);
    assert_string_equal(check_of(scene, "floor")->why, "one CPU");
    assert_int_equal(scene->report.verdict, SELFTEST_PASS);
    assert_true(isnan(scene->report.smallest[1]));
}

static void without_trials_nothing_can_be_told(void **state) {
    struct scene *scene = *state;
    scene->rounds = 0;
    assert_int_equal(selftest_judge(scene->trials, scene->rounds, &scene->doctor, &scene->report),
                     0);
    assert_int_equal(scene->report.verdict, SELFTEST_UNFIT);
    assert_int_equal(check_of(scene, "null")->verdict, SELFTEST_UNFIT);
    assert_true(isnan(scene->report.smallest[0]));
}

static void as_json(void **state) {
    struct scene *scene = *state;
    scale(scene, SELFTEST_NULL, 100);
    only(scene, "null", SELFTEST_FAIL, SELFTEST_FAIL);
    scene->report.smallest[1] = NAN;
    json_t *json = selftest_to_json(&scene->report);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "verdict")), "failed");
    const json_t *smallest = json_object_get(json, "smallest_difference");
    assert_true(json_is_number(json_object_get(smallest, "same-core")));
    assert_true(json_is_null(json_object_get(smallest, "cross-core")));
    const json_t *check = json_array_get(json_object_get(json, "checks"), 5);
    assert_string_equal(json_string_value(json_object_get(check, "name")), "null");
    assert_string_equal(json_string_value(json_object_get(check, "verdict")), "fail");
    json_decref(json);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_quiet_host_passes),
        TEST(a_delay_that_is_off_fails),
        TEST(a_delay_may_be_off_by_a_step_of_the_clock),
        TEST(delays_that_scatter_cannot_be_told),
        TEST(three_percent_slow_ones_fail),
        TEST(rare_delays_that_move_the_median_fail),
        TEST(a_histogram_that_is_damaged_fails),
        TEST(a_broken_tie_fails),
        TEST(few_rounds_cannot_break_a_tie),
        TEST(one_round_to_the_other_side_keeps_a_tie),
        TEST(the_smallest_difference_follows_the_scatter),
        TEST(a_dear_harness_fails),
        TEST(results_far_from_the_floor_fail),
        TEST(disturbed_trials_make_it_unfit),
        TEST(noise_explains_a_control_that_fails),
        TEST(what_is_wrong_outweighs_what_cannot_be_told),
        TEST(doctor_has_a_say),
        TEST(a_failed_trial_fails_its_control),
        TEST(one_cpu_skips_what_needs_two),
        TEST(without_trials_nothing_can_be_told),
        TEST(as_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
