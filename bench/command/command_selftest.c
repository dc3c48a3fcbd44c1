/* SPDX-License-Identifier: MIT */
/*
 * command_selftest.c - `ipcbench selftest`: runs the controls, round by round in random order, and
 * says whether this host can be measured now.
 */
#include "command/commands.h"

#include "base/clock.h"
#include "base/fields.h"
#include "base/progress.h"
#include "base/stop.h"
#include "base/units.h"
#include "judge/selftest.h"
#include "plugin/registry.h"
#include "run/calibrate.h"
#include "run/launch.h"
#include "stats/stats.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_BUDGET = 256, OPTION_JSON, OPTION_TRANSPORTS };
enum { LEAST_SECONDS = 3, MOST_SECONDS = 3600, GOOD_ROUNDS = 10 };

#define MS             UINT64_C(1000000)
#define SECOND         UINT64_C(1000000000)
#define DEADLINE_NS    (5 * SECOND)
#define OVERHEAD_NS    (35 * MS)  /* of a trial, beside what it warms up and measures */
#define LEAST_TRIAL_NS (100 * MS) /* all of it */
#define MOST_TRIAL_NS  (500 * MS)
#define MOST_WARMUP_NS (100 * MS)

static const struct argp_option options[] = {
    {"budget", OPTION_BUDGET, "SECONDS", 0,
     "all of it takes about that long, 3 s at least (default: 30); more sees smaller differences",
     0},
    {"json", OPTION_JSON, NULL, 0, "print the verdict and the controls as JSON", 0},
    {"transports", OPTION_TRANSPORTS, "DIR", 0, "the folder of the plug-ins", 0},
    {0}};

static const char documentation[] =
    "Runs the controls, whose answers are known beforehand, and says whether this host can be "
    "measured now, and the smallest difference that it can see: known delays must come back, the "
    "same transport under two names must tie, the harness must cost little, shared memory must "
    "stand near its floor, and the trials must be undisturbed."
    "\v"
    "Example: ipcbench selftest --budget 10\n"
    "         ipcbench selftest --json | jq .smallest_difference\n\n"
    "The verdict of a control is pass, fail, unfit (the host was disturbed, or the trials can't "
    "tell) or skipped (not possible on this host). Where the host was disturbed, that explains a "
    "control that came out wrong, and unfit is the answer.\n\n"
    "Exit codes: 0 done, this host can be measured now; 1 a control failed: the suite is broken, "
    "or the host lies; 2 wrong usage; 3 unfit; 130 interrupted.";

struct session {
    double budget_seconds;
    bool json;
    const char *folder;
    struct problem *problem;
    struct topology *topology;
    struct placement placements[SELFTEST_PLACES];
    struct problem absent[SELFTEST_PLACES]; /* why this host has none; "" when it has */
    struct doctor_report doctor;
    struct calibration floors;
    struct stop stop;
    struct progress progress;
    uint64_t started_ns, time_ns, warmup_ns;
    uint64_t random;
    size_t rounds; /* whole ones */
    struct record trials[SELFTEST_ROUNDS * SELFTEST_CELLS];
    size_t filled; /* of them, owned */
};

/* ---- the command line ---- */

static int take_budget(const char *text, struct session *session) {
    int error = units_parse_seconds(text, "--budget", &session->budget_seconds, session->problem);
    if (error)
        return error;
    if (session->budget_seconds >= LEAST_SECONDS && session->budget_seconds <= MOST_SECONDS)
        return 0;
    return problem_set(session->problem, EINVAL,
                       "--budget: the controls need from %d to %d s, not %s", LEAST_SECONDS,
                       MOST_SECONDS, text);
}

