/* SPDX-License-Identifier: MIT */
/*
 * plan_next.c - how a plan shares the budget out, in which order the trials run, and when it ends.
 */
#include "run/plan.h"

#include "within.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define MS           UINT64_C(1000000)
#define S            (1000 * MS)

/* A plan of `count` cells that all are possible: as many sizes of one blocking transport. */
static void make_cells(size_t count, struct plan *plan) {
    static const struct plan_transport block = {.name = "pipe", .waits = {true}};
    uint64_t sizes[100];
    struct problem problem = {""};
    static const struct placement same_core = {"same-core", "same-core", 1, 1};
    static const enum ipc_wait wait = IPC_BLOCK;
    static const char workload[][WORKLOAD_SPEC_BYTES] = {"pingpong"};
    const struct plan_input input = {.transports = &block,
                                     .transport_count = 1,
                                     .workloads = workload,
                                     .workload_count = 1,
                                     .waits = &wait,
                                     .wait_count = 1,
                                     .placements = &same_core,
                                     .placement_count = 1,
                                     .sizes = sizes,
                                     .size_count = count};
    for (size_t i = 0; i < count; i++)
        sizes[i] = i + 1;
    assert_int_equal(plan_make(&input, plan, &problem), 0);
    assert_int_equal(plan->cell_count, count);
}

static struct plan_wishes wishes(uint64_t budget_ns) {
    return (struct plan_wishes){.budget_ns = budget_ns,
                                .time_ns = PLAN_CHOOSE,
                                .warmup_ns = PLAN_CHOOSE,
                                .precision = 0.03,
                                .seed = 7};
}

struct schedule {
    size_t cells, trials;
    uint64_t budget_ns, time_ns, warmup_ns; /* wished for */
    size_t rounds;                          /* expected, as the next two */
    uint64_t chosen_time_ns, chosen_warmup_ns;
};

static void the_budget_decides_rounds_and_lengths(void **state) {
    (void)state;
    static const struct schedule cases[] = {
        /* one round at its shortest: 20 + 70 + 30 ms */
        {50, 0, 6 * S, PLAN_CHOOSE, PLAN_CHOOSE, 1, 30 * MS, 70 * MS},
        /* 4 rounds of 147 ms */
        {85, 0, 50 * S, PLAN_CHOOSE, PLAN_CHOOSE, 4, 57 * MS, 70 * MS},
        /* 5 rounds of 200 ms; 6 would leave less than 100 ms of measuring */
        {50, 0, 50 * S, PLAN_CHOOSE, PLAN_CHOOSE, 5, 110 * MS, 70 * MS},
        {20, 0, 20 * S, PLAN_CHOOSE, PLAN_CHOOSE, 5, 110 * MS, 70 * MS},
        /* 10 rounds of 500 ms: a quarter of 480 ms is warm-up */
        {10, 0, 50 * S, PLAN_CHOOSE, PLAN_CHOOSE, 10, 360 * MS, 120 * MS},
        /* no trial is longer than that */
        {1, 0, 50 * S, PLAN_CHOOSE, PLAN_CHOOSE, 10, 500 * MS, 200 * MS},
        /* what the user says stays */
        {10, 0, 50 * S, 20 * MS, 5 * MS, 10, 20 * MS, 5 * MS},
        {10, 0, 50 * S, 400 * MS, PLAN_CHOOSE, 10, 400 * MS, 80 * MS},
        {10, 3, 50 * S, PLAN_CHOOSE, PLAN_CHOOSE, 3, 500 * MS, 200 * MS},
        {10, 7, PLAN_NO_BUDGET, PLAN_CHOOSE, 20 * MS, 7, 100 * MS, 20 * MS},
        {10, 200, PLAN_NO_BUDGET, 9 * S, PLAN_CHOOSE, 200, 9 * S, 70 * MS},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct plan plan;
        struct problem problem = {""};
        struct plan_wishes asked = wishes(cases[i].budget_ns);
        asked.trials = cases[i].trials;
        asked.time_ns = cases[i].time_ns;
        asked.warmup_ns = cases[i].warmup_ns;
        make_cells(cases[i].cells, &plan);
        assert_int_equal(plan_schedule(&plan, &asked, &problem), 0);
        assert_int_equal(plan.rounds, cases[i].rounds);
        assert_int_equal(plan.time_ns, cases[i].chosen_time_ns);
        assert_int_equal(plan.warmup_ns, cases[i].chosen_warmup_ns);
        plan_free(&plan);
    }
}

