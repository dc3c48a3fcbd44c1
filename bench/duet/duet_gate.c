/* SPDX-License-Identifier: MIT */
/*
 * duet_gate.c - the rules of the gate; docs/regression.md says where they come from.
 */
#include "duet/duet_gate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const duet_verdicts[DUET_VERDICTS + 1] = {
    "pass", "regression", "improvement", "inconclusive", "environment", "not compared", NULL};

/* Is it one of the hypotheses that share the chance of a false alarm? Canaries have one of their
 * own. */
static bool in_family(const struct duet_cell *cell, bool canaries) {
    return cell->canary == canaries && cell->limits.gated && cell->why[0] == '\0';
}

static size_t family_size(const struct duet_suite *suite, bool canaries) {
    size_t size = 0;
    for (size_t i = 0; i < suite->count; i++)
        size += in_family(&suite->cells[i], canaries) ? DUET_GATED : 0;
    return size;
}

size_t duet_gate_least(const struct duet_suite *suite) {
    double hypotheses = (double)family_size(suite, false);
    size_t least = DUET_LEAST_TRIALS;
    while (least < DUET_MOST_TRIALS && hypotheses * 2 * ldexp(1, -(int)least) >= DUET_ALPHA)
        least += DUET_STEP_TRIALS;
    return least;
}

bool duet_gate_wants_more(const struct duet_cell *cell, size_t least) {
    if (cell->why[0] != '\0' || cell->count >= DUET_MOST_TRIALS)
        return false;
    if (cell->count < least)
        return true;
    struct rank_shift shift = rank_shift_of(cell->logs[DUET_P50], cell->count, DUET_CONFIDENCE);
    return !((shift.high - shift.low) / 2 < log1p(DUET_PRECISION));
}

/* ---- one cell ---- */

/* The numbers that are known, and how many. */
static size_t known_logs(const struct duet_cell *cell, int statistic, double *logs) {
    size_t known = 0;
    for (size_t i = 0; i < cell->count; i++)
        if (!isnan(cell->logs[statistic][i]))
            logs[known++] = cell->logs[statistic][i];
    return known;
}

/* What would have had to be added to this cell's ratios for an alarm: half of the interval at the
 * level that Holm asks of the first of so many. */
static double smallest_seen(const struct duet_cell *cell, const double *logs, size_t count,
                            size_t hypotheses) {
    double level = 1 - DUET_ALPHA / (double)(hypotheses > 0 ? hypotheses : 1);
    struct rank_shift wide = rank_shift_of(logs, count, level);
    if (!(wide.coverage >= level))
        return NAN;
    return fmax(cell->limits.alarm, expm1((wide.high - wide.low) / 2));
}

static void estimate(struct duet_cell *cell, size_t hypotheses) {
    double logs[DUET_MOST_TRIALS];
    for (int i = 0; i < DUET_STATISTICS; i++) {
        struct duet_finding *finding = &cell->findings[i];
        size_t known = known_logs(cell, i, logs);
        bool gated = i < DUET_GATED && cell->limits.gated && cell->why[0] == '\0' && known > 0;
        finding->shift = rank_shift_of(logs, known, DUET_CONFIDENCE);
        finding->p = gated ? rank_signed_p(logs, known) : NAN;
        finding->smallest = smallest_seen(cell, logs, known, hypotheses);
    }
}

static enum duet_verdict judge_finding(const struct duet_limits *limits,
                                       const struct duet_finding *finding) {
    const struct rank_shift *shift = &finding->shift;
    bool moved = finding->holm < DUET_ALPHA;
    if (isnan(shift->estimate))
        return DUET_NOT_COMPARED;
    if (moved && shift->estimate > log1p(limits->alarm))
        return DUET_REGRESSION;
    if (moved && shift->estimate < -log1p(limits->alarm))
        return DUET_IMPROVEMENT;
    bool within = shift->low > -log1p(limits->tolerance) && shift->high < log1p(limits->tolerance);
    return within && shift->coverage >= DUET_CONFIDENCE ? DUET_PASS : DUET_INCONCLUSIVE;
}

/* A cell is as good as its median; its tail can only make it worse. */
static void judge_cell(struct duet_cell *cell) {
    for (int i = 0; i < DUET_STATISTICS; i++)
        cell->findings[i].verdict = judge_finding(&cell->limits, &cell->findings[i]);
    cell->verdict = cell->findings[DUET_P50].verdict;
    if (cell->why[0] != '\0')
        cell->verdict = DUET_NOT_COMPARED;
    else if (cell->findings[DUET_P90].verdict == DUET_REGRESSION)
        cell->verdict = DUET_REGRESSION;
}

/* ---- the family ---- */

static void adjust(struct duet_suite *suite, bool canaries) {
    size_t room = suite->count * DUET_GATED, used = 0;
    double *p = calloc(2 * room + 1, sizeof *p);
    for (size_t i = 0; i < suite->count; i++)
        for (int s = 0; s < DUET_STATISTICS; s++) {
            struct duet_finding *finding = &suite->cells[i].findings[s];
            bool member = s < DUET_GATED && in_family(&suite->cells[i], canaries);
            if (suite->cells[i].canary == canaries)
                finding->holm = NAN;
            if (p != NULL && member)
                p[used++] = finding->p;
        }
    if (p != NULL)
        rank_holm(p, used, p + room);
    used = 0;
    for (size_t i = 0; i < suite->count && p != NULL; i++)
        for (int s = 0; s < DUET_GATED && in_family(&suite->cells[i], canaries); s++)
            suite->cells[i].findings[s].holm = p[room + used++];
    free(p);
}

