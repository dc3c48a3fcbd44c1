/* SPDX-License-Identifier: MIT */
/*
 * knee.c - the search for a knee, against servers of which the knee is known.
 */
#include "run/knee.h"

#include "plugin/workload_spec.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A server that takes one request after the other, each for the same time: M/D/1, of which the p99
 * is about the service and ln(100) mean waits. */
struct server {
    double service_ns;
    double fixed_ns; /* what each latency has besides */
};

static struct knee_seen serve(const struct server *server, uint64_t hz) {
    double load = (double)hz * server->service_ns / 1e9;
    struct knee_seen seen = {.per_second = (double)hz, .requests = 5000};
    if (load < 1) {
        double wait_ns = server->service_ns * load / (2 * (1 - load));
        seen.p99_ns = server->fixed_ns + server->service_ns + log(100) * wait_ns;
        return seen;
    }
    seen.per_second = 1e9 / server->service_ns; /* and the queue grows until the trial is over */
    seen.p99_ns = 1e8;
    return seen;
}

static struct knee search(const struct server *server, uint64_t low_hz) {
    struct knee knee;
    knee_begin(&knee, low_hz);
    while (!knee.done) {
        struct knee_seen seen = serve(server, knee.try_hz);
        knee_note(&knee, &seen);
        assert_true(knee.trials <= KNEE_MOST_TRIALS);
    }
    return knee;
}

/* The rate at which the p99 of such a server is KNEE_TAIL times that at the low rate. */
static double knee_of(const struct server *server, uint64_t low_hz) {
    double most_ns = KNEE_TAIL * serve(server, low_hz).p99_ns;
    double wait_ns = (most_ns - server->fixed_ns - server->service_ns) / log(100);
    double times = 2 * wait_ns / server->service_ns;
    return times / (1 + times) * 1e9 / server->service_ns;
}

static void the_knee_is_found_to_the_resolution(void **state) {
    (void)state;
    static const struct server servers[] = {{100, 0},      {1000, 0},  {5000, 0},
                                            {5000, 20000}, {77777, 0}, {300000, 0}};
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
        struct knee knee = search(&servers[i], 100);
        double expected = knee_of(&servers[i], 100);
        assert_true((double)knee.kept_hz <= expected * 1.01);
        assert_true((double)knee.missed_hz >= expected * 0.99);
        assert_true((double)knee.missed_hz <= KNEE_RESOLUTION * (double)knee.kept_hz);
        assert_true(knee.trials <= 25);
    }
}

static void one_bad_trial_is_not_believed(void **state) {
    (void)state;
    static const struct server server = {5000, 0};
    struct knee calm = search(&server, 1000), knee;
    knee_begin(&knee, 1000);
    for (uint64_t disturbed = 0; !knee.done;) {
        struct knee_seen seen = serve(&server, knee.try_hz);
        if (disturbed != knee.try_hz) /* the first trial of each rate */
            seen.p99_ns = 1e9;
        disturbed = knee.try_hz;
        if (knee.low_p99_ns > 0 || knee.doubted)
            knee_note(&knee, &seen);
        else
            knee_note(&knee, &(struct knee_seen){.per_second = NAN, .p99_ns = NAN});
    }
    assert_int_equal(knee.kept_hz, calm.kept_hz);
    assert_int_equal(knee.missed_hz, calm.missed_hz);
}

/* Everything is held against it, so that one that was disturbed must not count. */
static void the_reference_is_the_median_of_three(void **state) {
    (void)state;
    static const double p99s_ns[] = {900, 90000, 1100};
    struct knee knee;
    knee_begin(&knee, 1000);
    for (size_t i = 0; i < 3; i++) {
        assert_true(isnan(knee.low_p99_ns) && knee.kept_hz == 0 && !knee.done);
        assert_int_equal(knee.try_hz, 1000);
        knee_note(&knee,
                  &(struct knee_seen){.per_second = 1000, .p99_ns = p99s_ns[i], .requests = 5000});
    }
    assert_true(knee.low_p99_ns == 1100);
    assert_int_equal(knee.kept_hz, 1000);
    assert_int_equal(knee.try_hz, 4000);
}

static void a_low_rate_that_is_not_kept_up_ends_the_search(void **state) {
    (void)state;
    struct knee knee = search(&(struct server){2000000, 0}, 1000);
    assert_int_equal(knee.kept_hz, 0);
    assert_int_equal(knee.missed_hz, 1000);
    assert_int_equal(knee.trials, 2);
}

static void what_nothing_saturates_ends_at_the_highest_rate(void **state) {
    (void)state;
    struct knee knee = search(&(struct server){1e-6, 50}, 1000);
    assert_int_equal(knee.kept_hz, WORKLOAD_MOST_HZ);
    assert_int_equal(knee.missed_hz, 0);
}

static void a_rate_without_a_p99_is_not_kept_up(void **state) {
    (void)state;
    const struct knee_seen seen = {.per_second = 1000, .p99_ns = NAN, .requests = 900};
    assert_false(knee_keeps_up(1000, &seen, NAN));
    assert_false(knee_keeps_up(1000, &seen, 5000));
}

static void both_halves_of_the_criterion_count(void **state) {
    (void)state;
    const struct knee_seen good = {.per_second = 991, .p99_ns = 49000, .requests = 2500},
                           late = {.per_second = 1000, .p99_ns = 51000, .requests = 2500},
                           few = {.per_second = 989, .p99_ns = 5000, .requests = 2500},
                           random = {.per_second = 940,
                                     .p99_ns = 5000,
                                     .requests = 2500,
                                     .poisson = true};
    assert_true(knee_keeps_up(1000, &good, 5000));
    assert_false(knee_keeps_up(1000, &late, 5000));
    assert_false(knee_keeps_up(1000, &few, 5000));
    assert_true(knee_keeps_up(1000, &random, 5000)); /* 1% and 3 / sqrt(2500) */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_knee_is_found_to_the_resolution),
        cmocka_unit_test(one_bad_trial_is_not_believed),
        cmocka_unit_test(the_reference_is_the_median_of_three),
        cmocka_unit_test(a_low_rate_that_is_not_kept_up_ends_the_search),
        cmocka_unit_test(what_nothing_saturates_ends_at_the_highest_rate),
        cmocka_unit_test(a_rate_without_a_p99_is_not_kept_up),
        cmocka_unit_test(both_halves_of_the_criterion_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
