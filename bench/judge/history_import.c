/* SPDX-License-Identifier: MIT */
/*
 * history_import.c - from a run to rows of the history, and from the rows of a series to its
 * changes.
 */
#include "judge/history.h"

#include "judge/fingerprint.h"
#include "judge/history_sql.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *json, const char *part, const char *name) {
    const json_t *holder = part == NULL ? json : json_object_get(json, part);
    return json_string_value(json_object_get(holder, name));
}

/* ---- a run ---- */

static int add_fingerprint(struct history *history, const json_t *environment, long long *id,
                           struct problem *problem) {
    char hash[FINGERPRINT_HASH_BYTES];
    json_t *facts = fingerprint_facts(environment);
    char *text = json_dumps(facts, JSON_COMPACT);
    if (text == NULL) {
        json_decref(facts);
        return problem_set(problem, ENOMEM, "there is no memory for a fingerprint");
    }
    fingerprint_hash(facts, hash);
    int error = history_sql_do(history, problem,
                               "insert or ignore into fingerprint(hash, facts) values(?1, ?2)",
                               "tt", hash, text);
    free(text);
    json_decref(facts);
    if (error != 0)
        return error;
    sqlite3_stmt *ask =
        history_sql_bind(history, problem, "select id from fingerprint where hash = ?1", "t", hash);
    if (ask == NULL)
        return -EIO;
    error = history_sql_step(history, ask, problem);
    *id = sqlite3_column_int64(ask, 0);
    (void)sqlite3_finalize(ask);
    return error < 0 ? error : 0;
}

/* What is to be watched: the median latency, or where there is none the time of a message. */
static double headline(const struct cell_summary *cell) {
    return isnan(cell->p50_ns) ? cell->mean_ns : cell->p50_ns;
}

static bool is_same_but_transport(const struct cell *a, const struct cell *b) {
    return strcmp(a->workload, b->workload) == 0 && a->wait == b->wait &&
           strcmp(a->placement, b->placement) == 0 && a->size_bytes == b->size_bytes;
}

static double ratio_of(const struct run *run, const struct cell_summary *cell) {
    for (size_t i = 0; i < run->cell_count; i++) {
        const struct cell_summary *other = &run->cells[i];
        if (other != cell && other->status == RECORD_OK && other->cell.knobs[0] == '\0' &&
            strcmp(other->cell.transport, HISTORY_REFERENCE) == 0 &&
            is_same_but_transport(&other->cell, &cell->cell))
            return headline(cell) / headline(other);
    }
    return NAN;
}

/* Where the cell's trials ran, "server,client"; they all ran on the same CPUs. */
static void cpus_of(const struct run *run, const struct cell_summary *cell, char *text,
                    size_t room) {
    (void)snprintf(text, room, "not known");
    for (size_t i = 0; i < run->trial_count; i++)
        if (strcmp(run->trials[i].key, cell->key) == 0 && run->trials[i].status == RECORD_OK) {
            (void)snprintf(text, room, "%d,%d", run->trials[i].placement.server_cpu,
                           run->trials[i].placement.client_cpu);
            return;
        }
}

static int add_point(struct history *history, const struct run *run,
                     const struct cell_summary *cell, long long run_id, const char *date,
                     struct problem *problem) {
    char cpus[24];
    cpus_of(run, cell, cpus, sizeof cpus);
    bool latency = !isnan(cell->p50_ns);
    int error = history_sql_do(history, problem,
                               "insert into series(key, stale, points) values(?1, 1, 1) on "
                               "conflict(key) do update set stale = 1, points = points + 1",
                               "t", cell->key);
    return error != 0
               ? error
               : history_sql_do(
                     history, problem,
                     "insert into point values((select id from series where key = ?1), ?2, ?3, ?4, "
                     "?5, ?6, ?7, ?8, ?9, ?10)",
                     "ttitnnnnii", cell->key, date, run_id, cpus, headline(cell),
                     latency ? cell->p50_low_ns : NAN, latency ? cell->p50_high_ns : NAN,
                     ratio_of(run, cell), (long long)cell->trials, (long long)cell->flagged);
}

int history_add(struct history *history, const char *path, const struct run *run,
                struct problem *problem) {
    const char *date = text_of(run->environment, NULL, "date");
    const char *host = text_of(run->environment, NULL, "host");
    json_t *seed = json_object_get(run->options, "seed");
    char *seed_text = json_dumps(seed, JSON_ENCODE_ANY);
    long long fingerprint = 0;
    int error = add_fingerprint(history, run->environment, &fingerprint, problem);
    if (error == 0)
        error = history_sql_do(history, problem,
                               "insert or ignore into run(path, date, host, seed, commit_name, "
                               "fingerprint) values(?1, ?2, ?3, ?4, ?5, ?6)",
                               "ttttti", path, date == NULL ? "" : date, host == NULL ? "" : host,
                               seed_text == NULL ? "" : seed_text,
                               text_of(run->environment, "build", "commit"), fingerprint);
    free(seed_text);
    if (error == 0 && sqlite3_changes(history->db) == 0)
        return 1;
    long long id = sqlite3_last_insert_rowid(history->db);
    for (size_t i = 0; i < run->cell_count && error == 0; i++)
        if (run->cells[i].status == RECORD_OK && headline(&run->cells[i]) > 0)
            error = add_point(history, run, &run->cells[i], id, date == NULL ? "" : date, problem);
    return error;
}

