/* SPDX-License-Identifier: MIT */
/*
 * contest.c - two cells against each other.
 */
#include "judge/contest.h"

#include <math.h>
#include <string.h>

bool contest_runs(const struct cell *cell, const char *workload) {
    size_t length = strlen(workload);
    return strncmp(cell->workload, workload, length) == 0 &&
           (cell->workload[length] == '\0' || cell->workload[length] == ':');
}

bool contest_admits(const struct cell_summary *cell) {
    return cell->status == RECORD_OK && strcmp(cell->group, "control") != 0 && !cell->not_a_channel;
}

/* The coarsest step of the clocks behind the cell. */
static double clock_step(const struct run *run, const struct cell_summary *cell) {
    double step = 0;
    for (size_t i = 0; i < run->trial_count; i++)
        if (strcmp(run->trials[i].key, cell->key) == 0)
            step = fmax(step, run->trials[i].clock_quantum_ns); /* fmax passes over NaN */
    return step;
}

struct contest_cost contest_cost_of(const struct run *run, const struct cell_summary *cell) {
    if (contest_runs(&cell->cell, "stream") || contest_runs(&cell->cell, "serve"))
        return (struct contest_cost){1e9 / cell->per_second, 1e9 / cell->per_second_high,
                                     1e9 / cell->per_second_low};
    double half = clock_step(run, cell) / 2;
    double low = cell->p50_low_ns - half;
    return (struct contest_cost){cell->p50_ns, low < 0 ? 0 : low, cell->p50_high_ns + half};
}

static enum contest_outcome decide(const struct contest_cost *left,
                                   const struct contest_cost *right) {
    if (isnan(left->low_ns) || isnan(left->high_ns) || isnan(right->low_ns) ||
        isnan(right->high_ns))
        return CONTEST_UNKNOWN;
    if (left->high_ns < right->low_ns)
        return CONTEST_LEFT;
    return right->high_ns < left->low_ns ? CONTEST_RIGHT : CONTEST_TIE;
}

struct contest contest_between(const struct run *run, const struct cell_summary *left,
                               const struct cell_summary *right) {
    struct contest contest = {.left = left,
                              .right = right,
                              .left_cost = contest_cost_of(run, left),
                              .right_cost = contest_cost_of(run, right)};
    contest.times = contest.right_cost.ns / contest.left_cost.ns;
    contest.times_low = contest.right_cost.low_ns / contest.left_cost.high_ns;
    contest.times_high = contest.right_cost.high_ns / contest.left_cost.low_ns;
    contest.outcome = decide(&contest.left_cost, &contest.right_cost);
    return contest;
}

const struct cell_summary *contest_best(const struct run *run,
                                        bool (*wanted)(const struct cell_summary *cell,
                                                       const void *context),
                                        const void *context) {
    const struct cell_summary *best = NULL;
    double least = INFINITY;
    for (size_t i = 0; i < run->cell_count; i++) {
        const struct cell_summary *cell = &run->cells[i];
        double ns = wanted(cell, context) ? contest_cost_of(run, cell).ns : INFINITY;
        if (ns < least) {
            best = cell;
            least = ns;
        }
    }
    return best;
}
