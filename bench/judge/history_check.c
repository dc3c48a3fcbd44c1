/* SPDX-License-Identifier: MIT */
/*
 * history_check.c - the history's tables, and whether a file holds these and nothing else. The file
 * may come from anywhere, a cache of CI or an artifact: what SQLite's page "Defense Against The
 * Dark Arts" asks of whoever opens such a file is done here, before anything in it is believed.
 */
#include "judge/history_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A row takes 65 bytes: 10,000 runs of 300 cells. */
#define MOST_FILE_BYTES (256LL << 20)
#define MOST_HEAP_BYTES (256LL << 20)

/* A sound file takes less than one step of SQLite's machine for each of its bytes. Pages that lead
 * to each other in circles would take steps without end. */
enum { STEPS_A_CALL = 10000, STEPS_A_BYTE = 4, STEPS_AT_LEAST = 1 << 20 };

/* series.stale: it got points since changes were last looked for. */
static const struct table {
    const char *name, *rest; /* of the statement that makes it; SQLite keeps it to the letter */
} tables[] = {
    {"fingerprint", "(id integer primary key, hash text unique not null, "
                    "facts text not null)"},
    {"run", "(id integer primary key, path text not null, date text not "
            "null, "
            "host text not null, seed text not null, commit_name text, fingerprint integer not "
            "null "
            "references fingerprint, unique(date, host, seed))"},
    {"series", "(id integer primary key, key text unique not null, stale "
               "integer not null, points integer not null)"},
    {"point",
     "(series integer not null references series, date text not "
     "null, run integer not null references run, cpus text not null, value real not null, low "
     "real, "
     "high real, ratio real, trials integer not null, flagged integer not null, primary "
     "key(series, "
     "date, run)) without rowid"},
    {"change",
     "(series integer not null references series, run integer not "
     "null references run, run_before integer not null references run, shift real not null, p real "
     "not null, by_ratio integer not null, primary key(series, run)) without rowid"},
    {"accepted", "(key text not null, commit_name text not null, reason text "
                 "not null, date text not null, primary key(key, commit_name)) without rowid"}};
enum { TABLES = sizeof tables / sizeof *tables, STATEMENT = 512 };

int history_check_size(struct history *history, bool make, struct problem *problem) {
    struct stat found;
    if (stat(history->path, &found) != 0)
        return make ? 0
                    : problem_set(problem, EINVAL,
                                  "can't open the history %s: %s; `ipcbench history import` makes "
                                  "one",
                                  history->path, strerror(errno));
    if (!S_ISREG(found.st_mode))
        return problem_set(problem, EINVAL, "%s is no history, since it is no regular file",
                           history->path);
    if (found.st_size > MOST_FILE_BYTES)
        return problem_set(problem, EINVAL,
                           "%s has more than %lld MiB, which is more than is read of a history: "
                           "import fewer runs into another --database",
                           history->path, MOST_FILE_BYTES >> 20);
    history->calls_left = (STEPS_AT_LEAST + STEPS_A_BYTE * (long long)found.st_size) / STEPS_A_CALL;
    return 0;
}

/* Not 0: SQLite gives up what it does. */
static int count_call(void *context) {
    struct history *history = context;
    return history->calls_left-- <= 0;
}

void history_check_guard(struct history *history) {
    static const struct {
        int what, value;
    } settings[] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
                    {SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_DQS_DDL, 0}},
      limits[] = {{SQLITE_LIMIT_LENGTH, 1 << 20},    {SQLITE_LIMIT_SQL_LENGTH, 4096},
                  {SQLITE_LIMIT_COLUMN, 64},         {SQLITE_LIMIT_EXPR_DEPTH, 32},
                  {SQLITE_LIMIT_COMPOUND_SELECT, 4}, {SQLITE_LIMIT_VDBE_OP, 25000},
                  {SQLITE_LIMIT_FUNCTION_ARG, 8},    {SQLITE_LIMIT_ATTACHED, 0},
                  {SQLITE_LIMIT_TRIGGER_DEPTH, 1},   {SQLITE_LIMIT_WORKER_THREADS, 0}};
    (void)sqlite3_hard_heap_limit64(MOST_HEAP_BYTES);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        (void)sqlite3_db_config(history->db, settings[i].what, settings[i].value, NULL);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        (void)sqlite3_limit(history->db, limits[i].what, limits[i].value);
    sqlite3_progress_handler(history->db, STEPS_A_CALL, count_call, history);
}