static void a_budget_that_holds_no_round_is_refused_with_the_need(void **state) {
    (void)state;
    struct plan plan;
    struct problem problem = {""};
    struct plan_wishes asked = wishes(5999 * MS);
    make_cells(50, &plan);
    assert_int_equal(plan_schedule(&plan, &asked, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "about 6 s"));
    assert_non_null(strstr(problem.text, "--budget"));
    asked.trials = 3;
    assert_int_equal(plan_schedule(&plan, &asked, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "about 18 s"));
    plan_free(&plan);
}

/* ---- while it runs ---- */

/* Runs the plan with trials that take `took_ns` each and have the p50 that `p50_of` says; counts
 * them for each cell, and writes the order to `order`. Returns how many there were. */
static size_t play(struct plan *plan, uint64_t took_ns, double (*p50_of)(size_t cell, size_t trial),
                   size_t *counts, size_t *order, size_t room) {
    uint64_t now_ns = 0;
    size_t trials = 0;
    for (size_t next; (next = plan_next(plan, now_ns)) != PLAN_END; trials++) {
        assert_true(next < plan->cell_count);
        assert_true(trials < room);
        order[trials] = next;
        plan_note(plan, next, PLAN_OK, p50_of(next, counts[next]++), took_ns);
        now_ns += took_ns;
        assert_true(now_ns <= plan->budget_ns);
    }
    return trials;
}

static double steady(size_t cell, size_t trial) {
    (void)trial;
    return 1000 + (double)cell;
}

static void every_round_runs_each_cell_once_in_an_order_of_its_own(void **state) {
    (void)state;
    enum { CELLS = 20, ROUNDS = 6 };
    struct plan plan;
    struct problem problem = {""};
    struct plan_wishes asked = wishes(PLAN_NO_BUDGET);
    size_t counts[CELLS] = {0}, order[CELLS * ROUNDS];
    asked.trials = ROUNDS;
    make_cells(CELLS, &plan);
    assert_int_equal(plan_schedule(&plan, &asked, &problem), 0);
    assert_int_equal(play(&plan, 100 * MS, steady, counts, order, COUNT(order)), CELLS * ROUNDS);
    for (size_t round = 0; round < ROUNDS; round++) {
        bool seen[CELLS] = {false};
        for (size_t i = 0; i < CELLS; i++) {
            assert_false(seen[order[round * CELLS + i]]);
            seen[order[round * CELLS + i]] = true;
        }
        if (round > 0)
            assert_memory_not_equal(order + round * CELLS, order, CELLS * sizeof *order);
    }
    plan_free(&plan);
}

static void the_seed_decides_the_order(void **state) {
    (void)state;
    enum { CELLS = 20 };
    size_t orders[3][CELLS], counts[CELLS] = {0};
    uint64_t seeds[3];
    for (size_t i = 0; i < 3; i++) {
        struct plan plan;
        struct problem problem = {""};
        struct plan_wishes asked = wishes(PLAN_NO_BUDGET);
        asked.trials = 1;
        asked.seed = i < 2 ? 1 : 2;
        make_cells(CELLS, &plan);
        assert_int_equal(plan_schedule(&plan, &asked, &problem), 0);
        seeds[i] = plan_trial_seed(&plan);
        assert_true(seeds[i] <= UINT32_MAX);
        assert_true(plan_trial_seed(&plan) != seeds[i]);
        assert_int_equal(play(&plan, MS, steady, counts, orders[i], CELLS), CELLS);
        plan_free(&plan);
    }
    assert_memory_equal(orders[0], orders[1], sizeof orders[0]);
    assert_memory_not_equal(orders[0], orders[2], sizeof orders[0]);
    assert_int_equal(seeds[0], seeds[1]);
    assert_true(seeds[0] != seeds[2]);
}

static void it_stops_when_all_cells_are_known_well_enough(void **state) {
    (void)state;
    struct plan plan;
    struct problem problem = {""};
    struct plan_wishes asked = wishes(100 * S);
    size_t counts[10] = {0}, order[1000];
    make_cells(10, &plan);
    assert_int_equal(plan_schedule(&plan, &asked, &problem), 0);
    assert_int_equal(play(&plan, 200 * MS, steady, counts, order, COUNT(order)), 100);
    plan_free(&plan);
}

