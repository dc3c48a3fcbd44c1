/* SPDX-License-Identifier: MIT */
/*
 * floor.c - that every floor is a number that can be one, that threads and affinities are left as
 * they were, and that what can't be measured is refused. How fast anything is, is not asserted.
 */
#include "host/floor.h"

#include "base/clock.h"
#include "host/floor_pair.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { FAR_CPU = 8000, NO_CPU = 1 << 20 };

static void affinity_now(struct floor_affinity *now) {
    assert_true(sched_getaffinity(0, sizeof now->cpus, now->cpus) >= 0);
}

/* The first and the last CPU of this process; the same where it has only one. */
static void own_cpus(int *first, int *last) {
    struct floor_affinity now = {0};
    affinity_now(&now);
    *first = *last = -1;
    for (int cpu = 0; cpu < FAR_CPU; cpu++)
        if (CPU_ISSET_S((size_t)cpu, sizeof now.cpus, now.cpus)) {
            *first = *first < 0 ? cpu : *first;
            *last = cpu;
        }
}

static void nap(void) {
    const struct timespec two_ms = {.tv_nsec = 2000000};
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &two_ms, NULL);
}

static int thread_count(void) {
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (const struct dirent *entry; (entry = readdir(tasks)) != NULL;)
        count += entry->d_name[0] != '.';
    assert_int_equal(closedir(tasks), 0);
    return count;
}

/* Every test begins and ends with the same affinity and as many threads. */
struct before {
    struct floor_affinity affinity;
    int threads;
};

static int note_before(void **state) {
    static struct before before;
    memset(&before, 0, sizeof before);
    affinity_now(&before.affinity);
    before.threads = thread_count();
    *state = &before;
    return 0;
}

static int compare_after(void **state) {
    const struct before *before = *state;
    struct floor_affinity now = {0};
    affinity_now(&now);
    assert_true(CPU_EQUAL_S(sizeof now.cpus, now.cpus, before->affinity.cpus));
    /* A thread that was joined may still be listed for a moment. */
    for (int i = 0; i < 5000 && thread_count() != before->threads; i++)
        nap();
    assert_int_equal(thread_count(), before->threads);
    return 0;
}

static void is_time(struct floor_sample ns) {
    assert_true(isfinite(ns.best) && isfinite(ns.median));
    assert_true(ns.best > 0 && ns.best <= ns.median);
}

static void measures_a_system_call(void **state) {
    (void)state;
    int first, last;
    struct problem problem = {""};
    struct floor_sample ns = {NAN, NAN};
    own_cpus(&first, &last);
    assert_int_equal(floor_system_call(first, &ns, &problem), 0);
    is_time(ns);
    assert_int_equal(floor_system_call(-1, &ns, &problem), 0);
    is_time(ns);
    assert_string_equal(problem.text, "");
}

static void measures_copies(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 64, 4096, 65537, 5 << 20};
    int first, last;
    struct problem problem = {""};
    own_cpus(&first, &last);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct floor_sample rate = {NAN, NAN};
        assert_int_equal(floor_copy(last, sizes[i], &rate, &problem), 0);
        assert_true(isfinite(rate.best) && rate.median > 0 && rate.best >= rate.median);
    }
    struct floor_sample rate;
    assert_int_equal(floor_copy(last, 0, &rate, &problem), -EINVAL);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* they end the program */
    assert_int_equal(floor_copy(last, SIZE_MAX / 4, &rate, &problem), -ENOMEM);
    assert_non_null(strstr(problem.text, "no memory"));
#endif
}

static void measures_on_one_cpu(void **state) {
    (void)state;
    int first, last;
    struct problem problem = {""};
    struct floor_sample ns = {NAN, NAN};
    double median = NAN;
    own_cpus(&first, &last);
    assert_int_equal(floor_switches(last, &ns, &problem), 0);
    is_time(ns);
    assert_int_equal(floor_wakeups(first, first, &ns, &problem), 0);
    is_time(ns);
    assert_int_equal(floor_wakeup(first, first, &median, &problem), 0);
    assert_true(isfinite(median) && median > 0);
}

