/* SPDX-License-Identifier: MIT */
/*
 * claims.c - each rule on cells for which the answer is known.
 */
#include "judge/claims.h"
#include "judged_run.h"

enum { SOCKETS, PIPES, ADDRESSES, CONNECTIONS, SERVERS, MULTIPROCESSING };

/* The answer of one claim of the run. */
static enum claims_answer answer_of(const struct run *run, int which) {
    struct claim claims[CLAIMS];
    assert_int_equal(claims_make(run, claims), 0);
    enum claims_answer answer = claims[which].answer;
    claims_free(claims);
    return answer;
}

static void without_cells_nothing_is_told(void **state) {
    (void)state;
    struct run run = {0};
    struct claim claims[CLAIMS];
    char text[512];
    assert_int_equal(claims_make(&run, claims), 0);
    for (int i = 0; i < CLAIMS; i++) {
        assert_true(claims[i].answer == CLAIMS_CANNOT_TELL);
        claims_say(&claims[i], text, sizeof text);
        assert_non_null(strstr(text, "measure with `ipcbench run -t "));
    }
    claims_free(claims);
}

static void the_best_of_each_kind_meet(void **state) {
    (void)state;
    struct run run = {0};
    struct claim claims[CLAIMS];
    judged_add(&run, "unix/pingpong/block/same-core/64B", "core", 9000, 0.02);
    judged_add(&run, "tcp-localhost/pingpong/block/same-core/64B", "core", 14000, 0.02);
    judged_add(&run, "pipe/pingpong/block/same-core/64B", "core", 5000, 0.02);
    judged_add(&run, "posix-mq/pingpong/block/same-core/64B", "kernel", 6000, 0.02);
    judged_add(&run, "nng-ipc/pingpong/block/same-core/64B", "library", 1, 0.02);
    judged_add(&run, "null/pingpong/block/same-core/64B", "control", 1, 0.02);
    assert_int_equal(claims_make(&run, claims), 0);
    assert_true(claims[SOCKETS].answer == CLAIMS_SUPPORTED);
    assert_int_equal(claims[SOCKETS].count, 1);
    assert_string_equal(claims[SOCKETS].pairs[0].left->cell.transport, "pipe");
    assert_string_equal(claims[SOCKETS].pairs[0].right->cell.transport, "unix");
    assert_true(claims[PIPES].answer == CLAIMS_SUPPORTED);
    assert_string_equal(claims[PIPES].pairs[0].right->cell.transport, "posix-mq");
    claims_free(claims);
    /* two ties more than wins, and nothing is told */
    judged_add(&run, "unix/pingpong/block/cross-core/64B", "core", 50000, 0.2);
    judged_add(&run, "pipe/pingpong/block/cross-core/64B", "core", 52000, 0.2);
    assert_true(answer_of(&run, SOCKETS) == CLAIMS_SUPPORTED);
    judged_add(&run, "unix/pingpong/block/cross-core/4KiB", "core", 50000, 0.2);
    judged_add(&run, "pipe/pingpong/block/cross-core/4KiB", "core", 52000, 0.2);
    assert_true(answer_of(&run, SOCKETS) == CLAIMS_CANNOT_TELL);
    run_free(&run);
}

static void one_defeat_is_enough_against_a_claim_of_being_fastest(void **state) {
    (void)state;
    struct run run = {0};
    judged_add(&run, "unix/pingpong/block/same-core/64B", "core", 4000, 0.02);
    judged_add(&run, "pipe/pingpong/block/same-core/64B", "core", 5000, 0.02);
    assert_true(answer_of(&run, SOCKETS) == CLAIMS_REFUTED);
    judged_add(&run, "unix/pingpong/block/same-core/4KiB", "core", 8000, 0.02);
    judged_add(&run, "pipe/pingpong/block/same-core/4KiB", "core", 5000, 0.02);
    assert_true(answer_of(&run, SOCKETS) == CLAIMS_CANNOT_TELL);
    run_free(&run);
}