/* ---- all ---- */

static bool alarmed(const struct duet_cell *cell) {
    return cell->verdict == DUET_REGRESSION || cell->verdict == DUET_IMPROVEMENT;
}

static const struct duet_cell *alarmed_canary(const struct duet_suite *suite) {
    for (size_t i = 0; i < suite->count; i++)
        if (suite->cells[i].canary && alarmed(&suite->cells[i]))
            return &suite->cells[i];
    return NULL;
}

static size_t count_transports(const struct duet_suite *suite) {
    size_t count = 0;
    for (size_t i = 0; i < suite->count; i++) {
        size_t before = 0;
        while (before < i &&
               strcmp(suite->cells[before].cell.transport, suite->cells[i].cell.transport) != 0)
            before++;
        count += before == i;
    }
    return count;
}

/* Moved more than half of the compared cells the same way? */
static bool moved_together(const struct duet_suite *suite, const struct duet_judgement *j) {
    size_t compared = suite->count - j->counts[DUET_NOT_COMPARED];
    for (size_t i = 0; i < suite->count; i++)
        compared -= suite->cells[i].canary;
    return count_transports(suite) >= DUET_LEAST_TRANSPORTS &&
           (2 * j->counts[DUET_REGRESSION] > compared ||
            2 * j->counts[DUET_IMPROVEMENT] > compared);
}

static void judge_environment(const struct duet_suite *suite, struct duet_judgement *j) {
    const struct duet_cell *canary = alarmed_canary(suite);
    if (canary != NULL) {
        j->verdict = DUET_ENVIRONMENT;
        (void)snprintf(j->why, sizeof j->why,
                       "the canary alarmed: %s moved by %+.1f%% against itself, so that nothing "
                       "here can be believed; run it again on a quieter host",
                       canary->key, 100 * expm1(canary->findings[DUET_P50].shift.estimate));
    } else if (moved_together(suite, j)) {
        j->verdict = DUET_ENVIRONMENT;
        (void)snprintf(
            j->why, sizeof j->why,
            "more than half of the cells, of several transports, moved together: that is "
            "the environment, or what all of them share (the compiler's flags, "
            "helper.h), rather than a change of one; look at the cells, or run it again");
    }
}

static bool any_failed(const struct duet_suite *suite) {
    for (size_t i = 0; i < suite->count; i++)
        if (suite->cells[i].failed)
            return true;
    return false;
}

/* How many gated cells have that verdict. */
static size_t count_gated(const struct duet_suite *suite, enum duet_verdict verdict) {
    size_t count = 0;
    for (size_t i = 0; i < suite->count; i++) {
        const struct duet_cell *cell = &suite->cells[i];
        count += !cell->canary && cell->limits.gated && cell->verdict == verdict;
    }
    return count;
}

static void judge_suite(const struct duet_suite *suite, struct duet_judgement *j) {
    size_t untold = count_gated(suite, DUET_INCONCLUSIVE) + count_gated(suite, DUET_NOT_COMPARED);
    size_t passed = j->counts[DUET_PASS] + j->counts[DUET_IMPROVEMENT];
    bool none = passed + j->counts[DUET_REGRESSION] + j->counts[DUET_INCONCLUSIVE] == 0;
    j->verdict = count_gated(suite, DUET_REGRESSION) > 0 ? DUET_REGRESSION
                 : untold > 0 || none                    ? DUET_INCONCLUSIVE
                                                         : DUET_PASS;
    (void)snprintf(j->why, sizeof j->why,
                   "%zu regressed, %zu improved, %zu pass, %zu can't be told, %zu not compared",
                   j->counts[DUET_REGRESSION], j->counts[DUET_IMPROVEMENT], j->counts[DUET_PASS],
                   j->counts[DUET_INCONCLUSIVE], j->counts[DUET_NOT_COMPARED]);
    if (!any_failed(suite))
        return;
    j->verdict = DUET_NOT_COMPARED;
    (void)snprintf(j->why, sizeof j->why, "a trial failed; its cell says why");
}

void duet_gate_judge(struct duet_suite *suite, struct duet_judgement *judgement) {
    *judgement = (struct duet_judgement){.verdict = DUET_PASS};
    for (size_t i = 0; i < suite->count; i++)
        estimate(&suite->cells[i], family_size(suite, suite->cells[i].canary));
    adjust(suite, false);
    adjust(suite, true);
    for (size_t i = 0; i < suite->count; i++) {
        judge_cell(&suite->cells[i]);
        if (!suite->cells[i].canary)
            judgement->counts[suite->cells[i].verdict]++;
    }
    judge_suite(suite, judgement);
    if (judgement->verdict != DUET_NOT_COMPARED)
        judge_environment(suite, judgement);
}
