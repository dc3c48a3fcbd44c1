/* SPDX-License-Identifier: MIT */
/*
 * store.c - a run file appears whole or not at all, finished trials survive whatever happens to the
 * run, and nothing is overwritten.
 */
#include "store_scene.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void a_finished_run_is_one_file_and_reads_back(void **state) {
    (void)state;
    struct run run;
    struct stat info;
    struct problem problem = {""};
    (void)umask(022);
    struct store *store = begin_well("run.json");
    assert_true(exists("run.json.journal"));
    assert_false(exists("run.json"));
    assert_int_equal(finish(store, &problem), 0);
    assert_false(exists("run.json.journal"));
    assert_false(exists("run.json.partial"));
    assert_int_equal(stat("run.json", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0644);
    expect_trials("run.json", 3, 1);
    assert_int_equal(store_load("run.json", &run, &problem), 0);
    assert_int_equal(run.cell_count, 2);
    assert_string_equal(run.cells[0].key, PIPE);
    assert_int_equal(run.cells[0].trials, 2);
    assert_true(run.cells[0].p50_ns == 4100);
    assert_string_equal(run.trials[1].key, UNIX);
    run_free(&run);
}

static void an_existing_file_is_never_overwritten(void **state) {
    (void)state;
    char text[64];
    struct store *store;
    struct problem problem = {""};
    write_file("run.json", "precious", 8);
    assert_int_equal(begin("run.json", &store, &problem), -EEXIST);
    assert_non_null(strstr(problem.text, "-o"));
    assert_null(store);
    assert_false(exists("run.json.journal"));

    store = begin_well("late.json");
    assert_int_equal(append(store, PIPE, 4000, &problem), 0);
    write_file("late.json", "precious", 8);
    assert_int_equal(finish(store, &problem), -EEXIST);
    assert_non_null(strstr(problem.text, "late.json.journal"));
    assert_true(exists("late.json.journal"));
    assert_false(exists("late.json.partial"));
    (void)read_file("late.json", text, sizeof text);
    assert_string_equal(text, "precious");
}

static void the_journal_of_another_run_is_left_alone(void **state) {
    (void)state;
    struct store *store;
    struct problem problem = {""};
    struct store *first = begin_well("run.json");
    assert_int_equal(append(first, PIPE, 4000, &problem), 0);
    assert_int_equal(begin("run.json", &store, &problem), -EEXIST);
    assert_non_null(strstr(problem.text, "run.json.journal"));
    store_abandon(first);
    expect_trials("run.json.journal", 1, 0);
}

static void the_folder_is_made_and_only_one_level(void **state) {
    (void)state;
    struct store *store;
    struct problem problem = {""};
    finish_well("results/run.json");
    expect_trials("results/run.json", 3, 1);
    assert_int_equal(begin("a/b/run.json", &store, &problem), -ENOENT);
    assert_non_null(strstr(problem.text, "a/b"));
    assert_false(exists("a"));
}

static void a_run_that_gives_up_early_leaves_nothing(void **state) {
    (void)state;
    store_abandon(NULL);
    store_abandon(begin_well("results/run.json"));
    assert_false(exists("results"));
}

static void impossible_names_are_refused(void **state) {
    (void)state;
    static char long_name[300];
    memset(long_name, 'x', sizeof long_name - 1);
    static const struct {
        const char *path;
        int error;
    } known[] = {{"", EINVAL},
                 {"folder", EINVAL},
                 {"folder/", EINVAL},
                 {"file/run.json", ENOTDIR},
                 {long_name, ENAMETOOLONG}};
    assert_int_equal(mkdir("folder", 0755), 0);
    write_file("file", "", 0);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct store *store;
        struct problem problem = {""};
        assert_int_equal(begin(known[i].path, &store, &problem), -known[i].error);
        assert_non_null(strstr(problem.text, "-o"));
    }
}

/* Runs a check in a process of its own, whose limits and identity it may change. */
static void in_child(void (*check)(void)) {
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        check();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(status, 0);
}

/* For children, in which cmocka's assertions would run on into the parent's tests. */
static void require(bool condition, const char *what) {
    if (condition)
        return;
    (void)fprintf(stderr, "in the child: %s\n", what);
    _exit(1);
}

