/* SPDX-License-Identifier: MIT */
/*
 * record.c - a record survives its way to JSON and back, what is unknown is null, and whatever is
 * missing or wrong is refused by name.
 */
#include "trial/record.h"

#include "base/fields.h"
#include "stats/histlog.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A record in which every field has a value of its own. */
static void fill(struct record *record) {
    static const double values[] = {4450.1254, 0.0101234, 1e15 + 0.5, 7, 1234567.8901};
    struct problem problem;
    record_init(record);
    strcpy(record->key, "pipe:bufsize=1M/pingpong/block/cross-core/64B");
    assert_int_equal(cell_parse(record->key, &record->cell, &problem), 0);
    strcpy(record->placement.name, "cross-core");
    strcpy(record->placement.related, "same-l3");
    record->placement.server_cpu = 0;
    record->placement.client_cpu = 5;
    double *numbers[] = {
        &record->exchanges,       &record->stamped,          &record->warmup_exchanges,
        &record->warmup_ns,       &record->duration_ns,      &record->mean_ns,
        &record->stamped_mean_ns, &record->min_ns,           &record->p50_ns,
        &record->p90_ns,          &record->p99_ns,           &record->p999_ns,
        &record->max_ns,          &record->cpu_ns,           &record->per_second,
        &record->steal_ns,        &record->bytes_per_second, &record->clock_hz,
        &record->clock_cost_ns,   &record->clock_quantum_ns};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        *numbers[i] = values[i % 5] + (double)i;
    record->ends[IPC_SERVER].user_ns = 12;
    record->ends[IPC_CLIENT].last_cpu = 5;
    record->seed = UINT64_MAX;
    strcpy(record->verify, "full");
    strcpy(record->started, "2026-01-02T03:04:05Z");
    strcpy(record->command, "ipcbench trial pipe/pingpong/block/cross-core/64B --seed 1");
    strcpy(record->clock, "tsc");
    record_add_fact(record->knobs, &record->knob_count, "bufsize", "1M");
    record_add_fact(record->facts, &record->fact_count, "capacity", "1048576");
}

static json_t *to_json(const struct record *record) {
    json_t *json = record_to_json(record);
    assert_non_null(json);
    return json;
}

static void everything_survives_the_way_to_text_and_back(void **state) {
    (void)state;
    struct record record, again;
    struct problem problem = {""};
    struct histogram *histogram = calloc(1, sizeof *histogram);
    fill(&record);
    histogram_record(histogram, 4450);
    record.histogram = histlog_encode(histogram);
    json_t *json = to_json(&record);
    char *text = json_dumps(json, FIELDS_DUMP);
    json_t *parsed = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(record_from_json(parsed, &again, &problem), 0);
    json_t *second = to_json(&again);
    char *text_again = json_dumps(second, FIELDS_DUMP);
    assert_string_equal(text, text_again);

    assert_string_equal(again.key, record.key);
    assert_int_equal(again.cell.size_bytes, 64);
    assert_int_equal(again.cell.wait, IPC_BLOCK);
    assert_string_equal(again.cell.knobs, "bufsize=1M");
    assert_string_equal(again.placement.name, "cross-core");
    assert_int_equal(again.placement.client_cpu, 5);
    assert_true(again.seed == UINT64_MAX);
    assert_true(again.exchanges == 4450.125);
    assert_true(again.stamped == 1.01);
    assert_true(again.ends[IPC_SERVER].user_ns == 12);
    assert_true(isnan(again.ends[IPC_SERVER].system_ns));
    assert_string_equal(again.knobs[0].value, "1M");
    assert_string_equal(again.facts[0].name, "capacity");
    assert_string_equal(again.histogram, record.histogram);

    free(text);
    free(text_again);
    free(histogram);
    json_decref(json);
    json_decref(parsed);
    json_decref(second);
    record_free(&record);
    record_free(&again);
}

