/* SPDX-License-Identifier: MIT */
/*
 * simulate.c - thousands of suites out of recorded trials, judged by the gate's own code: how often
 * does it alarm where nothing moved, and how often does it find what was slowed down? The same seed
 * gives the same answer.
 *
 * RECORDED is what `make prove-regress` keeps of an unchanged suite: for each cell the log ratios
 * of its trials. A simulated cell draws trials from those of one recorded cell, with replacement,
 * as many as the gate would have asked for. The sign of each is thrown anew, since base and head
 * are alike there: that is the null hypothesis itself. With --as-recorded only base and head of a
 * whole cell change places, so that whatever moved a recorded cell, such as the layout of its two
 * builds, moves it here too. A cell is slowed down by adding log(1 + share) to its ratios.
 */
#include "base/problem.h"
#include "duet/duet_gate.h"
#include "stats/stats.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 4, MOST_CELLS = 400 };
static const double levels[LEVELS] = {0.03, 0.05, 0.10, 0.20};
static const char *const statistics[DUET_STATISTICS] = {"p50", "p90", "p99"};

struct recorded {
    struct duet_cell *cells;
    size_t count;
};

struct asked {
    const char *path;
    uint64_t suites, seed, cells;
    bool as_recorded, json;
};

/* What was counted. */
struct tally {
    size_t suites, alarmed_suites, environment; /* unchanged */
    size_t unchanged, inconclusive, alarms;     /* unchanged cells, in all suites */
    size_t slowed[LEVELS], found[LEVELS], untold[LEVELS];
    size_t trials, cells;
};

/* ---- reading ---- */

static int read_logs(const json_t *list, double *logs, size_t *count) {
    *count = json_array_size(list) < DUET_MOST_TRIALS ? json_array_size(list) : DUET_MOST_TRIALS;
    for (size_t i = 0; i < *count; i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_number(value) && !json_is_null(value))
            return -EINVAL;
        logs[i] = json_is_null(value) ? NAN : json_number_value(value);
    }
    return 0;
}

static int read_cell(const json_t *json, struct duet_cell *cell, struct problem *problem) {
    const char *key = json_string_value(json_object_get(json, "key"));
    *cell = (struct duet_cell){
        .limits = {.alarm = DUET_ALARM, .tolerance = DUET_TOLERANCE, .gated = true}};
    if (key == NULL || cell_parse(key, &cell->cell, problem) < 0)
        return problem_set(problem, EINVAL, "a cell's key is wrong");
    cell_format(&cell->cell, cell->key);
    for (int i = 0; i < DUET_STATISTICS; i++) {
        size_t count = 0;
        if (read_logs(json_object_get(json, statistics[i]), cell->logs[i], &count) < 0 ||
            count < DUET_FIRST_TRIALS || (i > 0 && count != cell->count))
            return problem_set(problem, EINVAL, "the ratios of %s are wrong, or too few", key);
        cell->count = count;
    }
    return 0;
}

static int read_cells(const json_t *cells, const char *path, struct recorded *recorded,
                      struct problem *problem) {
    size_t count = json_array_size(cells);
    int error = 0;
    if (count == 0)
        return problem_set(problem, EINVAL, "%s holds no recorded cells", path);
    recorded->cells = calloc(count, sizeof *recorded->cells);
    if (recorded->cells == NULL)
        return problem_set(problem, ENOMEM, "no memory");
    for (size_t i = 0; i < count && error == 0; i++)
        error = read_cell(json_array_get(cells, i), &recorded->cells[recorded->count++], problem);
    return error;
}

static int read_recorded(const char *path, struct recorded *recorded, struct problem *problem) {
    json_error_t why;
    json_t *json = json_load_file(path, 0, &why);
    int error = read_cells(json_object_get(json, "cells"), path, recorded, problem);
    json_decref(json);
    return error;
}

/* ---- one suite ---- */

