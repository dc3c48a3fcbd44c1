/* SPDX-License-Identifier: MIT */
/*
 * outcome.c (test) - who is blamed for what both ends left behind, and how their notes and their
 * counts come together.
 */
#include "trial/outcome.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#define DEADLINE_NS UINT64_C(2000000000)

/* A trial of which both ends are gone; at first both ended well on their CPUs. */
struct scene {
    struct ipc_transport transport;
    struct control *control;
    struct end_task task;
    struct supervision supervision;
    struct record record;
};

static void place(struct end_report *report, int first_cpu, int last_cpu) {
    report->before.cpu = first_cpu;
    report->after.cpu = last_cpu;
}

static int set_up(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    scene->control = aligned_alloc(_Alignof(struct control), sizeof *scene->control);
    assert_non_null(scene->control);
    memset(scene->control, 0, sizeof *scene->control);
    histogram_reset(&scene->control->histogram);
    scene->task.transport = &scene->transport;
    scene->task.control = scene->control;
    for (int role = 0; role < IPC_ROLES; role++) {
        struct end_report *report = &scene->control->ends[role];
        scene->task.cpus[role] = role + 4;
        place(report, role + 4, role + 4);
        atomic_store(&report->stage, END_OVER);
        for (int i = 0; i < COUNTERS; i++)
            report->counted_before[i] = report->counted_after[i] = -1;
        report->traced_calls = -1;
        report->threads = 1;
    }
    record_init(&scene->record);
    (void)snprintf(scene->record.cell.transport, sizeof scene->record.cell.transport, "thing");
    *state = scene;
    return 0;
}

static int tear_down(void **state) {
    struct scene *scene = *state;
    record_free(&scene->record);
    free(scene->control);
    free(scene);
    return 0;
}

/* How one end ended: its status as of waitpid, and the stage in which it was. */
static void end_with(struct scene *scene, enum ipc_role role, int status, enum end_stage stage) {
    scene->supervision.status[role] = status;
    atomic_store(&scene->control->ends[role].stage, stage);
}

/* What an end reports itself, before it exits with 1. */
static void report_fault(struct scene *scene, enum ipc_role role, int error, const char *call,
                         const char *detail) {
    struct end_report *report = &scene->control->ends[role];
    int nobody = 0;
    end_with(scene, role, W_EXITCODE(1, 0), END_MEASURING);
    report->error = error;
    (void)snprintf(report->call, sizeof report->call, "%s", call);
    (void)snprintf(report->detail, sizeof report->detail, "%s", detail);
    (void)atomic_compare_exchange_strong(&scene->control->first_failed, &nobody, (int)role + 1);
}

static void assert_judged(struct scene *scene, const char *why) {
    outcome_judge(&scene->task, &scene->supervision, DEADLINE_NS, &scene->record);
    assert_int_equal(scene->record.status, why == NULL ? RECORD_OK : RECORD_FAILED);
    assert_string_equal(scene->record.why, why == NULL ? "" : why);
}

static void test_two_good_ends_are_ok(void **state) {
    assert_judged(*state, NULL);
}

static void test_a_fault_is_told_with_call_and_detail(void **state) {
    report_fault(*state, IPC_CLIENT, -ENOSPC, "send", "the script says so");
    assert_judged(*state, "thing: the client failed while measuring in send: No space left on "
                          "device; the script says so");
}

static void test_a_wrong_payload_is_told_by_its_detail(void **state) {
    report_fault(*state, IPC_SERVER, -EBADMSG, "verify", "message 37 differs");
    assert_judged(*state, "thing: the server failed while measuring in verify: message 37 differs");
}

static void test_of_two_faults_the_first_counts(void **state) {
    report_fault(*state, IPC_CLIENT, -EIO, "recv", "");
    report_fault(*state, IPC_SERVER, -EPIPE, "send", "");
    assert_judged(*state, "thing: the client failed while measuring in recv: Input/output error");
}