/* Cell 3 scatters widely, for ever; the others hardly at all. */
static double third_scatters(size_t cell, size_t trial) {
    return cell == 3 ? 1000.0 + 500.0 * (double)(trial % 5) : 1000;
}

static void what_is_left_of_the_budget_goes_to_the_widest(void **state) {
    (void)state;
    struct plan plan;
    struct problem problem = {""};
    struct plan_wishes asked = wishes(60 * S);
    size_t counts[10] = {0}, order[1000];
    make_cells(10, &plan);
    assert_int_equal(plan_schedule(&plan, &asked, &problem), 0);
    assert_int_equal(plan.rounds, 10);
    assert_int_equal(play(&plan, 500 * MS, third_scatters, counts, order, COUNT(order)), 120);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(counts[i], i == 3 ? 30 : 10);
    plan_free(&plan);
}

static void a_cell_known_from_few_trials_counts_as_the_widest(void **state) {
    (void)state;
    struct plan plan;
    struct problem problem = {""};
    struct plan_wishes asked = wishes(10 * S);
    size_t counts[50] = {0}, order[1000];
    make_cells(50, &plan);
    assert_int_equal(plan_schedule(&plan, &asked, &problem), 0);
    assert_int_equal(plan.rounds, 1);
    /* Trials turn out to be shorter than thought, so that 2 more than two for each fit. */
    assert_int_equal(play(&plan, 98 * MS, steady, counts, order, COUNT(order)), 102);
    size_t thrice = 0;
    for (size_t i = 0; i < 50; i++) {
        assert_within(counts[i], 2, 3);
        thrice += counts[i] == 3;
    }
    assert_int_equal(thrice, 2);
    plan_free(&plan);
}

static void a_round_ends_early_rather_than_beyond_the_budget(void **state) {
    (void)state;
    struct plan plan;
    struct problem problem = {""};
    struct plan_wishes asked = wishes(50 * S);
    size_t counts[85] = {0}, order[1000];
    make_cells(85, &plan);
    assert_int_equal(plan_schedule(&plan, &asked, &problem), 0);
    assert_int_equal(plan.rounds, 4);
    /* The trials take longer than thought: 200 of the 340 fit. */
    assert_int_equal(play(&plan, 250 * MS, steady, counts, order, COUNT(order)), 200);
    for (size_t i = 0; i < 85; i++)
        assert_within(counts[i], 2, 3);
    plan_free(&plan);
}

static void failures_are_given_up_and_what_is_not_here_runs_once(void **state) {
    (void)state;
    struct plan plan;
    struct problem problem = {""};
    struct plan_wishes asked = wishes(PLAN_NO_BUDGET);
    size_t counts[4] = {0};
    asked.trials = 5;
    make_cells(4, &plan);
    assert_int_equal(plan_schedule(&plan, &asked, &problem), 0);
    static const enum plan_outcome outcomes[] = {PLAN_OK, PLAN_FAILED, PLAN_NOT_HERE, PLAN_OK};
    for (size_t next; (next = plan_next(&plan, 0)) != PLAN_END;) {
        bool fails_once = next == 3 && counts[3] == 2;
        plan_note(&plan, next, fails_once ? PLAN_FAILED : outcomes[next], 1000, MS);
        counts[next]++;
    }
    assert_int_equal(counts[0], 5);
    assert_int_equal(counts[1], 2);
    assert_int_equal(counts[2], 1);
    assert_int_equal(counts[3], 5);
    assert_int_equal(plan.cells[3].trials, 4);
    assert_int_equal(plan.done, 13);
    plan_free(&plan);
}

static void the_forecast_counts_the_running_trial_and_ends_at_what_ran(void **state) {
    (void)state;
    struct plan plan;
    struct problem problem = {""};
    struct plan_wishes asked = wishes(PLAN_NO_BUDGET);
    asked.trials = 2;
    asked.time_ns = 70 * MS;
    asked.warmup_ns = 110 * MS;
    make_cells(3, &plan);
    assert_int_equal(plan_schedule(&plan, &asked, &problem), 0);
    for (size_t i = 0; i < 6; i++) {
        size_t next = plan_next(&plan, i * 200 * MS);
        assert_int_equal(plan_expected_trials(&plan, i * 200 * MS), 6);
        assert_int_equal(plan_left_ns(&plan, i * 200 * MS), (6 - i) * 200 * MS);
        plan_note(&plan, next, PLAN_OK, 1000, 200 * MS);
    }
    assert_int_equal(plan_next(&plan, 1200 * MS), PLAN_END);
    assert_int_equal(plan_expected_trials(&plan, 1200 * MS), 6);
    assert_int_equal(plan_left_ns(&plan, 1200 * MS), 0);
    plan_free(&plan);
}

