/* SPDX-License-Identifier: MIT */
/*
 * command_run.c - `ipcbench run`: from the command line to a plan, its trials one by one, and a run
 * file.
 */
#include "commands.h"

#include "calibrate.h"
#include "clock.h"
#include "config.h"
#include "doctor.h"
#include "environment.h"
#include "fields.h"
#include "launch.h"
#include "plan.h"
#include "progress.h"
#include "resolve.h"
#include "run_options.h"
#include "show.h"
#include "stop.h"
#include "store.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A trial that is not done by then is stuck: this, and twice what it was to take. */
#define DEADLINE_NS UINT64_C(5000000000)

/* What counting the system calls of one cell takes, about. */
#define COUNTING_NS UINT64_C(40000000)

static const uint64_t default_sizes[] = {8, 64, 1024, 4096, 65536};
static const enum ipc_wait default_waits[] = {IPC_BLOCK, IPC_SPIN, IPC_PARK};
static const char default_workloads[][16] = {"pingpong"};
enum {
    DEFAULT_SIZES = sizeof default_sizes / sizeof *default_sizes,
    COUNTED_EXCHANGES = 200,
    SHOWN_FAILURES = 10,
    NAMES = 100 /* run files of one second */
};

/* Everything that one run holds. */
struct session {
    struct config config;
    struct registry registry;
    struct resolve_transports transports;
    struct topology *topology;
    struct resolve_placements placements;
    struct plan plan;
    struct calibration floors;
    struct run run;
    struct store *store;
    struct stop stop;
    struct progress progress;
    struct problem *problem;
    char path[4096];
    uint64_t started_ns;
    bool interrupted;
};

static uint64_t elapsed_ns(const struct session *session) {
    return clock_system_ns() - session->started_ns;
}

/* ---- before: what is to be run ---- */

static int find_transports(struct session *session) {
    char folder[4096];
    int result =
        registry_folder(session->config.transports, folder, sizeof folder, session->problem);
    if (result == 0)
        result = registry_open(folder, &session->registry, session->problem);
    if (result == 0)
        result = resolve_transports(&session->config.selection, &session->registry,
                                    &session->transports, session->problem);
    return result;
}

static int find_placements(struct session *session) {
    int result = topology_load(NULL, &session->topology, session->problem);
    return result != 0 ? result
                       : resolve_placements(&session->config.selection, session->topology,
                                            &session->placements, session->problem);
}

static int make_plan(struct session *session) {
    const struct selection *chosen = &session->config.selection;
    struct plan_input input = {
        .transports = session->transports.list,
        .transport_count = session->transports.count,
        .workloads = chosen->workload_count > 0 ? chosen->workloads : default_workloads,
        .workload_count = chosen->workload_count > 0 ? chosen->workload_count : 1,
        .waits = chosen->wait_count > 0 ? chosen->waits : default_waits,
        .wait_count = chosen->wait_count > 0 ? chosen->wait_count : IPC_WAITS,
        .waits_named = chosen->wait_count > 0,
        .placements = session->placements.list,
        .placement_count = session->placements.count,
        .placements_named = chosen->placement_count > 0,
        .sizes = chosen->size_count > 0 ? chosen->sizes : default_sizes,
        .size_count = chosen->size_count > 0 ? chosen->size_count : DEFAULT_SIZES,
        .sizes_named = chosen->size_count > 0,
    };
    session->config.wishes.reserve_ns = session->config.no_counts ? 0 : COUNTING_NS;
    int result = plan_make(&input, &session->plan, session->problem);
    return result != 0 ? result
                       : plan_schedule(&session->plan, &session->config.wishes, session->problem);
}

static void remark_dropped(const struct session *session) {
    for (int wait = 0; wait < IPC_WAITS && !session->config.quiet; wait++)
        if (session->plan.dropped[wait])
            (void)fprintf(stderr,
                          "ipcbench run: left out: %s on one shared core takes milliseconds a "
                          "round trip; give both -W %s and -p same-core to measure it all the "
                          "same\n",
                          cell_waits[wait], cell_waits[wait]);
}

