/* SPDX-License-Identifier: MIT */
/*
 * store_load.c - what isn't a run file, or is a damaged one, is refused with one sentence that
 * names the file; a journal loses what was cut and nothing more.
 */
#include "store_scene.h"

#include <errno.h>

static void expect_refusal(const char *path, int error, const char *says) {
    struct run run;
    struct problem problem = {""};
    assert_int_equal(store_load(path, &run, &problem), -error);
    assert_non_null(strstr(problem.text, path));
    if (strstr(problem.text, says) == NULL)
        fail_msg("'%s' doesn't say '%s'", problem.text, says);
    assert_null(run.trials);
    assert_null(run.environment);
}

/* The text of a journal with two trials, and where its last line begins. */
static size_t make_journal(char *text, size_t room, size_t *last_line) {
    struct problem problem = {""};
    struct store *store = begin_well("run.json");
    assert_int_equal(append(store, PIPE, 4000, &problem), 0);
    *last_line = read_file("run.json.journal", text, room);
    assert_int_equal(append(store, UNIX, 5000, &problem), 0);
    store_abandon(store);
    return read_file("run.json.journal", text, room);
}

static void a_cut_journal_loses_its_last_trial_only(void **state) {
    (void)state;
    static char text[65536];
    size_t last_line;
    size_t length = make_journal(text, sizeof text, &last_line);
    for (size_t cut = last_line; cut < length - 1; cut += 37) {
        write_file("cut.journal", text, cut);
        expect_trials("cut.journal", 1, 0);
    }
    write_file("cut.journal", text, length - 2);
    expect_trials("cut.journal", 1, 0);
    write_file("cut.journal", text, length - 1); /* only the newline is missing */
    expect_trials("cut.journal", 2, 0);
}

static void a_journal_damaged_elsewhere_is_refused(void **state) {
    (void)state;
    static char text[65536];
    size_t last_line;
    size_t length = make_journal(text, sizeof text, &last_line);
    text[last_line - 2] = 'x';
    write_file("bad.journal", text, length);
    expect_refusal("bad.journal", EINVAL, "line 2");
    text[last_line - 2] = '}';
    text[length - 2] = 'x'; /* the last line, but whole */
    write_file("bad.journal", text, length);
    expect_refusal("bad.journal", EINVAL, "line 3");
}

static void what_is_no_run_file_is_refused(void **state) {
    (void)state;
#define HEAD "{\"schema\": \"" STORE_SCHEMA "\", \"environment\": {}, \"options\": {}"
    static const struct {
        const char *text, *says;
    } known[] = {
        {"", "empty"},
        {"not JSON\n", "line 1, column"},
        {"{\n \"schema\": oops}", "line 2, column"},
        {"{\"schema\": \"" STORE_SCHEMA "\", ", "cut off"},
        {"[1, 2]", "no run file"},
        {"{\"results\": []}", "no run file"},
        {"{\"schema\": 1}", "no run file"},
        {"{\"schema\": \"ipcbench-run-2\"}", "ipcbench-run-2"},
        {"{\"schema\": \"" STORE_SCHEMA "\"}", "'environment'"},
        {"{\"schema\": \"" STORE_SCHEMA "\", \"environment\": 1}", "'environment'"},
        {"{\"schema\": \"" STORE_SCHEMA "\", \"environment\": {}}", "'options'"},
        {HEAD "}", "'trials'"},
        {HEAD ", \"trials\": {}, \"cells\": []}", "'trials'"},
        {HEAD ", \"trials\": []}", "'cells'"},
        {HEAD ", \"trials\": [], \"cells\": [1]}", "cell 1"},
        {HEAD ", \"trials\": [7], \"cells\": []}", "trial 1"},
        {HEAD ", \"trials\": [{}], \"cells\": []}", "'key'"},
        {HEAD ", \"trials\": [], \"cells\": []} {}", "follows"},
        {HEAD ", \"trials\": [], \"trials\": [], \"cells\": []}", "duplicate"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        write_file("bad.json", known[i].text, strlen(known[i].text));
        expect_refusal("bad.json", EINVAL, known[i].says);
    }
    write_file("bad.json", "\177ELF\2\0\0", 7);
    expect_refusal("bad.json", EINVAL, "not JSON");
}

static void what_is_no_file_is_refused(void **state) {
    (void)state;
    assert_int_equal(mkdir("folder", 0755), 0);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    write_file("large.json", "{", 1);
    assert_int_equal(truncate("large.json", (INT64_C(256) << 20) + 1), 0);
    expect_refusal("missing.json", ENOENT, "ipcbench run");
    expect_refusal("folder", EINVAL, "folder");
    expect_refusal("fifo", EINVAL, "regular");
    expect_refusal("large.json", EINVAL, "256 MiB");
}

static void a_run_file_cut_anywhere_is_refused(void **state) {
    (void)state;
    static char text[65536];
    finish_well("run.json");
    size_t length = read_file("run.json", text, sizeof text);
    for (size_t cut = 1; cut < length - 1; cut += 41) {
        write_file("cut.json", text, cut);
        expect_refusal("cut.json", EINVAL, "cut.json");
    }
}

/* Not which damage is found, but that none does harm and each refusal has its sentence. */
static void damaged_bytes_do_no_harm(void **state) {
    (void)state;
    static char text[65536];
    unsigned random = 1;
    finish_well("run.json");
    size_t length = read_file("run.json", text, sizeof text);
    for (int i = 0; i < 500; i++) {
        random = random * 1103515245 + 12345;
        size_t at = (random >> 8) % length;
        char kept = text[at];
        text[at] = (char)(random >> 4);
        write_file("bad.json", text, length);
        struct run run;
        struct problem problem = {""};
        int error = store_load("bad.json", &run, &problem);
        assert_int_equal(error != 0, problem.text[0] != '\0');
        run_free(&run);
        text[at] = kept;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_cut_journal_loses_its_last_trial_only), TEST(a_journal_damaged_elsewhere_is_refused),
        TEST(what_is_no_run_file_is_refused),          TEST(what_is_no_file_is_refused),
        TEST(a_run_file_cut_anywhere_is_refused),      TEST(damaged_bytes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
