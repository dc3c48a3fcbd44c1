/* SPDX-License-Identifier: MIT */
/*
 * plan.c - makes the cells, shares the budget out, and picks the next trial.
 */
#include "run/plan.h"

#include "run/knee_search.h"
#include "stats/stats.h"
#include "trial/ability.h"
#include "trial/workload.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FEW_ROUNDS = 5,   /* so many even if the trials must be as short as they may be */
    MOST_ROUNDS = 10, /* more trials than that only where an interval is wide */
    LEAST_TRIALS = 3, /* behind an interval that means something */
    MOST_FAILURES = 2,
    RESAMPLES = 500
};
#define MS           UINT64_C(1000000)
#define SHORT_NS     (30 * MS)  /* the shortest measured time, and */
#define GOOD_NS      (100 * MS) /* the one that more than FEW_ROUNDS must leave, and */
#define LONG_NS      (500 * MS) /* the one beyond which more trials are worth more */
#define WARMUP_NS    (70 * MS) /* across cores most of the start-up transient is over after 60 ms */
#define LONG_WARM_NS (200 * MS)

/* One cell that is being considered. */
struct candidate {
    const struct plan_transport *transport;
    const char *workload;
    enum ipc_wait wait;
    size_t placement;
    uint64_t size_bytes;
};

/* Is it a workload for that transport, waiting so? */
static bool does(const struct candidate *at) {
    struct workload_spec spec;
    struct problem none = {""};
    return at->transport->entry == NULL || workload_spec_parse(at->workload, &spec, &none) != 0 ||
           ability_check(at->transport->entry, at->transport->knobs, &spec, at->wait, &none) == 0;
}

static bool on_same_core(const struct placement *placement) {
    return strcmp(placement->related, "same-core") == 0;
}

static size_t solo_placement(const struct plan_input *input) {
    for (size_t i = 0; i < input->placement_count; i++)
        if (on_same_core(&input->placements[i]))
            return i;
    return 0;
}

/* Is it made at all? Notes the wait when only the hazard of one shared core keeps it out. */
static bool wanted(const struct plan_input *input, const struct candidate *at, struct plan *plan) {
    const struct plan_transport *transport = at->transport;
    if (transport->solo && at->placement != solo_placement(input))
        return false;
    bool waits = transport->waits[at->wait];
    if (!waits && !(transport->named && input->waits_named))
        return false;
    if (waits && !transport->named && !does(at))
        return false;
    bool carries = transport->max_bytes == 0 || at->size_bytes <= transport->max_bytes;
    if (!carries && !(transport->named && input->sizes_named))
        return false;
    bool hazard = waits && at->wait != IPC_BLOCK && !transport->solo &&
                  on_same_core(&input->placements[at->placement]);
    if (!hazard || (input->waits_named && input->placements_named))
        return true;
    plan->dropped[at->wait] |= input->waits_named || input->placements_named;
    return false;
}

static void add_cell(const struct plan_input *input, const struct candidate *at,
                     struct plan *plan) {
    const struct plan_transport *transport = at->transport;
    const struct placement *placement = &input->placements[at->placement];
    struct plan_cell *made = &plan->cells[plan->cell_count++];
    memcpy(made->cell.transport, transport->name, sizeof transport->name);
    memcpy(made->cell.knobs, transport->knobs, sizeof transport->knobs);
    memcpy(made->cell.workload, at->workload, sizeof made->cell.workload);
    memcpy(made->cell.placement, placement->name, sizeof placement->name);
    made->cell.wait = at->wait;
    made->cell.size_bytes = at->size_bytes;
    cell_format(&made->cell, made->key);
    made->placement = at->placement;
    made->possible = transport->waits[at->wait] && placement->related[0] != '\0' &&
                     (transport->max_bytes == 0 || at->size_bytes <= transport->max_bytes);
    made->width = INFINITY;
    made->searches = knee_search_is(&made->cell);
    if (made->searches)
        knee_search_begin(&made->cell, &made->knee);
}

/* The candidate of that number, when all are counted with the sizes running fastest. */
static struct candidate candidate_at(const struct plan_input *input, size_t number) {
    struct candidate at;
    at.size_bytes = input->sizes[number % input->size_count];
    number /= input->size_count;
    at.placement = number % input->placement_count;
    number /= input->placement_count;
    at.wait = input->waits[number % input->wait_count];
    number /= input->wait_count;
    at.workload = input->workloads[number % input->workload_count];
    at.transport = &input->transports[number / input->workload_count];
    return at;
}

