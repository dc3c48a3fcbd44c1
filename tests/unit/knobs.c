/* SPDX-License-Identifier: MIT */
/*
 * knobs.c - values of every kind, their limits, the order in which they are set, and the sentences
 * about those that don't fit.
 */
#include "plugin/knobs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct test_link {
    struct ipc_link base;
    uint64_t count, size, flag, poller;
};

static const char *const pollers[] = {"select", "poll", "epoll", NULL};
static const struct ipc_knob knobs[] = {
    {"count", IPC_KNOB_NUMBER, offsetof(struct test_link, count), "3", 1, 100, NULL, "a number"},
    {"bufsize", IPC_KNOB_BYTES, offsetof(struct test_link, size), "64K", 4096, 1 << 20, NULL,
     "a size"},
    {"nodelay", IPC_KNOB_FLAG, offsetof(struct test_link, flag), "1", 0, 0, NULL, "a flag"},
    {"poller", IPC_KNOB_CHOICE, offsetof(struct test_link, poller), "poll", 0, 0, pollers,
     "a choice"},
    {.name = NULL}};
static const struct ipc_transport transport = {.name = "tester", .knobs = knobs};
static const struct ipc_transport bare = {.name = "bare"};

static struct test_link applied(const char *preset, const char *user) {
    struct test_link link = {.count = 0};
    struct problem problem = {""};
    if (knobs_apply(&transport, preset, user, &link.base, &problem) != 0)
        fail_msg("'%s' was refused: %s", user, problem.text);
    return link;
}

static void refused(const char *user, const char *says) {
    struct test_link link = {.count = 0};
    struct problem problem = {""};
    assert_int_equal(knobs_apply(&transport, NULL, user, &link.base, &problem), -EINVAL);
    if (strstr(problem.text, says) == NULL)
        fail_msg("'%s' does not say '%s'", problem.text, says);
    assert_non_null(strstr(problem.text, "tester"));
}

static void defaults_come_first(void **state) {
    (void)state;
    struct test_link link = applied(NULL, "");
    assert_int_equal(link.count, 3);
    assert_int_equal(link.size, 65536);
    assert_int_equal(link.flag, 1);
    assert_int_equal(link.poller, 1);
}

static void the_preset_beats_the_default_and_the_user_beats_both(void **state) {
    (void)state;
    struct test_link link = applied("count=7,nodelay=0", "count=9,poller=epoll");
    assert_int_equal(link.count, 9);
    assert_int_equal(link.flag, 0);
    assert_int_equal(link.poller, 2);
    assert_int_equal(link.size, 65536);
}

static void takes_values_at_their_limits(void **state) {
    (void)state;
    assert_int_equal(applied(NULL, "count=1").count, 1);
    assert_int_equal(applied(NULL, "count=100").count, 100);
    assert_int_equal(applied(NULL, "bufsize=4K").size, 4096);
    assert_int_equal(applied(NULL, "bufsize=4096").size, 4096);
    assert_int_equal(applied(NULL, "bufsize=1M").size, 1 << 20);
    assert_int_equal(applied(NULL, "poller=select").poller, 0);
}

static void refuses_values_that_do_not_fit(void **state) {
    (void)state;
    refused("count=0", "1 to 100");
    refused("count=101", "1 to 100");
    refused("count=-1", "count");
    refused("count=", "count");
    refused("count=3x", "count");
    refused("count=99999999999999999999999", "count");
    refused("bufsize=4095", "outside its limits: write 4KiB to 1MiB");
    refused("bufsize=2M", "outside its limits: write 4KiB to 1MiB");
    refused("bufsize=12Q", "4KiB to 1MiB");
    refused("nodelay=2", "'2' is neither 0 nor 1");
    refused("nodelay=yes", "neither 0 nor 1");
    refused("poller=epol", "'epol' is none of select, poll, epoll; did you mean 'epoll'?");
    refused("poller=", "is none of select, poll, epoll");
}

static void refuses_what_is_not_an_assignment(void **state) {
    (void)state;
    refused("bufsiz=1M", "no knob 'bufsiz'; its knobs are count, bufsize, nodelay, poller; did you "
                         "mean 'bufsize'?");
    refused("zzzzzzzzzz=1", "its knobs are count, bufsize, nodelay, poller");
    refused("count", "'count' sets no knob; write name=value");
    refused("count=1,", "'' sets no knob");
    refused(",count=1", "'' sets no knob");
    refused("=1", "no knob ''");
    refused("count=1,nodelay=0,count=2", "knob 'count' of tester is set twice");
}

static void a_transport_without_knobs_says_so(void **state) {
    (void)state;
    struct test_link link = {.count = 0};
    struct problem problem = {""};
    assert_int_equal(knobs_apply(&bare, NULL, "", &link.base, &problem), 0);
    assert_int_equal(knobs_apply(&bare, NULL, "count=1", &link.base, &problem), -EINVAL);
    assert_string_equal(problem.text, "bare has no knobs, so 'count' can't be set");
}

static void refuses_a_text_without_end(void **state) {
    (void)state;
    char text[4096];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    refused(text, "longer than");
}

static void append(void *context, const char *name, const char *value) {
    char *text = context;
    (void)snprintf(text + strlen(text), 256 - strlen(text), "%s%s=%s", text[0] ? "," : "", name,
                   value);
}

/* What is recorded repeats the trial: it reads back to the same values. */
static void writes_values_that_read_back(void **state) {
    (void)state;
    char text[256] = "";
    struct test_link link = applied(NULL, "bufsize=5000,poller=select,nodelay=0");
    knobs_each(&transport, &link.base, append, text);
    assert_string_equal(text, "count=3,bufsize=5000B,nodelay=0,poller=select");
    struct test_link again = applied(NULL, text);
    assert_memory_equal(&link, &again, sizeof link);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_come_first),
        cmocka_unit_test(the_preset_beats_the_default_and_the_user_beats_both),
        cmocka_unit_test(takes_values_at_their_limits),
        cmocka_unit_test(refuses_values_that_do_not_fit),
        cmocka_unit_test(refuses_what_is_not_an_assignment),
        cmocka_unit_test(a_transport_without_knobs_says_so),
        cmocka_unit_test(refuses_a_text_without_end),
        cmocka_unit_test(writes_values_that_read_back),
    };
    return cmocka_run_group_tests_name("knobs", tests, NULL, NULL);
}
