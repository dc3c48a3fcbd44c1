/* SPDX-License-Identifier: MIT */
/*
 * duet_session.c - rounds over all cells in random order; each trial is this program executed anew.
 */
#include "duet/duet_session.h"

#include "base/capture.h"
#include "host/sweep.h"
#include "stats/stats.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Spinning ends on a busy host take turns by the scheduler's slices: that takes long. */
#define DEADLINE_NS  UINT64_C(40000000000)
#define OUTPUT_BYTES 65536
#define PADDING      "IPCBENCH_PADDING"

enum { MOST_FAILURES = 2, MOST_PADDING = 4096, WORDS = 20 };

/* The command line of one trial. */
struct command {
    char seed[24], time[24], warmup[24], slice[24];
    const char *words[WORDS];
};

static void print_seconds(char text[24], uint64_t ns) {
    (void)snprintf(text, 24, "%.6f", (double)ns / 1e9);
}

static void write_command(const struct duet_session *session, const struct duet_cell *cell,
                          enum duet_side first, uint64_t seed, struct command *command) {
    const struct duet_options *o = &session->options;
    const char *head = o->sources[cell->canary ? DUET_BASE : DUET_HEAD].folder;
    (void)snprintf(command->seed, sizeof command->seed, "%" PRIu64, seed);
    print_seconds(command->time, o->time_ns);
    print_seconds(command->warmup, o->warmup_ns);
    print_seconds(command->slice, o->slice_ns);
    const char *const words[WORDS] = {"/proc/self/exe",
                                      "duet",
                                      "--trial",
                                      cell->key,
                                      "--first",
                                      duet_sides[first],
                                      "--seed",
                                      command->seed,
                                      "--time",
                                      command->time,
                                      "--warmup",
                                      command->warmup,
                                      "--slice",
                                      command->slice,
                                      "--net",
                                      network_modes[o->net],
                                      o->sources[DUET_BASE].folder,
                                      head};
    memcpy(command->words, words, sizeof words);
}

/* What stands in the environment moves the stack: another length for each trial. */
static void pad_environment(uint64_t *random) {
    char padding[MOST_PADDING + 1];
    size_t length = stats_random_below(random, MOST_PADDING);
    memset(padding, 'x', length);
    padding[length] = '\0';
    (void)setenv(PADDING, padding, 1);
}

/* ---- one trial ---- */

static int read_trial(const struct capture *capture, const struct duet_cell *cell,
                      struct duet_trial *trial, struct problem *why) {
    json_error_t error;
    if (capture->late)
        return problem_set(why, EINVAL, "it did not end in time and was killed");
    json_t *json = json_loadb(capture->output, capture->bytes, 0, &error);
    if (json == NULL)
        return problem_set(why, EINVAL, "%s",
                           capture->complaint[0] ? capture->complaint : "it printed no result");
    int result = duet_trial_from_json(json, trial, why);
    json_decref(json);
    if (result == 0 && strcmp(trial->key, cell->key) != 0)
        result = problem_set(why, EINVAL, "its result is of another cell");
    return result;
}

/* A trial that says nothing is one that failed. */
static int launch(struct duet_session *session, const struct duet_cell *cell,
                  struct duet_trial *trial) {
    enum duet_side first = (enum duet_side)(cell->count % DUET_SIDES);
    struct command command = {.seed = ""};
    struct capture capture;
    struct problem why = {""};
    uint64_t seed = stats_random(&session->random) >> 33;
    write_command(session, cell, first, seed, &command);
    pad_environment(&session->random);
    const struct capture_request request = {
        .words = command.words,
        .most_bytes = OUTPUT_BYTES,
        .deadline_ns = DEADLINE_NS + 2 * (session->options.time_ns + session->options.warmup_ns),
        .stop_fd = session->stop.fd};
    int error = capture_run(&request, &capture, session->problem);
    if (error)
        return error;
    session->interrupted = capture.interrupted;
    if (!capture.interrupted && read_trial(&capture, cell, trial, &why) < 0) {
        *trial = (struct duet_trial){.status = RECORD_FAILED, .seed = seed, .first = first};
        memcpy(trial->key, cell->key, sizeof trial->key);
        (void)snprintf(trial->why, sizeof trial->why, "%s", why.text);
    }
    capture_free(&capture);
    return 0;
}

/* Twice the room at `*list`; false: no memory, and it is as it was. */
static bool widen(void **list, size_t room, size_t each) {
    void *wide = realloc(*list, room * each);
    if (wide != NULL)
        *list = wide;
    return wide != NULL;
}

static int keep(struct duet_session *session, size_t index, const struct duet_trial *trial) {
    size_t room = session->trial_room > 0 ? 2 * session->trial_room : 64;
    if (session->trial_count == session->trial_room) {
        if (!widen((void **)&session->trials, room, sizeof *session->trials) ||
            !widen((void **)&session->trial_cells, room, sizeof *session->trial_cells))
            return problem_set(session->problem, ENOMEM, "no memory for %zu trials", room);
        session->trial_room = room;
    }
    session->trial_cells[session->trial_count] = index;
    session->trials[session->trial_count++] = *trial;
    return 0;
}

