/* SPDX-License-Identifier: MIT */
/*
 * command_run.c - `ipcbench run`: from the command line to a plan, its trials one by one, and a run
 * file.
 */
#include "command/commands.h"

#include "base/clock.h"
#include "base/fields.h"
#include "base/lock.h"
#include "host/doctor.h"
#include "host/environment.h"
#include "report/show.h"
#include "run/calibrate.h"
#include "run/resume.h"
#include "run/run_options.h"
#include "run/session.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const uint64_t default_sizes[] = {8, 64, 1024, 4096, 65536};
static const enum ipc_wait default_waits[] = {IPC_BLOCK, IPC_SPIN, IPC_PARK};
static const char default_workloads[][WORKLOAD_SPEC_BYTES] = {"pingpong"};
enum {
    DEFAULT_SIZES = sizeof default_sizes / sizeof *default_sizes,
    SHOWN_FAILURES = 10,
    NAMES = 100 /* run files of one second */
};

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
    session->config.wishes.reserve_ns = session->config.no_counts ? 0 : SESSION_COUNTING_NS;
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

/* Has each trial only said why it can't be done here, or with that transport? */
static bool nothing_possible(const struct run *run) {
    for (size_t i = 0; i < run->trial_count; i++)
        if (run->trials[i].status != RECORD_SKIPPED &&
            run->trials[i].status != RECORD_NOT_APPLICABLE)
            return false;
    return run->trial_count > 0;
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
    if (result < 0 || failed > 0)
        return COMMAND_FAILED;
    return nothing_possible(&session->run) ? COMMAND_SKIPPED : COMMAND_DONE;
}

/* From the first trial to the run file, with the signals caught. */
static int measure(struct session *session) {
    int result = stop_catch(&session->stop, session->problem);
    if (result < 0)
        return result;
    if (session->store == NULL)
        result = begin_file(session);
    if (result == 0)
        result = session_measure(session);
    if (result == 0)
        result = finish_file(session);
    store_abandon(session->store);
    session->store = NULL;
    stop_release(&session->stop);
    return result;
}

/* One run at a time. Whoever must wait is told so, and who is in the way. */
static int take_lock(struct session *session, struct lock *lock) {
    uint64_t wait_ns = session->config.wait_ns, from_ns = clock_system_ns();
    int result = lock_take(lock, 0, session->problem);
    if (result == 0 || wait_ns == 0)
        return result;
    if (!session->config.quiet)
        (void)fprintf(stderr, "ipcbench run: waiting for at most %.3g s: %s\n",
                      (double)wait_ns / 1e9, session->problem->text);
    session->problem->text[0] = '\0';
    result = lock_take(lock, wait_ns, session->problem);
    session->started_ns += clock_system_ns() - from_ns;
    return result;
}

/* What comes before the first trial, alone on this host. */
static int measure_alone(struct session *session) {
    struct lock lock = {.fd = -1};
    int result = take_lock(session, &lock);
    if (result < 0)
        return result;
    if (session->config.resume == NULL)
        result = examine_host(session);
    if (result == 0)
        result = measure(session);
    lock_release(&lock);
    return result;
}

static int state_options(struct session *session, int argc, char **argv) {
    if (session->config.resume != NULL)
        return resume_replay(session);
    session->run.options =
        run_options_to_json(argc, argv, &session->config, &session->placements, &session->plan);
    return session->run.options != NULL
               ? 0
               : problem_set(session->problem, ENOMEM, "no memory for the options");
}

static int print_complete(struct session *session) {
    if (!session->config.quiet)
        (void)fprintf(stderr, "ipcbench run: the run is complete; nothing is left to do\n");
    return print_results(session);
}

static int run_session(struct session *session, int argc, char **argv) {
    int result = session->config.resume != NULL ? resume_load(session) : 0;
    if (result == 0 && session->config.resume != NULL && session->store == NULL)
        return print_complete(session);
    if (result == 0)
        result = prepare(session);
    if (result == 0)
        result = state_options(session, argc, argv);
    if (result == 0 && session->config.dry_run)
        return command_exit_code(print_plan(session));
    if (result == 0)
        result = measure_alone(session);
    store_abandon(session->store);
    if (result == -EBUSY)
        return COMMAND_UNFIT;
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
