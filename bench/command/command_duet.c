/* SPDX-License-Identifier: MIT */
/*
 * command_duet.c - `ipcbench duet BASE HEAD`: two builds against each other, cell by cell, and a
 * verdict that CI can act upon.
 */
#include "command/commands.h"

#include "base/fields.h"
#include "base/write_all.h"
#include "duet/duet_session.h"
#include "host/topology.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- one trial, as the command executes it for each ---- */

#define TRIAL_DEADLINE_NS UINT64_C(30000000000)
#define STAMP_NS          1000 /* a hundred steps of a clock of 10 ns */

static int place(const struct duet_options *o, struct duet_request *request,
                 struct problem *problem) {
    struct topology *topology = NULL;
    int error = cell_parse(o->trial, &request->cell, problem);
    if (!error)
        error = topology_load(NULL, &topology, problem);
    if (!error)
        error = topology_place(topology, request->cell.placement, &request->placement, problem);
    topology_free(topology);
    return error;
}

static int run_trial(const struct duet_options *o, struct problem *problem) {
    struct duet_request request = {
        .folders = {o->sources[DUET_BASE].folder, o->sources[DUET_HEAD].folder},
        .plan = {.first = o->first,
                 .slice_ns = o->slice_ns,
                 .time_ns = o->time_ns,
                 .warmup_ns = o->warmup_ns,
                 .stamp_ns = STAMP_NS},
        .deadline_ns = TRIAL_DEADLINE_NS + 2 * (o->time_ns + o->warmup_ns),
        .seed = o->seed,
        .net = o->net};
    struct duet_trial trial;
    int error = place(o, &request, problem);
    if (!error)
        error = duet_trial_run(&request, &trial, problem);
    if (error)
        return error == -ENXIO ? COMMAND_SKIPPED : command_exit_code(error);
    json_t *json = duet_trial_to_json(&trial);
    error = json != NULL ? json_dumpf(json, stdout, FIELDS_DUMP) : -1;
    json_decref(json);
    (void)putchar('\n');
    return error || trial.status == RECORD_FAILED ? COMMAND_FAILED : COMMAND_DONE;
}

/* ---- the gate ---- */

static int write_file(const char *path, const char *text, struct problem *problem) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int error = fd < 0 ? -errno : write_all(fd, text, strlen(text));
    if (fd >= 0 && close(fd) < 0 && error == 0)
        error = -errno;
    return error ? problem_set(problem, -error, "can't write %.300s: %s", path, strerror(-error))
                 : 0;
}

static int tell(const struct duet_session *session, const struct duet_judgement *judgement) {
    const struct duet_options *o = &session->options;
    json_t *json = duet_session_to_json(session, judgement);
    char *text = json != NULL ? json_dumps(json, FIELDS_DUMP | JSON_INDENT(1)) : NULL;
    json_decref(json);
    if (text == NULL)
        return problem_set(session->problem, ENOMEM, "no memory for the result");
    int error = 0;
    if (o->output != NULL)
        error = write_file(o->output, text, session->problem);
    if (!error && o->json)
        (void)puts(text);
    else if (!error && duet_session_print(session, judgement, stdout) < 0)
        error = problem_set(session->problem, ENOMEM, "no memory for the table");
    free(text);
    return error;
}

static int exit_code(const struct duet_session *session, const struct duet_judgement *judgement) {
    static const int codes[DUET_VERDICTS] = {
        [DUET_PASS] = COMMAND_DONE,         [DUET_IMPROVEMENT] = COMMAND_DONE,
        [DUET_REGRESSION] = COMMAND_FAILED, [DUET_INCONCLUSIVE] = COMMAND_UNFIT,
        [DUET_ENVIRONMENT] = COMMAND_UNFIT, [DUET_NOT_COMPARED] = COMMAND_USAGE};
    int code = codes[judgement->verdict];
    if (session->interrupted)
        return COMMAND_INTERRUPTED;
    return code == COMMAND_UNFIT && session->options.strict ? COMMAND_FAILED : code;
}

/* Every error is 2, so that 1 says nothing but "it regressed". */
static int run_gate(struct duet_session *session) {
    struct duet_judgement judgement;
    int error = duet_suite_make(session);
    if (!error)
        error = duet_session_run(session);
    if (!error) {
        duet_gate_judge(&session->suite, &judgement);
        error = tell(session, &judgement);
    }
    int code = error ? COMMAND_USAGE : exit_code(session, &judgement);
    duet_session_free(session);
    return code;
}

int command_duet(int argc, char **argv, struct problem *problem) {
    struct duet_session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return problem_set(problem, ENOMEM, "no memory to start"), COMMAND_USAGE;
    session->problem = problem;
    int error = duet_options_parse(argc, argv, &session->options, problem);
    int code = COMMAND_USAGE;
    if (!error)
        code = session->options.trial != NULL ? run_trial(&session->options, problem)
                                              : run_gate(session);
    free(session);
    return code;
}