static int nothing_left(const struct plan *plan, struct problem *problem) {
    if (plan->dropped[IPC_SPIN] || plan->dropped[IPC_PARK])
        return problem_set(problem, EINVAL,
                           "nothing is left to run: to spin or park on one shared core takes "
                           "milliseconds a round trip, and is done only when both -W and "
                           "-p same-core are given");
    return problem_set(problem, EINVAL,
                       "nothing is left to run: no transport chosen can wait and carry as asked; "
                       "`ipcbench list` says what each can do");
}

int plan_make(const struct plan_input *input, struct plan *plan, struct problem *problem) {
    memset(plan, 0, sizeof *plan);
    size_t most = input->transport_count * input->workload_count * input->wait_count *
                  input->placement_count * input->size_count;
    size_t count = 0;
    for (size_t i = 0; i < most; i++) {
        struct candidate at = candidate_at(input, i);
        count += wanted(input, &at, plan);
    }
    if (count == 0)
        return nothing_left(plan, problem);
    plan->cells = calloc(count, sizeof *plan->cells);
    plan->order = calloc(count, sizeof *plan->order);
    if (plan->cells == NULL || plan->order == NULL) {
        plan_free(plan);
        return problem_set(problem, ENOMEM, "no memory for a plan of %zu cells", count);
    }
    for (size_t i = 0; i < most; i++) {
        struct candidate at = candidate_at(input, i);
        if (wanted(input, &at, plan))
            add_cell(input, &at, plan);
    }
    return 0;
}

void plan_free(struct plan *plan) {
    free(plan->cells);
    free(plan->order);
    plan->cells = NULL;
    plan->order = NULL;
    plan->cell_count = 0;
}

/* ---- the schedule ---- */

static void shuffle(struct plan *plan) {
    for (size_t i = 0; i < plan->cell_count; i++) {
        size_t other = (size_t)(stats_random_below(&plan->random, i + 1));
        plan->order[i] = plan->order[other];
        plan->order[other] = i;
    }
    plan->position = 0;
}

static size_t possible_cells(const struct plan *plan) {
    size_t count = 0;
    for (size_t i = 0; i < plan->cell_count; i++)
        count += plan->cells[i].possible;
    return count;
}

/* What a few requests of each open loop take: once to be timed, and once to be counted. */
static uint64_t slow_ns(const struct plan *plan, bool counts) {
    uint64_t gaps_ns = 0;
    for (size_t i = 0; i < plan->cell_count; i++)
        if (plan_counts(&plan->cells[i]))
            gaps_ns += workload_spec_gap_ns(plan->cells[i].cell.workload);
    return (counts ? 2U : 1U) * (WORKLOAD_LEAST_ARRIVALS + WORKLOAD_UNCOUNTED) * gaps_ns;
}

/* The shortest measured time that so many rounds may have. */
static uint64_t least_time_ns(const struct plan_wishes *wishes, size_t rounds) {
    if (wishes->time_ns != PLAN_CHOOSE)
        return wishes->time_ns;
    return rounds > FEW_ROUNDS && wishes->trials == 0 ? GOOD_NS : SHORT_NS;
}

static uint64_t least_trial_ns(const struct plan_wishes *wishes, size_t rounds) {
    uint64_t warmup_ns = wishes->warmup_ns == PLAN_CHOOSE ? WARMUP_NS : wishes->warmup_ns;
    return PLAN_OVERHEAD_NS + warmup_ns + least_time_ns(wishes, rounds);
}

/* Shares the time of one trial between warm-up and measuring. */
static void share(struct plan *plan, const struct plan_wishes *wishes, uint64_t trial_ns) {
    uint64_t rest_ns = trial_ns - PLAN_OVERHEAD_NS;
    uint64_t spare_ns = rest_ns - least_time_ns(wishes, plan->rounds);
    uint64_t warmup_ns = rest_ns / 4 > WARMUP_NS ? rest_ns / 4 : WARMUP_NS;
    warmup_ns = warmup_ns < LONG_WARM_NS ? warmup_ns : LONG_WARM_NS;
    warmup_ns = (warmup_ns < spare_ns ? warmup_ns : spare_ns) / MS * MS;
    plan->warmup_ns = wishes->warmup_ns == PLAN_CHOOSE ? warmup_ns : wishes->warmup_ns;
    uint64_t time_ns = (rest_ns - plan->warmup_ns) / MS * MS;
    time_ns = time_ns < LONG_NS ? time_ns : LONG_NS;
    plan->time_ns = wishes->time_ns == PLAN_CHOOSE ? time_ns : wishes->time_ns;
}

