/* SPDX-License-Identifier: MIT */
/*
 * calibrate.c - that what is measured on this host is known and what can't be is not, that the
 * affinity stays as it was, and which results are called impossible. No time is asserted.
 */
#include "run/calibrate.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct topology *this_host(void) {
    struct topology *topology = NULL;
    struct problem problem = {""};
    if (topology_load(NULL, &topology, &problem) != 0)
        fail_msg("%s", problem.text);
    return topology;
}

static void is_known(struct floor_sample sample) {
    assert_true(isfinite(sample.best) && sample.best > 0);
    assert_true(isfinite(sample.median) && sample.median > 0);
}

static void is_unknown(struct floor_sample sample) {
    assert_true(isnan(sample.best) && isnan(sample.median));
}

static void check_pair(const struct calibration_pair *pair) {
    const struct placement *place = &pair->placement;
    is_known(pair->wakeup_ns);
    if (place->server_cpu >= 0 && place->server_cpu == place->client_cpu)
        is_known(pair->switch_ns);
    else
        is_unknown(pair->switch_ns);
    if (place->server_cpu != place->client_cpu)
        is_known(pair->bounce_ns);
    else
        is_unknown(pair->bounce_ns);
}

static void calibrates_the_default_placements(void **state) {
    (void)state;
    cpu_set_t before, after;
    struct problem problem = {""};
    struct calibration c;
    struct placement places[8];
    struct topology *topology = this_host();
    size_t count = topology_defaults(topology, places, 6);
    assert_int_equal(topology_place(topology, "unpinned", &places[count++], &problem), 0);
    places[count++] = (struct placement){.name = "smt", .server_cpu = -1, .client_cpu = -1};
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    assert_int_equal(calibrate(topology, places, count, &c, &problem), 0);
    assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
    assert_true(CPU_EQUAL(&before, &after));
    assert_string_equal(problem.text, "");
    assert_int_equal(c.pair_count, count - 1); /* not the one that this host hasn't */
    for (size_t i = 0; i < c.pair_count; i++)
        check_pair(&c.pairs[i]);
    assert_int_equal(c.copy_count, CALIBRATION_SIZES);
    for (size_t i = 0; i < c.copy_count; i++) {
        assert_int_equal(c.copies[i].size_bytes, calibration_sizes[i]);
        is_known(c.copies[i].bytes_per_second);
    }
    is_known(c.system_call_ns);
    assert_true(c.took_ns > 0 && c.clock_hz > 0 && c.clock[0] != '\0');
    topology_free(topology);
}

/* The one placement that every host has. */
static struct placement same_core(void) {
    struct topology *topology = this_host();
    struct placement place;
    struct problem problem = {""};
    assert_int_equal(topology_place(topology, "same-core", &place, &problem), 0);
    topology_free(topology);
    return place;
}

static void measuring_again_keeps_the_lower_floor(void **state) {
    (void)state;
    struct problem problem = {""};
    struct calibration c;
    struct placement place = same_core();
    calibration_init(&c);
    assert_int_equal(calibrate_pair(&place, &c, &problem), 0);
    c.pairs[0].switch_ns = (struct floor_sample){1e-3, 2e-3};
    c.pairs[0].wakeup_ns = (struct floor_sample){1e15, 2e15};
    assert_int_equal(calibrate_pair(&place, &c, &problem), 0);
    assert_int_equal(c.pair_count, 1);
    assert_true(c.pairs[0].switch_ns.best == 1e-3 && c.pairs[0].switch_ns.median == 2e-3);
    assert_true(c.pairs[0].wakeup_ns.best < 1e15 && c.pairs[0].wakeup_ns.median < 2e15);
    is_unknown(c.pairs[0].bounce_ns);
}

static void refuses_pairs_that_can_not_be(void **state) {
    (void)state;
    struct problem problem = {""};
    struct calibration c;
    struct placement place = same_core();
    calibration_init(&c);
    assert_int_equal(calibrate_pair(&place, &c, &problem), 0);
    place.server_cpu = 8000;
    assert_int_equal(calibrate_pair(&place, &c, &problem), -EEXIST);
    strcpy(place.name, "8000,0");
    assert_int_equal(calibrate_pair(&place, &c, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "CPU 8000"));
    assert_int_equal(c.pair_count, 1);
    c.pair_count = CALIBRATION_PAIRS;
    assert_int_equal(calibrate_pair(&place, &c, &problem), -ENOSPC);
}

static bool judged(const char *key, bool solo, double mean_ns, struct calibration *c) {
    bool possible = false;
    struct problem problem = {""};
    struct placement place = same_core();
    struct cell cell;
    assert_int_equal(cell_parse(key, &cell, &problem), 0);
    if (calibrate_judge(&place, &cell, solo, mean_ns, c, &possible, &problem) != 0)
        fail_msg("%s", problem.text);
    return possible;
}

static void judges_results(void **state) {
    (void)state;
    static const char key[] = "pipe/pingpong/block/same-core/64B";
    struct problem problem = {""};
    struct calibration c;
    struct topology *topology = this_host();
    struct placement place = same_core();
    assert_int_equal(calibrate(topology, &place, 1, &c, &problem), 0);
    topology_free(topology);
    assert_false(judged(key, false, 0.001, &c));
    assert_true(judged(key, true, 0.001, &c));
    assert_true(judged(key, false, 1e9, &c));
    assert_true(judged(key, false, NAN, &c));
    assert_true(judged("pipe/pingpong/block/cross-socket/64B", false, 0.001, &c));
    /* Measured in a bad moment: the floor comes down before the result is called impossible. */
    c.pairs[0].switch_ns = (struct floor_sample){1e15, 1e15};
    assert_true(judged(key, false, 1e12, &c));
    assert_true(c.pairs[0].switch_ns.best < 1e12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calibrates_the_default_placements),
        cmocka_unit_test(measuring_again_keeps_the_lower_floor),
        cmocka_unit_test(refuses_pairs_that_can_not_be),
        cmocka_unit_test(judges_results),
    };
    return cmocka_run_group_tests_name("calibrate", tests, NULL, NULL);
}
