/* SPDX-License-Identifier: MIT */
/*
 * probe.c - transports whose probe answers, refuses, crashes, leaves or hangs: none takes the
 * caller with it, and no process stays behind.
 */
#include "plugin/probe.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct test_link {
    struct ipc_link base;
    uint64_t number;
};

static const struct ipc_messages messages = {NULL, NULL};
static const struct ipc_knob knobs[] = {
    {"number", IPC_KNOB_NUMBER, offsetof(struct test_link, number), "5", 0, 9, NULL, "-"},
    {.name = NULL}};
static const struct ipc_preset preset = {.name = "seven", .knobs = "number=7", .summary = "-"};

/* Asks about a transport that has this probe. */
static bool ask(int (*probe)(struct ipc_link *), const struct ipc_preset *with,
                struct problem *why) {
    const struct ipc_transport transport = {.name = "tester",
                                            .link_bytes = sizeof(struct test_link),
                                            .end_bytes = sizeof(struct ipc_end),
                                            .knobs = knobs,
                                            .probe = probe,
                                            .messages = {[IPC_PARK] = &messages}};
    const struct registry_entry entry = {.transport = &transport, .preset = with};
    size_t limit = 1;
    bool available = probe_entry(&entry, 200, &limit, why);
    assert_int_equal(limit, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    return available;
}

static int answer_yes(struct ipc_link *link) {
    (void)link;
    return 0;
}

/* Says yes only to a link that is made as for a trial. */
static int check_link(struct ipc_link *link) {
    bool right = link->wait == IPC_PARK && link->max_bytes == 1 << 20 && link->name != NULL &&
                 link->network == NULL && (uintptr_t)link % IPC_ALIGN == 0 &&
                 ((struct test_link *)link)->number == 7;
    link->note(link->notes, "a fact", "which nobody keeps");
    link->fault.call = "check";
    return right ? 0 : -EIO;
}

static size_t carry_100(struct ipc_link *link) {
    return link->folder != NULL && access(link->folder, W_OK) == 0 ? 100 : 1;
}

static void a_limit_of_the_host_is_told(void **state) {
    struct problem why = {""};
    size_t limit = 0;
    const struct ipc_transport transport = {.name = "tester",
                                            .link_bytes = sizeof(struct test_link),
                                            .end_bytes = sizeof(struct ipc_end),
                                            .needs = IPC_FOLDER,
                                            .limit = carry_100,
                                            .messages = {[IPC_SPIN] = &messages}};
    const struct registry_entry entry = {.transport = &transport};
    (void)state;
    assert_true(probe_entry(&entry, 200, &limit, &why));
    assert_int_equal(limit, 100);
}

static int refuse_with_reason(struct ipc_link *link) {
    link->fault.call = "mq_open";
    (void)snprintf(link->fault.detail, sizeof link->fault.detail, "this kernel has no queues");
    return -ENOSYS;
}

static int refuse_without_reason(struct ipc_link *link) {
    link->fault.call = "mq_open";
    return -ENOSYS;
}

static int refuse_without_anything(struct ipc_link *link) {
    (void)link;
    return -EPERM;
}

/* What can't be given back from within, held so that memcheck sees no leak in it. */
static struct ipc_link *volatile left;

static int crash(struct ipc_link *link) {
    left = link;
    (void)kill(getpid(), SIGKILL);
    return 0;
}

static int leave(struct ipc_link *link) {
    _exit(link != NULL ? 0 : 1);
}

static int hang(struct ipc_link *link) {
    (void)link;
    while (pause() != 0)
        continue;
    return 0;
}

static void what_has_no_probe_is_available(void **state) {
    (void)state;
    struct problem why = {""};
    assert_true(ask(NULL, NULL, &why));
    assert_true(ask(answer_yes, NULL, &why));
}

static void the_link_is_that_of_a_trial(void **state) {
    (void)state;
    struct problem why = {""};
    assert_true(ask(check_link, &preset, &why));
    assert_false(ask(check_link, NULL, &why));
    assert_string_equal(why.text, "its probe failed in check: Input/output error");
}

static void a_refusal_is_one_sentence(void **state) {
    (void)state;
    struct problem why = {""};
    assert_false(ask(refuse_with_reason, NULL, &why));
    assert_string_equal(why.text, "this kernel has no queues");
    assert_false(ask(refuse_without_reason, NULL, &why));
    assert_string_equal(why.text, "its probe failed in mq_open: Function not implemented");
    assert_false(ask(refuse_without_anything, NULL, &why));
    assert_string_equal(why.text, "its probe failed in an unnamed call: Operation not permitted");
}

static void a_probe_that_dies_takes_nobody_with_it(void **state) {
    (void)state;
    struct problem why = {""};
    assert_false(ask(crash, NULL, &why));
    assert_string_equal(why.text, "its probe crashed (Killed); report it to its author");
    assert_false(ask(leave, NULL, &why));
    assert_string_equal(why.text, "its probe crashed (it called exit); report it to its author");
}

static void a_probe_that_hangs_is_killed(void **state) {
    (void)state;
    struct problem why = {""};
    assert_false(ask(hang, NULL, &why));
    assert_string_equal(why.text, "its probe did not return within 200 ms; a probe must not block");
}

/* In a chroot whose root is no mount point: 0, or which of the expectations was wrong. */
static int ask_in_a_plain_chroot(const char *folder) {
    const struct ipc_transport transport = {.name = "tester",
                                            .link_bytes = sizeof(struct test_link),
                                            .end_bytes = sizeof(struct ipc_end),
                                            .needs = IPC_MOUNTS,
                                            .messages = {[IPC_SPIN] = &messages}};
    const struct registry_entry entry = {.transport = &transport};
    struct problem why = {""};
    size_t limit = 0;
    if (chroot(folder) != 0 || chdir("/") != 0)
        return 77;
    if (probe_entry(&entry, 2000, &limit, &why))
        return 1;
    (void)fprintf(stderr, "%s\n", why.text);
    return strstr(why.text, "plain chroot") != NULL ? 0 : 2;
}

static void forbidden_mounts_are_told_without_a_probe(void **state) {
    char folder[] = "chroot-XXXXXX";
    const char *loaded = getenv("LD_PRELOAD");
    int status = 0;
    (void)state;
    if (loaded != NULL && strstr(loaded, "vgpreload") != NULL)
        skip(); /* valgrind can't write its log from in there */
    assert_non_null(mkdtemp(folder));
    pid_t child = fork();
    if (child == 0)
        _exit(ask_in_a_plain_chroot(folder));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(rmdir(folder), 0);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_of_the_host_is_told),
        cmocka_unit_test(what_has_no_probe_is_available),
        cmocka_unit_test(the_link_is_that_of_a_trial),
        cmocka_unit_test(a_refusal_is_one_sentence),
        cmocka_unit_test(a_probe_that_dies_takes_nobody_with_it),
        cmocka_unit_test(a_probe_that_hangs_is_killed),
        cmocka_unit_test(forbidden_mounts_are_told_without_a_probe),
    };
    return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