static void nothing_known_is_null_and_not_zero(void **state) {
    (void)state;
    struct record record, again;
    struct problem problem = {""};
    record_init(&record);
    strcpy(record.key, "pipe/pingpong/block/same-core/64B");
    assert_int_equal(cell_parse(record.key, &record.cell, &problem), 0);
    record.status = RECORD_SKIPPED;
    strcpy(record.why, "this host has one CPU");
    json_t *json = to_json(&record);
    assert_true(json_is_null(json_object_get(json, "p50_ns")));
    assert_true(json_is_null(json_object_get(json, "server_cpu")));
    assert_true(json_is_null(json_object_get(json, "histogram")));
    assert_true(json_is_null(json_object_get(json, "knobs_set")));
    assert_int_equal(record_from_json(json, &again, &problem), 0);
    assert_true(isnan(again.p50_ns) && isnan(again.ends[0].user_ns) && isnan(again.clock_hz));
    assert_int_equal(again.placement.server_cpu, -1);
    assert_int_equal(again.status, RECORD_SKIPPED);
    assert_string_equal(again.why, "this host has one CPU");
    assert_null(again.histogram);
    json_decref(json);
    record_free(&again);
}

static void numbers_are_as_short_as_they_may_be(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } known[] = {{0, "0"},
                 {4450, "4450"},
                 {4450.12345, "4450.123"},
                 {57.3, "57.3"},
                 {0.1, "0.1"},
                 {0.00000049, "0"},
                 {0.0123456789, "0.012346"},
                 {2596122000, "2596122000"},
                 {123456789012.3456, "123456789012.346"},
                 {NAN, "null"},
                 {INFINITY, "null"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        json_t *json = fields_number(known[i].value);
        char *text = json_dumps(json, FIELDS_DUMP | JSON_ENCODE_ANY);
        assert_string_equal(text, known[i].text);
        free(text);
        json_decref(json);
    }
}

/* Replaces a field (NULL: removes it), and expects a refusal that names it. */
static void expect_refusal(const char *name, json_t *value, const char *says) {
    struct record record, again;
    struct problem problem = {""};
    fill(&record);
    json_t *json = to_json(&record);
    if (value == NULL)
        assert_int_equal(json_object_del(json, name), 0);
    else
        assert_int_equal(json_object_set_new(json, name, value), 0);
    memset(&again, 0x5a, sizeof again);
    int error = record_from_json(json, &again, &problem);
    if (error == -ENOKEY) /* it, or what should be in it, isn't there */
        assert_non_null(strstr(problem.text, "missing"));
    else
        assert_int_equal(error, -EINVAL);
    assert_non_null(strstr(problem.text, says));
    assert_string_equal(again.key, "");
    assert_null(again.histogram);
    assert_int_equal(again.fact_count, 0);
    json_decref(json);
}

/* A file of an earlier version has no such field. */
static void a_later_field_may_be_missing(void **state) {
    struct record record, again;
    struct problem problem;
    (void)state;
    fill(&record);
    record.lost = 7;
    json_t *json = to_json(&record);
    assert_int_equal(record_from_json(json, &again, &problem), 0);
    assert_true(again.lost == 7);
    record_free(&again);
    assert_int_equal(json_object_del(json, "lost"), 0);
    assert_int_equal(record_from_json(json, &again, &problem), 0);
    assert_true(isnan(again.lost));
    record_free(&again);
    record_free(&record);
    json_decref(json);
}

static void every_missing_field_is_named(void **state) {
    (void)state;
    struct record record;
    size_t fields = 0;
    const char *name;
    json_t *value;
    fill(&record);
    json_t *json = to_json(&record);
    json_object_foreach(json, name, value) {
        char quoted[64];
        (void)snprintf(quoted, sizeof quoted, "'%s'", name);
        if (strcmp(name, "lost") != 0)
            expect_refusal(name, NULL, quoted);
        expect_refusal(name, json_true(), quoted);
        fields++;
    }
    assert_true(fields > 35);
    json_decref(json);
}

