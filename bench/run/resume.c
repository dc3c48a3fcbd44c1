/* SPDX-License-Identifier: MIT */
/*
 * resume.c - an interrupted run, replayed without measuring.
 */
#include "run/resume.h"

#include "base/clock.h"
#include "host/environment.h"
#include "run/knee_search.h"
#include "run/run_options.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- what it was asked for ---- */

enum { MOST_WORDS = 256 };

/* The words of the recorded command line; they live as long as the run. The count, or -EINVAL. */
static int words_of(const json_t *command, char *words[MOST_WORDS]) {
    size_t count = json_array_size(command);
    if (count < 2 || count > MOST_WORDS)
        return -EINVAL;
    for (size_t i = 0; i < count; i++) {
        const char *word = json_string_value(json_array_get(command, i));
        if (word == NULL)
            return -EINVAL;
        words[i] = (char *)(uintptr_t)word;
    }
    return (int)count;
}

static int damaged(const struct session *session, const char *what) {
    return problem_set(session->problem, EINVAL, "%s can't be resumed: %s", session->path, what);
}

/* The session's own -q, --json and --wait stay; the seed is the one that was drawn. */
static int restore_config(struct session *session) {
    char *words[MOST_WORDS];
    struct config now = session->config;
    const json_t *options = session->run.options;
    int count = words_of(json_object_get(options, "command"), words);
    if (count < 0)
        return damaged(session, "it does not say by which command it was made");
    words[1] = (char *)(uintptr_t) "ipcbench run";
    int result = config_parse(count - 1, words + 1, &session->config, session->problem);
    if (result < 0)
        return result;
    if (session->config.resume != NULL)
        return damaged(session, "its command resumes another");
    session->config.output = session->path;
    session->config.resume = now.resume;
    session->config.quiet = now.quiet;
    session->config.json = now.json;
    session->config.dry_run = false;
    session->config.wait_ns = now.wait_ns;
    session->config.wishes.seed = (uint64_t)json_integer_value(json_object_get(options, "seed"));
    return 0;
}

int resume_load(struct session *session) {
    static const char suffix[] = ".journal";
    const char *given = session->config.resume;
    size_t length = strlen(given);
    if (length >= sizeof session->path)
        return problem_set(session->problem, EINVAL, "--resume: the name is too long");
    memcpy(session->path, given, length + 1);
    if (length > strlen(suffix) && strcmp(given + length - strlen(suffix), suffix) == 0)
        session->path[length - strlen(suffix)] = '\0';
    int result = store_resume(given, &session->run, &session->store, session->problem);
    return result < 0 || session->store == NULL ? result : restore_config(session);
}

/* ---- is it the same plan? ---- */

/* Trials of another host, kernel or build would stand in one table with these. */
static int check_host(const struct session *session) {
    static const char *const same[] = {"host", "kernel", "build"};
    json_t *now = environment_collect();
    int result =
        now == NULL ? problem_set(session->problem, ENOMEM, "no memory for the environment") : 0;
    for (size_t i = 0; i < sizeof same / sizeof *same && result == 0; i++)
        if (!json_equal(json_object_get(now, same[i]),
                        json_object_get(session->run.environment, same[i])))
            result = problem_set(session->problem, EINVAL,
                                 "%s was begun with another %s, whose trials can't be mixed with "
                                 "those of this one; begin a new run",
                                 session->path, same[i]);
    json_decref(now);
    return result;
}

static int check_plan(struct session *session) {
    static const char *const same[] = {"plan", "placements"};
    char *words[MOST_WORDS];
    const json_t *options = session->run.options;
    int count = words_of(json_object_get(options, "command"), words);
    json_t *now = run_options_to_json(count - 1, words + 1, &session->config, &session->placements,
                                      &session->plan);
    int result = now == NULL ? problem_set(session->problem, ENOMEM, "no memory for the plan") : 0;
    for (size_t i = 0; i < sizeof same / sizeof *same && result == 0; i++)
        if (!json_equal(json_object_get(now, same[i]), json_object_get(options, same[i])))
            result = problem_set(session->problem, EINVAL,
                                 "%s can't be resumed: its %s would be another now, since "
                                 "transports or CPUs have changed; begin a new run",
                                 session->path, i == 0 ? "plan" : "placements");
    json_decref(now);
    return result;
}

/* ---- its trials ---- */

/* Is that what a trial of the cell would measure now? */
static bool measures(const struct plan_cell *cell, const char *key) {
    struct cell next;
    char now[CELL_KEY_BYTES];
    knee_search_next(&cell->cell, &cell->knee, &next, now);
    return strcmp(now, key) == 0;
}

/* `next` is the one that the plan picks, where it can be. */
static size_t cell_of(const struct plan *plan, size_t next, const char *key) {
    if (next != PLAN_END && measures(&plan->cells[next], key))
        return next;
    for (size_t i = 0; i < plan->cell_count; i++)
        if (measures(&plan->cells[i], key))
            return i;
    return PLAN_END;
}

/* What it took of the budget, about. */
static uint64_t took_ns(const struct record *trial) {
    double ns = (double)PLAN_OVERHEAD_NS;
    ns += isnan(trial->duration_ns) ? 0 : trial->duration_ns;
    ns += isnan(trial->warmup_ns) ? 0 : trial->warmup_ns;
    return (uint64_t)ns;
}

/* The cell that the plan picks next. */
static size_t next_of(struct session *session, const struct record *trial) {
    struct plan *plan = &session->plan;
    if (trial->purpose == RECORD_COUNTING) {
        while (session->counted < plan->cell_count && !plan_counts(&plan->cells[session->counted]))
            session->counted++;
        return session->counted < plan->cell_count ? session->counted++ : PLAN_END;
    }
    session->counted = plan->cell_count;
    return plan_next(plan, 0);
}

/* After the rounds the plan follows medians, which a file has rounded: there any cell will do. */
static bool any_will_do(const struct session *session, const struct record *trial) {
    return trial->purpose == RECORD_TIMING && session->plan.round >= session->plan.rounds;
}

static int replay_trial(struct session *session, const struct record *trial, uint64_t *spent_ns) {
    struct plan *plan = &session->plan;
    size_t next = next_of(session, trial), index = cell_of(plan, next, trial->key);
    bool picked = index != PLAN_END && (index == next || any_will_do(session, trial));
    if (!picked || plan_trial_seed(plan) != trial->seed)
        return damaged(session, "its trials are not those that its seed leads to");
    *spent_ns += took_ns(trial);
    if (plan->cells[index].searches)
        knee_search_note(&plan->cells[index].knee, trial);
    if (trial->purpose == RECORD_TIMING)
        plan_note(plan, index, session_outcome(trial), session_median_ns(trial), took_ns(trial));
    else if (trial->status == RECORD_FAILED)
        plan_note(plan, index, PLAN_FAILED, NAN, took_ns(trial));
    return 0;
}

int resume_replay(struct session *session) {
    const struct run *run = &session->run;
    uint64_t spent_ns = 0;
    int result = check_host(session);
    if (result == 0)
        result = check_plan(session);
    for (size_t i = 0; i < run->trial_count && result == 0; i++)
        result = replay_trial(session, &run->trials[i], &spent_ns);
    session->started_ns = clock_system_ns() - spent_ns;
    return result < 0 ? result
                      : calibration_from_json(json_object_get(run->environment, "floors"),
                                              &session->floors, session->problem);
}
