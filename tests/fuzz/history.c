/* SPDX-License-Identifier: MIT */
/*
 * history.c - the history's file as others may have made it. An input is such a file; or a run
 * file, which is imported; or SQL that is run on a sound history first, to put strange things into
 * sound pages. Then every question is asked.
 */
#include "judge/history.h"
#include "fuzz_json.h"
#include "judge/history_files.h"
#include "report/history_print.h"
#include "report/page.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#define MAGIC "SQLite format 3"
#define SEED  "tests/fuzz/corpus/history/seed-history"

enum { MOST_BYTES = 1 << 20 };

static char path[240], run_path[256];

static void put(const char *where, const void *data, size_t size) {
    int file = open(where, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    FUZZ_MUST(file >= 0 && write(file, data, size) == (ssize_t)size && close(file) == 0);
}

static void remove_files(void) {
    static const char *const endings[] = {"", "-journal", "-wal", "-shm"};
    char name[256];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, endings[i]);
        (void)unlink(name);
    }
    (void)unlink(run_path);
}

/* Nothing beyond the file itself, and an end of it: the SQL is as hostile as its result. */
static int may(void *context, int action, const char *a, const char *b, const char *c,
               const char *d) {
    (void)context, (void)b, (void)c, (void)d;
    bool refused = action == SQLITE_ATTACH || action == SQLITE_DETACH ||
                   (action == SQLITE_PRAGMA && strcmp(a, "writable_schema") != 0 &&
                    strcmp(a, "user_version") != 0);
    return refused ? SQLITE_DENY : SQLITE_OK;
}

static int give_up(void *left) {
    return --*(int *)left <= 0;
}

static void change_by_sql(const char *sql) {
    static char sound[MOST_BYTES];
    static size_t size;
    int left = 100;
    sqlite3 *db;
    if (size == 0) {
        FILE *file = fopen(SEED, "re");
        FUZZ_MUST(file != NULL && (size = fread(sound, 1, sizeof sound, file)) > 0);
        (void)fclose(file);
    }
    put(path, sound, size);
    FUZZ_MUST(sqlite3_open(path, &db) == SQLITE_OK);
    (void)sqlite3_set_authorizer(db, may, NULL);
    sqlite3_progress_handler(db, 1000, give_up, &left);
    (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, MOST_BYTES);
    (void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    (void)sqlite3_exec(db, sql, NULL, NULL, NULL);
    FUZZ_MUST(sqlite3_close(db) == SQLITE_OK);
}

/* One question: an answer that can be shown, or a sentence. */
static void judge(int error, const struct problem *problem, FILE *to, char **text, bool utf8) {
    FUZZ_MUST(fclose(to) == 0);
    fuzz_judge(error, problem);
    for (const char *at = *text; error == 0 && *at != '\0'; at += *at == '\n' ? 1 : plain_bytes(at))
        FUZZ_MUST(!utf8 || *at == '\n' || plain_bytes(at) > 0);
    free(*text);
    *text = NULL;
}

static void ask(struct history *history) {
    static int (*const questions[])(FILE *, struct history *, const char *,
                                    struct problem *) = {history_print_trend, history_print_json};
    char *text = NULL;
    size_t bytes;
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        struct problem problem = {""};
        FILE *to = open_memstream(&text, &bytes);
        FUZZ_MUST(to != NULL);
        judge(questions[i](to, history, NULL, &problem), &problem, to, &text, true);
    }
    struct problem problem = {""};
    FILE *to = open_memstream(&text, &bytes);
    FUZZ_MUST(to != NULL);
    judge(page_history(to, history, &problem), &problem, to, &text, true);
}

static void accept_and_update(struct history *history) {
    struct problem problem = {""};
    int error = history_accept(history, "pipe/pingpong/block/same-core/64B", "c0012", "known",
                               "2026-01-01T00:00:00Z", &problem);
    fuzz_judge(error, &problem);
    problem.text[0] = '\0';
    error = history_begin(history, &problem);
    if (error == 0)
        error = history_update(history, &problem);
    if (error == 0)
        error = history_commit(history, &problem);
    fuzz_judge(error, &problem);
}

static void import(struct history *history) {
    struct history_import_counts counts = {0};
    struct problem problem = {""};
    const char *const paths[] = {run_path};
    int error = history_import(history, paths, 1, &counts, &problem);
    fuzz_judge(error, &problem);
    FUZZ_MUST(error != 0 || counts.added + counts.known == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct history *history;
    struct problem problem = {""};
    const char *folder = getenv("TMPDIR");
    (void)snprintf(path, sizeof path, "%s/history-%d", folder == NULL ? "/tmp" : folder, getpid());
    (void)snprintf(run_path, sizeof run_path, "%s.json", path);
    bool is_run = size > 0 && data[0] == '{';
    char *text = fuzz_text(data, size);
    if (is_run)
        put(run_path, data, size);
    else if (size >= sizeof MAGIC && memcmp(data, MAGIC, sizeof MAGIC) == 0)
        put(path, data, size);
    else
        change_by_sql(text);
    int error = history_open(path, is_run, &history, &problem);
    fuzz_judge(error, &problem);
    if (error == 0 && is_run)
        import(history);
    if (error == 0) {
        accept_and_update(history);
        ask(history);
    }
    history_close(history);
    remove_files();
    free(text);
    return 0;
}
