/* SPDX-License-Identifier: MIT */
/*
 * bounce.c (test) - two threads on two CPUs both come to an end, and the time is one.
 */
#include "host/bounce.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

struct partner {
    struct bounce *bounce;
    size_t cpu;
    int error;
};

static int pin(size_t cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

/* Without its CPU it answers all the same: only more slowly. */
static void *answer(void *argument) {
    struct partner *partner = argument;
    partner->error = pin(partner->cpu);
    bounce_answer(partner->bounce);
    return NULL;
}

/* The first two CPUs of the set; false with fewer. */
static bool two_cpus(const cpu_set_t *set, size_t cpus[2]) {
    int found = 0;
    for (size_t cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++)
        if (CPU_ISSET(cpu, set))
            cpus[found++] = cpu;
    return found == 2;
}

static void test_both_come_to_an_end(void **state) {
    (void)state;
    struct bounce bounces[2] = {{.word = 0}, {.word = 0}};
    cpu_set_t before;
    size_t cpus[2];
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    if (!two_cpus(&before, cpus)) {
        print_message("skipped: there is one CPU only\n");
        skip();
    }
    assert_int_equal(pin(cpus[0]), 0);
    for (int i = 0; i < 2; i++) {
        struct partner partner = {.bounce = &bounces[i], .cpu = cpus[1]};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, answer, &partner), 0);
        double ns = bounce_time_ns(&bounces[i]);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(partner.error, 0);
        assert_true(isfinite(ns));
        assert_true(ns > 0);
        /* The last word is the last answer: an even number, after an odd one from here. */
        assert_true(bounces[i].word > 0 && bounces[i].word % 2 == 0);
    }
    assert_int_equal(bounces[0].word, bounces[1].word);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_come_to_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