/* Three sizes, at which the public address takes so many times as long. */
static void add_addresses(struct run *run, double a, double b, double c) {
    static const char *const sizes[] = {"64B", "1KiB", "4KiB"};
    const double times[] = {a, b, c};
    for (int i = 0; i < 3; i++) {
        char key[CELL_KEY_BYTES];
        (void)snprintf(key, sizeof key, "tcp-localhost/pingpong/block/same-core/%s", sizes[i]);
        judged_add(run, key, "core", 10000, 0.2);
        (void)snprintf(key, sizeof key, "tcp-public/pingpong/block/same-core/%s", sizes[i]);
        judged_add(run, key, "core", 10000 * times[i], 0.2);
    }
}

static void add_route(struct run *run, const char *key, const char *route) {
    struct record trial;
    record_init(&trial);
    (void)snprintf(trial.key, sizeof trial.key, "%s", key);
    record_add_fact(trial.facts, &trial.fact_count, "route", route);
    assert_int_equal(run_add(run, &trial), 0);
}

static void a_shortcut_shows_in_the_median_over_pairs(void **state) {
    (void)state;
    struct run run = {0};
    struct claim claims[CLAIMS];
    add_addresses(&run, 1.00, 1.01, 0.99);
    add_route(&run, "tcp-public/pingpong/block/same-core/64B", "local 198.51.100.1 dev lo");
    assert_int_equal(claims_make(&run, claims), 0);
    assert_true(claims[ADDRESSES].answer == CLAIMS_REFUTED);
    assert_float_equal(claims[ADDRESSES].times, 1, 1e-9);
    assert_string_equal(claims[ADDRESSES].right_route, "local 198.51.100.1 dev lo");
    assert_null(claims[ADDRESSES].left_route);
    claims_free(claims);
    run_free(&run);
    add_addresses(&run, 1.5, 1.52, 1.49);
    assert_true(answer_of(&run, ADDRESSES) == CLAIMS_SUPPORTED);
    run_free(&run);
    add_addresses(&run, 0.8, 1.1, 1.5);
    assert_true(answer_of(&run, ADDRESSES) == CLAIMS_CANNOT_TELL);
    run_free(&run);
}

static void a_single_pair_stands_on_its_own_interval(void **state) {
    (void)state;
    struct run run = {0};
    judged_add(&run, "unix/pingpong/block/same-core/64B", "core", 10000, 0.02);
    judged_add(&run, "python-pipe/pingpong/block/same-core/64B", "guest", 12000, 0.02);
    assert_true(answer_of(&run, MULTIPROCESSING) == CLAIMS_SUPPORTED);
    run.cells[1].p50_low_ns = 10500;
    assert_true(answer_of(&run, MULTIPROCESSING) == CLAIMS_CANNOT_TELL);
    run.cells[1].p50_low_ns = NAN;
    assert_true(answer_of(&run, MULTIPROCESSING) == CLAIMS_CANNOT_TELL);
    run_free(&run);
}

static void evidence_is_in_the_json(void **state) {
    (void)state;
    struct run run = {0};
    struct claim claims[CLAIMS];
    add_addresses(&run, 1, 1, 1);
    assert_int_equal(claims_make(&run, claims), 0);
    json_t *json = claims_to_json(claims);
    const json_t *claim = json_array_get(json, ADDRESSES);
    assert_string_equal(json_string_value(json_object_get(claim, "answer")), "refuted");
    const json_t *pair = json_array_get(json_object_get(claim, "pairs"), 2);
    assert_string_equal(json_string_value(json_object_get(pair, "right")),
                        "tcp-public/pingpong/block/same-core/4KiB");
    assert_string_equal(json_string_value(json_object_get(pair, "faster")), "tie");
    json_decref(json);
    claims_free(claims);
    run_free(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_cells_nothing_is_told),
        cmocka_unit_test(the_best_of_each_kind_meet),
        cmocka_unit_test(one_defeat_is_enough_against_a_claim_of_being_fastest),
        cmocka_unit_test(a_shortcut_shows_in_the_median_over_pairs),
        cmocka_unit_test(a_single_pair_stands_on_its_own_interval),
        cmocka_unit_test(evidence_is_in_the_json),
    };
    return cmocka_run_group_tests_name("claims", tests, NULL, NULL);
}
