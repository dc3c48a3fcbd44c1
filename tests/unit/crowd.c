/* SPDX-License-Identifier: MIT */
/*
 * crowd.c (test) - what many clients add up to, whose message it is, and who may have many clients.
 */
#include "trial/crowd_links.h"
#include "trial/crowd_sums.h"
#include "trial/outcome_crowd.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
// cmocka.h needs the headers above
#include <cmocka.h>

static void assert_near(double value, double expected) {
    assert_true(fabs(value - expected) < 1e-9);
}

static void fairness_is_jains_index(void **state) {
    (void)state;
    assert_near(crowd_sums_fairness((const double[]){7}, 1), 1);
    assert_near(crowd_sums_fairness((const double[]){5, 5, 5, 5}, 4), 1);
    assert_near(crowd_sums_fairness((const double[]){8, 0, 0, 0}, 4), 0.25);
    assert_near(crowd_sums_fairness((const double[]){1, 2, 3}, 3), 36.0 / (3 * 14));
    assert_true(isnan(crowd_sums_fairness((const double[]){0, 0}, 2)));
}

static void littles_law_is_rate_times_latency(void **state) {
    (void)state;
    assert_near(crowd_sums_little(100000, 640000, 64), 1);
    assert_near(crowd_sums_little(100000, 320000, 64), 0.5);
    assert_true(isnan(crowd_sums_little(NAN, 10, 4)));
}

static void the_edges_of_the_time_are_tolerated(void **state) {
    (void)state;
    assert_near(crowd_sums_tolerance(1000, 1000000), 0.052);
    assert_near(crowd_sums_tolerance(600, 1000), 1);
}