static int too_little(const struct plan *plan, const struct plan_wishes *wishes, uint64_t aside_ns,
                      struct problem *problem) {
    size_t rounds = wishes->trials > 0 ? wishes->trials : 1;
    uint64_t need_ns = possible_cells(plan) * rounds * least_trial_ns(wishes, rounds) + aside_ns;
    return problem_set(problem, EINVAL,
                       "%zu cells of %zu trial%s each need about %.0f s, and the budget is %.3g s; "
                       "raise --budget, or choose fewer cells with -t, -s, -W and -p",
                       plan->cell_count, rounds, rounds == 1 ? "" : "s",
                       ceil((double)need_ns / 1e9), (double)wishes->budget_ns / 1e9);
}

/* The most rounds that fit, and how long a trial may then take. */
static uint64_t fit_rounds(struct plan *plan, const struct plan_wishes *wishes, uint64_t ns) {
    size_t cells = possible_cells(plan), fewest = wishes->trials > 0 ? wishes->trials : 1;
    plan->rounds = wishes->trials > 0 ? wishes->trials : MOST_ROUNDS;
    for (; plan->rounds >= fewest; plan->rounds--) {
        uint64_t trial_ns = cells > 0 ? ns / (cells * plan->rounds) : ns;
        if (trial_ns >= least_trial_ns(wishes, plan->rounds))
            return trial_ns;
    }
    return 0;
}

int plan_schedule(struct plan *plan, const struct plan_wishes *wishes, struct problem *problem) {
    plan->budget_ns = wishes->budget_ns;
    plan->precision = wishes->precision;
    plan->adaptive = wishes->trials == 0;
    plan->random = wishes->seed;
    shuffle(plan);
    if (wishes->budget_ns == PLAN_NO_BUDGET) {
        plan->rounds = wishes->trials > 0 ? wishes->trials : FEW_ROUNDS;
        plan->time_ns = wishes->time_ns == PLAN_CHOOSE ? GOOD_NS : wishes->time_ns;
        plan->warmup_ns = wishes->warmup_ns == PLAN_CHOOSE ? WARMUP_NS : wishes->warmup_ns;
        return 0;
    }
    uint64_t aside_ns = (plan->cell_count - possible_cells(plan)) * PLAN_OVERHEAD_NS +
                        possible_cells(plan) * wishes->reserve_ns +
                        slow_ns(plan, wishes->reserve_ns > 0);
    uint64_t left_ns = wishes->budget_ns > aside_ns ? wishes->budget_ns - aside_ns : 0;
    uint64_t trial_ns = fit_rounds(plan, wishes, left_ns);
    if (trial_ns == 0)
        return too_little(plan, wishes, aside_ns, problem);
    share(plan, wishes, trial_ns);
    return 0;
}

/* ---- while it runs ---- */

static uint64_t mean_ns(const struct plan *plan) {
    return plan->timed > 0 ? plan->timed_ns / plan->timed
                           : PLAN_OVERHEAD_NS + plan->warmup_ns + plan->time_ns;
}

static uint64_t next_ns(const struct plan *plan, size_t index) {
    const struct plan_cell *cell = &plan->cells[index];
    if (!cell->possible)
        return PLAN_OVERHEAD_NS;
    return cell->last_ns > 0 ? cell->last_ns : mean_ns(plan);
}

/* The next of the rounds; moves past cells that are settled, and into a new round. */
static size_t next_of_rounds(struct plan *plan) {
    while (plan->round < plan->rounds) {
        while (plan->position < plan->cell_count) {
            size_t index = plan->order[plan->position];
            if (!plan->cells[index].settled)
                return index;
            plan->position++;
        }
        plan->round++;
        shuffle(plan);
    }
    return PLAN_END;
}

/* The widest that is not yet narrow enough; among equals, that of the fewest trials. */
static size_t widest(const struct plan *plan) {
    size_t best = PLAN_END;
    for (size_t i = 0; i < plan->cell_count; i++) {
        const struct plan_cell *cell = &plan->cells[i];
        if (cell->settled || cell->width <= plan->precision)
            continue;
        const struct plan_cell *held = best == PLAN_END ? NULL : &plan->cells[best];
        if (held == NULL || cell->width > held->width ||
            (!(cell->width < held->width) && cell->trials < held->trials))
            best = i;
    }
    return best;
}

