/* SPDX-License-Identifier: MIT */
/*
 * calibration.c - the floor of a cell from known numbers, and calibrations to JSON and back.
 */
#include "run/calibration.h"

#include "base/fields.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void add_pair(struct calibration *c, const char *name, int server, int client,
                     const char *related, const double ns[3]) {
    struct calibration_pair *pair = &c->pairs[c->pair_count++];
    strcpy(pair->placement.name, name);
    strcpy(pair->placement.related, related);
    pair->placement.server_cpu = server;
    pair->placement.client_cpu = client;
    pair->bounce_ns = (struct floor_sample){ns[0], 2 * ns[0]};
    pair->wakeup_ns = (struct floor_sample){ns[1], 2 * ns[1]};
    pair->switch_ns = (struct floor_sample){ns[2], 2 * ns[2]};
    pair->line_ns = (struct floor_sample){ns[0] / 8, ns[0] / 4};
}

/* A host that copies 1 byte a ns up to 1 KiB, 4 at 4 KiB, and 2 at 64 KiB. */
static void fill(struct calibration *c) {
    calibration_init(c);
    strcpy(c->clock, "tsc");
    c->clock_hz = 2596124632.218;
    c->clock_cost_ns = 17.5;
    c->clock_quantum_ns = 10.015;
    c->system_call_ns = (struct floor_sample){131.25, 132};
    c->took_ns = 203585165;
    static const struct calibration_copy copies[] = {
        {64, {1e9, 9e8}}, {1024, {1e9, 9e8}}, {4096, {4e9, 3e9}}, {65536, {2e9, 1e9}}};
    memcpy(c->copies, copies, sizeof copies);
    c->copy_count = sizeof copies / sizeof *copies;
    add_pair(c, "same-core", 1, 1, "same-core", (double[]){NAN, 2000, 1250});
    add_pair(c, "cross-core", 0, 1, "same-l3", (double[]){80, 15000, NAN});
    add_pair(c, "unpinned", -1, -1, "unpinned", (double[]){NAN, 1800, NAN});
    add_pair(c, "2,2", 2, 2, "same-core", (double[]){NAN, 2000, 1000});
}

/* ---- the floor of a cell ---- */

static struct calibration_floor floor_of(const struct calibration *c, const char *key) {
    struct problem problem;
    struct cell cell;
    assert_int_equal(cell_parse(key, &cell, &problem), 0);
    return calibration_floor_ns(c, &cell, false);
}

static void floor_is(const struct calibration *c, const char *key, double hard_ns,
                     double expected_ns) {
    struct calibration_floor floor = floor_of(c, key);
    bool same_hard = isnan(hard_ns) ? isnan(floor.hard_ns) : floor.hard_ns == hard_ns;
    bool same_expected =
        isnan(expected_ns) ? isnan(floor.expected_ns) : floor.expected_ns == expected_ns;
    if (!same_hard || !same_expected)
        fail_msg("%s: %g and %g instead of %g and %g", key, floor.hard_ns, floor.expected_ns,
                 hard_ns, expected_ns);
}

static void the_floor_follows_wait_and_placement(void **state) {
    (void)state;
    struct calibration c;
    fill(&c);
    /* 64 B each way are copied in 128 ns; half of the least that is physically possible is hard,
     * and of a bounce at most 25 ns. */
    floor_is(&c, "shm/pingpong/spin/cross-core/64B", 25 + 128 / 2.0, 80 + 128);
    floor_is(&c, "shm/pingpong/park/cross-core/64B", 25 + 128 / 2.0, 80 + 128);
    floor_is(&c, "shm/pingpong/block/cross-core/64B", 25 + 128 / 2.0, 30000 + 128);
    floor_is(&c, "pipe/pingpong/block/same-core/64B", (2500 + 128) / 2.0, 2500 + 128);
    floor_is(&c, "pipe/pingpong/spin/same-core/64B", (2500 + 128) / 2.0, 2500 + 128);
    floor_is(&c, "pipe/pingpong/block/2,2/64B", (2000 + 128) / 2.0, 2000 + 128);
}

