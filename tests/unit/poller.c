/* SPDX-License-Identifier: MIT */
/*
 * poller.c (test) - select, poll and epoll find the same; select's limit is an error and no crash.
 */
#include "trial/poller.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
// cmocka.h needs the headers above
#include <cmocka.h>

enum { PIPES = 8 };

struct scene {
    struct poller poller;
    struct ipc_fault fault;
    int pipes[PIPES][2];
};

static void begin(struct scene *s, enum workload_design design) {
    memset(s, 0, sizeof *s);
    assert_int_equal(poller_open(&s->poller, design, PIPES, &s->fault), 0);
    for (size_t i = 0; i < PIPES; i++) {
        assert_int_equal(pipe2(s->pipes[i], O_NONBLOCK | O_CLOEXEC), 0);
        assert_int_equal(poller_watch(&s->poller, i, s->pipes[i][0], false, &s->fault), 0);
    }
}

static void end(struct scene *s) {
    poller_close(&s->poller);
    for (size_t i = 0; i < PIPES; i++) {
        (void)close(s->pipes[i][0]);
        (void)close(s->pipes[i][1]);
    }
}

static bool found(const struct scene *s, size_t client) {
    for (size_t i = 0; i < s->poller.ready_count; i++)
        if (s->poller.ready[i] == client)
            return true;
    return false;
}

static void wait_for(struct scene *s, size_t count) {
    assert_int_equal(poller_wait(&s->poller, &s->fault), 0);
    assert_int_equal(s->poller.ready_count, count);
}

static void finds_who_is_ready(enum workload_design design) {
    struct scene s;
    char byte = 'x';
    begin(&s, design);
    assert_int_equal(write(s.pipes[3][1], &byte, 1), 1);
    wait_for(&s, 1);
    assert_true(found(&s, 3));
    assert_int_equal(write(s.pipes[7][1], &byte, 1), 1);
    wait_for(&s, 2); /* level-triggered: what was not read is found again */
    assert_true(found(&s, 3) && found(&s, 7));
    assert_int_equal(read(s.pipes[3][0], &byte, 1), 1);
    wait_for(&s, 1);
    assert_true(found(&s, 7));
    assert_int_equal(close(s.pipes[0][1]), 0); /* its reader has something to be told */
    s.pipes[0][1] = -1;
    wait_for(&s, 2);
    assert_true(found(&s, 0));
    end(&s);
}

/* A client's descriptor to read from is replaced by one to write to, and back. */
static void watches_for_room(enum workload_design design) {
    struct scene s;
    char byte = 'x';
    begin(&s, design);
    while (write(s.pipes[2][1], &byte, 1) == 1)
        continue;
    assert_int_equal(poller_watch(&s.poller, 2, s.pipes[2][1], true, &s.fault), 0);
    assert_int_equal(write(s.pipes[5][1], &byte, 1), 1);
    wait_for(&s, 1);
    assert_true(found(&s, 5)); /* the full pipe is not: neither for reading nor for writing */
    while (read(s.pipes[2][0], &byte, 1) == 1)
        continue;
    wait_for(&s, 2);
    assert_true(found(&s, 2));
    assert_int_equal(poller_watch(&s.poller, 2, s.pipes[2][0], false, &s.fault), 0);
    wait_for(&s, 1);
    end(&s);
}

static void test_readiness(void **state) {
    (void)state;
    for (int design = WORKLOAD_SELECT; design <= WORKLOAD_EPOLL; design++) {
        finds_who_is_ready((enum workload_design)design);
        watches_for_room((enum workload_design)design);
    }
}

/* A high descriptor is watched by a copy of a low number, while there is one. */
static void test_selects_limit(void **state) {
    (void)state;
    struct scene s;
    struct rlimit files;
    char byte = 'x';
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    if (files.rlim_max < 2 * FD_SETSIZE)
        skip();
    begin(&s, WORKLOAD_SELECT);
    int high = fcntl(s.pipes[1][0], F_DUPFD_CLOEXEC, FD_SETSIZE + 100);
    assert_true(high > FD_SETSIZE);
    assert_int_equal(poller_watch(&s.poller, 1, high, false, &s.fault), 0);
    assert_int_equal(write(s.pipes[1][1], &byte, 1), 1);
    wait_for(&s, 1);
    assert_true(found(&s, 1));
    int low;
    while ((low = fcntl(s.pipes[0][0], F_DUPFD_CLOEXEC, 3)) < FD_SETSIZE)
        assert_true(low >= 0);
    assert_int_equal(poller_watch(&s.poller, 0, high, false, &s.fault), -EMFILE);
    assert_string_equal(s.fault.call, "select");
    assert_non_null(strstr(s.fault.detail, "below 1024"));
    end(&s);
    (void)close_range(3, ~0U, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readiness),
        cmocka_unit_test(test_selects_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