/* The client lost its peer and said so, first and alone: it is not to blame. */
static void test_a_killed_end_is_blamed_and_not_its_peer(void **state) {
    struct scene *scene = *state;
    report_fault(scene, IPC_CLIENT, -EPIPE, "recv", "");
    end_with(scene, IPC_SERVER, W_EXITCODE(0, SIGSEGV), END_WARMING);
    assert_judged(scene, "thing: the server was killed by signal 11 (Segmentation fault) while "
                         "warming up");
}

static void test_our_own_kill_is_not_blamed(void **state) {
    struct scene *scene = *state;
    report_fault(scene, IPC_CLIENT, -EPIPE, "recv", "");
    end_with(scene, IPC_SERVER, W_EXITCODE(0, SIGKILL), END_MEASURING);
    scene->supervision.killed[IPC_SERVER] = true;
    assert_judged(scene, "thing: the client failed while measuring in recv: Broken pipe");
}

static void test_an_exit_without_a_word(void **state) {
    struct scene *scene = *state;
    end_with(scene, IPC_CLIENT, W_EXITCODE(0, 0), END_DETACHING);
    assert_judged(scene, "thing: the client exited with 0 while detaching");
}

static void test_an_exit_is_blamed_and_not_the_peer_that_we_killed(void **state) {
    struct scene *scene = *state;
    end_with(scene, IPC_SERVER, W_EXITCODE(0, SIGKILL), END_MEASURING);
    scene->supervision.killed[IPC_SERVER] = true;
    end_with(scene, IPC_CLIENT, W_EXITCODE(3, 0), END_FINISHING);
    assert_judged(scene, "thing: the client exited with 3 while finishing");
}

static void test_the_deadline_says_where_both_stood(void **state) {
    struct scene *scene = *state;
    for (int role = 0; role < IPC_ROLES; role++)
        scene->supervision.killed[role] = true;
    end_with(scene, IPC_SERVER, W_EXITCODE(0, SIGKILL), END_ATTACHING);
    end_with(scene, IPC_CLIENT, W_EXITCODE(0, SIGKILL), END_STARTING);
    scene->supervision.timed_out = true;
    assert_judged(scene, "thing: not done after 2 s: the server stood while attaching, the client "
                         "while starting; both were killed; a longer --deadline gives it more "
                         "time");
}

static void test_an_end_on_another_cpu_than_its_own(void **state) {
    struct scene *scene = *state;
    place(&scene->control->ends[IPC_CLIENT], 5, 6);
    assert_judged(scene, "thing: the client was pinned to CPU 5 but ran on CPU 5 at the start and "
                         "on CPU 6 at the end");
}

static void test_an_unpinned_end_may_be_anywhere(void **state) {
    struct scene *scene = *state;
    scene->task.cpus[IPC_SERVER] = scene->task.cpus[IPC_CLIENT] = -1;
    place(&scene->control->ends[IPC_SERVER], 1, 2);
    assert_judged(scene, NULL);
}

/* Nothing that stands in the place of the server, which never was, matters. */
static void test_a_solo_transport_has_no_server(void **state) {
    struct scene *scene = *state;
    scene->transport.solo = true;
    end_with(scene, IPC_SERVER, W_EXITCODE(0, SIGSEGV), END_STARTING);
    place(&scene->control->ends[IPC_SERVER], 0, 0);
    assert_judged(scene, NULL);
}

static void write_note(struct scene *scene, enum ipc_role role, const char *name,
                       const char *value) {
    struct end_report *report = &scene->control->ends[role];
    struct record_fact *fact = &report->notes[report->note_count++];
    (void)snprintf(fact->name, sizeof fact->name, "%s", name);
    (void)snprintf(fact->value, sizeof fact->value, "%s", value);
}

static void assert_fact(const struct record *record, size_t at, const char *name,
                        const char *value) {
    assert_true(at < record->fact_count);
    assert_string_equal(record->facts[at].name, name);
    assert_string_equal(record->facts[at].value, value);
}

static void test_notes_that_are_alike_are_one_fact(void **state) {
    struct scene *scene = *state;
    write_note(scene, IPC_SERVER, "sndbuf", "4096");
    write_note(scene, IPC_CLIENT, "sndbuf", "4096");
    outcome_note(scene->control, &scene->record);
    assert_int_equal(scene->record.fact_count, 1);
    assert_fact(&scene->record, 0, "sndbuf", "4096");
}