/* The first cell with a flagged trial that is to be repeated. */
static size_t next_owed(const struct plan *plan) {
    for (size_t i = 0; i < plan->cell_count; i++)
        if (plan->cells[i].owed > 0 && !plan->cells[i].settled)
            return i;
    return PLAN_END;
}

size_t plan_next(struct plan *plan, uint64_t elapsed_ns) {
    size_t index = next_of_rounds(plan);
    bool from_rounds = index != PLAN_END;
    if (!from_rounds)
        index = next_owed(plan);
    bool owed = !from_rounds && index != PLAN_END;
    if (index == PLAN_END && plan->adaptive)
        index = widest(plan);
    if (index == PLAN_END)
        return PLAN_END;
    uint64_t left_ns = plan->budget_ns > elapsed_ns ? plan->budget_ns - elapsed_ns : 0;
    if (next_ns(plan, index) > left_ns)
        return PLAN_END;
    plan->position += from_rounds;
    plan->cells[index].owed -= owed;
    plan->cells[index].repeated += owed;
    plan->running = true;
    return index;
}

uint64_t plan_trial_seed(struct plan *plan) {
    return stats_random(&plan->random) >> 32;
}

static double relative_width(const struct plan_cell *cell) {
    if (cell->trials < LEAST_TRIALS)
        return INFINITY;
    double scratch[PLAN_MAX_TRIALS + RESAMPLES];
    double median = stats_median(cell->p50_ns, cell->trials);
    struct stats_interval interval =
        stats_median_interval(cell->p50_ns, cell->trials, RESAMPLES, 1, scratch);
    return median > 0 ? (interval.high - interval.low) / 2 / median : 0;
}

bool plan_counts(const struct plan_cell *cell) {
    return cell->possible && !cell->searches;
}

static void note_median(struct plan_cell *cell, double p50_ns) {
    cell->p50_ns[cell->trials++] = p50_ns;
    (void)stats_sort(cell->p50_ns, cell->trials);
    cell->width = relative_width(cell);
}

void plan_note(struct plan *plan, size_t index, enum plan_outcome outcome, double p50_ns,
               uint64_t took_ns) {
    struct plan_cell *cell = &plan->cells[index];
    plan->running = false;
    plan->done++;
    cell->last_ns = took_ns;
    if (outcome != PLAN_NOT_HERE) {
        plan->timed++;
        plan->timed_ns += took_ns;
    }
    if (cell->searches)
        cell->owed = !cell->knee.done;
    else if (outcome == PLAN_FLAGGED && plan->adaptive &&
             cell->owed + cell->repeated < PLAN_MAX_REPEATS)
        cell->owed++;
    if ((outcome == PLAN_OK || outcome == PLAN_FLAGGED) && !cell->searches)
        note_median(cell, p50_ns);
    cell->failures += outcome == PLAN_FAILED;
    cell->settled = outcome == PLAN_NOT_HERE || (cell->searches && cell->knee.done) ||
                    cell->failures >= MOST_FAILURES || cell->trials >= PLAN_MAX_TRIALS;
}

/* Trials that the rounds still hold. */
static size_t left_of_rounds(const struct plan *plan) {
    size_t open = 0, left = 0;
    for (size_t i = 0; i < plan->cell_count; i++) {
        open += !plan->cells[i].settled && plan->cells[i].possible;
        left += i >= plan->position && !plan->cells[plan->order[i]].settled;
    }
    return plan->round < plan->rounds ? left + open * (plan->rounds - plan->round - 1) : 0;
}

size_t plan_expected_trials(const struct plan *plan, uint64_t elapsed_ns) {
    uint64_t budget_ns = plan->budget_ns > elapsed_ns ? plan->budget_ns - elapsed_ns : 0;
    size_t affordable = (size_t)(budget_ns / mean_ns(plan));
    size_t left = left_of_rounds(plan);
    left += plan->running;
    if (left <= 1 && plan->adaptive)
        left = affordable;
    left = left < affordable ? left : affordable;
    return plan->done + (left > plan->running ? left : plan->running);
}

uint64_t plan_left_ns(const struct plan *plan, uint64_t elapsed_ns) {
    uint64_t budget_ns = plan->budget_ns > elapsed_ns ? plan->budget_ns - elapsed_ns : 0;
    uint64_t rounds_ns = (left_of_rounds(plan) + plan->running) * mean_ns(plan);
    return plan->adaptive || budget_ns < rounds_ns ? budget_ns : rounds_ns;
}
