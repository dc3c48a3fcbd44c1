/* SPDX-License-Identifier: MIT */
/*
 * figure_costs.c - what the floors predict for known cells.
 */
#include "report/figure_costs.h"
#include "judged_run.h"

static json_t *floors(void) {
    return json_pack("{s:{s:i, s:[{s:i, s:i}], s:[{s:s, s:i, s:i}, {s:s, s:i, s:i}]}}", "floors",
                     "system_call_median_ns", 100, "copies", "size_bytes", 64,
                     "median_bytes_per_second", 64000000, "pairs", "placement", "same-core",
                     "switch_median_ns", 1500, "wakeup_median_ns", 9, "placement", "cross-core",
                     "bounce_median_ns", 60, "wakeup_median_ns", 20000);
}

static struct figure_costs costs_of(const char *key, double calls) {
    struct run run = {.environment = floors()};
    struct figure_costs costs;
    struct cell_summary *cell = judged_add(&run, key, "core", 1, 0);
    cell->system_calls = calls;
    cell->mean_ns = 50000;
    assert_true(figure_costs_of(&run, cell, &costs));
    run_free(&run);
    return costs;
}

static void parts_are_known(void **state) {
    (void)state;
    struct figure_costs costs = costs_of("pipe/pingpong/block/same-core/64B", 4);
    assert_float_equal(costs.system_calls_ns, 400, 1e-9);
    assert_float_equal(costs.copies_ns, 4000, 1e-9); /* four of 1 us */
    assert_float_equal(costs.wakeups_ns, 3000, 1e-9);
    assert_float_equal(costs.coherence_ns, 0, 1e-9);
    assert_float_equal(costs.predicted_ns, 7400, 1e-9);
    costs = costs_of("pipe/pingpong/block/cross-core/64B", 4);
    assert_float_equal(costs.wakeups_ns, 40000, 1e-9);
    assert_float_equal(costs.coherence_ns, 60, 1e-9);
    costs = costs_of("shm/pingpong/spin/cross-core/64B", 0);
    assert_float_equal(costs.predicted_ns, 4060, 1e-9);
}

static void without_counts_or_floors_nothing_is_predicted(void **state) {
    (void)state;
    struct run run = {.environment = floors()};
    struct figure_costs costs;
    struct cell_summary *cell = judged_add(&run, "pipe/pingpong/block/same-core/64B", "core", 1, 0);
    cell->mean_ns = 50000;
    cell->system_calls = NAN;
    assert_false(figure_costs_of(&run, cell, &costs));
    cell->system_calls = 4;
    (void)snprintf(cell->cell.placement, sizeof cell->cell.placement, "unpinned");
    assert_false(figure_costs_of(&run, cell, &costs));
    run_free(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_known),
        cmocka_unit_test(without_counts_or_floors_nothing_is_predicted),
    };
    return cmocka_run_group_tests_name("figure_costs", tests, NULL, NULL);
}
