/* SPDX-License-Identifier: MIT */
/*
 * capture.c - what a program prints comes whole, nobody waits for what it left behind, and whatever
 * goes wrong with it is told.
 */
#include "base/capture.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

enum { MOST_BYTES = 1 << 20 };

/* What the shell prints when it runs that. */
static struct capture shell(const char *script, const char *input, uint64_t deadline_ns) {
    const char *const words[] = {"/bin/sh", "-c", script, NULL};
    const struct capture_request request = {.words = words,
                                            .input = input,
                                            .most_bytes = MOST_BYTES,
                                            .deadline_ns = deadline_ns,
                                            .stop_fd = -1};
    struct capture capture;
    struct problem problem = {""};
    assert_int_equal(capture_run(&request, &capture, &problem), 0);
    assert_string_equal(problem.text, "");
    return capture;
}

static void ended_well(const struct capture *capture) {
    assert_false(capture->late || capture->flooded || capture->interrupted);
    assert_true(WIFEXITED(capture->status));
    assert_int_equal(WEXITSTATUS(capture->status), 0);
}

static void input_and_outputs(void **state) {
    (void)state;
    struct capture capture = shell("cat; echo first >&2; echo second >&2", "hello", 100 * SECOND);
    ended_well(&capture);
    assert_string_equal(capture.output, "hello");
    assert_int_equal(capture.bytes, 5);
    assert_string_equal(capture.complaint, "first");
    capture_free(&capture);
}

static void much_output_comes_whole(void **state) {
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct capture capture = shell("head -c 1000000 /dev/zero", NULL, 100 * SECOND);
        ended_well(&capture);
        assert_int_equal(capture.bytes, 1000000);
        capture_free(&capture);
    }
}

/* The deadline would be missed if it was. */
static void a_descendant_that_holds_the_output_is_not_waited_for(void **state) {
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct capture capture = shell("sleep 1000 & echo $!", NULL, 500 * SECOND);
        ended_well(&capture);
        pid_t left = (pid_t)strtol(capture.output, NULL, 10);
        assert_true(left > 1);
        assert_int_equal(kill(left, 0), -1);
        assert_int_equal(errno, ESRCH);
        capture_free(&capture);
    }
}

static void too_much_and_too_long(void **state) {
    (void)state;
    struct capture capture = shell("cat /dev/zero", NULL, 100 * SECOND);
    assert_true(capture.flooded);
    assert_int_equal(capture.bytes, MOST_BYTES);
    capture_free(&capture);
    capture = shell("sleep 1000", NULL, SECOND / 10);
    assert_true(capture.late);
    capture_free(&capture);
}

static void how_it_ended_is_told(void **state) {
    (void)state;
    struct capture capture = shell("exit 3", NULL, 100 * SECOND);
    assert_true(WIFEXITED(capture.status));
    assert_int_equal(WEXITSTATUS(capture.status), 3);
    capture_free(&capture);
    capture = shell("kill -SEGV $$", NULL, 100 * SECOND);
    assert_true(WIFSIGNALED(capture.status));
    assert_int_equal(WTERMSIG(capture.status), SIGSEGV);
    capture_free(&capture);
}

static void a_program_that_is_none(void **state) {
    (void)state;
    const char *const words[] = {"/nonexistent/program", NULL};
    const struct capture_request request = {
        .words = words, .most_bytes = 10, .deadline_ns = 100 * SECOND, .stop_fd = -1};
    struct capture capture;
    struct problem problem = {""};
    assert_int_equal(capture_run(&request, &capture, &problem), 0);
    assert_int_equal(WEXITSTATUS(capture.status), 127);
    assert_non_null(strstr(capture.complaint, "can't execute /nonexistent/program: No such file"));
    capture_free(&capture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(input_and_outputs),
        cmocka_unit_test(much_output_comes_whole),
        cmocka_unit_test(a_descendant_that_holds_the_output_is_not_waited_for),
        cmocka_unit_test(too_much_and_too_long),
        cmocka_unit_test(how_it_ended_is_told),
        cmocka_unit_test(a_program_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
