/* SPDX-License-Identifier: MIT */
/*
 * record_crowd.c - "phases" and "clients" to JSON and back.
 */
#include "trial/record_crowd.h"

#include "base/fields.h"

#include <errno.h>
#include <string.h>

const char *const record_phases[] = {"connect", "exchange", "close", NULL};

static const struct field phase_fields[] = {
    FIELD(FIELD_NUMBER, struct record_phase, mean_ns),
    FIELD(FIELD_NUMBER, struct record_phase, p50_ns),
    FIELD(FIELD_NUMBER, struct record_phase, p99_ns),
    {0},
};

static const struct field client_fields[] = {
    FIELD(FIELD_NUMBER, struct record_crowd, count),
    FIELD(FIELD_TEXT_OR_NULL, struct record_crowd, design),
    FIELD(FIELD_NUMBER, struct record_crowd, fairness),
    FIELD(FIELD_NUMBER, struct record_crowd, least_exchanges),
    FIELD(FIELD_NUMBER, struct record_crowd, most_exchanges),
    FIELD(FIELD_NUMBER, struct record_crowd, little),
    {0},
};

static json_t *phases_to_json(const struct record_crowd *crowd) {
    json_t *phases = json_array();
    for (int i = 0; phases != NULL && i < RECORD_PHASES; i++) {
        json_t *phase = json_pack("{s:s}", "name", record_phases[i]);
        if (phase == NULL || fields_to_json(phase_fields, &crowd->phases[i], phase) != 0 ||
            json_array_append(phases, phase) != 0) {
            json_decref(phases);
            phases = NULL;
        }
        json_decref(phase);
    }
    return phases;
}

static json_t *clients_to_json(const struct record_crowd *crowd) {
    json_t *clients = json_object();
    if (clients != NULL && fields_to_json(client_fields, crowd, clients) == 0)
        return clients;
    json_decref(clients);
    return NULL;
}

int record_crowd_to_json(const struct record_crowd *crowd, json_t *json) {
    json_t *phases = crowd->has_phases ? phases_to_json(crowd) : json_null();
    json_t *clients = crowd->count > 0 ? clients_to_json(crowd) : json_null();
    int result = json_object_set_new(json, "phases", phases);
    result |= json_object_set_new(json, "clients", clients);
    return result == 0 ? 0 : -ENOMEM;
}

static int phases_from_json(const json_t *json, struct record_crowd *crowd,
                            struct problem *problem) {
    int error = 0;
    if (!json_is_array(json) || json_array_size(json) != RECORD_PHASES)
        return problem_set(problem, EINVAL, "'phases' must be null or an array of %d objects",
                           RECORD_PHASES);
    for (int i = 0; i < RECORD_PHASES && error == 0; i++) {
        const json_t *phase = json_array_get(json, (size_t)i);
        const char *name = json_string_value(json_object_get(phase, "name"));
        if (name == NULL || strcmp(name, record_phases[i]) != 0)
            return problem_set(problem, EINVAL, "'name' in 'phases' must be '%s' here",
                               record_phases[i]);
        error = fields_from_json(phase_fields, phase, &crowd->phases[i], problem);
    }
    crowd->has_phases = 1;
    return error;
}

int record_crowd_from_json(const json_t *json, struct record_crowd *crowd,
                           struct problem *problem) {
    const json_t *phases = json_object_get(json, "phases");
    const json_t *clients = json_object_get(json, "clients");
    int error = 0;
    *crowd = (struct record_crowd){0};
    if (phases == NULL || clients == NULL)
        return problem_set(problem, EINVAL, "'%s' is missing", phases ? "clients" : "phases");
    if (!json_is_null(phases))
        error = phases_from_json(phases, crowd, problem);
    if (error != 0 || json_is_null(clients))
        return error;
    if (!json_is_object(clients))
        return problem_set(problem, EINVAL, "'clients' must be null or an object");
    error = fields_from_json(client_fields, clients, crowd, problem);
    if (error == 0 && !(crowd->count >= 1))
        error = problem_set(problem, EINVAL, "'count' in 'clients' must be at least 1");
    return error;
}
