/* SPDX-License-Identifier: MIT */
/*
 * session.c - the trials of a run: each cell's counting trial, then those that the plan picks.
 */
#include "run/session.h"

#include "base/clock.h"
#include "plugin/workload_spec.h"
#include "run/calibrate.h"
#include "run/knee_search.h"
#include "run/launch.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A trial that is not done by then is stuck: this, and twice what it was to take. */
#define DEADLINE_NS UINT64_C(5000000000)

/* A request in two messages may wait for a delayed acknowledgement, 40 ms or more: so few that they
 * are done in time. */
enum { COUNTED_EXCHANGES = 200, COUNTED_IN_TWO = 20 };

static uint64_t elapsed_ns(const struct session *session) {
    return clock_system_ns() - session->started_ns;
}

/* As planned, and long enough for a few requests of a slow open loop; in a search for so many that
 * there is a p99. */
static uint64_t time_of(const struct plan *plan, const struct plan_cell *from,
                        const struct cell *cell) {
    uint64_t requests = from->searches ? KNEE_REQUESTS : WORKLOAD_LEAST_ARRIVALS;
    uint64_t least_ns = requests * workload_spec_gap_ns(cell->workload);
    return plan->time_ns > least_ns ? plan->time_ns : least_ns;
}

/* How many exchanges are counted: fewer where they are slow, of an open loop those of about a
 * second. */
static uint64_t counted_of(const struct plan_cell *cell) {
    if (workload_spec_kind(cell->cell.workload) == WORKLOAD_TWICE)
        return COUNTED_IN_TWO;
    uint64_t gap_ns = workload_spec_gap_ns(cell->cell.workload);
    uint64_t due = gap_ns > 0 ? UINT64_C(1000000000) / gap_ns : COUNTED_EXCHANGES;
    return due > COUNTED_EXCHANGES         ? COUNTED_EXCHANGES
           : due > WORKLOAD_LEAST_ARRIVALS ? due
                                           : WORKLOAD_LEAST_ARRIVALS;
}

/* `cell`, which the request points at, is what a trial of `from` measures. */
static struct launch_request request_of(struct session *session, const struct plan_cell *from,
                                        const struct cell *cell) {
    const struct plan *plan = &session->plan;
    uint64_t time_ns = time_of(plan, from, cell);
    return (struct launch_request){
        .cell = cell,
        .placement = &session->placements.list[from->placement],
        .time_ns = time_ns,
        .warmup_ns = plan->warmup_ns,
        .deadline_ns = DEADLINE_NS + 2 * (time_ns + plan->warmup_ns),
        .grace_ns = LAUNCH_GRACE_NS,
        .seed = plan_trial_seed(&session->plan),
        .net = session->config.net,
        .verify = session->config.verify,
        .transports = session->config.transports,
        .stop_fd = session->stop.fd,
    };
}

enum plan_outcome session_outcome(const struct record *record) {
    if (record->status == RECORD_OK && record->flags[0] != '\0')
        return PLAN_FLAGGED;
    static const enum plan_outcome outcomes[RECORD_STATUSES] = {[RECORD_OK] = PLAN_OK,
                                                                [RECORD_FAILED] = PLAN_FAILED,
                                                                [RECORD_SKIPPED] = PLAN_NOT_HERE,
                                                                [RECORD_NOT_APPLICABLE] =
                                                                    PLAN_NOT_HERE};
    return outcomes[record->status];
}

double session_median_ns(const struct record *record) {
    return isnan(record->p50_ns) ? record->mean_ns : record->p50_ns;
}

/* The floor of this trial, by what its own ends found between their CPUs; a result below what is
 * possible there, also when the CPUs are measured again, is wrong, whatever the reason. */
static int hold_against_floor(struct session *session, struct record *record) {
    struct calibration now = calibration_at(&session->floors, record);
    struct calibration_floor floor = calibration_floor_of(&now, record);
    bool possible = true;
    if (record->status != RECORD_OK)
        return 0;
    record->floor_ns = floor.expected_ns;
    int result = calibrate_judge(&record->placement, &record->cell, record_is_solo(record),
                                 record->mean_ns, &now, &possible, session->problem);
    if (result == 0 && !possible) {
        record->status = RECORD_FAILED;
        (void)snprintf(
            record->why, sizeof record->why,
            "%s: a mean of %.1f ns is below what these CPUs allow, %.1f ns: its messages "
            "can't have crossed; `ipcbench calibrate` shows the floors",
            record->cell.transport, record->mean_ns, floor.hard_ns);
    }
    return result;
}