/* A cell is given up after its second failure, and at once where it isn't possible. */
static void note(struct duet_cell *cell, const struct duet_trial *trial) {
    if (trial->status == RECORD_OK && !isnan(trial->log_ratios[DUET_P50])) {
        for (int i = 0; i < DUET_STATISTICS; i++)
            cell->logs[i][cell->count] = trial->log_ratios[i];
        cell->count++;
        return;
    }
    cell->failures += trial->status == RECORD_FAILED;
    if (trial->status == RECORD_FAILED && cell->failures < MOST_FAILURES)
        return;
    cell->failed = trial->status == RECORD_FAILED;
    (void)snprintf(cell->why, sizeof cell->why, "%.250s",
                   trial->status == RECORD_OK
                       ? "it made too few exchanges for a median; give it a longer --time"
                       : trial->why);
}

static int run_one(struct duet_session *session, size_t index) {
    struct duet_cell *cell = &session->suite.cells[index];
    struct duet_trial trial;
    int error = launch(session, cell, &trial);
    if (error || session->interrupted)
        return error;
    note(cell, &trial);
    return keep(session, index, &trial);
}

/* ---- the rounds ---- */

static double seconds_since(uint64_t ns) {
    return (double)(clock_system_ns() - ns) / 1e9;
}

/* How many trials are still to be made, at least. */
static size_t left_of(const struct duet_session *session, size_t target) {
    size_t left = 0;
    for (size_t i = 0; i < session->suite.count; i++) {
        const struct duet_cell *cell = &session->suite.cells[i];
        left += cell->why[0] == '\0' && cell->count < target ? target - cell->count : 0;
    }
    return left;
}

static void show(struct duet_session *session, size_t index, size_t target) {
    size_t done = session->trial_count, left = left_of(session, target);
    double took = done > 0 ? seconds_since(session->started_ns) / (double)done : 0.7;
    progress_show(&session->progress, done, done + left, session->suite.cells[index].key,
                  took * (double)left);
}

static bool may_go_on(const struct duet_session *session, const struct duet_cell *cell) {
    return cell->why[0] == '\0' && cell->count < session->options.most_trials;
}

/* One trial of each cell that is `wanted`, in random order. */
static int run_round(struct duet_session *session, const bool *wanted, size_t *order,
                     size_t target) {
    size_t count = 0;
    for (size_t i = 0; i < session->suite.count; i++)
        if (wanted[i] && may_go_on(session, &session->suite.cells[i]))
            order[count++] = i;
    for (size_t i = count; i > 1; i--) {
        size_t other = stats_random_below(&session->random, i), kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
    int error = 0;
    for (size_t i = 0; i < count && error == 0 && !session->interrupted; i++) {
        show(session, order[i], target);
        session->interrupted = stop_requested(session->stop.fd);
        if (!session->interrupted)
            error = run_one(session, order[i]);
    }
    return error;
}

/* Fits another step of these cells into the budget? What every cell needs is never cut. */
static bool affordable(const struct duet_session *session, size_t wanted) {
    double spent = seconds_since(session->started_ns);
    double each = session->trial_count > 0 ? spent / (double)session->trial_count : 0;
    return session->options.budget_ns == UINT64_MAX ||
           spent + each * (double)(wanted * DUET_STEP_TRIALS) <
               (double)session->options.budget_ns / 1e9;
}

/* Which cells get another step; how many. */
static size_t choose(const struct duet_session *session, bool *wanted, bool *needed) {
    size_t count = 0;
    *needed = false;
    for (size_t i = 0; i < session->suite.count; i++) {
        const struct duet_cell *cell = &session->suite.cells[i];
        wanted[i] = cell->count < session->options.most_trials &&
                    duet_gate_wants_more(cell, session->least);
        *needed |= wanted[i] && cell->count < session->least;
        count += wanted[i];
    }
    return count;
}

static int run_all(struct duet_session *session, bool *wanted, size_t *order) {
    bool needed = false;
    int error = 0;
    for (size_t round = 0; error == 0 && !session->interrupted; round++) {
        if (round == 0 || (round >= DUET_FIRST_TRIALS && round % DUET_STEP_TRIALS == 0)) {
            size_t count = choose(session, wanted, &needed);
            if (count == 0 || (!needed && !affordable(session, count)))
                break;
        }
        if (round >= 2 * DUET_MOST_TRIALS)
            break;
        error = run_round(session, wanted, order, session->least);
    }
    return error;
}

static int run_caught(struct duet_session *session, bool *wanted, size_t *order) {
    int error = stop_catch(&session->stop, session->problem);
    if (error)
        return error;
    progress_begin(&session->progress, stderr, session->options.quiet);
    error = run_all(session, wanted, order);
    progress_clear(&session->progress);
    stop_release(&session->stop);
    if (session->interrupted)
        (void)sweep();
    return error;
}

int duet_session_run(struct duet_session *session) {
    bool *wanted = calloc(session->suite.count, sizeof *wanted);
    size_t *order = calloc(session->suite.count, sizeof *order);
    int error = -ENOMEM;
    session->random = session->options.seed;
    session->least = duet_gate_least(&session->suite);
    if (session->least > session->options.most_trials)
        session->least = session->options.most_trials;
    session->started_ns = clock_system_ns();
    if (wanted != NULL && order != NULL)
        error = run_caught(session, wanted, order);
    else
        (void)problem_set(session->problem, ENOMEM, "no memory for the order of the trials");
    session->ended_ns = clock_system_ns();
    free(order);
    free(wanted);
    return error;
}

void duet_session_free(struct duet_session *session) {
    free(session->suite.cells);
    free(session->trials);
    free(session->trial_cells);
}
