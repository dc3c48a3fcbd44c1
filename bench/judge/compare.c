/* SPDX-License-Identifier: MIT */
/*
 * compare.c - finds what can be compared, and judges it.
 */
#include "judge/compare.h"

#include "judge/compare_values.h"
#include "judge/fingerprint.h"
#include "stats/rank.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const compare_verdicts[] = {
    "pass", "regression", "improvement", "inconclusive", "environment", "not comparable", NULL};
const char *const compare_designs[] = {"paired", "blocks", "single", NULL};

#define CONFIDENCE 0.95

/* ---- the fingerprints ---- */

struct differing {
    struct compare *compare;
    const char *const *across;
};

static void note_difference(void *context, const char *fact, const char *was, const char *is) {
    struct differing *differing = context;
    bool accepted = false;
    for (const char *const *name = differing->across; *name != NULL; name++)
        accepted |= strcmp(*name, fact) == 0;
    differing->compare->unaccepted += !accepted;
    (void)json_array_append_new(differing->compare->differences,
                                json_pack("{s:s, s:s, s:s, s:b}", "fact", fact, "was", was, "is",
                                          is, "accepted", accepted));
}

/* Every run of a side is held against the first run of base. */
static void compare_facts(const struct compare_side *side, const json_t *first,
                          struct differing *differing) {
    for (size_t i = 0; i < side->count && differing->compare->unaccepted == 0; i++) {
        json_t *facts = fingerprint_facts(side->runs[i].environment);
        (void)json_array_clear(differing->compare->differences);
        (void)fingerprint_compare(first, facts, note_difference, differing);
        json_decref(facts);
    }
}

/* ---- one cell ---- */

__attribute__((format(printf, 2, 3))) static void leave(struct compare_cell *cell,
                                                        const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(cell->why, sizeof cell->why, format, arguments);
    va_end(arguments);
    cell->verdict = COMPARE_NOT_COMPARABLE;
}

static void test_pairs(struct compare_cell *cell, const struct compare_values *base,
                       const struct compare_values *head) {
    double pairs[COMPARE_VALUES_MOST];
    for (size_t i = 0; i < base->count; i++)
        pairs[i] = head->logs[i] - base->logs[i];
    struct rank_shift shift = rank_shift_of(pairs, base->count, CONFIDENCE);
    cell->shift = (struct blocks_shift){shift.estimate,
                                        shift.low,
                                        shift.high,
                                        shift.coverage,
                                        rank_signed_p(pairs, base->count),
                                        fmin(1, exp2(1 - (double)base->count))};
}

static void test_cell(struct compare_cell *cell, const struct compare_values *base,
                      const struct compare_values *head, bool several, bool one_cpu) {
    cell->base_count = base->count;
    cell->new_count = head->count;
    if (blocks_interleaved(base->seconds, base->count, head->seconds, head->count)) {
        cell->design = COMPARE_PAIRED;
        test_pairs(cell, base, head);
        return;
    }
    cell->design = several ? COMPARE_BLOCKS : COMPARE_SINGLE;
    cell->shift = blocks_compare(base->logs, base->count, head->logs, head->count, CONFIDENCE);
    if (!several)
        cell->drift = log1p(one_cpu ? COMPARE_DRIFT_ONE_CPU : COMPARE_DRIFT_TWO_CPUS);
}

/* Both sides have values of it: tests it, unless it ran elsewhere. */
static void compare_cell(const struct compare_side *base, const struct compare_side *head,
                         const char *reference, struct compare_cell *cell) {
    struct compare_values was, is;
    bool several = base->count > 1 && head->count > 1;
    cell->by_ratio = compare_values_have_reference(base, cell->key, reference) &&
                     compare_values_have_reference(head, cell->key, reference);
    compare_values_of(base, cell->key, cell->by_ratio ? reference : NULL, several, &was);
    compare_values_of(head, cell->key, cell->by_ratio ? reference : NULL, several, &is);
    if (was.count == 0 || is.count == 0)
        leave(cell, "only %s has it", was.count > 0 ? "BASE" : "NEW");
    else if (strcmp(was.cpus, is.cpus) != 0)
        leave(cell, "its CPUs were %s, are %s", was.cpus, is.cpus);
    else
        test_cell(cell, &was, &is, several, was.one_cpu);
}

static bool is_known(const struct compare *compare, const char *key) {
    for (size_t i = 0; i < compare->count; i++)
        if (strcmp(compare->cells[i].key, key) == 0)
            return true;
    return false;
}

/* What a cell says before it is compared, and for good where it can't be. */
static const struct compare_cell unknown = {
    .shift = {NAN, NAN, NAN, NAN, NAN, NAN}, .holm = NAN, .smallest = NAN};

static int collect_cells(const struct compare_side *side, struct compare *compare, size_t room) {
    for (size_t r = 0; r < side->count; r++)
        for (size_t i = 0; i < side->runs[r].cell_count; i++) {
            const struct cell_summary *cell = &side->runs[r].cells[i];
            if (cell->status != RECORD_OK || is_known(compare, cell->key))
                continue;
            if (compare->count == room)
                return -ENOMEM;
            compare->cells[compare->count] = unknown;
            memcpy(compare->cells[compare->count++].key, cell->key, sizeof cell->key);
        }
    return 0;
}