static int make_tables(struct history *history, struct problem *problem) {
    int error = history_sql_run(history, "begin immediate", problem);
    for (size_t i = 0; i < TABLES && error == 0; i++) {
        char sql[STATEMENT];
        (void)snprintf(sql, sizeof sql, "create table if not exists %s%s", tables[i].name,
                       tables[i].rest);
        error = history_sql_run(history, sql, problem);
    }
    return error != 0 ? error
                      : history_sql_run(history, "pragma user_version = 1; commit", problem);
}

/* Is this row of the schema one of our tables, or an index that such a table brings? */
static bool is_ours(const char *type, const char *name, const char *sql) {
    char expected[STATEMENT];
    if (type == NULL || name == NULL)
        return false;
    if (strcmp(type, "index") == 0)
        return sql == NULL && strncmp(name, "sqlite_autoindex_", 17) == 0;
    for (size_t i = 0; i < TABLES && sql != NULL && strcmp(type, "table") == 0; i++) {
        (void)snprintf(expected, sizeof expected, "CREATE TABLE %s%s", tables[i].name,
                       tables[i].rest);
        if (strcmp(name, tables[i].name) == 0)
            return strcmp(sql, expected) == 0;
    }
    return false;
}

/* How many tables there are, all ours; -errno with a problem. */
static int count_tables(struct history *history, struct problem *problem) {
    sqlite3_stmt *ask =
        history_sql_bind(history, problem, "select type, name, sql from sqlite_master", "");
    if (ask == NULL)
        return -EIO;
    int result, count = 0;
    while ((result = history_sql_step(history, ask, problem)) == 1) {
        const char *type = (const char *)sqlite3_column_text(ask, 0);
        const char *name = (const char *)sqlite3_column_text(ask, 1);
        if (!is_ours(type, name, (const char *)sqlite3_column_text(ask, 2))) {
            result = problem_set(problem, EINVAL,
                                 "%s is no history: `ipcbench history import` didn't make what it "
                                 "holds as %.60s; name another --database",
                                 history->path, name == NULL ? "nothing" : name);
            break;
        }
        count += strcmp(type, "table") == 0;
    }
    (void)sqlite3_finalize(ask);
    return result < 0 ? result : count;
}

static int ask_version(struct history *history, int *version, struct problem *problem) {
    sqlite3_stmt *ask = history_sql_bind(history, problem, "pragma user_version", "");
    if (ask == NULL)
        return -EIO;
    int result = history_sql_step(history, ask, problem);
    *version = result == 1 ? sqlite3_column_int(ask, 0) : 0;
    (void)sqlite3_finalize(ask);
    return result < 0 ? result : 0;
}

/* Every page belongs to one tree, in order, and every row has what its table asks for. */
static int check_pages(struct history *history, struct problem *problem) {
    sqlite3_stmt *ask = history_sql_bind(history, problem, "pragma quick_check(1)", "");
    if (ask == NULL)
        return -EIO;
    int result = history_sql_step(history, ask, problem);
    if (result == 1) {
        const char *answer = (const char *)sqlite3_column_text(ask, 0);
        result =
            answer != NULL && strcmp(answer, "ok") == 0 ? 0 : history_sql_damaged(history, problem);
    }
    (void)sqlite3_finalize(ask);
    return result;
}

int history_check(struct history *history, bool make, struct problem *problem) {
    int version;
    int error =
        history_sql_run(history, "pragma cell_size_check = on; pragma mmap_size = 0", problem);
    if (error == 0)
        error = ask_version(history, &version, problem);
    if (error != 0)
        return error;
    if (version != 1 && !(version == 0 && make))
        return problem_set(problem, EINVAL,
                           "%s is no history of this version (%d): run `ipcbench history import` "
                           "with another --database",
                           history->path, version);
    int count = count_tables(history, problem);
    if (count == 0 && version == 0)
        error = make_tables(history, problem);
    else if (count != TABLES)
        error = count < 0 ? count : history_sql_damaged(history, problem);
    if (error == 0)
        error = check_pages(history, problem);
    sqlite3_progress_handler(history->db, 0, NULL, NULL);
    return error;
}