static struct crowd *make_crowd(void) {
    void *crowd = mmap(NULL, sizeof(struct crowd), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(crowd, MAP_FAILED);
    return crowd;
}

/* Client 2 made no exchange; client 0 began first, client 1 ended last. */
static void sums_up_clients(void **state) {
    (void)state;
    const struct clock clock = {.ns_per_tick = 2};
    struct crowd *crowd = make_crowd();
    struct control *control = calloc(1, sizeof *control);
    assert_non_null(control);
    crowd->clients[0] =
        (struct crowd_client){.result = {.stamped = 10, .warmup_exchanges = 3, .warmup_ns = 50},
                              .first_ticks = 1000,
                              .last_ticks = 3000,
                              .min_ns = 20,
                              .max_ns = 700};
    crowd->clients[1] =
        (struct crowd_client){.result = {.stamped = 30, .warmup_exchanges = 4, .warmup_ns = 90},
                              .first_ticks = 1200,
                              .last_ticks = 3500,
                              .min_ns = 30,
                              .max_ns = 900};
    control->histogram.total = 40;
    crowd_sums_close(crowd, 3, &clock, control);
    assert_int_equal(control->result.stamped, 40);
    assert_int_equal(control->result.warmup_exchanges, 7);
    assert_int_equal(control->result.warmup_ns, 90);
    assert_int_equal(control->result.measured_ns, 5000);
    assert_int_equal(control->histogram.min_ns, 20);
    assert_int_equal(control->histogram.max_ns, 900);
    free(control);
    (void)munmap(crowd, sizeof *crowd);
}

/* A record whose rate and mean are given; the rest is what two clients left. */
static struct record judged(double per_second, double mean_ns) {
    struct record record;
    struct crowd *crowd = make_crowd();
    const struct end_task task = {
        .crowd = crowd, .plan = {.kind = WORKLOAD_SERVE, .clients = 2, .design = WORKLOAD_POLL}};
    crowd->clients[0].result.stamped = 10;
    crowd->clients[1].result.stamped = 30;
    record_init(&record);
    record.per_second = per_second;
    record.mean_ns = mean_ns;
    record.duration_ns = 1e9;
    outcome_crowd_record(&task, &record);
    (void)munmap(crowd, sizeof *crowd);
    return record;
}

static void a_trial_is_held_against_littles_law(void **state) {
    (void)state;
    struct record right = judged(2000, 1e6), late = judged(1000, 1e6), wrong = judged(2100, 1e6);
    assert_int_equal(right.status, RECORD_OK);
    assert_false(outcome_crowd_uneven(&right));
    assert_near(right.crowd.little, 1);
    assert_near(right.crowd.fairness, 0.8);
    assert_near(right.crowd.least_exchanges, 10);
    assert_near(right.crowd.most_exchanges, 30);
    assert_string_equal(right.crowd.design, "poll");
    assert_int_equal(late.status, RECORD_OK);
    assert_true(outcome_crowd_uneven(&late));
    assert_int_equal(wrong.status, RECORD_FAILED);
    assert_non_null(strstr(wrong.why, "Little's law"));
}

static void whose_message_it_is(void **state) {
    (void)state;
    struct payload sent, expected;
    assert_int_equal(payload_make(&sent, 64, 9, 0, false), 0);
    assert_int_equal(payload_make(&expected, 64, 9, 0, false), 0);
    for (size_t client = 0; client < 1024; client += 93) {
        payload_own(&sent, client);
        payload_own(&expected, client);
        payload_stamp(&sent, 77);
        payload_stamp(&expected, 77);
        assert_true(payload_matches(&expected, sent.message, 77));
        assert_true(payload_is(&expected, sent.message, client, 77));
        assert_false(payload_is(&expected, sent.message, client + 1, 77));
        assert_int_equal(payload_owner(&expected, sent.message, 70, 1024), client);
        payload_own(&expected, client + 1);
        payload_stamp(&expected, 77);
        assert_false(payload_matches(&expected, sent.message, 77));
    }
    sent.message[0] ^= 0x80;
    sent.message[5] ^= 0x80;
    assert_int_equal(payload_owner(&expected, sent.message, 77, 1024), 1024);
    payload_free(&sent);
    payload_free(&expected);
}

static void who_may_have_many_clients(void **state) {
    (void)state;
    static const struct ipc_descriptors descriptors;
    static const struct ipc_connections connections;
    static const struct ipc_transport plain, solo = {.solo = true}, apart = {.apart = true},
                                             watched = {.descriptors = &descriptors},
                                             meets = {.connections = &connections};
    static const struct {
        const struct ipc_transport *transport;
        struct workload_plan plan;
        enum ipc_wait wait;
        uint64_t bytes;
        const char *words; /* NULL: it may */
    } cases[] = {
        {&plain, {.kind = WORKLOAD_SERVE, .clients = 8}, IPC_BLOCK, 64, NULL},
        {&plain, {.kind = WORKLOAD_SERVE, .clients = 1}, IPC_SPIN, 64, NULL},
        {&plain, {.kind = WORKLOAD_SERVE, .clients = 8}, IPC_SPIN, 64, "sleep"},
        {&solo, {.kind = WORKLOAD_SERVE, .clients = 1}, IPC_BLOCK, 64, "no server"},
        {&apart, {.kind = WORKLOAD_SERVE, .clients = 2}, IPC_BLOCK, 64, "one client"},
        {&apart, {.kind = WORKLOAD_SERVE, .clients = 1}, IPC_BLOCK, 64, NULL},
        {&plain,
         {.kind = WORKLOAD_SERVE, .clients = 8, .design = WORKLOAD_EPOLL},
         IPC_BLOCK,
         64,
         "descriptors"},
        {&watched,
         {.kind = WORKLOAD_SERVE, .clients = 8, .design = WORKLOAD_EPOLL},
         IPC_BLOCK,
         64,
         NULL},
        {&watched,
         {.kind = WORKLOAD_SERVE, .clients = 1, .design = WORKLOAD_EPOLL},
         IPC_SPIN,
         64,
         "sleeps"},
        {&plain, {.kind = WORKLOAD_SERVE, .clients = 1024}, IPC_BLOCK, 65536, NULL},
        {&plain, {.kind = WORKLOAD_SERVE, .clients = 1024}, IPC_BLOCK, 65537, "64MiB"},
        {&plain, {.kind = WORKLOAD_CONNECT, .clients = 1}, IPC_BLOCK, 64, "meet once"},
        {&meets, {.kind = WORKLOAD_CONNECT, .clients = 1}, IPC_SPIN, 1, NULL},
        {&meets, {.kind = WORKLOAD_CONNECT, .clients = 2}, IPC_BLOCK, 7, "8 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *why =
            crowd_links_refusal(cases[i].transport, &cases[i].plan, cases[i].wait, cases[i].bytes);
        if (cases[i].words == NULL || why == NULL)
            assert_ptr_equal(why, cases[i].words);
        else
            assert_non_null(strstr(why, cases[i].words));
    }
}

static void phases_and_clients_survive_json(void **state) {
    (void)state;
    struct problem problem = {""};
    struct record_crowd back, crowd = {.has_phases = 1,
                                       .phases = {{1, 2, NAN}, {3, 4, 5}, {6, 7, 8}},
                                       .count = 4,
                                       .design = "epoll",
                                       .fairness = 0.5,
                                       .least_exchanges = 1,
                                       .most_exchanges = 9,
                                       .little = 1};
    json_t *json = json_object();
    assert_int_equal(record_crowd_to_json(&crowd, json), 0);
    assert_int_equal(record_crowd_from_json(json, &back, &problem), 0);
    assert_true(back.has_phases && isnan(back.phases[0].p99_ns) && back.phases[2].p50_ns > 6.9);
    assert_string_equal(back.design, "epoll");
    assert_near(back.little, 1);
    assert_int_equal(json_object_set_new(json, "clients", json_pack("{s:i}", "count", 0)), 0);
    assert_int_equal(record_crowd_from_json(json, &back, &problem), -ENOKEY);
    assert_int_equal(json_object_set_new(json, "clients", json_null()), 0);
    assert_int_equal(json_array_clear(json_object_get(json, "phases")), 0);
    assert_int_equal(record_crowd_from_json(json, &back, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "phases"));
    json_decref(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fairness_is_jains_index),
        cmocka_unit_test(littles_law_is_rate_times_latency),
        cmocka_unit_test(the_edges_of_the_time_are_tolerated),
        cmocka_unit_test(sums_up_clients),
        cmocka_unit_test(a_trial_is_held_against_littles_law),
        cmocka_unit_test(whose_message_it_is),
        cmocka_unit_test(who_may_have_many_clients),
        cmocka_unit_test(phases_and_clients_survive_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
