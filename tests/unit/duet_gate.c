/* SPDX-License-Identifier: MIT */
/*
 * duet_gate.c - the judge of a duet: verdicts of cells and suites that were made up, the number of
 * trials, and how seldom it alarms where nothing moved.
 */
#include "duet/duet_gate.h"

#include "stats/stats.h"
#include "within.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { CELLS = 40 };

struct scene {
    struct duet_cell cells[CELLS + 1];
    struct duet_suite suite;
    struct duet_judgement judgement;
};

/* About normal, by the sum of twelve uniform numbers. */
static double noise(uint64_t *random) {
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += (double)stats_random_below(random, 1000000) / 1e6;
    return sum;
}

/* A suite of `count` cells, of four transports, that didn't move, with that spread. */
static void make_scene(struct scene *scene, size_t count, size_t trials, double spread,
                       uint64_t seed) {
    memset(scene, 0, sizeof *scene);
    scene->suite = (struct duet_suite){scene->cells, count};
    for (size_t i = 0; i < count; i++) {
        struct duet_cell *cell = &scene->cells[i];
        (void)snprintf(cell->cell.transport, sizeof cell->cell.transport, "t%zu", i % 4);
        cell->limits = (struct duet_limits){.alarm = 0.02, .tolerance = 0.05, .gated = true};
        cell->count = trials;
        for (size_t j = 0; j < trials; j++)
            for (int s = 0; s < DUET_STATISTICS; s++)
                cell->logs[s][j] = spread * noise(&seed);
    }
}

static void slow_down(struct duet_cell *cell, int statistic, double by) {
    for (size_t i = 0; i < cell->count; i++)
        cell->logs[statistic][i] += log1p(by);
}

static void judge(struct scene *scene) {
    duet_gate_judge(&scene->suite, &scene->judgement);
}

static struct scene scene;

static void what_did_not_move_passes(void **state) {
    (void)state;
    make_scene(&scene, CELLS, 12, 0.005, 1);
    judge(&scene);
    assert_int_equal(scene.judgement.verdict, DUET_PASS);
    assert_int_equal(scene.judgement.counts[DUET_PASS], CELLS);
}

static void one_slow_cell_is_named_and_no_other(void **state) {
    (void)state;
    make_scene(&scene, CELLS, 12, 0.005, 2);
    slow_down(&scene.cells[7], DUET_P50, 0.05);
    slow_down(&scene.cells[9], DUET_P90, 0.08);
    slow_down(&scene.cells[11], DUET_P50, -0.05);
    slow_down(&scene.cells[13], DUET_P99, 0.5); /* advisory */
    judge(&scene);
    assert_int_equal(scene.judgement.verdict, DUET_REGRESSION);
    assert_int_equal(scene.cells[7].verdict, DUET_REGRESSION);
    assert_int_equal(scene.cells[9].verdict, DUET_REGRESSION);
    assert_int_equal(scene.cells[11].verdict, DUET_IMPROVEMENT);
    assert_int_equal(scene.cells[13].verdict, DUET_PASS);
    assert_int_equal(scene.judgement.counts[DUET_REGRESSION], 2);
    assert_int_equal(scene.judgement.counts[DUET_PASS], CELLS - 3);
    assert_true(scene.cells[7].findings[DUET_P50].holm < 0.05);
    assert_true(fabs(expm1(scene.cells[7].findings[DUET_P50].shift.estimate) - 0.05) < 0.005);
    assert_true(isnan(scene.cells[7].findings[DUET_P99].p));
}

/* Significant, but less than the alarm: nobody's business. */
static void a_change_below_the_alarm_is_a_pass(void **state) {
    (void)state;
    make_scene(&scene, 8, 12, 0.001, 3);
    slow_down(&scene.cells[0], DUET_P50, 0.015);
    judge(&scene);
    assert_true(scene.cells[0].findings[DUET_P50].holm < 0.05);
    assert_int_equal(scene.cells[0].verdict, DUET_PASS);
}

static void a_noisy_cell_says_what_it_could_have_seen(void **state) {
    (void)state;
    make_scene(&scene, CELLS, 12, 0.005, 4);
    for (size_t j = 0; j < 12; j++)
        scene.cells[3].logs[DUET_P50][j] = j % 2 ? 0.2 : -0.2;
    judge(&scene);
    assert_int_equal(scene.judgement.verdict, DUET_INCONCLUSIVE);
    assert_int_equal(scene.cells[3].verdict, DUET_INCONCLUSIVE);
    double smallest = scene.cells[3].findings[DUET_P50].smallest;
    assert_true(smallest > 0.2 && smallest < 0.5);
    /* And so it is: a little less is not found, a little more is. */
    slow_down(&scene.cells[3], DUET_P50, smallest * 1.02);
    judge(&scene);
    assert_int_equal(scene.cells[3].verdict, DUET_REGRESSION);
}

static void too_few_trials_never_alarm(void **state) {
    (void)state;
    make_scene(&scene, CELLS, 8, 0.001, 5);
    slow_down(&scene.cells[0], DUET_P50, 0.5);
    judge(&scene);
    assert_int_equal(scene.cells[0].verdict, DUET_INCONCLUSIVE);
    assert_true(isnan(scene.cells[0].findings[DUET_P50].smallest));
    make_scene(&scene, 2, 8, 0.001, 5); /* of two cells eight are enough */
    slow_down(&scene.cells[0], DUET_P50, 0.5);
    judge(&scene);
    assert_int_equal(scene.cells[0].verdict, DUET_REGRESSION);
}

