/* SPDX-License-Identifier: MIT */
/*
 * history.c - the history's file, and the questions that are asked of it.
 */
#include "judge/history.h"

#include "judge/history_check.h"
#include "judge/history_sql.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ten times what 10,000 runs ask for; every answer is found within seconds. */
enum { MOST_ROWS = 100000 };

int history_open(const char *path, bool make, struct history **history, struct problem *problem) {
    struct history *made = calloc(1, sizeof *made);
    *history = NULL;
    if (made == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for a history");
    (void)snprintf(made->path, sizeof made->path, "%s", path);
    int flags = SQLITE_OPEN_READWRITE | (make ? SQLITE_OPEN_CREATE : 0);
    int error = history_check_size(made, make, problem);
    if (error == 0 && sqlite3_open_v2(path, &made->db, flags, NULL) != SQLITE_OK)
        error = problem_set(problem, EINVAL, "can't open the history %s: %s", path,
                            sqlite3_errmsg(made->db));
    if (error == 0) {
        (void)sqlite3_busy_timeout(made->db, 10000);
        history_check_guard(made);
        error = history_check(made, make, problem);
    }
    if (error == 0)
        *history = made;
    else
        history_close(made);
    return error;
}

void history_close(struct history *history) {
    if (history == NULL)
        return;
    (void)sqlite3_close(history->db);
    free(history);
}

int history_begin(struct history *history, struct problem *problem) {
    return history_sql_run(history, "begin immediate", problem);
}

int history_commit(struct history *history, struct problem *problem) {
    return history_sql_run(history, "commit", problem);
}

int history_forget(struct history *history, struct problem *problem) {
    return history_sql_run(history,
                           "delete from change; delete from point; delete from series; delete from "
                           "run; delete from fingerprint;",
                           problem);
}

int history_series(struct history *history, const char *pattern,
                   int (*take)(void *context, const char *key, size_t points), void *context,
                   struct problem *problem) {
    sqlite3_stmt *ask = history_sql_bind(
        history, problem, "select key, points from series where key glob ?1 order by key", "t",
        pattern == NULL ? "*" : pattern);
    if (ask == NULL)
        return -EIO;
    int result;
    for (size_t rows = 0; (result = history_sql_step(history, ask, problem)) == 1; rows++) {
        char key[CELL_KEY_BYTES];
        history_sql_text(ask, 0, key, sizeof key);
        result = rows >= MOST_ROWS ? problem_set(problem, EINVAL, "%s has more than %d series",
                                                 history->path, MOST_ROWS)
                                   : take(context, key, (size_t)sqlite3_column_int64(ask, 1));
        if (result < 0)
            break;
    }
    (void)sqlite3_finalize(ask);
    return result;
}

/* 0, or -EIO with a problem where a number is none that could have been measured. */
static int read_point(struct history *history, sqlite3_stmt *ask, struct history_point *point,
                      struct problem *problem) {
    history_sql_text(ask, 0, point->date, sizeof point->date);
    history_sql_text(ask, 1, point->commit, sizeof point->commit);
    history_sql_text(ask, 2, point->fingerprint, sizeof point->fingerprint);
    history_sql_text(ask, 3, point->cpus, sizeof point->cpus);
    point->value = history_sql_number(ask, 4);
    point->low = history_sql_number(ask, 5);
    point->high = history_sql_number(ask, 6);
    point->ratio = history_sql_number(ask, 7);
    point->trials = (size_t)sqlite3_column_int64(ask, 8);
    point->flagged = (size_t)sqlite3_column_int64(ask, 9);
    bool sound =
        history_sql_measured(point->value, false) && history_sql_measured(point->low, true) &&
        history_sql_measured(point->high, true) && history_sql_measured(point->ratio, true);
    return sound ? 0 : history_sql_damaged(history, problem);
}

/* Room for one more element in a list that grows by halves; NULL with a problem. */
static void *grow(const struct history *history, void *list, size_t count, size_t size,
                  struct problem *problem) {
    if (count >= MOST_ROWS) {
        (void)problem_set(problem, EINVAL, "%s has more than %d rows for one answer", history->path,
                          MOST_ROWS);
        return NULL;
    }
    if ((count & (count - 1)) != 0)
        return list;
    void *more = reallocarray(list, count == 0 ? 1 : 2 * count, size);
    if (more == NULL)
        (void)problem_set(problem, ENOMEM, "there is no memory for %zu rows of %s", 2 * count,
                          history->path);
    return more;
}

static void reverse(struct history_point *points, size_t count) {
    for (size_t i = 0; i < count / 2; i++) {
        struct history_point point = points[i];
        points[i] = points[count - 1 - i];
        points[count - 1 - i] = point;
    }
}

int history_points(struct history *history, const char *key, size_t most,
                   struct history_point **points, size_t *count, struct problem *problem) {
    *points = NULL;
    *count = 0;
    sqlite3_stmt *ask = history_sql_bind(
        history, problem,
        "select p.date, r.commit_name, f.hash, p.cpus, p.value, p.low, p.high, p.ratio, p.trials, "
        "p.flagged from point p join run r on r.id = p.run join fingerprint f on f.id = "
        "r.fingerprint where p.series = (select id from series where key = ?1) order by p.date "
        "desc, p.run desc limit ?2",
        "ti", key, most == 0 ? -1LL : (long long)most);
    if (ask == NULL)
        return -EIO;
    int result;
    while ((result = history_sql_step(history, ask, problem)) == 1) {
        void *more = grow(history, *points, *count, sizeof **points, problem);
        if (more == NULL) {
            result = -ENOMEM;
            break;
        }
        *points = more;
        result = read_point(history, ask, &(*points)[(*count)++], problem);
        if (result != 0)
            break;
    }
    (void)sqlite3_finalize(ask);
    reverse(*points, *count);
    return result;
}

bool history_starts_segment(const struct history_point *points, size_t i) {
    return i > 0 && (strcmp(points[i].fingerprint, points[i - 1].fingerprint) != 0 ||
                     strcmp(points[i].cpus, points[i - 1].cpus) != 0);
}

static int read_change(struct history *history, sqlite3_stmt *ask, struct history_change *change,
                       struct problem *problem) {
    history_sql_text(ask, 0, change->key, sizeof change->key);
    history_sql_text(ask, 1, change->date, sizeof change->date);
    history_sql_text(ask, 2, change->commit, sizeof change->commit);
    history_sql_text(ask, 3, change->commit_before, sizeof change->commit_before);
    change->shift = expm1(history_sql_number(ask, 4));
    change->p = history_sql_number(ask, 5);
    change->by_ratio = sqlite3_column_int(ask, 6) != 0;
    history_sql_text(ask, 7, change->reason, sizeof change->reason);
    return isfinite(change->shift) && change->p >= 0 && change->p <= 1
               ? 0
               : history_sql_damaged(history, problem);
}

int history_changes(struct history *history, const char *pattern, struct history_change **changes,
                    size_t *count, struct problem *problem) {
    *changes = NULL;
    *count = 0;
    sqlite3_stmt *ask = history_sql_bind(
        history, problem,
        "select s.key, r.date, r.commit_name, b.commit_name, c.shift, c.p, c.by_ratio, a.reason "
        "from change c join series s on s.id = c.series join run r on r.id = c.run join run b on "
        "b.id = c.run_before left join accepted a on a.key = s.key and a.commit_name = "
        "r.commit_name where s.key glob ?1 order by r.date desc, s.key",
        "t", pattern == NULL ? "*" : pattern);
    if (ask == NULL)
        return -EIO;
    int result;
    while ((result = history_sql_step(history, ask, problem)) == 1) {
        void *more = grow(history, *changes, *count, sizeof **changes, problem);
        if (more == NULL) {
            result = -ENOMEM;
            break;
        }
        *changes = more;
        result = read_change(history, ask, &(*changes)[(*count)++], problem);
        if (result != 0)
            break;
    }
    (void)sqlite3_finalize(ask);
    return result;
}

int history_accept(struct history *history, const char *key, const char *commit, const char *reason,
                   const char *date, struct problem *problem) {
    struct history_change *changes;
    size_t count;
    bool there = false;
    int error = history_changes(history, NULL, &changes, &count, problem);
    for (size_t i = 0; i < count && !there; i++)
        there = strcmp(changes[i].key, key) == 0 && strcmp(changes[i].commit, commit) == 0;
    free(changes);
    if (error < 0)
        return error;
    if (!there)
        return problem_set(problem, EINVAL,
                           "no change of %s began with commit %s; `ipcbench history changes` lists "
                           "them",
                           key, commit);
    return history_sql_do(history, problem,
                          "insert or replace into accepted values(?1, ?2, ?3, ?4)", "tttt", key,
                          commit, reason, date);
}

int history_count(struct history *history, size_t *runs, size_t *points, struct problem *problem) {
    sqlite3_stmt *ask = history_sql_bind(
        history, problem,
        "select (select count(*) from run), (select coalesce(sum(points), 0) from series)", "");
    if (ask == NULL)
        return -EIO;
    int result = history_sql_step(history, ask, problem);
    *runs = result == 1 ? (size_t)sqlite3_column_int64(ask, 0) : 0;
    *points = result == 1 ? (size_t)sqlite3_column_int64(ask, 1) : 0;
    (void)sqlite3_finalize(ask);
    return result < 0 ? result : 0;
}
