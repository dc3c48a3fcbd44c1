/* SPDX-License-Identifier: MIT */
/*
 * store_scene.h - what the tests of store.c and store_load.c share: a folder for each test, a small
 * run, files.
 */
#ifndef TESTS_UNIT_STORE_SCENE_H
#define TESTS_UNIT_STORE_SCENE_H

#include "run/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_folder, leave_folder)

/* Each test has a folder of its own, and works in it. */
static inline int enter_folder(void **state) {
    const char *above = getenv("TMPDIR");
    char *folder = NULL;
    if (asprintf(&folder, "%s/ipcbench-store-XXXXXX", above ? above : "/tmp") < 0)
        return -1;
    *state = folder;
    return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static inline int leave_folder(void **state) {
    char command[4096];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
    free(*state);
    return chdir("/") != 0 || system(command) != 0;
}

static inline bool exists(const char *path) {
    struct stat info;
    return lstat(path, &info) == 0;
}

static inline size_t read_file(const char *path, char *text, size_t room) {
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t length = fread(text, 1, room - 1, file);
    assert_int_equal(fclose(file), 0);
    assert_true(length < room - 1);
    text[length] = '\0';
    return length;
}

static inline void write_file(const char *path, const char *text, size_t length) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static inline void make_record(struct record *record, const char *key, double p50_ns) {
    struct problem problem;
    record_init(record);
    strcpy(record->key, key);
    assert_int_equal(cell_parse(key, &record->cell, &problem), 0);
    record->exchanges = record->stamped = 1000;
    record->mean_ns = record->p50_ns = p50_ns;
    record->per_second = 1e9 / p50_ns;
}

static inline int begin(const char *path, struct store **store, struct problem *problem) {
    json_t *environment = json_pack("{s:s}", "host", "testhost");
    json_t *options = json_pack("{s:i}", "seed", 7);
    int error = store_begin(path, environment, options, store, problem);
    json_decref(environment);
    json_decref(options);
    return error;
}

static inline struct store *begin_well(const char *path) {
    struct store *store;
    struct problem problem = {""};
    assert_int_equal(begin(path, &store, &problem), 0);
    return store;
}

static inline int append(struct store *store, const char *key, double p50_ns,
                         struct problem *problem) {
    struct record record;
    make_record(&record, key, p50_ns);
    int error = store_append(store, &record, problem);
    record_free(&record);
    return error;
}

#define PIPE "pipe/pingpong/block/same-core/64B"
#define UNIX "unix/pingpong/block/same-core/64B"

/* A run of three trials of two cells. */
static inline void make_run(struct run *run) {
    struct record record;
    memset(run, 0, sizeof *run);
    const char *const keys[] = {PIPE, UNIX, PIPE};
    for (int i = 0; i < 3; i++) {
        make_record(&record, keys[i], 4000 + 100 * i);
        assert_int_equal(run_add(run, &record), 0);
    }
    assert_int_equal(run_summarise(run), 0);
}

static inline int finish(struct store *store, struct problem *problem) {
    struct run run;
    make_run(&run);
    int error = store_finish(store, &run, problem);
    run_free(&run);
    return error;
}

static inline void finish_well(const char *path) {
    struct problem problem = {""};
    assert_int_equal(finish(begin_well(path), &problem), 0);
}

static inline void expect_trials(const char *path, size_t count, int complete) {
    struct run run;
    struct problem problem = {""};
    assert_int_equal(store_load(path, &run, &problem), 0);
    assert_int_equal(run.trial_count, count);
    assert_int_equal(run.complete, complete);
    assert_string_equal(json_string_value(json_object_get(run.environment, "host")), "testhost");
    assert_int_equal(json_integer_value(json_object_get(run.options, "seed")), 7);
    run_free(&run);
}

#endif