static void wrong_values_are_named(void **state) {
    (void)state;
    static char long_text[1000];
    memset(long_text, 'x', sizeof long_text - 1);
    expect_refusal("status", json_string("fine"), "'status'");
    expect_refusal("why", json_string("but it is ok"), "'why'");
    expect_refusal("why", json_string(long_text), "'why'");
    expect_refusal("status", json_string("failed"), "'why'");
    expect_refusal("p50_ns", json_string("4450"), "'p50_ns'");
    expect_refusal("p50_ns", json_integer(-1), "'p50_ns'");
    expect_refusal("server_cpu", json_integer(-1), "'server_cpu'");
    expect_refusal("server_cpu", json_integer(INT64_C(1) << 40), "'server_cpu'");
    expect_refusal("seed", json_integer(7), "'seed'");
    expect_refusal("seed", json_string("18446744073709551616"), "'seed'");
    expect_refusal("seed", json_string("-1"), "'seed'");
    expect_refusal("command", json_string(long_text), "'command'");
    expect_refusal("key", json_string("pipe/pingpong/block"), "");
    expect_refusal("key", json_string("unix/pingpong/block/cross-core/64B"), "'transport'");
    expect_refusal("size_bytes", json_integer(65), "'size_bytes'");
    expect_refusal("histogram", json_string("no histogram"), "'histogram'");
    expect_refusal("ends", json_object(), "'server'");
    expect_refusal("clock", json_object(), "'name'");
    expect_refusal("facts", json_pack("{s:i}", "capacity", 5), "'capacity'");
    expect_refusal("facts", json_pack("{s:s}", "capacity", long_text), "'capacity'");
}

static void what_is_no_object_is_refused(void **state) {
    (void)state;
    struct record record;
    struct problem problem = {""};
    json_t *json = json_array();
    assert_int_equal(record_from_json(json, &record, &problem), -EINVAL);
    assert_int_equal(record_from_json(NULL, &record, &problem), -EINVAL);
    json_decref(json);
}

static void facts_are_kept_apart_and_limited(void **state) {
    (void)state;
    struct record_fact list[RECORD_FACTS];
    size_t count = 0;
    record_add_fact(list, &count, "buffer", "1");
    record_add_fact(list, &count, "buffer", "1");
    record_add_fact(list, &count, "buffer", "2");
    record_add_fact(list, &count, "buffer", "2");
    record_add_fact(list, &count, "buffer", "3");
    assert_int_equal(count, 3);
    assert_string_equal(list[1].name, "buffer (2)");
    assert_string_equal(list[2].name, "buffer (3)");
    for (int i = 0; i < 2 * RECORD_FACTS; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "n%d", i);
        record_add_fact(list, &count, name, "v");
    }
    assert_int_equal(count, RECORD_FACTS);
}

static void bytes_that_are_no_text_do_not_lose_the_record(void **state) {
    (void)state;
    struct record record;
    fill(&record);
    record_add_fact(record.facts, &record.fact_count, "na\xffme", "caf\xc3\xa9 \xc3\033[2J");
    json_t *json = to_json(&record);
    assert_string_equal(json_string_value(json_object_get(json_object_get(json, "facts"), "na?me")),
                        "caf\xc3\xa9 ??[2J");
    json_decref(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_survives_the_way_to_text_and_back),
        cmocka_unit_test(nothing_known_is_null_and_not_zero),
        cmocka_unit_test(numbers_are_as_short_as_they_may_be),
        cmocka_unit_test(every_missing_field_is_named),
        cmocka_unit_test(a_later_field_may_be_missing),
        cmocka_unit_test(wrong_values_are_named),
        cmocka_unit_test(what_is_no_object_is_refused),
        cmocka_unit_test(facts_are_kept_apart_and_limited),
        cmocka_unit_test(bytes_that_are_no_text_do_not_lose_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