static void measures_across_two_cpus(void **state) {
    (void)state;
    int first, last;
    struct problem problem = {""};
    struct floor_sample ns = {NAN, NAN};
    double best = NAN;
    own_cpus(&first, &last);
    if (first == last)
        skip();
    assert_int_equal(floor_bounces(first, last, &ns, &problem), 0);
    is_time(ns);
    assert_int_equal(floor_bounce(last, first, &best, &problem), 0);
    assert_true(isfinite(best) && best > 0);
    assert_int_equal(floor_lines(first, last, &ns, &problem), 0);
    is_time(ns);
    assert_int_equal(floor_lines(last, first, &ns, &problem), 0);
    assert_int_equal(floor_wakeups(first, last, &ns, &problem), 0);
    is_time(ns);
}

static void measures_without_pinning(void **state) {
    (void)state;
    struct problem problem = {""};
    struct floor_sample ns = {NAN, NAN};
    assert_int_equal(floor_wakeups(-1, -1, &ns, &problem), 0);
    is_time(ns);
}

static void refuses_to_spin_on_one_cpu(void **state) {
    (void)state;
    int first, last;
    struct problem problem = {""};
    struct floor_sample ns = {1, 2};
    double best = 3;
    own_cpus(&first, &last);
    assert_int_equal(floor_bounces(first, first, &ns, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "can't bounce on one CPU"));
    assert_int_equal(floor_bounce(last, last, &best, &problem), -EINVAL);
    assert_int_equal(floor_bounces(-1, -1, &ns, &problem), -EINVAL);
    assert_int_equal(floor_bounces(first, -1, &ns, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "given by number"));
    assert_int_equal(floor_lines(-1, first, &ns, &problem), -EINVAL);
    assert_int_equal(floor_lines(first, first, &ns, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "leave one CPU"));
    assert_int_equal(floor_switches(-1, &ns, &problem), -EINVAL);
    assert_true(ns.best == 1 && ns.median == 2 && best == 3);
}

/* One CPU that no host has, and one that no number stands for. */
static void refuses_cpus_that_do_not_exist(void **state) {
    (void)state;
    static const int wrong[] = {FAR_CPU, NO_CPU};
    int first, last;
    double best;
    struct floor_sample ns;
    own_cpus(&first, &last);
    for (size_t i = 0; i < 2; i++) {
        struct problem problem = {""};
        int cpu = wrong[i];
        assert_int_equal(floor_system_call(cpu, &ns, &problem), -EINVAL);
        assert_non_null(strstr(problem.text, i == 0 ? "CPU 8000" : "CPU 1048576"));
        assert_int_equal(floor_copy(cpu, 64, &ns, &problem), -EINVAL);
        assert_int_equal(floor_bounces(cpu, first, &ns, &problem), -EINVAL);
        assert_int_equal(floor_bounce(first, cpu, &best, &problem), -EINVAL);
        assert_int_equal(floor_lines(cpu, first, &ns, &problem), -EINVAL);
        assert_int_equal(floor_wakeups(first, cpu, &ns, &problem), -EINVAL);
        assert_int_equal(floor_wakeup(cpu, first, &best, &problem), -EINVAL);
        assert_int_equal(floor_switches(cpu, &ns, &problem), -EINVAL);
    }
}

static void sums_up_batches(void **state) {
    (void)state;
    double times[] = {30, 10, NAN, 20, 50};
    struct floor_sample sample = floor_summarise(times, 5);
    assert_true(sample.best == 10 && sample.median == 25);
    uint64_t past = 1, future = clock_system_ns() + UINT64_C(3600000000000);
    assert_true(floor_wants_batch(FLOOR_FEWEST_BATCHES - 1, past));
    assert_false(floor_wants_batch(FLOOR_FEWEST_BATCHES, past));
    assert_true(floor_wants_batch(FLOOR_BATCHES - 1, future));
    assert_false(floor_wants_batch(FLOOR_BATCHES, future));
}

/* ---- games ---- */

/* Each side adds up the rounds that it saw; the payload shows that the court came cleared. */
static void serve_counting(struct floor_court *court, uint32_t first, uint32_t last) {
    for (uint32_t i = first; i <= last; i++) {
        while (atomic_load(&court->lines[0].sequence[0]) != i)
            (void)sched_yield();
        atomic_fetch_add(&court->lines[0].payload[1], i);
        atomic_store(&court->lines[1].sequence[0], i);
    }
}