static void without_pinning_only_wake_ups_are_expected(void **state) {
    (void)state;
    struct calibration c;
    fill(&c);
    floor_is(&c, "pipe/pingpong/block/unpinned/64B", NAN, 3600 + 128);
    floor_is(&c, "pipe/pingpong/spin/unpinned/64B", NAN, NAN);
}

static void copies_count_at_the_best_speed_near_their_size(void **state) {
    (void)state;
    static const struct {
        const char *size;
        double copies_ns;
    } sizes[] = {{"1B", 2},         {"64B", 128},    {"65B", 130},    {"1024B", 2048},
                 {"2000B", 1000},   {"4096B", 2048}, {"8192B", 4096}, {"65535B", 32767.5},
                 {"65536B", 65536}, {"1M", 1 << 20}};
    struct calibration c;
    fill(&c);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char key[CELL_KEY_BYTES];
        (void)snprintf(key, sizeof key, "shm/pingpong/spin/cross-core/%s", sizes[i].size);
        floor_is(&c, key, 25 + sizes[i].copies_ns / 2, 80 + sizes[i].copies_ns);
    }
}

static void a_stream_waits_for_nobody(void **state) {
    (void)state;
    struct calibration c;
    fill(&c);
    floor_is(&c, "shm/stream/spin/cross-core/64B", 64 / 2.0, 64);
    floor_is(&c, "pipe/stream:depth=8/block/same-core/4K", 1024 / 2.0, 1024);
    floor_is(&c, "shm-ring/stream:inplace=handover/spin/same-core/4K", NAN, NAN);
    /* 64 lines of 10 ns take less than the copy of 1024 ns; of 20 ns they take more. */
    floor_is(&c, "shm-ring/stream:inplace=consume/spin/cross-core/4K", 1024 / 2.0, 1024);
    c.pairs[1].line_ns.best = 20;
    floor_is(&c, "shm-ring/stream:inplace=consume/spin/cross-core/4K", 1024 / 2.0, 64 * 20);
    floor_is(&c, "pipe/stream/block/cross-core/4K", 1024 / 2.0, 64 * 20);
    floor_is(&c, "shm-ring/stream:inplace=handover/spin/cross-core/4K", NAN, 20);
    c.pairs[1].line_ns.best = 80;
    floor_is(&c, "shm/stream/spin/cross-core/64B", 64 / 2.0, 80);
    floor_is(&c, "shm/stream/spin/cross-core/8B", 8 / 2.0, 80 / 8.0);
    floor_is(&c, "shm-ring/stream:inplace=handover/spin/cross-core/8B", NAN, 80 / 8.0);
    c.pairs[1].line_ns.best = NAN; /* as in what an earlier version calibrated */
    floor_is(&c, "pipe/stream/block/cross-core/4K", 1024 / 2.0, 1024);
    floor_is(&c, "shm-ring/stream:inplace=handover/spin/cross-core/4K", NAN, NAN);
}

static void lines_follow_the_bounce_of_the_trial(void **state) {
    (void)state;
    struct calibration c;
    struct record record;
    struct problem problem;
    fill(&c);
    record_init(&record);
    assert_int_equal(cell_parse("pipe/stream/spin/cross-core/64B", &record.cell, &problem), 0);
    record.bounce_before_ns = 800;
    record.bounce_after_ns = 160; /* the lesser, and twice that of the calibration */
    struct calibration at = calibration_at(&c, &record);
    assert_true(at.pairs[1].bounce_ns.best == 160);
    assert_true(at.pairs[1].line_ns.best == 20 && at.pairs[1].line_ns.median == 40);
    assert_true(c.pairs[1].line_ns.best == 10);
}

