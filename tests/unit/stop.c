/* SPDX-License-Identifier: MIT */
/*
 * stop.c - whose signal it was that ended a child.
 */
#include "base/stop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Ctrl-C goes to a whole process group, which a trial is still in when it was just forked. */
static void a_signal_to_both_is_a_request_to_stop(void **state) {
    (void)state;
    struct problem problem;
    struct stop stop;
    int status;
    assert_int_equal(stop_catch(&stop, &problem), 0);
    pid_t pid = fork();
    if (pid == 0) { /* a shell has what it runs aside ignore SIGINT */
        (void)signal(SIGINT, SIG_DFL);
        (void)sigprocmask(SIG_SETMASK, &stop.before, NULL);
        (void)pause();
        _exit(0);
    }
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WTERMSIG(status), SIGINT);
    assert_false(stop_killed(stop.fd, status)); /* we have got none */
    assert_int_equal(kill(getpid(), SIGINT), 0);
    assert_false(stop_killed(stop.fd, 0)); /* a child that ended by itself */
    assert_false(stop_killed(stop.fd, SIGSEGV));
    assert_true(stop_killed(stop.fd, status));
    assert_false(stop_requested(stop.fd)); /* it was taken */
    stop_release(&stop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_to_both_is_a_request_to_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