static void play_counting(struct floor_court *court, uint32_t first, uint32_t last) {
    for (uint32_t i = first; i <= last; i++) {
        atomic_fetch_add(&court->lines[0].payload[0], i);
        atomic_store(&court->lines[0].sequence[0], i);
        while (atomic_load(&court->lines[1].sequence[0]) != i)
            (void)sched_yield();
    }
}

static void a_game_has_one_round_more_than_are_timed(void **state) {
    (void)state;
    static const struct floor_game counting = {serve_counting, play_counting};
    struct floor_pair pair;
    struct problem problem = {""};
    bool spoiled = true;
    assert_int_equal(floor_pair_open(&pair, -1, -1, &problem), 0);
    for (int game = 0; game < 3; game++) {
        assert_true(floor_pair_play(&pair, &counting, 10, &spoiled) > 0);
        assert_false(spoiled);
        assert_int_equal(atomic_load(&pair.court.lines[0].payload[0]), 66);
        assert_int_equal(atomic_load(&pair.court.lines[0].payload[1]), 66);
    }
    floor_pair_close(&pair);
}

static void serve_nothing(struct floor_court *court, uint32_t first, uint32_t last) {
    (void)court, (void)first, (void)last;
}

/* Every second batch is spoiled, and would be the fastest. */
static void play_naps(struct floor_court *court, uint32_t first, uint32_t last) {
    static int batches;
    (void)last;
    if (first == 1)
        return;
    if (batches++ % 2 == 0)
        atomic_store(&court->spoiled, 1);
    else
        nap();
}

static void play_spoiled_naps(struct floor_court *court, uint32_t first, uint32_t last) {
    (void)first, (void)last;
    atomic_store(&court->spoiled, 1);
    nap();
}

static void spoiled_batches_count_only_without_others(void **state) {
    (void)state;
    static const struct floor_game some = {serve_nothing, play_naps};
    static const struct floor_game all = {serve_nothing, play_spoiled_naps};
    struct problem problem = {""};
    struct floor_sample ns = {NAN, NAN};
    assert_int_equal(floor_pair_measure(-1, -1, &some, 1, 1, 1, &ns, &problem), 0);
    assert_true(ns.best >= 2e6);
    assert_int_equal(floor_pair_measure(-1, -1, &all, 1, 1, 1, &ns, &problem), 0);
    assert_true(ns.best >= 2e6);
}

static void play_quickly(struct floor_court *court, uint32_t first, uint32_t last) {
    (void)court, (void)first, (void)last;
}

static void play_with_a_nap(struct floor_court *court, uint32_t first, uint32_t last) {
    (void)court, (void)last;
    if (first > 1)
        nap();
}

static void the_fastest_game_counts(void **state) {
    (void)state;
    static const struct floor_game naps = {serve_nothing, play_with_a_nap};
    static const struct floor_game games[] = {{serve_nothing, play_with_a_nap},
                                              {serve_nothing, play_quickly}};
    struct problem problem = {""};
    struct floor_sample both = {NAN, NAN}, alone = {NAN, NAN};
    assert_int_equal(floor_pair_measure(-1, -1, games, 2, 1, 1, &both, &problem), 0);
    assert_int_equal(floor_pair_measure(-1, -1, &naps, 1, 1, 1, &alone, &problem), 0);
    assert_true(both.best < alone.best);
}

/* ThreadSanitizer keeps a thread of its own from the first one on. */
static int start_a_thread(void **state) {
    (void)state;
    struct floor_pair pair;
    struct problem problem;
    int error = floor_pair_open(&pair, -1, -1, &problem);
    if (!error)
        floor_pair_close(&pair);
    return error;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, note_before, compare_after)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(measures_a_system_call),
        TEST(measures_copies),
        TEST(measures_on_one_cpu),
        TEST(measures_across_two_cpus),
        TEST(measures_without_pinning),
        TEST(refuses_to_spin_on_one_cpu),
        TEST(refuses_cpus_that_do_not_exist),
        TEST(sums_up_batches),
        TEST(a_game_has_one_round_more_than_are_timed),
        TEST(spoiled_batches_count_only_without_others),
        TEST(the_fastest_game_counts),
    };
    return cmocka_run_group_tests_name("floor", tests, start_a_thread, NULL);
}
