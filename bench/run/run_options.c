/* SPDX-License-Identifier: MIT */
/*
 * run_options.c - writes the options of a run as JSON.
 */
#include "run/run_options.h"

#include "base/fields.h"

/* Seconds, or null where nothing was asked for (PLAN_CHOOSE, PLAN_NO_BUDGET). */
static json_t *seconds(uint64_t ns) {
    return ns == UINT64_MAX ? json_null() : fields_number((double)ns / 1e9);
}

static json_t *command_line(int argc, char **argv) {
    json_t *list = json_array();
    (void)json_array_append_new(list, json_string("ipcbench"));
    (void)json_array_append_new(list, json_string("run"));
    for (int i = 1; i < argc; i++)
        (void)json_array_append_new(list, fields_text(argv[i]));
    return list;
}

static json_t *placements_to_json(const struct resolve_placements *placements) {
    json_t *list = json_array();
    for (size_t i = 0; i < placements->count; i++) {
        const struct placement *place = &placements->list[i];
        json_t *server = place->server_cpu < 0 ? json_null() : json_integer(place->server_cpu);
        json_t *client = place->client_cpu < 0 ? json_null() : json_integer(place->client_cpu);
        json_t *related = place->related[0] == '\0' ? json_null() : json_string(place->related);
        (void)json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o}", "name", place->name,
                                                    "server_cpu", server, "client_cpu", client,
                                                    "related", related));
    }
    return list;
}

static json_t *keys_of(const struct plan *plan) {
    json_t *list = json_array();
    for (size_t i = 0; i < plan->cell_count; i++)
        (void)json_array_append_new(list, json_string(plan->cells[i].key));
    return list;
}

/* What the user asked for, null where the plan was to choose. */
static json_t *asked_to_json(const struct config *config) {
    const struct plan_wishes *wishes = &config->wishes;
    json_t *trials = wishes->trials > 0 ? json_integer((json_int_t)wishes->trials) : json_null();
    return json_pack("{s:o, s:o, s:o, s:o}", "budget_s", seconds(wishes->budget_ns), "trials",
                     trials, "time_s", seconds(wishes->time_ns), "warmup_s",
                     seconds(wishes->warmup_ns));
}

static json_t *plan_to_json(const struct plan *plan) {
    return json_pack("{s:I, s:b, s:o, s:o, s:o}", "rounds", (json_int_t)plan->rounds, "adaptive",
                     plan->adaptive, "time_s", seconds(plan->time_ns), "warmup_s",
                     seconds(plan->warmup_ns), "cells", keys_of(plan));
}

json_t *run_options_to_json(int argc, char **argv, const struct config *config,
                            const struct resolve_placements *placements, const struct plan *plan) {
    return json_pack("{s:o, s:o, s:o, s:f, s:I, s:s, s:s, s:o, s:o, s:b, s:n}", "command",
                     command_line(argc, argv), "asked", asked_to_json(config), "plan",
                     plan_to_json(plan), "precision", config->wishes.precision, "seed",
                     (json_int_t)config->wishes.seed, "net", config->net, "verify", config->verify,
                     "transports", fields_text_or_null(config->transports), "placements",
                     placements_to_json(placements), "interrupted", 0, "resumed");
}