static void check_unwritable(void) {
    struct store *store;
    struct problem problem = {""};
    require(mkdir("closed", 0555) == 0 && chmod(".", 0711) == 0, "mkdir");
    require(geteuid() != 0 || seteuid(65534) == 0, "seteuid");
    require(begin("closed/run.json", &store, &problem) == -EACCES, "begin is refused");
    require(strstr(problem.text, "closed/run.json") != NULL, "the sentence names the file");
    require(!exists("closed/run.json.journal"), "nothing is left");
}

static void an_unwritable_folder_is_refused(void **state) {
    (void)state;
    in_child(check_unwritable);
}

static void limit_files_to(rlim_t bytes) {
    struct rlimit limit;
    require(getrlimit(RLIMIT_FSIZE, &limit) == 0, "getrlimit");
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    require(setrlimit(RLIMIT_FSIZE, &limit) == 0, "setrlimit");
}

/* A write that fails half way must not spoil the trials before and after it. */
static void check_failed_append(void) {
    struct stat info;
    struct problem problem = {""};
    (void)signal(SIGXFSZ, SIG_IGN);
    struct store *store;
    require(begin("run.json", &store, &problem) == 0, "begin");
    require(append(store, PIPE, 4000, &problem) == 0, "the first trial");
    require(stat("run.json.journal", &info) == 0, "stat");
    limit_files_to((rlim_t)info.st_size + 100);
    require(append(store, PIPE, 4100, &problem) == -EFBIG, "the second trial fails");
    require(strstr(problem.text, "run.json.journal") != NULL, "the sentence names the journal");
    limit_files_to(RLIM_INFINITY);
    require(append(store, PIPE, 4200, &problem) == 0, "the third trial");
    store_abandon(store);
}

static void a_failed_append_does_not_spoil_the_journal(void **state) {
    (void)state;
    in_child(check_failed_append);
    expect_trials("run.json.journal", 2, 0);
}

static void fill_disk(const char *path) {
    static const char page[4096];
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    require(fd >= 0, "open");
    ssize_t written = 0;
    for (int i = 0; i < 4096 && written >= 0; i++)
        written = write(fd, page, sizeof page);
    require(written < 0 && errno == ENOSPC, "the disk is full");
    (void)close(fd);
}

static void check_full_disk(void) {
    struct problem problem = {""};
    struct store *store;
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "/mnt", "tmpfs", 0, "size=64k") != 0 || chdir("/mnt") != 0)
        _exit(77);
    require(begin("run.json", &store, &problem) == 0, "begin");
    require(append(store, PIPE, 4000, &problem) == 0, "the first trial");
    fill_disk("ballast");
    require(finish(store, &problem) == -ENOSPC, "finish fails");
    require(strstr(problem.text, "run.json.journal") != NULL, "the sentence names the journal");
    require(!exists("run.json") && !exists("run.json.partial"), "no partial file");
    struct run run;
    require(store_load("run.json.journal", &run, &problem) == 0, "the journal loads");
    require(run.trial_count == 1 && !run.complete, "with its trial");
    run_free(&run);
    require(begin("other.json", &store, &problem) == -ENOSPC, "begin fails");
    require(!exists("other.json.journal"), "nothing is left");
}

static void a_full_disk_leaves_the_journal_and_no_partial_file(void **state) {
    (void)state;
    in_child(check_full_disk);
}

static void leftovers_of_a_kill_while_finishing_do_not_matter(void **state) {
    (void)state;
    struct problem problem = {""};
    struct store *store = begin_well("run.json");
    write_file("run.json.partial", "{\"schema\":", 10);
    assert_int_equal(finish(store, &problem), 0);
    assert_false(exists("run.json.partial"));
    expect_trials("run.json", 3, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_finished_run_is_one_file_and_reads_back),
        TEST(an_existing_file_is_never_overwritten),
        TEST(the_journal_of_another_run_is_left_alone),
        TEST(the_folder_is_made_and_only_one_level),
        TEST(a_run_that_gives_up_early_leaves_nothing),
        TEST(impossible_names_are_refused),
        TEST(an_unwritable_folder_is_refused),
        TEST(a_failed_append_does_not_spoil_the_journal),
        TEST(a_full_disk_leaves_the_journal_and_no_partial_file),
        TEST(leftovers_of_a_kill_while_finishing_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