/* A positive result ends argp_parse, with the sentence in the problem. */
static error_t take(int option, char *text, struct argp_state *state) {
    struct session *session = state->input;
    switch (option) {
    case OPTION_BUDGET:
        return -take_budget(text, session);
    case OPTION_JSON:
        session->json = true;
        return 0;
    case OPTION_TRANSPORTS:
        session->folder = text;
        return 0;
    case ARGP_KEY_ARG:
        return -problem_set(session->problem, EINVAL,
                            "selftest takes no argument like '%s'; see --help", text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- before the trials ---- */

/* Without the controls' own transports there is nothing to say about the host. */
static int check_transports(const struct session *session) {
    char folder[4096];
    struct registry registry;
    int error = registry_folder(session->folder, folder, sizeof folder, session->problem);
    if (!error)
        error = registry_open(folder, &registry, session->problem);
    if (error)
        return error;
    for (int i = 0; i < SELFTEST_CELLS && !error; i++)
        if (registry_find(&registry, selftest_cells[i].transport, session->problem) == NULL)
            error = -EINVAL;
    registry_close(&registry);
    return error;
}

static int find_placements(struct session *session) {
    int error = topology_load(NULL, &session->topology, session->problem);
    for (int i = 0; i < SELFTEST_PLACES && !error; i++) {
        error = topology_place(session->topology, selftest_places[i], &session->placements[i],
                               &session->absent[i]);
        if (error == -ENXIO) {
            session->placements[i] = (struct placement){.server_cpu = -1, .client_cpu = -1};
            error = 0;
        } else if (error) {
            *session->problem = session->absent[i];
        }
    }
    return error;
}

static int examine_host(struct session *session) {
    if (doctor_examine("", &session->doctor) != 0)
        return problem_set(session->problem, ENOMEM, "no memory to examine this host");
    return calibrate(session->topology, session->placements, SELFTEST_PLACES, &session->floors,
                     session->problem);
}

static uint64_t elapsed_ns(const struct session *session) {
    return clock_system_ns() - session->started_ns;
}

static uint64_t left_ns(const struct session *session) {
    uint64_t budget_ns = (uint64_t)(session->budget_seconds * 1e9);
    uint64_t gone_ns = elapsed_ns(session);
    return budget_ns > gone_ns ? budget_ns - gone_ns : 0;
}

/* Ten rounds see more than a few long ones, unless their trials would be too short. */
static void choose_times(struct session *session) {
    uint64_t trial_ns = left_ns(session) / (GOOD_ROUNDS * SELFTEST_CELLS);
    trial_ns = trial_ns > LEAST_TRIAL_NS ? trial_ns : LEAST_TRIAL_NS;
    trial_ns = trial_ns < MOST_TRIAL_NS ? trial_ns : MOST_TRIAL_NS;
    uint64_t warmup_ns = (trial_ns - OVERHEAD_NS) * 2 / 5;
    session->warmup_ns = warmup_ns < MOST_WARMUP_NS ? warmup_ns : MOST_WARMUP_NS;
    session->time_ns = trial_ns - OVERHEAD_NS - session->warmup_ns;
}

/* ---- the trials ---- */

static int place_of(const struct cell *cell) {
    return strcmp(cell->placement, selftest_places[0]) == 0 ? 0 : 1;
}

static struct launch_request request_of(struct session *session, const struct cell *cell) {
    return (struct launch_request){
        .cell = cell,
        .placement = &session->placements[place_of(cell)],
        .time_ns = session->time_ns,
        .warmup_ns = session->warmup_ns,
        .deadline_ns = DEADLINE_NS + 2 * (session->time_ns + session->warmup_ns),
        .grace_ns = LAUNCH_GRACE_NS,
        .seed = stats_random(&session->random) >> 32,
        .net = "auto",
        .verify = "window",
        .transports = session->folder,
        .stop_fd = session->stop.fd,
    };
}

/* By what the trial's own ends found between their CPUs: these may have moved since. */
static int run_trial(struct session *session, const struct cell *cell, struct record *record) {
    const char *absent = session->absent[place_of(cell)].text;
    struct launch_request request = request_of(session, cell);
    if (absent[0] != '\0') {
        launch_stand_in(&request, RECORD_SKIPPED, absent, record);
        return 0;
    }
    int error = stop_requested(session->stop.fd) ? -EINTR
                                                 : launch_trial(&request, record, session->problem);
    if (!error && record->status == RECORD_OK) {
        struct calibration at = calibration_at(&session->floors, record);
        record->floor_ns = calibration_floor_of(&at, record).expected_ns;
    }
    return error;
}

static void shuffle(uint64_t *random, size_t order[SELFTEST_CELLS]) {
    for (size_t i = 0; i < SELFTEST_CELLS; i++) {
        size_t other = (size_t)stats_random_below(random, i + 1);
        order[i] = order[other];
        order[other] = i;
    }
}

/* One trial of each cell; those of a round that isn't whole are forgotten. */
static int run_round(struct session *session) {
    struct record *trials = &session->trials[session->filled];
    size_t order[SELFTEST_CELLS] = {0};
    shuffle(&session->random, order);
    for (size_t i = 0; i < SELFTEST_CELLS; i++)
        record_init(&trials[i]);
    session->filled += SELFTEST_CELLS;
    for (size_t i = 0; i < SELFTEST_CELLS; i++) {
        const struct cell *cell = &selftest_cells[order[i]];
        progress_show(&session->progress, session->rounds * SELFTEST_CELLS + i,
                      (session->rounds + 1) * SELFTEST_CELLS, cell->transport,
                      (double)left_ns(session) / 1e9);
        int error = run_trial(session, cell, &trials[order[i]]);
        if (error)
            return error;
    }
    session->rounds++;
    return 0;
}

/* Rounds while another one as long as the longest fits; one in any case. */
static int run_rounds(struct session *session) {
    uint64_t longest_ns = 0;
    int error = 0;
    do {
        uint64_t from_ns = elapsed_ns(session);
        error = run_round(session);
        uint64_t took_ns = elapsed_ns(session) - from_ns;
        longest_ns = took_ns > longest_ns ? took_ns : longest_ns;
    } while (!error && session->rounds < SELFTEST_ROUNDS && longest_ns <= left_ns(session));
    progress_clear(&session->progress);
    return error;
}

static int measure(struct session *session) {
    progress_begin(&session->progress, stderr, session->json);
    int error = examine_host(session);
    choose_times(session);
    if (!error)
        error = run_rounds(session);
    if (error == -EINTR)
        return problem_set(session->problem, EINTR, "interrupted; there is no verdict");
    return error;
}

/* ---- after them ---- */

/* main.c checks the stream. */
static int print_json(const struct selftest_report *report) {
    json_t *json = selftest_to_json(report);
    if (json == NULL)
        return -ENOMEM;
    if (json_dumpf(json, stdout, JSON_INDENT(1) | FIELDS_DUMP) == 0)
        (void)putchar('\n');
    json_decref(json);
    return 0;
}

static int conclude(const struct session *session) {
    static const int codes[SELFTEST_VERDICTS] = {[SELFTEST_PASS] = COMMAND_DONE,
                                                 [SELFTEST_SKIPPED] = COMMAND_DONE,
                                                 [SELFTEST_UNFIT] = COMMAND_UNFIT,
                                                 [SELFTEST_FAIL] = COMMAND_FAILED};
    struct selftest_report report;
    int error = selftest_judge(session->trials, session->rounds, &session->doctor, &report);
    if (!error)
        error = session->json ? print_json(&report) : selftest_print(stdout, &report);
    if (error)
        return command_exit_code(
            problem_set(session->problem, ENOMEM, "no memory for the verdict"));
    return codes[report.verdict];
}

static int run(struct session *session) {
    int error = stop_catch(&session->stop, session->problem);
    if (error)
        return command_exit_code(error);
    error = check_transports(session);
    if (!error)
        error = find_placements(session);
    if (!error)
        error = measure(session);
    stop_release(&session->stop);
    return error ? command_exit_code(error) : conclude(session);
}

int command_selftest(int argc, char **argv, struct problem *problem) {
    static const struct argp argp = {.options = options, .parser = take, .doc = documentation};
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return command_exit_code(problem_set(problem, ENOMEM, "no memory to start"));
    session->problem = problem;
    session->budget_seconds = 30;
    session->started_ns = session->random = clock_system_ns();
    error_t error = argp_parse(&argp, argc, argv, 0, NULL, session);
    int code = error ? command_exit_code(-error) : run(session);
    for (size_t i = 0; i < session->filled; i++)
        record_free(&session->trials[i]);
    topology_free(session->topology);
    free(session);
    return code;
}