static void what_is_not_known_has_no_floor(void **state) {
    (void)state;
    struct problem problem;
    struct calibration c;
    struct cell cell;
    fill(&c);
    floor_is(&c, "shm/pingpong/spin/smt/64B", NAN, NAN);
    floor_is(&c, "shm/pingpong/spin/0,1/64B", NAN, NAN);
    assert_int_equal(cell_parse("null/pingpong/block/cross-core/64B", &cell, &problem), 0);
    struct calibration_floor floor = calibration_floor_ns(&c, &cell, true);
    assert_true(isnan(floor.hard_ns) && isnan(floor.expected_ns));
    c.copies[3].bytes_per_second.best = NAN;
    floor_is(&c, "shm/pingpong/spin/cross-core/64K", NAN, NAN);
    c.copy_count = 0;
    floor_is(&c, "shm/pingpong/spin/cross-core/64B", NAN, NAN);
    calibration_init(&c);
    floor_is(&c, "shm/pingpong/spin/cross-core/64B", NAN, NAN);
}

/* ---- JSON ---- */

static json_t *filled_json(void) {
    struct calibration c;
    fill(&c);
    json_t *json = calibration_to_json(&c);
    assert_non_null(json);
    return json;
}

static void same(double a, double b) {
    assert_true(isnan(a) ? isnan(b) : a == b);
}

static void same_sample(struct floor_sample a, struct floor_sample b) {
    same(a.best, b.best);
    same(a.median, b.median);
}

static void same_pair(const struct calibration_pair *a, const struct calibration_pair *b) {
    assert_string_equal(a->placement.name, b->placement.name);
    assert_string_equal(a->placement.related, b->placement.related);
    assert_int_equal(a->placement.server_cpu, b->placement.server_cpu);
    assert_int_equal(a->placement.client_cpu, b->placement.client_cpu);
    same_sample(a->bounce_ns, b->bounce_ns);
    same_sample(a->line_ns, b->line_ns);
    same_sample(a->wakeup_ns, b->wakeup_ns);
    same_sample(a->switch_ns, b->switch_ns);
}

static void survives_the_way_to_text_and_back(void **state) {
    (void)state;
    struct problem problem = {""};
    struct calibration c, again;
    fill(&c);
    json_t *json = filled_json();
    char *text = json_dumps(json, FIELDS_DUMP);
    json_decref(json);
    json = json_loads(text, 0, NULL);
    free(text);
    assert_int_equal(calibration_from_json(json, &again, &problem), 0);
    json_decref(json);
    assert_string_equal(again.clock, "tsc");
    same(again.clock_hz, c.clock_hz);
    same(again.clock_cost_ns, c.clock_cost_ns);
    same(again.clock_quantum_ns, c.clock_quantum_ns);
    same(again.took_ns, c.took_ns);
    same_sample(again.system_call_ns, c.system_call_ns);
    assert_int_equal(again.copy_count, c.copy_count);
    for (size_t i = 0; i < c.copy_count; i++) {
        assert_int_equal(again.copies[i].size_bytes, c.copies[i].size_bytes);
        same_sample(again.copies[i].bytes_per_second, c.copies[i].bytes_per_second);
    }
    assert_int_equal(again.pair_count, c.pair_count);
    for (size_t i = 0; i < c.pair_count; i++)
        same_pair(&again.pairs[i], &c.pairs[i]);
}

static void knows_nothing_to_begin_with(void **state) {
    (void)state;
    struct problem problem = {""};
    struct calibration c;
    calibration_init(&c);
    json_t *json = calibration_to_json(&c);
    assert_true(json_is_null(json_object_get(json, "system_call_ns")));
    assert_int_equal(calibration_from_json(json, &c, &problem), 0);
    assert_true(isnan(c.system_call_ns.best) && isnan(c.pairs[0].bounce_ns.best));
    json_decref(json);
}

static void is_refused(json_t *json, const char *says) {
    struct problem problem = {""};
    struct calibration c;
    assert_int_equal(calibration_from_json(json, &c, &problem), -EINVAL);
    if (strstr(problem.text, says) == NULL)
        fail_msg("'%s' does not say '%s'", problem.text, says);
    assert_true(c.pair_count == 0 && c.copy_count == 0 && isnan(c.system_call_ns.best));
    json_decref(json);
}