static int prepare(struct session *session) {
    int result = find_transports(session);
    if (result == 0)
        result = find_placements(session);
    if (result == 0)
        result = make_plan(session);
    if (result == 0)
        remark_dropped(session);
    return result;
}

static int print_plan(const struct session *session) {
    const struct plan *plan = &session->plan;
    if (session->config.json)
        return json_dumpf(session->run.options, stdout, FIELDS_DUMP | JSON_INDENT(1)) == 0 &&
                       putchar('\n') != EOF
                   ? 0
                   : -EIO;
    for (size_t i = 0; i < plan->cell_count; i++)
        (void)printf("%s%s\n", plan->cells[i].key,
                     plan->cells[i].possible ? "" : "  (not possible)");
    (void)printf("%zu cell%s; %zu round%s of one trial each; a trial: %.3f s of warm-up, %.3f s "
                 "measured\n",
                 plan->cell_count, plan->cell_count == 1 ? "" : "s", plan->rounds,
                 plan->rounds == 1 ? "" : "s", (double)plan->warmup_ns / 1e9,
                 (double)plan->time_ns / 1e9);
    return 0;
}

/* ---- the host ---- */

/* The environment, what doctor says of it, and its floors: all of it stands in the run file. */
static int examine_host(struct session *session) {
    struct doctor_report report;
    json_t *environment = environment_collect();
    session->run.environment = environment;
    if (environment == NULL || doctor_examine("", &report) < 0)
        return problem_set(session->problem, ENOMEM, "no memory for the environment");
    int result = calibrate(session->topology, session->placements.list, session->placements.count,
                           &session->floors, session->problem);
    if (result < 0)
        return result;
    result = json_object_set_new(environment, "doctor", doctor_to_json(&report));
    result |= json_object_set_new(environment, "floors", calibration_to_json(&session->floors));
    return result == 0 ? 0 : problem_set(session->problem, ENOMEM, "no memory for the floors");
}

/* ---- the run file ---- */

/* The name for the time, and for the n-th run of the same second. */
static void name_by_time(char *path, size_t room, int n) {
    char stamp[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc) != NULL)
        (void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H-%M-%SZ", &utc);
    if (n == 1)
        (void)snprintf(path, room, "results/%s.json", stamp);
    else
        (void)snprintf(path, room, "results/%s-%d.json", stamp, n);
}

static int begin_file(struct session *session) {
    const char *given = session->config.output;
    int result = -EEXIST;
    if (given != NULL && strlen(given) >= sizeof session->path)
        return problem_set(session->problem, EINVAL, "-o: the name is too long");
    for (int n = 1; result == -EEXIST && n <= (given != NULL ? 1 : NAMES); n++) {
        if (given != NULL)
            memcpy(session->path, given, strlen(given) + 1);
        else
            name_by_time(session->path, sizeof session->path, n);
        session->problem->text[0] = '\0';
        result = store_begin(session->path, session->run.environment, session->run.options,
                             &session->store, session->problem);
    }
    return result == -EEXIST ? -EINVAL : result;
}

static int copy_to_stdout(const char *path, struct problem *problem) {
    char part[65536];
    FILE *from = fopen(path, "re");
    if (from == NULL)
        return problem_set(problem, errno, "can't read %s: %s", path, strerror(errno));
    for (size_t got; (got = fread(part, 1, sizeof part, from)) > 0;)
        if (fwrite(part, 1, got, stdout) != got)
            break; /* main.c sees that stdout has failed */
    (void)fclose(from);
    return 0;
}

/* ---- the trials ---- */