/* One more trial of the cell, out of those of `from`. */
static void draw(const struct duet_cell *from, double shift, double sign, bool each,
                 struct duet_cell *cell, uint64_t *random) {
    size_t which = stats_random_below(random, from->count);
    double mine = each && stats_random_below(random, 2) ? -1 : 1;
    for (int s = 0; s < DUET_STATISTICS; s++)
        cell->logs[s][cell->count] = sign * mine * from->logs[s][which] + shift;
    cell->count++;
}

static void play(const struct duet_cell *from, double slowdown, const struct asked *asked,
                 size_t least, struct duet_cell *cell, uint64_t *random) {
    double sign = stats_random_below(random, 2) ? -1 : 1;
    cell->count = 0;
    while (duet_gate_wants_more(cell, least))
        for (int i = 0; i < DUET_STEP_TRIALS; i++)
            draw(from, log1p(slowdown), sign, !asked->as_recorded, cell, random);
}

/* Makes and judges a suite; slowdowns[i] is that of cell i. */
static void play_suite(const struct recorded *recorded, const double *slowdowns,
                       const struct asked *asked, struct duet_suite *suite,
                       struct duet_judgement *judgement, uint64_t *random) {
    for (size_t i = 0; i < suite->count; i++)
        suite->cells[i] = recorded->cells[i % recorded->count];
    size_t least = duet_gate_least(suite);
    for (size_t i = 0; i < suite->count; i++)
        play(&recorded->cells[i % recorded->count], slowdowns[i], asked, least, &suite->cells[i],
             random);
    duet_gate_judge(suite, judgement);
}

static bool alarmed(const struct duet_cell *cell) {
    return cell->verdict == DUET_REGRESSION || cell->verdict == DUET_IMPROVEMENT;
}

static void count_unchanged(const struct duet_suite *suite, const struct duet_judgement *judgement,
                            struct tally *tally) {
    size_t alarms = 0;
    for (size_t i = 0; i < suite->count; i++) {
        alarms += alarmed(&suite->cells[i]);
        tally->inconclusive += suite->cells[i].verdict == DUET_INCONCLUSIVE;
        tally->trials += suite->cells[i].count;
    }
    tally->unchanged += suite->count;
    tally->cells += suite->count;
    tally->alarms += alarms;
    tally->suites++;
    tally->alarmed_suites += alarms > 0;
    tally->environment += judgement->verdict == DUET_ENVIRONMENT;
}

/* One cell of each level in a suite whose other cells are unchanged. */
static void count_slowed(const struct duet_suite *suite, const size_t *which, struct tally *tally) {
    for (int i = 0; i < LEVELS; i++) {
        const struct duet_cell *cell = &suite->cells[which[i]];
        tally->slowed[i]++;
        tally->found[i] += cell->verdict == DUET_REGRESSION;
        tally->untold[i] += cell->verdict == DUET_INCONCLUSIVE;
    }
}

static void choose(size_t count, size_t which[LEVELS], uint64_t *random) {
    for (int i = 0; i < LEVELS;) {
        which[i] = stats_random_below(random, count);
        int before = 0;
        while (before < i && which[before] != which[i])
            before++;
        i += before == i;
    }
}

static int simulate(const struct recorded *recorded, const struct asked *asked,
                    struct tally *tally) {
    static double slowdowns[MOST_CELLS];
    struct duet_suite suite = {calloc(asked->cells, sizeof *suite.cells), asked->cells};
    struct duet_judgement judgement;
    uint64_t random = asked->seed;
    size_t which[LEVELS];
    if (suite.cells == NULL)
        return -ENOMEM;
    for (uint64_t i = 0; i < asked->suites; i++) {
        memset(slowdowns, 0, sizeof slowdowns);
        play_suite(recorded, slowdowns, asked, &suite, &judgement, &random);
        count_unchanged(&suite, &judgement, tally);
        choose(suite.count, which, &random);
        for (int level = 0; level < LEVELS; level++)
            slowdowns[which[level]] = levels[level];
        play_suite(recorded, slowdowns, asked, &suite, &judgement, &random);
        count_slowed(&suite, which, tally);
    }
    free(suite.cells);
    return 0;
}

