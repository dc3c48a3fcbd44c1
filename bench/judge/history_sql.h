/* SPDX-License-Identifier: MIT */
/*
 * history_sql.h - SQLite as the history uses it: statements prepared once a use, values bound by
 * their kind, failures as a problem. Only for history*.c.
 */
#ifndef BENCH_HISTORY_SQL_H
#define BENCH_HISTORY_SQL_H

#include "base/problem.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

struct history {
    sqlite3 *db;
    char path[4096];
    long long calls_left; /* of SQLite's, while the file is checked: history_check.c */
};

/* Says that the file is damaged: -EIO. */
int history_sql_damaged(const struct history *history, struct problem *problem);

/* Runs statements without values or results. */
int history_sql_run(struct history *history, const char *sql, struct problem *problem);

/* Prepares a statement and binds the values that `kinds` names, a letter each: 't' a text (NULL is
 * null), 'n' a double (NaN is null), 'i' a long long. NULL with a problem. sqlite3_finalize frees.
 */
sqlite3_stmt *history_sql_bind(struct history *history, struct problem *problem, const char *sql,
                               const char *kinds, ...);

/* The same for one that has no results: 0 or -errno. */
int history_sql_do(struct history *history, struct problem *problem, const char *sql,
                   const char *kinds, ...);

/* Steps: 1 for a row, 0 at the end, -errno with a problem. */
int history_sql_step(struct history *history, sqlite3_stmt *statement, struct problem *problem);

/* Columns: a number (NaN for null) and a copied text (empty for null), made safe to show. */
double history_sql_number(sqlite3_stmt *statement, int column);
void history_sql_text(sqlite3_stmt *statement, int column, char *text, size_t room);

/* Can a time or a ratio be that? It is above 0 and finite, or NaN where it may be missing. */
bool history_sql_measured(double value, bool may_miss);

#endif