/* One field of the whole, of the clock, or of an entry, replaced by what can't stand there. */
static void refuses_wrong_fields(void **state) {
    (void)state;
    static const struct {
        const char *part; /* NULL: the whole */
        int entry;        /* -1: the part is an object */
        const char *field, *value, *says;
    } wrong[] = {
        {NULL, -1, "system_call_ns", "\"131\"", "'system_call_ns' must be a number"},
        {NULL, -1, "system_call_ns", "-1", "'system_call_ns' must be a number"},
        {NULL, -1, "system_call_median_ns", "0", "'system_call_median_ns' must be above 0"},
        {NULL, -1, "took_ns", "true", "'took_ns' must be a number"},
        {NULL, -1, "clock", "null", "'clock' must be an object"},
        {NULL, -1, "copies", "{}", "'copies' must be an array"},
        {NULL, -1, "copies", "[1]", "entry 1 of 'copies': 'copies' must be an object"},
        {NULL, -1, "copies", "[0,0,0,0,0,0,0,0,0]", "'copies' must be an array of at most 8"},
        {NULL, -1, "pairs", "7", "'pairs' must be an array of at most 64 objects"},
        {"clock", -1, "hz", "[]", "'hz' must be a number"},
        {"clock", -1, "name", "1", "'name' must be null or a string"},
        {"copies", 0, "size_bytes", "0", "entry 1 of 'copies': 'size_bytes' must be above 0"},
        {"copies", 1, "size_bytes", "64", "entry 2 of 'copies'"},
        {"copies", 1, "size_bytes", "1.5", "entry 2 of 'copies': 'size_bytes' must be a whole"},
        {"copies", 3, "bytes_per_second", "0", "entry 4 of 'copies': 'bytes_per_second' must be"},
        {"pairs", 0, "placement", "\"near\"", "entry 1 of 'pairs': "},
        {"pairs", 1, "placement", "\"same-core\"", "entry 2 of 'pairs': 'same-core' was there"},
        {"pairs", 1, "placement", "null", "entry 2 of 'pairs': 'placement' must be a string"},
        {"pairs", 1, "server_cpu", "-4", "entry 2 of 'pairs': 'server_cpu' must be a CPU"},
        {"pairs", 2, "related", "\"seventeen letters!\"", "entry 3 of 'pairs': 'related' must"},
        {"pairs", 1, "bounce_ns", "0.0", "entry 2 of 'pairs': 'bounce_ns' must be above 0"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *json = filled_json(), *holder = json;
        if (wrong[i].part != NULL)
            holder = json_object_get(json, wrong[i].part);
        if (wrong[i].entry >= 0)
            holder = json_array_get(holder, (size_t)wrong[i].entry);
        json_t *value = json_loads(wrong[i].value, JSON_DECODE_ANY, NULL);
        assert_int_equal(json_object_set_new(holder, wrong[i].field, value), 0);
        is_refused(json, wrong[i].says);
    }
}

static void refuses_missing_fields_and_other_types(void **state) {
    (void)state;
    static const char *const names[] = {"system_call_ns", "clock", "copies", "pairs", "took_ns"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_t *json = filled_json();
        assert_int_equal(json_object_del(json, names[i]), 0);
        is_refused(json, names[i]);
    }
    is_refused(json_array(), "must be an object");
    is_refused(json_null(), "must be an object");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_floor_follows_wait_and_placement),
        cmocka_unit_test(without_pinning_only_wake_ups_are_expected),
        cmocka_unit_test(copies_count_at_the_best_speed_near_their_size),
        cmocka_unit_test(a_stream_waits_for_nobody),
        cmocka_unit_test(lines_follow_the_bounce_of_the_trial),
        cmocka_unit_test(what_is_not_known_has_no_floor),
        cmocka_unit_test(survives_the_way_to_text_and_back),
        cmocka_unit_test(knows_nothing_to_begin_with),
        cmocka_unit_test(refuses_wrong_fields),
        cmocka_unit_test(refuses_missing_fields_and_other_types),
    };
    return cmocka_run_group_tests_name("calibration", tests, NULL, NULL);
}