static void test_notes_that_differ_say_whose_they_are(void **state) {
    struct scene *scene = *state;
    write_note(scene, IPC_SERVER, "sndbuf", "4096");
    write_note(scene, IPC_CLIENT, "sndbuf", "8192");
    write_note(scene, IPC_CLIENT, "port", "7");
    outcome_note(scene->control, &scene->record);
    assert_int_equal(scene->record.fact_count, 3);
    assert_fact(&scene->record, 0, "server.sndbuf", "4096");
    assert_fact(&scene->record, 1, "client.sndbuf", "8192");
    assert_fact(&scene->record, 2, "client.port", "7");
}

/* 98 exchanges in the result, and the 2 beside them: 100 between the marks. */
static void measure(struct scene *scene) {
    scene->control->result.stamped = 98;
    histogram_record(&scene->control->histogram, 1000);
    assert_int_equal(outcome_measured(&scene->task, &scene->record), 0);
}

/* Both ends' system calls by the tracepoint, that of reading included. */
static void count_calls(struct scene *scene, int64_t server, int64_t client) {
    const int64_t calls[IPC_ROLES] = {[IPC_SERVER] = server, [IPC_CLIENT] = client};
    for (int role = 0; role < IPC_ROLES; role++) {
        scene->control->ends[role].counted_before[COUNTER_SYSTEM_CALLS] = 5;
        scene->control->ends[role].counted_after[COUNTER_SYSTEM_CALLS] = 5 + calls[role] + 1;
    }
}

static void test_calls_by_the_tracepoint(void **state) {
    struct scene *scene = *state;
    count_calls(scene, 200, 300);
    scene->control->ends[IPC_SERVER].traced_calls = scene->control->ends[IPC_CLIENT].traced_calls =
        77;
    measure(scene);
    assert_true(scene->record.system_calls == 5);
    assert_int_equal(scene->record.fact_count, 1);
    assert_fact(&scene->record, 0, "system_calls_by", "tracepoint");
}

static void test_calls_by_ptrace(void **state) {
    struct scene *scene = *state;
    scene->control->ends[IPC_SERVER].traced_calls = 200;
    scene->control->ends[IPC_CLIENT].traced_calls = 0;
    measure(scene);
    assert_true(scene->record.system_calls == 2);
    assert_int_equal(scene->record.fact_count, 1);
    assert_fact(&scene->record, 0, "system_calls_by", "ptrace");
}

static void test_calls_of_one_end_alone_are_no_count(void **state) {
    struct scene *scene = *state;
    scene->control->ends[IPC_SERVER].traced_calls = 200;
    measure(scene);
    assert_true(isnan(scene->record.system_calls));
    assert_int_equal(scene->record.fact_count, 0);
}

static void test_calls_of_a_solo_client_are_all(void **state) {
    struct scene *scene = *state;
    scene->transport.solo = true;
    scene->control->ends[IPC_CLIENT].traced_calls = 300;
    measure(scene);
    assert_true(scene->record.system_calls == 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_two_good_ends_are_ok),
        TEST(test_a_fault_is_told_with_call_and_detail),
        TEST(test_a_wrong_payload_is_told_by_its_detail),
        TEST(test_of_two_faults_the_first_counts),
        TEST(test_a_killed_end_is_blamed_and_not_its_peer),
        TEST(test_our_own_kill_is_not_blamed),
        TEST(test_an_exit_without_a_word),
        TEST(test_an_exit_is_blamed_and_not_the_peer_that_we_killed),
        TEST(test_the_deadline_says_where_both_stood),
        TEST(test_an_end_on_another_cpu_than_its_own),
        TEST(test_an_unpinned_end_may_be_anywhere),
        TEST(test_a_solo_transport_has_no_server),
        TEST(test_notes_that_are_alike_are_one_fact),
        TEST(test_notes_that_differ_say_whose_they_are),
        TEST(test_calls_by_the_tracepoint),
        TEST(test_calls_by_ptrace),
        TEST(test_calls_of_one_end_alone_are_no_count),
        TEST(test_calls_of_a_solo_client_are_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