static void draw_progress(struct session *session, const char *key) {
    uint64_t now_ns = elapsed_ns(session);
    progress_show(&session->progress, session->plan.done,
                  plan_expected_trials(&session->plan, now_ns), key,
                  (double)plan_left_ns(&session->plan, now_ns) / 1e9);
}

/* Adds to what went wrong where the trials are that went well. */
static void point_to_journal(const struct session *session) {
    struct problem cause = *session->problem;
    if (session->run.trial_count > 0)
        (void)problem_set(session->problem, EIO,
                          "%s; the %zu trials before stand in %s.journal, which `ipcbench show` "
                          "reads",
                          cause.text, session->run.trial_count, session->path);
}

/* Takes over the record. 0, or -errno with a problem when it can't be kept. */
static int keep(struct session *session, struct record *record) {
    int result = store_append(session->store, record, session->problem);
    if (result == 0 && run_add(&session->run, record) < 0)
        result = problem_set(session->problem, ENOMEM, "no memory for another trial");
    if (result != 0) {
        record_free(record);
        point_to_journal(session);
    }
    return result;
}

/* Before the rounds, a short trial of each cell that counts its system calls: that makes them
 * slower, so it is no part of what is timed. */
static int count_calls(struct session *session, size_t index) {
    const struct plan_cell *cell = &session->plan.cells[index];
    struct launch_request request = request_of(session, cell, &cell->cell);
    struct record record;
    request.purpose = RECORD_COUNTING;
    request.exchanges = counted_of(cell);
    request.warmup_exchanges = COUNTED_EXCHANGES / 10;
    request.deadline_ns = DEADLINE_NS + 2 * request.time_ns;
    uint64_t from_ns = elapsed_ns(session);
    draw_progress(session, cell->key);
    int result = launch_trial(&request, &record, session->problem);
    if (result < 0)
        return result;
    bool failed = record.status == RECORD_FAILED;
    result = keep(session, &record);
    if (result == 0 && failed)
        plan_note(&session->plan, index, PLAN_FAILED, NAN, elapsed_ns(session) - from_ns);
    return result;
}

/* Ends with the budget: what is counted then would never be timed. */
static int count_all_calls(struct session *session) {
    int result = 0;
    for (; session->counted < session->plan.cell_count && result == 0 &&
           elapsed_ns(session) < session->plan.budget_ns;
         session->counted++)
        if (plan_counts(&session->plan.cells[session->counted]))
            result =
                stop_requested(session->stop.fd) ? -EINTR : count_calls(session, session->counted);
    return result;
}

/* Runs one trial of the cell, keeps its record. 0, -EINTR, or -errno when it can't be kept. */
static int run_trial(struct session *session, size_t index) {
    struct plan_cell *cell = &session->plan.cells[index];
    const struct problem *why = &session->placements.why[cell->placement];
    struct cell now = cell->cell;
    char key[CELL_KEY_BYTES];
    knee_search_next(&cell->cell, &cell->knee, &now, key);
    struct launch_request request = request_of(session, cell, &now);
    struct record record;
    uint64_t from_ns = elapsed_ns(session);
    int result = 0;
    draw_progress(session, key);
    if (request.placement->related[0] == '\0')
        launch_stand_in(&request, RECORD_SKIPPED, why->text, &record);
    else
        result = launch_trial(&request, &record, session->problem);
    if (result < 0)
        return result;
    result = hold_against_floor(session, &record);
    if (result < 0) {
        record_free(&record);
        return result;
    }
    enum plan_outcome outcome = session_outcome(&record);
    double p50_ns = session_median_ns(&record);
    if (cell->searches)
        knee_search_note(&cell->knee, &record);
    result = keep(session, &record);
    if (result == 0)
        plan_note(&session->plan, index, outcome, p50_ns, elapsed_ns(session) - from_ns);
    return result;
}

int session_measure(struct session *session) {
    int result = 0;
    progress_begin(&session->progress, stderr, session->config.quiet);
    if (!session->config.no_counts)
        result = count_all_calls(session);
    while (result == 0) {
        size_t index = plan_next(&session->plan, elapsed_ns(session));
        if (index == PLAN_END)
            break;
        result = stop_requested(session->stop.fd) ? -EINTR : run_trial(session, index);
    }
    progress_clear(&session->progress);
    session->interrupted = result == -EINTR;
    return session->interrupted ? 0 : result;
}
