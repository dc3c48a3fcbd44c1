/* SPDX-License-Identifier: MIT */
/*
 * duet_json.c - a duet, and each of its trials, as JSON and back.
 */
#include "duet/duet_session.h"

#include "base/fields.h"
#include "host/environment.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct field trial_fields[] = {
    FIELD(FIELD_TEXT, struct duet_trial, key),
    {"status", FIELD_WORD, offsetof(struct duet_trial, status),
     sizeof((struct duet_trial *)0)->status, record_statuses},
    FIELD(FIELD_TEXT_OR_NULL, struct duet_trial, why),
    FIELD(FIELD_SEED, struct duet_trial, seed),
    {"first", FIELD_WORD, offsetof(struct duet_trial, first), sizeof((struct duet_trial *)0)->first,
     duet_sides},
    FIELD(FIELD_COUNT, struct duet_trial, per_stamp),
    FIELD(FIELD_COUNT, struct duet_trial, slices),
    {0}};

static const struct field sample_fields[] = {
    FIELD(FIELD_NUMBER, struct duet_sample, exchanges),
    FIELD_AS("p50_ns", FIELD_NUMBER, struct duet_sample, ns[DUET_P50]),
    FIELD_AS("p90_ns", FIELD_NUMBER, struct duet_sample, ns[DUET_P90]),
    FIELD_AS("p99_ns", FIELD_NUMBER, struct duet_sample, ns[DUET_P99]),
    {0}};

static json_t *number(double value) {
    return !isfinite(value) ? json_null() : json_real(value);
}

json_t *duet_trial_to_json(const struct duet_trial *trial) {
    json_t *json = json_object();
    int error = fields_to_json(trial_fields, trial, json);
    for (int side = 0; side < DUET_SIDES && error == 0; side++) {
        json_t *sample = json_object();
        error = fields_to_json(sample_fields, &trial->sides[side], sample);
        if (json_object_set_new(json, duet_sides[side], sample) < 0)
            error = -ENOMEM;
    }
    json_t *logs = json_array();
    for (int i = 0; i < DUET_STATISTICS; i++)
        (void)json_array_append_new(logs, number(trial->log_ratios[i]));
    if (json_object_set_new(json, "log_ratios", logs) < 0)
        error = -ENOMEM;
    if (error == 0)
        return json;
    json_decref(json);
    return NULL;
}

/* Of p50, p90, p99, each a number or null. */
static int read_logs(const json_t *json, struct duet_trial *trial, struct problem *problem) {
    const json_t *logs = json_object_get(json, "log_ratios");
    for (size_t i = 0; i < DUET_STATISTICS; i++) {
        const json_t *log = json_array_get(logs, i);
        if (!json_is_number(log) && !json_is_null(log))
            return problem_set(problem, EINVAL, "'log_ratios' must be three numbers or nulls");
        trial->log_ratios[i] = json_is_null(log) ? NAN : json_number_value(log);
    }
    return 0;
}

int duet_trial_from_json(const json_t *json, struct duet_trial *trial, struct problem *problem) {
    memset(trial, 0, sizeof *trial);
    int error = fields_from_json(trial_fields, json, trial, problem);
    for (int side = 0; side < DUET_SIDES && error == 0; side++)
        error = fields_from_json(sample_fields, json_object_get(json, duet_sides[side]),
                                 &trial->sides[side], problem);
    return error ? error : read_logs(json, trial, problem);
}

/* ---- a whole duet ---- */

/* A change as a share: 0.02 for 2% slower. */
static json_t *change(double log_ratio) {
    return isnan(log_ratio) ? json_null() : json_real(round(1e6 * expm1(log_ratio)) / 1e6);
}

static json_t *finding_to_json(const struct duet_finding *finding) {
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "verdict",
                     duet_verdicts[finding->verdict], "change", change(finding->shift.estimate),
                     "low", change(finding->shift.low), "high", change(finding->shift.high),
                     "coverage", number(finding->shift.coverage), "p", number(finding->p), "holm",
                     number(finding->holm), "smallest", number(finding->smallest));
}

static json_t *trials_of(const struct duet_session *session, size_t index) {
    json_t *list = json_array();
    for (size_t i = 0; i < session->trial_count; i++)
        if (session->trial_cells[i] == index)
            (void)json_array_append_new(list, duet_trial_to_json(&session->trials[i]));
    return list;
}

static json_t *limits_to_json(const struct duet_limits *limits) {
    return json_pack("{s:b, s:f, s:f, s:o}", "gated", limits->gated, "alarm", limits->alarm,
                     "tolerance", limits->tolerance, "reason",
                     limits->reason[0] ? fields_text(limits->reason) : json_null());
}

static json_t *cell_to_json(const struct duet_session *session, size_t index) {
    const struct duet_cell *cell = &session->suite.cells[index];
    return json_pack(
        "{s:s, s:b, s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "key", cell->key, "canary",
        cell->canary, "verdict", duet_verdicts[cell->verdict], "why",
        cell->why[0] ? fields_text(cell->why) : json_null(), "count", (json_int_t)cell->count,
        "limits", limits_to_json(&cell->limits), "p50", finding_to_json(&cell->findings[DUET_P50]),
        "p90", finding_to_json(&cell->findings[DUET_P90]), "p99",
        finding_to_json(&cell->findings[DUET_P99]), "trials", trials_of(session, index));
}

static json_t *options_to_json(const struct duet_options *o) {
    json_t *budget =
        o->budget_ns == UINT64_MAX ? json_null() : json_real((double)o->budget_ns / 1e9);
    return json_pack("{s:f, s:f, s:f, s:o, s:I, s:I, s:s, s:b}", "time_s", (double)o->time_ns / 1e9,
                     "warmup_s", (double)o->warmup_ns / 1e9, "slice_s", (double)o->slice_ns / 1e9,
                     "budget_s", budget, "most_trials", (json_int_t)o->most_trials, "seed",
                     (json_int_t)o->seed, "net", network_modes[o->net], "strict", o->strict);
}

json_t *duet_session_to_json(const struct duet_session *session,
                             const struct duet_judgement *judgement) {
    json_t *cells = json_array();
    for (size_t i = 0; i < session->suite.count; i++)
        (void)json_array_append_new(cells, cell_to_json(session, i));
    const struct duet_source *sources = session->options.sources;
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:f, s:o}", "schema", DUET_SCHEMA,
                     "verdict", duet_verdicts[judgement->verdict], "why", judgement->why, "base",
                     fields_text(sources[DUET_BASE].folder), "head",
                     fields_text(sources[DUET_HEAD].folder), "environment", environment_collect(),
                     "options", options_to_json(&session->options), "interrupted",
                     session->interrupted, "took_s",
                     (double)(session->ended_ns - session->started_ns) / 1e9, "cells", cells);
}
