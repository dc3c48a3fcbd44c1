/* SPDX-License-Identifier: MIT */
/*
 * history_sql.c - the few shapes in which the history asks SQLite.
 */
#include "judge/history_sql.h"

#include "base/plain.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

int history_sql_damaged(const struct history *history, struct problem *problem) {
    return problem_set(problem, EIO,
                       "%s is damaged or no history: move it away and run `ipcbench history "
                       "import` to make it anew from the run files",
                       history->path);
}

/* Fills the problem from what SQLite says; -EIO, or -ENOMEM. */
static int failed(const struct history *history, struct problem *problem) {
    int code = sqlite3_errcode(history->db);
    if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT || code == SQLITE_INTERRUPT)
        return history_sql_damaged(history, problem);
    if (code == SQLITE_BUSY)
        return problem_set(problem, EIO, "%s is in use by another process: try again",
                           history->path);
    return problem_set(problem, code == SQLITE_NOMEM ? ENOMEM : EIO, "%s: %s", history->path,
                       sqlite3_errmsg(history->db));
}

int history_sql_run(struct history *history, const char *sql, struct problem *problem) {
    return sqlite3_exec(history->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0
                                                                         : failed(history, problem);
}

static int bind_one(sqlite3_stmt *statement, int at, char kind, va_list *values) {
    const char *text;
    double number;
    switch (kind) {
    case 't':
        text = va_arg(*values, const char *);
        return sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
    case 'n':
        number = va_arg(*values, double);
        return isfinite(number) ? sqlite3_bind_double(statement, at, number)
                                : sqlite3_bind_null(statement, at);
    default:
        return sqlite3_bind_int64(statement, at, va_arg(*values, long long));
    }
}

static sqlite3_stmt *bind_all(struct history *history, struct problem *problem, const char *sql,
                              const char *kinds, va_list *values) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(history->db, sql, -1, &statement, NULL);
    for (int at = 1; code == SQLITE_OK && kinds[at - 1] != '\0'; at++)
        code = bind_one(statement, at, kinds[at - 1], values);
    if (code == SQLITE_OK)
        return statement;
    (void)failed(history, problem);
    (void)sqlite3_finalize(statement);
    return NULL;
}

sqlite3_stmt *history_sql_bind(struct history *history, struct problem *problem, const char *sql,
                               const char *kinds, ...) {
    va_list values;
    va_start(values, kinds);
    sqlite3_stmt *statement = bind_all(history, problem, sql, kinds, &values);
    va_end(values);
    return statement;
}

int history_sql_do(struct history *history, struct problem *problem, const char *sql,
                   const char *kinds, ...) {
    va_list values;
    va_start(values, kinds);
    sqlite3_stmt *statement = bind_all(history, problem, sql, kinds, &values);
    va_end(values);
    if (statement == NULL)
        return -EIO;
    int result = history_sql_step(history, statement, problem);
    (void)sqlite3_finalize(statement);
    return result < 0 ? result : 0;
}

int history_sql_step(struct history *history, sqlite3_stmt *statement, struct problem *problem) {
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        return 1;
    return code == SQLITE_DONE ? 0 : failed(history, problem);
}

double history_sql_number(sqlite3_stmt *statement, int column) {
    return sqlite3_column_type(statement, column) == SQLITE_NULL
               ? NAN
               : sqlite3_column_double(statement, column);
}

void history_sql_text(sqlite3_stmt *statement, int column, char *text, size_t room) {
    const unsigned char *value = sqlite3_column_text(statement, column);
    (void)snprintf(text, room, "%s", value == NULL ? "" : (const char *)value);
    plain_text(text);
}

bool history_sql_measured(double value, bool may_miss) {
    return isnan(value) ? may_miss : value > 0 && isfinite(value);
}