/* ---- what comes out ---- */

static void print_share(const char *what, size_t hits, size_t count) {
    struct rank_bounds bounds = rank_share(hits, count, 0.95);
    (void)printf("  %-44s %7zu of %7zu  %6.2f%%  (95%%: %.2f to %.2f%%)\n", what, hits, count,
                 count > 0 ? 100 * (double)hits / (double)count : 0, 100 * bounds.low,
                 100 * bounds.high);
}

static void print_text(const struct tally *t, const struct asked *asked) {
    char what[64];
    (void)printf(
        "%" PRIu64 " suites of %" PRIu64 " cells out of recorded trials, %s; %.1f trials a "
        "cell\n",
        asked->suites, asked->cells, asked->as_recorded ? "as they were" : "signs thrown anew",
        (double)t->trials / (double)t->cells);
    print_share("unchanged suites with any alarm", t->alarmed_suites, t->suites);
    print_share("unchanged suites called environment", t->environment, t->suites);
    print_share("unchanged cells with an alarm", t->alarms, t->unchanged);
    print_share("unchanged cells that can't be told", t->inconclusive, t->unchanged);
    for (int i = 0; i < LEVELS; i++) {
        (void)snprintf(what, sizeof what, "cells slowed by %g%%, found", 100 * levels[i]);
        print_share(what, t->found[i], t->slowed[i]);
    }
}

static void print_json(const struct tally *t, const struct asked *asked) {
    (void)printf(
        "{\"suites\": %zu, \"cells\": %" PRIu64 ", \"alarmed_suites\": %zu, "
        "\"environment\": %zu, \"unchanged\": %zu, \"alarms\": %zu, \"inconclusive\": %zu, "
        "\"trials\": %zu, \"levels\": [",
        t->suites, asked->cells, t->alarmed_suites, t->environment, t->unchanged, t->alarms,
        t->inconclusive, t->trials);
    for (int i = 0; i < LEVELS; i++)
        (void)printf("%s{\"slowdown\": %g, \"slowed\": %zu, \"found\": %zu, \"inconclusive\": %zu}",
                     i > 0 ? ", " : "", levels[i], t->slowed[i], t->found[i], t->untold[i]);
    (void)printf("]}\n");
}

static bool parse(int argc, char **argv, struct asked *asked) {
    *asked = (struct asked){.suites = 1000, .seed = 1, .cells = 40};
    for (int i = 1; i < argc; i++) {
        uint64_t *number = strcmp(argv[i], "--suites") == 0  ? &asked->suites
                           : strcmp(argv[i], "--seed") == 0  ? &asked->seed
                           : strcmp(argv[i], "--cells") == 0 ? &asked->cells
                                                             : NULL;
        if (number != NULL && i + 1 < argc)
            *number = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--as-recorded") == 0)
            asked->as_recorded = true;
        else if (strcmp(argv[i], "--json") == 0)
            asked->json = true;
        else if (argv[i][0] != '-' && asked->path == NULL)
            asked->path = argv[i];
        else
            return false;
    }
    return asked->path != NULL && asked->cells > LEVELS && asked->cells <= MOST_CELLS;
}

int main(int argc, char **argv) {
    struct asked asked;
    struct recorded recorded = {NULL, 0};
    struct problem problem = {""};
    static struct tally tally;
    if (!parse(argc, argv, &asked)) {
        (void)fprintf(stderr, "Usage: simulate RECORDED [--suites N] [--cells 5..400] [--seed N] "
                              "[--as-recorded] [--json]\n");
        return 2;
    }
    int error = read_recorded(asked.path, &recorded, &problem);
    if (!error)
        error = simulate(&recorded, &asked, &tally);
    free(recorded.cells);
    if (error) {
        (void)fprintf(stderr, "simulate: %s\n", problem.text);
        return 2;
    }
    if (asked.json)
        print_json(&tally, &asked);
    else
        print_text(&tally, &asked);
    return 0;
}