/* ---- its changes ---- */

struct row {
    long long run, fingerprint;
    char cpus[24];
    double value, ratio;
};

enum { MOST_ROWS = 100000 }; /* in a series: ten times what is meant to be kept */

struct rows {
    struct row *list;
    size_t count;
};

static int load_rows(struct history *history, long long series, struct rows *rows,
                     struct problem *problem) {
    sqlite3_stmt *ask =
        history_sql_bind(history, problem,
                         "select p.run, r.fingerprint, p.cpus, p.value, p.ratio from point p join "
                         "run r on r.id = p.run where p.series = ?1 order by p.date, p.run",
                         "i", series);
    if (ask == NULL)
        return -EIO;
    int result;
    while ((result = history_sql_step(history, ask, problem)) == 1) {
        if (rows->count >= MOST_ROWS) {
            result = problem_set(problem, EINVAL, "%s has more than %d points of one series",
                                 history->path, MOST_ROWS);
            break;
        }
        if ((rows->count & (rows->count - 1)) == 0) {
            void *more = reallocarray(rows->list, rows->count == 0 ? 1 : 2 * rows->count,
                                      sizeof *rows->list);
            if (more == NULL) {
                result = problem_set(problem, ENOMEM, "there is no memory for a series");
                break;
            }
            rows->list = more;
        }
        struct row *row = &rows->list[rows->count++];
        row->run = sqlite3_column_int64(ask, 0);
        row->fingerprint = sqlite3_column_int64(ask, 1);
        history_sql_text(ask, 2, row->cpus, sizeof row->cpus);
        row->value = history_sql_number(ask, 3);
        row->ratio = history_sql_number(ask, 4);
        if (!history_sql_measured(row->value, false) || !history_sql_measured(row->ratio, true)) {
            result = history_sql_damaged(history, problem);
            break;
        }
    }
    (void)sqlite3_finalize(ask);
    return result;
}

/* The end of the segment that begins there. */
static size_t segment_end(const struct rows *rows, size_t begin) {
    size_t end = begin + 1;
    while (end < rows->count && rows->list[end].fingerprint == rows->list[begin].fingerprint &&
           strcmp(rows->list[end].cpus, rows->list[begin].cpus) == 0)
        end++;
    return end;
}

static int keep_change(struct history *history, long long series, const struct row *first,
                       const struct changepoint *change, bool by_ratio, struct problem *problem) {
    return history_sql_do(history, problem, "insert into change values(?1, ?2, ?3, ?4, ?5, ?6)",
                          "iiinni", series, first[change->index].run, first[change->index - 1].run,
                          change->shift, change->p, (long long)by_ratio);
}

/* By the ratios where every point has one: what the whole machine does is then divided out. */
static int search_segment(struct history *history, long long series, const struct row *first,
                          size_t count, struct problem *problem) {
    struct changepoint changes[CHANGEPOINT_MOST];
    double *logs = calloc(count, sizeof *logs);
    if (logs == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for a series");
    bool by_ratio = true;
    for (size_t i = 0; i < count; i++)
        by_ratio &= first[i].ratio > 0;
    for (size_t i = 0; i < count; i++)
        logs[i] = log(by_ratio ? first[i].ratio : first[i].value);
    int found = changepoint_find(logs, count, changes);
    free(logs);
    int error = found < 0 ? problem_set(problem, ENOMEM, "there is no memory for a series") : 0;
    for (int i = 0; i < found && error == 0; i++)
        error = keep_change(history, series, first, &changes[i], by_ratio, problem);
    return error;
}

static int search_series(struct history *history, long long series, struct problem *problem) {
    struct rows rows = {NULL, 0};
    int error =
        history_sql_do(history, problem, "delete from change where series = ?1", "i", series);
    if (error == 0)
        error = load_rows(history, series, &rows, problem);
    for (size_t begin = 0, end; begin < rows.count && error == 0; begin = end) {
        end = segment_end(&rows, begin);
        error = search_segment(history, series, rows.list + begin, end - begin, problem);
    }
    free(rows.list);
    return error != 0 ? error
                      : history_sql_do(history, problem,
                                       "update series set stale = 0 where id = ?1", "i", series);
}

/* One series at a time, and each asked for anew, since searching changes the table. */
int history_update(struct history *history, struct problem *problem) {
    for (;;) {
        sqlite3_stmt *ask =
            history_sql_bind(history, problem, "select id from series where stale limit 1", "");
        if (ask == NULL)
            return -EIO;
        int result = history_sql_step(history, ask, problem);
        long long series = sqlite3_column_int64(ask, 0);
        (void)sqlite3_finalize(ask);
        if (result == 1)
            result = search_series(history, series, problem);
        else
            return result;
        if (result < 0)
            return result;
    }
}