static struct launch_request request_of(struct session *session, const struct plan_cell *cell) {
    const struct plan *plan = &session->plan;
    return (struct launch_request){
        .cell = &cell->cell,
        .placement = &session->placements.list[cell->placement],
        .time_ns = plan->time_ns,
        .warmup_ns = plan->warmup_ns,
        .deadline_ns = DEADLINE_NS + 2 * (plan->time_ns + plan->warmup_ns),
        .grace_ns = LAUNCH_GRACE_NS,
        .seed = plan_trial_seed(&session->plan),
        .net = session->config.net,
        .verify = session->config.verify,
        .transports = session->config.transports,
        .stop_fd = session->stop.fd,
    };
}

static enum plan_outcome outcome_of(const struct record *record) {
    if (record->status == RECORD_OK && record->flags[0] != '\0')
        return PLAN_FLAGGED;
    static const enum plan_outcome outcomes[RECORD_STATUSES] = {[RECORD_OK] = PLAN_OK,
                                                                [RECORD_FAILED] = PLAN_FAILED,
                                                                [RECORD_SKIPPED] = PLAN_NOT_HERE,
                                                                [RECORD_NOT_APPLICABLE] =
                                                                    PLAN_NOT_HERE};
    return outcomes[record->status];
}

/* The floor of this trial, by what its own ends found between their CPUs; a result below what is
 * possible there is wrong, whatever the reason. */
