/* SPDX-License-Identifier: MIT */
/*
 * summary.c - the table that says which member of a cell's summary is which field in JSON.
 */
#include "run/summary.h"

#include "base/fields.h"

#include <errno.h>
#include <string.h>

#define NUMBER(member) FIELD(FIELD_NUMBER, struct cell_summary, member)

static const struct field summary_fields[] = {
    {"status", FIELD_WORD, offsetof(struct cell_summary, status), sizeof(int), record_statuses},
    FIELD(FIELD_TEXT_OR_NULL, struct cell_summary, why),
    FIELD(FIELD_COUNT, struct cell_summary, trials),
    FIELD(FIELD_COUNT, struct cell_summary, failed),
    FIELD(FIELD_COUNT, struct cell_summary, flagged),
    FIELD(FIELD_TEXT_OR_NULL, struct cell_summary, group),
    NUMBER(exchanges),
    NUMBER(mean_ns),
    NUMBER(min_ns),
    NUMBER(p50_ns),
    NUMBER(p50_low_ns),
    NUMBER(p50_high_ns),
    NUMBER(p90_ns),
    NUMBER(p99_ns),
    NUMBER(p999_ns),
    NUMBER(max_ns),
    NUMBER(per_second),
    NUMBER(per_second_low),
    NUMBER(per_second_high),
    NUMBER(bytes_per_second),
    FIELD(FIELD_NUMBER_LATER, struct cell_summary, lost),
    FIELD(FIELD_NUMBER_LATER, struct cell_summary, lost_share),
    NUMBER(cpu_ns),
    NUMBER(switches),
    NUMBER(system_calls),
    NUMBER(floor_ns),
    NUMBER(times_floor),
    {0},
};

json_t *summary_to_json(const struct cell_summary *summary) {
    json_t *json = json_object();
    if (json != NULL && record_cell_to_json(summary->key, &summary->cell, json) == 0 &&
        fields_to_json(summary_fields, summary, json) == 0 &&
        record_crowd_to_json(&summary->crowd, json) == 0)
        return json;
    json_decref(json);
    return NULL;
}

int summary_from_json(const json_t *json, struct cell_summary *summary, struct problem *problem) {
    memset(summary, 0, sizeof *summary);
    if (!json_is_object(json))
        return problem_set(problem, EINVAL, "a cell must be a JSON object");
    int error = record_cell_from_json(json, summary->key, &summary->cell, problem);
    if (error == 0)
        error = fields_from_json(summary_fields, json, summary, problem);
    return error == 0 ? record_crowd_from_json(json, &summary->crowd, problem) : error;
}
