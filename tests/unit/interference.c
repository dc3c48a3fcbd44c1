/* SPDX-License-Identifier: MIT */
/*
 * interference.c (test) - each flag is raised just beyond its threshold, not at it, and by nothing
 * else.
 */
#include "trial/interference.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define DURATION_NS 1e9

static void make_quiet_end(struct record_end *end, double cpu_ns) {
    end->user_ns = end->system_ns = cpu_ns / 2;
    end->minor_faults = end->major_faults = end->migrations = end->run_wait_ns = 0;
}

/* A trial that nothing interfered with. On one CPU both ends together use all of it. */
static void make_quiet(struct record *record, int server_cpu, int client_cpu) {
    record_init(record);
    record->placement.server_cpu = server_cpu;
    record->placement.client_cpu = client_cpu;
    record->duration_ns = DURATION_NS;
    record->steal_ns = 0;
    record->canary_before_ns = record->canary_after_ns = 100;
    record->bounce_before_ns = record->bounce_after_ns = 100;
    double each = server_cpu == client_cpu ? DURATION_NS / 2 : DURATION_NS;
    make_quiet_end(&record->ends[IPC_SERVER], each);
    make_quiet_end(&record->ends[IPC_CLIENT], each);
    record->ends[IPC_SERVER].first_cpu = record->ends[IPC_CLIENT].first_cpu = 0;
}

#define FIGURE(member) offsetof(struct record, member)

/* The figure of a quiet trial on CPUs 0 and 1 (or both on 0) with which the flag isn't raised yet,
 * and with which it is. */
static const struct threshold {
    const char *flag;
    int client_cpu;
    size_t figure;
    double harmless, beyond;
} thresholds[] = {
    {"steal", 1, FIGURE(steal_ns), 1e7, 1e7 + 1},
    {"steal", 0, FIGURE(steal_ns), 1e7, 1e7 + 1},
    {"neighbour", 1, FIGURE(ends[IPC_SERVER].run_wait_ns), 2e7, 2e7 + 1},
    {"neighbour", 1, FIGURE(ends[IPC_CLIENT].run_wait_ns), 2e7, 2e7 + 1},
    {"neighbour", 0, FIGURE(ends[IPC_SERVER].user_ns), 2e8, 2e8 - 1},
    {"neighbour", 0, FIGURE(ends[IPC_CLIENT].system_ns), 2e8, 2e8 - 1},
    {"migrated", 1, FIGURE(ends[IPC_SERVER].migrations), 0, 1},
    {"migrated", 0, FIGURE(ends[IPC_CLIENT].migrations), 0, 1},
    {"faults", 1, FIGURE(ends[IPC_SERVER].minor_faults), 16, 17},
    {"faults", 1, FIGURE(ends[IPC_CLIENT].minor_faults), 16, 17},
    {"faults", 1, FIGURE(ends[IPC_SERVER].major_faults), 0, 1},
    {"faults", 1, FIGURE(ends[IPC_CLIENT].major_faults), 0, 1},
    {"frequency", 1, FIGURE(canary_before_ns), 105, 105.01},
    {"frequency", 1, FIGURE(canary_after_ns), 105, 105.01},
    {"distance", 1, FIGURE(bounce_before_ns), 150, 150.01},
    {"distance", 1, FIGURE(bounce_after_ns), 150, 150.01},
};
enum { THRESHOLDS = sizeof thresholds / sizeof *thresholds };

static void assert_flags(const struct threshold *threshold, double value, const char *flags) {
    struct record record;
    make_quiet(&record, 0, threshold->client_cpu);
    void *figure = (char *)&record + threshold->figure;
    *(double *)figure = value;
    interference_flag(&record);
    assert_string_equal(record.flags, flags);
    record_free(&record);
}

static void test_quiet_trials_have_no_flag(void **state) {
    (void)state;
    const int pairs[][2] = {{0, 1}, {0, 0}, {-1, -1}};
    for (int i = 0; i < 3; i++) {
        struct record record;
        make_quiet(&record, pairs[i][0], pairs[i][1]);
        (void)snprintf(record.flags, sizeof record.flags, "left from before");
        interference_flag(&record);
        assert_string_equal(record.flags, "");
        record_free(&record);
    }
}

/* On one CPU each of the four figures is a quarter of the time; with one of them a fifth, 95% is
 * used. */
static void test_thresholds(void **state) {
    (void)state;
    for (int i = 0; i < THRESHOLDS; i++) {
        assert_flags(&thresholds[i], thresholds[i].harmless, "");
        assert_flags(&thresholds[i], thresholds[i].beyond, thresholds[i].flag);
    }
}

static void test_unknown_figures_raise_nothing(void **state) {
    (void)state;
    for (int i = 0; i < THRESHOLDS; i++)
        assert_flags(&thresholds[i], NAN, "");
    const int pairs[][2] = {{0, 1}, {0, 0}, {-1, -1}};
    for (int i = 0; i < 3; i++) {
        struct record record;
        record_init(&record);
        record.placement.server_cpu = pairs[i][0];
        record.placement.client_cpu = pairs[i][1];
        interference_flag(&record);
        assert_string_equal(record.flags, "");
        record_free(&record);
    }
}

/* Unpinned ends may move, and nobody knows which CPU should have been theirs. */
static void test_unpinned_ends_may_move_and_wait(void **state) {
    (void)state;
    struct record record;
    make_quiet(&record, -1, -1);
    record.ends[IPC_CLIENT].migrations = 9;
    record.ends[IPC_SERVER].run_wait_ns = DURATION_NS;
    record.ends[IPC_SERVER].user_ns = 0;
    interference_flag(&record);
    assert_string_equal(record.flags, "");
    record_free(&record);
}

/* A solo transport's client is alone: the server's figures are unknown. */
static void test_a_solo_client_must_have_its_cpu(void **state) {
    (void)state;
    for (int crowded = 0; crowded < 2; crowded++) {
        struct record record;
        make_quiet(&record, 0, 1);
        make_quiet_end(&record.ends[IPC_SERVER], NAN);
        record.ends[IPC_SERVER].first_cpu = NAN;
        make_quiet_end(&record.ends[IPC_CLIENT], 0.95 * DURATION_NS - 2 * crowded);
        interference_flag(&record);
        assert_string_equal(record.flags, crowded ? "neighbour" : "");
        record_free(&record);
    }
}

static void test_all_flags_at_once(void **state) {
    (void)state;
    struct record record;
    make_quiet(&record, 0, 1);
    record.steal_ns = record.ends[IPC_SERVER].run_wait_ns = DURATION_NS;
    record.ends[IPC_SERVER].migrations = record.ends[IPC_CLIENT].major_faults = 5;
    record.canary_after_ns = record.bounce_after_ns = 1;
    interference_flag(&record);
    assert_string_equal(record.flags, "steal, neighbour, migrated, faults, frequency, distance");
    record_free(&record);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quiet_trials_have_no_flag),
        cmocka_unit_test(test_thresholds),
        cmocka_unit_test(test_unknown_figures_raise_nothing),
        cmocka_unit_test(test_unpinned_ends_may_move_and_wait),
        cmocka_unit_test(test_a_solo_client_must_have_its_cpu),
        cmocka_unit_test(test_all_flags_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