static void the_forecast_knows_the_budget(void **state) {
    (void)state;
    struct plan plan;
    struct problem problem = {""};
    struct plan_wishes asked = wishes(50 * S);
    make_cells(85, &plan);
    assert_int_equal(plan_schedule(&plan, &asked, &problem), 0);
    size_t next = plan_next(&plan, 0);
    assert_int_equal(plan_expected_trials(&plan, 0), 340);
    plan_note(&plan, next, PLAN_OK, 1000, 1 * S);
    assert_int_equal(plan_expected_trials(&plan, 1 * S), 50);
    assert_int_equal(plan_left_ns(&plan, 1 * S), 49 * S);
    plan_free(&plan);
}

static void flagged_trials_are_repeated_after_the_rounds(void **state) {
    (void)state;
    struct plan plan;
    struct problem problem = {""};
    struct plan_wishes asked = wishes(100 * S);
    make_cells(2, &plan);
    assert_int_equal(plan_schedule(&plan, &asked, &problem), 0);
    size_t first = plan_next(&plan, 0);
    plan_note(&plan, first, PLAN_FLAGGED, 1000, MS);
    for (size_t i = 1; i < 2 * plan.rounds; i++)
        plan_note(&plan, plan_next(&plan, 0), PLAN_OK, 1000, MS);
    assert_int_equal(plan.cells[first].trials, plan.rounds); /* it counts */
    /* Both cells are known to the last digit: nothing is left but the repetition. */
    assert_int_equal(plan_next(&plan, 0), first);
    plan_note(&plan, first, PLAN_OK, 1000, MS);
    assert_int_equal(plan_next(&plan, 0), PLAN_END);
    plan_free(&plan);
}

static void a_busy_host_ends_the_repetitions(void **state) {
    (void)state;
    struct plan plan;
    struct problem problem = {""};
    struct plan_wishes asked = wishes(1000 * S);
    size_t ran = 0;
    make_cells(1, &plan);
    assert_int_equal(plan_schedule(&plan, &asked, &problem), 0);
    for (size_t next; ran < 100 && (next = plan_next(&plan, 0)) != PLAN_END; ran++)
        plan_note(&plan, next, PLAN_FLAGGED, 1000, MS);
    assert_int_equal(ran, plan.rounds + PLAN_MAX_REPEATS);
    asked.trials = 4;
    plan_free(&plan);
    make_cells(1, &plan);
    assert_int_equal(plan_schedule(&plan, &asked, &problem), 0);
    for (ran = 0; ran < 100 && plan_next(&plan, 0) != PLAN_END; ran++)
        plan_note(&plan, 0, PLAN_FLAGGED, 1000, MS);
    assert_int_equal(ran, 4); /* exactly as many as were asked for */
    plan_free(&plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_budget_decides_rounds_and_lengths),
        cmocka_unit_test(a_budget_that_holds_no_round_is_refused_with_the_need),
        cmocka_unit_test(every_round_runs_each_cell_once_in_an_order_of_its_own),
        cmocka_unit_test(the_seed_decides_the_order),
        cmocka_unit_test(it_stops_when_all_cells_are_known_well_enough),
        cmocka_unit_test(what_is_left_of_the_budget_goes_to_the_widest),
        cmocka_unit_test(a_cell_known_from_few_trials_counts_as_the_widest),
        cmocka_unit_test(a_round_ends_early_rather_than_beyond_the_budget),
        cmocka_unit_test(failures_are_given_up_and_what_is_not_here_runs_once),
        cmocka_unit_test(the_forecast_counts_the_running_trial_and_ends_at_what_ran),
        cmocka_unit_test(the_forecast_knows_the_budget),
        cmocka_unit_test(flagged_trials_are_repeated_after_the_rounds),
        cmocka_unit_test(a_busy_host_ends_the_repetitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