static void the_canary_and_the_crowd_mean_environment(void **state) {
    (void)state;
    make_scene(&scene, CELLS + 1, 12, 0.005, 6);
    scene.cells[CELLS].canary = true;
    slow_down(&scene.cells[1], DUET_P50, 0.1);
    judge(&scene);
    assert_int_equal(scene.judgement.verdict, DUET_REGRESSION);
    slow_down(&scene.cells[CELLS], DUET_P50, 0.1);
    judge(&scene);
    assert_int_equal(scene.judgement.verdict, DUET_ENVIRONMENT);
    make_scene(&scene, CELLS, 12, 0.005, 7);
    for (int i = 0; i < CELLS / 2 + 1; i++)
        slow_down(&scene.cells[i], DUET_P50, 0.1);
    judge(&scene);
    assert_int_equal(scene.judgement.verdict, DUET_ENVIRONMENT);
    for (int i = 0; i < CELLS; i++) /* one plug-in by itself: its cells do move together */
        (void)snprintf(scene.cells[i].cell.transport, sizeof scene.cells[i].cell.transport, "t");
    judge(&scene);
    assert_int_equal(scene.judgement.verdict, DUET_REGRESSION);
}

static void limits_are_those_of_the_cell(void **state) {
    (void)state;
    make_scene(&scene, 8, 12, 0.005, 8);
    for (int i = 0; i < 2; i++)
        slow_down(&scene.cells[i], DUET_P50, 0.08);
    scene.cells[0].limits = (struct duet_limits){.alarm = 0.1, .tolerance = 0.2, .gated = true};
    scene.cells[1].limits.gated = false;
    judge(&scene);
    assert_int_equal(scene.cells[0].verdict, DUET_PASS);
    assert_int_equal(scene.cells[1].verdict, DUET_INCONCLUSIVE); /* beyond 5%, and never an alarm */
    assert_int_equal(scene.judgement.verdict, DUET_PASS);
}

static void a_failed_trial_is_an_error(void **state) {
    (void)state;
    make_scene(&scene, 8, 12, 0.005, 9);
    (void)snprintf(scene.cells[2].why, sizeof scene.cells[2].why, "it crashed");
    judge(&scene);
    assert_int_equal(scene.judgement.verdict, DUET_INCONCLUSIVE);
    assert_int_equal(scene.cells[2].verdict, DUET_NOT_COMPARED);
    scene.cells[2].failed = true;
    judge(&scene);
    assert_int_equal(scene.judgement.verdict, DUET_NOT_COMPARED);
}

static void more_trials_come_by_precision(void **state) {
    (void)state;
    make_scene(&scene, CELLS, 8, 0.001, 10);
    assert_int_equal(duet_gate_least(&scene.suite),
                     12); /* 80 x 2 / 2^12 < .05, 80 x 2 / 2^8 is not */
    assert_true(duet_gate_wants_more(&scene.cells[0], 12));
    assert_false(duet_gate_wants_more(&scene.cells[0], 8));
    slow_down(&scene.cells[0], DUET_P50, 0.3); /* whether it moved doesn't matter */
    assert_false(duet_gate_wants_more(&scene.cells[0], 8));
    for (size_t j = 0; j < 8; j++)
        scene.cells[1].logs[DUET_P50][j] = j % 2 ? 0.1 : -0.1;
    assert_true(duet_gate_wants_more(&scene.cells[1], 8));
    scene.cells[1].count = DUET_MOST_TRIALS;
    assert_false(duet_gate_wants_more(&scene.cells[1], 8));
    make_scene(&scene, 4, 8, 0.001, 10);
    assert_int_equal(duet_gate_least(&scene.suite), 12);
    scene.suite.count = 3;
    assert_int_equal(duet_gate_least(&scene.suite), 12); /* as few hypotheses would do with 8 */
}

/* Noise of 3%, so that the 2% protect nothing: Holm alone must hold. */
static void unchanged_suites_alarm_as_rarely_as_promised(void **state) {
    (void)state;
    enum { SUITES = 400 };
    int alarms = 0;
    for (uint64_t i = 0; i < SUITES; i++) {
        make_scene(&scene, CELLS, 16, 0.03, 1000 + i * 7919);
        judge(&scene);
        alarms +=
            scene.judgement.counts[DUET_REGRESSION] + scene.judgement.counts[DUET_IMPROVEMENT] > 0;
    }
    assert_within(alarms, 0, 33); /* 5% of 400, and 3 standard deviations */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_did_not_move_passes),
        cmocka_unit_test(one_slow_cell_is_named_and_no_other),
        cmocka_unit_test(a_change_below_the_alarm_is_a_pass),
        cmocka_unit_test(a_noisy_cell_says_what_it_could_have_seen),
        cmocka_unit_test(too_few_trials_never_alarm),
        cmocka_unit_test(the_canary_and_the_crowd_mean_environment),
        cmocka_unit_test(limits_are_those_of_the_cell),
        cmocka_unit_test(a_failed_trial_is_an_error),
        cmocka_unit_test(more_trials_come_by_precision),
        cmocka_unit_test(unchanged_suites_alarm_as_rarely_as_promised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
