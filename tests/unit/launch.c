/* SPDX-License-Identifier: MIT */
/*
 * launch.c - whatever a trial's process does, a record comes of it and nothing is left. The trials
 * here are shell scripts that print a canned record, crash, hang or flood.
 */
#include "run/launch.h"
#include "base/stop.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)
#define S  (1000 * MS)

/* A folder with the fake trial and its record. */
struct scene {
    char folder[64], program[96], record[96], trace[96];
    struct cell cell;
    struct placement placement;
    struct launch_request request;
};

static void write_file(const char *path, const char *text, mode_t mode) {
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* The trial is this script. $here is the scene's folder, which holds record.json. */
static void play(const struct scene *scene, const char *script) {
    char text[2048];
    (void)snprintf(text, sizeof text, "#!/bin/sh\nhere='%s'\n%s\n", scene->folder, script);
    write_file(scene->program, text, 0755);
}

/* What the trial left in the file "trace", without the last newline. */
static void read_trace(const struct scene *scene, char *text, size_t room) {
    FILE *file = fopen(scene->trace, "re");
    assert_non_null(file);
    size_t length = fread(text, 1, room - 1, file);
    (void)fclose(file);
    text[length] = '\0';
    text[strcspn(text, "\n")] = '\0';
}

static void write_record(const struct scene *scene, const char *key, enum record_status status) {
    struct record record;
    struct problem problem = {""};
    record_init(&record);
    assert_int_equal(cell_parse(key, &record.cell, &problem), 0);
    cell_format(&record.cell, record.key);
    record.status = status;
    record.p50_ns = 4711;
    if (status != RECORD_OK)
        (void)snprintf(record.why, sizeof record.why, "the trial says so");
    json_t *json = record_to_json(&record);
    assert_non_null(json);
    assert_int_equal(json_dump_file(json, scene->record, 0), 0);
    json_decref(json);
    record_free(&record);
}

#define KEY "pipe:bufsize=64K/pingpong/block/same-core/64B"

static int set_up(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    struct problem problem = {""};
    const char *base = getenv("TMPDIR");
    assert_non_null(scene);
    (void)snprintf(scene->folder, sizeof scene->folder, "%s/launch-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(scene->folder));
    (void)snprintf(scene->program, sizeof scene->program, "%s/trial", scene->folder);
    (void)snprintf(scene->record, sizeof scene->record, "%s/record.json", scene->folder);
    (void)snprintf(scene->trace, sizeof scene->trace, "%s/trace", scene->folder);
    assert_int_equal(cell_parse(KEY, &scene->cell, &problem), 0);
    scene->placement = (struct placement){"same-core", "same-core", 0, 0};
    scene->request = (struct launch_request){.program = scene->program,
                                             .cell = &scene->cell,
                                             .placement = &scene->placement,
                                             .time_ns = 250 * MS,
                                             .warmup_ns = 100 * MS,
                                             .deadline_ns = 30 * S,
                                             .grace_ns = 30 * S,
                                             .seed = 42,
                                             .net = "private",
                                             .verify = "window",
                                             .transports = "some/folder",
                                             .stop_fd = -1};
    write_record(scene, KEY, RECORD_OK);
    *state = scene;
    return 0;
}

static int tear_down(void **state) {
    struct scene *scene = *state;
    const char *const names[] = {"trial", "record.json", "trace", "ready"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[96];
        (void)snprintf(path, sizeof path, "%s/%s", scene->folder, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(scene->folder), 0);
    free(scene);
    return 0;
}

/* Runs the script as the trial; it must yield a failed record that repeats the request and says
 * this. */
static void assert_fails(struct scene *scene, const char *script, const char *says) {
    struct record record;
    struct problem problem = {""};
    if (script != NULL)
        play(scene, script);
    assert_int_equal(launch_trial(&scene->request, &record, &problem), 0);
    assert_int_equal(record.status, RECORD_FAILED);
    if (strstr(record.why, says) == NULL)
        fail_msg("'%s' is not in: %s", says, record.why);
    assert_string_equal(record.key, KEY);
    assert_string_equal(record.cell.transport, "pipe");
    assert_int_equal(record.seed, 42);
    assert_non_null(strstr(record.command, "ipcbench trial " KEY " --time 0.250000"));
    assert_null(strstr(record.command, "--json"));
    record_free(&record);
}

static void a_record_comes_home(void **state) {
    struct scene *scene = *state;
    struct record record;
    struct problem problem = {""};
    char arguments[512];
    play(scene, "echo \"$*\" >\"$here/trace\"; cat \"$here/record.json\"");
    assert_int_equal(launch_trial(&scene->request, &record, &problem), 0);
    assert_int_equal(record.status, RECORD_OK);
    assert_string_equal(record.key, KEY);
    assert_true(record.p50_ns == 4711);
    record_free(&record);
    read_trace(scene, arguments, sizeof arguments);
    assert_string_equal(arguments,
                        "trial " KEY " --time 0.250000 --warmup 0.100000 --deadline 30.000000 "
                        "--seed 42 --net private --verify window --transports some/folder --json");
}

static void what_the_trial_says_of_itself_stays(void **state) {
    struct scene *scene = *state;
    static const struct {
        enum record_status status;
        const char *script;
    } cases[] = {
        {RECORD_FAILED, "cat \"$here/record.json\"; exit 1"},
        {RECORD_SKIPPED, "cat \"$here/record.json\"; exit 77"},
        {RECORD_NOT_APPLICABLE, "cat \"$here/record.json\"; exit 77"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record record;
        struct problem problem = {""};
        write_record(scene, KEY, cases[i].status);
        play(scene, cases[i].script);
        assert_int_equal(launch_trial(&scene->request, &record, &problem), 0);
        assert_int_equal(record.status, cases[i].status);
        assert_string_equal(record.why, "the trial says so");
        record_free(&record);
    }
}

static void a_crash_is_a_failed_trial(void **state) {
    assert_fails(*state, "kill -SEGV $$", "killed by signal 11");
    assert_fails(*state, "cat \"$here/record.json\"; kill -ABRT $$", "killed by signal 6");
    assert_fails(*state, "echo 'it all went wrong' >&2; kill -BUS $$", "it all went wrong");
}

static void nonsense_is_a_failed_trial(void **state) {
    assert_fails(*state, "echo nonsense", "exit code 0, and it printed no record");
    assert_fails(*state, "echo '{\"key\": 7}'", "its record is damaged");
    assert_fails(*state, "head -c 200 \"$here/record.json\"", "it printed no record");
    assert_fails(*state, "cat \"$here/record.json\" \"$here/record.json\"", "no record");
    assert_fails(*state, "cat \"$here/record.json\"; exit 1",
                 "exit code 1, which its record denies");
}

static void a_record_of_another_cell_is_a_failed_trial(void **state) {
    struct scene *scene = *state;
    write_record(scene, "pipe/pingpong/block/same-core/64B", RECORD_OK);
    assert_fails(scene, "cat \"$here/record.json\"", "another cell");
}

static void the_reason_is_the_first_line_of_the_complaint(void **state) {
    assert_fails(*state, "printf '\\n  no \\033such\\tfolder\\nsecond line\\n' >&2; exit 2",
                 "): no ?such?folder");
}

static void a_program_that_is_not_there_is_a_failed_trial(void **state) {
    struct scene *scene = *state;
    scene->request.program = "/nonexistent/ipcbench";
    assert_fails(scene, NULL, "can't execute /nonexistent/ipcbench");
}

static void a_hang_is_killed_after_deadline_and_grace(void **state) {
    struct scene *scene = *state;
    scene->request.deadline_ns = 600 * MS;
    scene->request.grace_ns = 400 * MS;
    assert_fails(scene, "trap '' TERM; echo stuck >&2; while :; do sleep 30; done",
                 "did not end within 1 s and was killed: stuck");
    assert_fails(scene, "exec >&- 2>&-; sleep 30", "did not end within 1 s");
}

static void a_flood_is_bounded(void **state) {
    struct scene *scene = *state;
    assert_fails(scene, "exec yes", "more than 8 MiB");
    scene->request.deadline_ns = 600 * MS;
    scene->request.grace_ns = 400 * MS;
    assert_fails(scene, "exec yes >&2", "did not end within 1 s and was killed: y");
}

/* Waits for a process that we inherited; returns its status. */
static int reap_orphan(void) {
    int status = -1;
    assert_true(waitpid(-1, &status, 0) > 0);
    return status;
}

static void what_a_trial_leaves_running_is_killed(void **state) {
    struct scene *scene = *state;
    struct record record;
    struct problem problem = {""};
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    play(scene, "sleep 30 & cat \"$here/record.json\"");
    assert_int_equal(launch_trial(&scene->request, &record, &problem), 0);
    assert_int_equal(record.status, RECORD_OK);
    record_free(&record);
    int status = reap_orphan();
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static void a_trial_leads_a_group_of_its_own_with_signals_unblocked(void **state) {
    struct scene *scene = *state;
    struct record record;
    struct problem problem = {""};
    struct stop stop;
    char trace[128], expected[128];
    assert_int_equal(stop_catch(&stop, &problem), 0);
    play(scene, "set -- $(cat /proc/$$/stat); group=$5\n"
                "blocked=$(sed -n 's/^SigBlk:[[:space:]]*//p' /proc/$$/status)\n"
                "test \"$group\" = $$ && echo \"leader $blocked\" >\"$here/trace\"\n"
                "cat \"$here/record.json\"");
    assert_int_equal(launch_trial(&scene->request, &record, &problem), 0);
    stop_release(&stop);
    record_free(&record);
    read_trace(scene, trace, sizeof trace);
    (void)snprintf(expected, sizeof expected, "leader %016x", 0);
    assert_string_equal(trace, expected);
}

static void a_signal_tells_the_trial_to_end(void **state) {
    struct scene *scene = *state;
    struct record record;
    struct problem problem = {""};
    char trace[64];
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    struct stop stop;
    assert_int_equal(stop_catch(&stop, &problem), 0);
    scene->request.stop_fd = stop.fd;
    play(scene, "trap 'echo told >\"$here/trace\"; exit 130' TERM\n"
                "kill -INT $PPID\nwhile :; do sleep 0.05; done");
    assert_int_equal(launch_trial(&scene->request, &record, &problem), -EINTR);
    assert_false(stop_requested(stop.fd));
    stop_release(&stop);
    read_trace(scene, trace, sizeof trace);
    assert_string_equal(trace, "told");
    while (waitpid(-1, NULL, 0) > 0) /* the script's last sleep may have outlived it */
        continue;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static void a_second_signal_does_not_ask(void **state) {
    struct scene *scene = *state;
    struct record record;
    struct problem problem = {""};
    struct stop stop;
    assert_int_equal(stop_catch(&stop, &problem), 0);
    scene->request.stop_fd = stop.fd;
    play(
        scene,
        "trap '' TERM; kill -INT $PPID; kill -TERM $PPID; sleep 1; echo outlived >\"$here/trace\"");
    assert_int_equal(launch_trial(&scene->request, &record, &problem), -EINTR);
    stop_release(&stop);
    assert_int_equal(access(scene->trace, F_OK), -1);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

/* Waits until the trial has written the file "ready"; at most 20 s. */
static void await_ready(const struct scene *scene) {
    char path[96];
    (void)snprintf(path, sizeof path, "%s/ready", scene->folder);
    for (int i = 0; i < 2000 && access(path, F_OK) != 0; i++)
        (void)poll(NULL, 0, 10);
    assert_int_equal(access(path, F_OK), 0);
}

static void a_trial_is_told_when_the_run_is_killed(void **state) {
    struct scene *scene = *state;
    char trace[64];
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    play(scene, "trap 'echo told >\"$here/trace\"; exit 130' TERM\n"
                "echo >\"$here/ready\"\nwhile :; do sleep 0.05; done");
    pid_t run = fork();
    assert_true(run >= 0);
    if (run == 0) {
        struct record record;
        struct problem problem = {""};
        _exit(launch_trial(&scene->request, &record, &problem) == 0);
    }
    await_ready(scene);
    assert_int_equal(kill(run, SIGKILL), 0);
    while (waitpid(-1, NULL, 0) > 0)
        continue;
    read_trace(scene, trace, sizeof trace);
    assert_string_equal(trace, "told");
}

static size_t open_descriptors(void) {
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder);
    return count;
}

static void no_descriptor_is_left_open(void **state) {
    struct scene *scene = *state;
    struct record record;
    struct problem problem = {""};
    size_t before = open_descriptors();
    play(scene, "cat \"$here/record.json\"");
    assert_int_equal(launch_trial(&scene->request, &record, &problem), 0);
    record_free(&record);
    assert_fails(scene, "exec yes", "more than 8 MiB");
    assert_fails(scene, "kill -KILL $$", "killed by signal 9");
    assert_int_equal(open_descriptors(), before);
}

static void a_stand_in_says_what_would_have_run(void **state) {
    struct scene *scene = *state;
    struct record record, again;
    struct problem problem = {""};
    launch_stand_in(&scene->request, RECORD_SKIPPED, "no such pair here", &record);
    json_t *json = record_to_json(&record);
    assert_int_equal(record_from_json(json, &again, &problem), 0);
    json_decref(json);
    assert_int_equal(again.status, RECORD_SKIPPED);
    assert_string_equal(again.why, "no such pair here");
    assert_string_equal(again.key, KEY);
    assert_int_equal(strlen(again.started), strlen("2026-01-01T00:00:00Z"));
    record_free(&record);
    record_free(&again);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_record_comes_home),
        TEST(what_the_trial_says_of_itself_stays),
        TEST(a_crash_is_a_failed_trial),
        TEST(nonsense_is_a_failed_trial),
        TEST(a_record_of_another_cell_is_a_failed_trial),
        TEST(the_reason_is_the_first_line_of_the_complaint),
        TEST(a_program_that_is_not_there_is_a_failed_trial),
        TEST(a_hang_is_killed_after_deadline_and_grace),
        TEST(a_flood_is_bounded),
        TEST(what_a_trial_leaves_running_is_killed),
        TEST(a_trial_leads_a_group_of_its_own_with_signals_unblocked),
        TEST(a_signal_tells_the_trial_to_end),
        TEST(a_second_signal_does_not_ask),
        TEST(a_trial_is_told_when_the_run_is_killed),
        TEST(no_descriptor_is_left_open),
        TEST(a_stand_in_says_what_would_have_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