/* ---- the judge ---- */

static void judge_cell(struct compare_cell *cell) {
    double low = cell->shift.low - cell->drift, high = cell->shift.high + cell->drift;
    bool unlikely = cell->holm < COMPARE_ALPHA;
    bool beyond = fabs(expm1(cell->shift.estimate)) > COMPARE_ALARM;
    if (cell->shift.least_p <= COMPARE_ALPHA)
        cell->smallest =
            fmax(expm1(cell->shift.high - cell->shift.estimate + cell->drift), COMPARE_ALARM);
    if (unlikely && beyond && low > 0)
        cell->verdict = COMPARE_REGRESSION;
    else if (unlikely && beyond && high < 0)
        cell->verdict = COMPARE_IMPROVEMENT;
    else if (low > log1p(-COMPARE_TOLERANCE) && high < log1p(COMPARE_TOLERANCE))
        cell->verdict = COMPARE_PASS;
    else
        cell->verdict = COMPARE_INCONCLUSIVE;
}

static int judge_cells(struct compare *compare) {
    double *p = calloc(2 * compare->count + 1, sizeof *p);
    if (p == NULL)
        return -ENOMEM;
    double *holm = p + compare->count;
    for (size_t i = 0; i < compare->count; i++)
        p[i] =
            compare->cells[i].verdict == COMPARE_NOT_COMPARABLE ? NAN : compare->cells[i].shift.p;
    rank_holm(p, compare->count, holm);
    for (size_t i = 0; i < compare->count; i++) {
        struct compare_cell *cell = &compare->cells[i];
        cell->holm = holm[i];
        if (cell->verdict == COMPARE_NOT_COMPARABLE)
            continue;
        judge_cell(cell);
        if (compare->unaccepted > 0) {
            cell->verdict = COMPARE_NOT_COMPARABLE;
            (void)snprintf(cell->why, sizeof cell->why, "host or build differ");
        }
    }
    free(p);
    return 0;
}

static void conclude(struct compare *compare, enum compare_verdict verdict, const char *why) {
    compare->verdict = verdict;
    (void)snprintf(compare->why, sizeof compare->why, "%s", why);
}

static void judge_all(struct compare *compare) {
    size_t counts[COMPARE_NOT_COMPARABLE + 1] = {0}, compared = 0;
    for (size_t i = 0; i < compare->count; i++) {
        counts[compare->cells[i].verdict]++;
        compared += compare->cells[i].verdict != COMPARE_NOT_COMPARABLE;
    }
    size_t worse = counts[COMPARE_REGRESSION], better = counts[COMPARE_IMPROVEMENT];
    if (compare->unaccepted > 0)
        conclude(
            compare, COMPARE_NOT_COMPARABLE,
            "host or build differ; --across FACT allows a difference that is what is compared");
    else if (compared == 0)
        conclude(compare, COMPARE_NOT_COMPARABLE, "no cell can be compared; each says why");
    else if (compared >= 4 && 2 * (worse > better ? worse : better) > compared)
        conclude(
            compare, COMPARE_ENVIRONMENT,
            "more than half of the cells moved the same way: rather the machine than the code");
    else if (worse > 0)
        conclude(compare, COMPARE_REGRESSION, "some cells became slower");
    else if (counts[COMPARE_INCONCLUSIVE] > 0 || compared < compare->count)
        conclude(compare, COMPARE_INCONCLUSIVE,
                 "some cells can't be told; `ipcbench duet` sees far smaller changes");
    else
        conclude(compare, COMPARE_PASS, "no cell became slower by more than 5%");
}

int compare_runs(const struct compare_side *base, const struct compare_side *head,
                 const char *const *across, const char *reference, struct compare *compare,
                 struct problem *problem) {
    size_t room = 1;
    for (size_t i = 0; i < base->count; i++)
        room += base->runs[i].cell_count;
    for (size_t i = 0; i < head->count; i++)
        room += head->runs[i].cell_count;
    *compare = (struct compare){.cells = calloc(room, sizeof *compare->cells),
                                .differences = json_array()};
    json_t *facts = fingerprint_facts(base->runs[0].environment);
    int error =
        compare->cells == NULL || compare->differences == NULL || facts == NULL ? -ENOMEM : 0;
    if (error == 0) {
        struct differing differing = {compare, across};
        compare_facts(base, facts, &differing);
        compare_facts(head, facts, &differing);
        error = collect_cells(base, compare, room);
    }
    if (error == 0)
        error = collect_cells(head, compare, room);
    for (size_t i = 0; i < compare->count && error == 0; i++)
        compare_cell(base, head, reference, &compare->cells[i]);
    if (error == 0)
        error = judge_cells(compare);
    json_decref(facts);
    if (error != 0)
        return problem_set(problem, -error, "there is no memory to compare");
    judge_all(compare);
    return 0;
}

void compare_free(struct compare *compare) {
    free(compare->cells);
    json_decref(compare->differences);
    *compare = (struct compare){0};
}