static void hold_against_floor(const struct session *session, struct record *record) {
    struct calibration now = session->floors;
    double nearest = fmin(record->bounce_before_ns, record->bounce_after_ns);
    bool solo = isnan(record->ends[IPC_SERVER].first_cpu);
    if (record->status != RECORD_OK)
        return;
    calibration_set_bounce(&now, record->cell.placement, nearest);
    struct calibration_floor floor = calibration_floor_ns(&now, &record->cell, solo);
    record->floor_ns = floor.expected_ns;
    if (!(record->mean_ns < floor.hard_ns))
        return;
    record->status = RECORD_FAILED;
    (void)snprintf(
        record->why, sizeof record->why,
        "%s: a mean of %.1f ns is below what these CPUs allow, %.1f ns: its messages can't "
        "have crossed; `ipcbench calibrate` shows the floors",
        record->cell.transport, record->mean_ns, floor.hard_ns);
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
    struct launch_request request = request_of(session, cell);
    struct record record;
    request.purpose = RECORD_COUNTING;
    request.exchanges = COUNTED_EXCHANGES;
    request.warmup_exchanges = COUNTED_EXCHANGES / 10;
    request.deadline_ns = DEADLINE_NS;
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

static int count_all_calls(struct session *session) {
    int result = 0;
    for (size_t i = 0; i < session->plan.cell_count && result == 0; i++)
        if (session->plan.cells[i].possible)
            result = stop_requested(session->stop.fd) ? -EINTR : count_calls(session, i);
    return result;
}

/* Runs one trial of the cell, keeps its record. 0, -EINTR, or -errno when it can't be kept. */
static int run_trial(struct session *session, size_t index) {
    const struct plan_cell *cell = &session->plan.cells[index];
    const struct problem *why = &session->placements.why[cell->placement];
    struct launch_request request = request_of(session, cell);
    struct record record;
    uint64_t from_ns = elapsed_ns(session);
    int result = 0;
    draw_progress(session, cell->key);
    if (request.placement->related[0] == '\0')
        launch_stand_in(&request, RECORD_SKIPPED, why->text, &record);
    else
        result = launch_trial(&request, &record, session->problem);
    if (result < 0)
        return result;
    hold_against_floor(session, &record);
    enum plan_outcome outcome = outcome_of(&record);
    double p50_ns = isnan(record.p50_ns) ? record.mean_ns : record.p50_ns;
    result = keep(session, &record);
    if (result == 0)
        plan_note(&session->plan, index, outcome, p50_ns, elapsed_ns(session) - from_ns);
    return result;
}

static int run_trials(struct session *session) {
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

/* ---- after: what came out ---- */

/* Writes the run file, unless there is nothing to write. */
static int finish_file(struct session *session) {
    struct run *run = &session->run;
    run->complete = !session->interrupted;
    (void)json_object_set_new(run->options, "interrupted", json_boolean(session->interrupted));
    struct store *store = session->store;
    session->store = NULL;
    if (run->trial_count == 0) {
        store_abandon(store);
        return problem_set(session->problem, EINTR,
                           "interrupted before a trial was finished; nothing is written");
    }
    if (run_summarise(run) < 0) {
        store_abandon(store);
        return problem_set(session->problem, ENOMEM,
                           "no memory to sum up; the trials stand in "
                           "%s.journal, which `ipcbench show` reads too",
                           session->path);
    }
    return store_finish(store, run, session->problem);
}

static bool failed_before(const struct run *run, size_t index) {
    for (size_t i = 0; i < index; i++)
        if (run->trials[i].status == RECORD_FAILED &&
            strcmp(run->trials[i].key, run->trials[index].key) == 0)
            return true;
    return false;
}

/* Lists each cell of which a trial failed, with the first reason. Returns how many trials did. */
static size_t report_failures(const struct run *run) {
    size_t failed = 0, cells = 0;
    for (size_t i = 0; i < run->trial_count; i++)
        failed += run->trials[i].status == RECORD_FAILED;
    if (failed > 0)
        (void)fprintf(stderr, "ipcbench run: %zu of %zu trials failed:\n", failed,
                      run->trial_count);
    for (size_t i = 0; i < run->trial_count && failed > 0; i++) {
        const struct record *trial = &run->trials[i];
        if (trial->status == RECORD_FAILED && !failed_before(run, i) && ++cells <= SHOWN_FAILURES)
            (void)fprintf(stderr, "  %s: %s\n", trial->key, trial->why);
    }
    if (cells > SHOWN_FAILURES)
        (void)fprintf(stderr, "  and %zu more cells, all in the run file\n",
                      cells - SHOWN_FAILURES);
    return failed;
}

static int print_results(struct session *session) {
    int result = session->config.json ? copy_to_stdout(session->path, session->problem)
                                      : show_run(stdout, &session->run);
    (void)fflush(stdout);
    size_t failed = report_failures(&session->run);
    if (session->interrupted)
        (void)fprintf(stderr,
                      "ipcbench run: interrupted; the trials that were finished are kept\n");
    if (!session->config.quiet)
        (void)fprintf(stderr, "%s\n", session->path);
    if (session->interrupted)
        return COMMAND_INTERRUPTED;
    return result < 0 || failed > 0 ? COMMAND_FAILED : COMMAND_DONE;
}

/* From the first trial to the run file, with the signals caught. */
static int measure(struct session *session) {
    int result = stop_catch(&session->stop, session->problem);
    if (result < 0)
        return result;
    result = begin_file(session);
    if (result == 0)
        result = run_trials(session);
    if (result == 0)
        result = finish_file(session);
    store_abandon(session->store);
    stop_release(&session->stop);
    return result;
}

static int run_session(struct session *session, int argc, char **argv) {
    struct run *run = &session->run;
    int result = prepare(session);
    if (result < 0)
        return command_exit_code(result);
    run->options =
        run_options_to_json(argc, argv, &session->config, &session->placements, &session->plan);
    if (run->options == NULL)
        result = problem_set(session->problem, ENOMEM, "no memory for the options");
    else if (session->config.dry_run)
        return command_exit_code(print_plan(session));
    if (result == 0)
        result = examine_host(session);
    if (result == 0)
        result = measure(session);
    return result < 0 ? command_exit_code(result) : print_results(session);
}

int command_run(int argc, char **argv, struct problem *problem) {
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return command_exit_code(problem_set(problem, ENOMEM, "no memory to start"));
    session->problem = problem;
    session->started_ns = clock_system_ns();
    int result = config_parse(argc, argv, &session->config, problem);
    int code = result < 0 ? command_exit_code(result) : run_session(session, argc, argv);
    run_free(&session->run);
    plan_free(&session->plan);
    free(session->transports.list);
    registry_close(&session->registry);
    topology_free(session->topology);
    free(session);
    return code;
}
