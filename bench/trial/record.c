/* SPDX-License-Identifier: MIT */
/*
 * record.c - the tables that say which member of a record is which field in JSON.
 */
#include "trial/record.h"

#include "base/fields.h"
#include "base/plain.h"
#include "stats/histlog.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const record_statuses[] = {"ok", "failed", "skipped", "not applicable", NULL};

#define TEXT(member)         FIELD(FIELD_TEXT, struct record, member)
#define TEXT_OR_NULL(member) FIELD(FIELD_TEXT_OR_NULL, struct record, member)
#define NUMBER(member)       FIELD(FIELD_NUMBER, struct record, member)

const char *const record_purposes[] = {"timing", "counting", NULL};

static const struct field head_fields[] = {
    TEXT_OR_NULL(group),
    {"purpose", FIELD_WORD, offsetof(struct record, purpose), sizeof(int), record_purposes},
    {"status", FIELD_WORD, offsetof(struct record, status), sizeof(int), record_statuses},
    TEXT_OR_NULL(why),
    FIELD_AS("server_cpu", FIELD_CPU, struct record, placement.server_cpu),
    FIELD_AS("client_cpu", FIELD_CPU, struct record, placement.client_cpu),
    FIELD_AS("related", FIELD_TEXT_OR_NULL, struct record, placement.related),
    TEXT_OR_NULL(started),
    TEXT_OR_NULL(command),
    FIELD(FIELD_SEED, struct record, seed),
    TEXT_OR_NULL(verify),
    NUMBER(exchanges),
    NUMBER(stamped),
    NUMBER(warmup_exchanges),
    NUMBER(warmup_ns),
    NUMBER(duration_ns),
    FIELD(FIELD_NUMBER_LATER, struct record, lost),
    NUMBER(mean_ns),
    NUMBER(stamped_mean_ns),
    NUMBER(min_ns),
    NUMBER(p50_ns),
    NUMBER(p90_ns),
    NUMBER(p99_ns),
    NUMBER(p999_ns),
    NUMBER(max_ns),
    NUMBER(per_second),
    NUMBER(bytes_per_second),
    NUMBER(cpu_ns),
    NUMBER(system_calls),
    NUMBER(instructions),
    NUMBER(cycles),
    NUMBER(cache_misses),
    NUMBER(steal_ns),
    NUMBER(bounce_before_ns),
    NUMBER(bounce_after_ns),
    NUMBER(canary_before_ns),
    NUMBER(canary_after_ns),
    NUMBER(floor_ns),
    TEXT_OR_NULL(flags),
    {0},
};

static const struct field end_fields[] = {
    FIELD(FIELD_NUMBER, struct record_end, user_ns),
    FIELD(FIELD_NUMBER, struct record_end, system_ns),
    FIELD(FIELD_NUMBER, struct record_end, voluntary_switches),
    FIELD(FIELD_NUMBER, struct record_end, involuntary_switches),
    FIELD(FIELD_NUMBER, struct record_end, minor_faults),
    FIELD(FIELD_NUMBER, struct record_end, major_faults),
    FIELD(FIELD_NUMBER, struct record_end, migrations),
    FIELD(FIELD_NUMBER, struct record_end, run_wait_ns),
    FIELD(FIELD_NUMBER, struct record_end, first_cpu),
    FIELD(FIELD_NUMBER, struct record_end, last_cpu),
    {0},
};

static const struct field clock_fields[] = {
    FIELD_AS("name", FIELD_TEXT_OR_NULL, struct record, clock),
    FIELD_AS("hz", FIELD_NUMBER, struct record, clock_hz),
    FIELD_AS("cost_ns", FIELD_NUMBER, struct record, clock_cost_ns),
    FIELD_AS("quantum_ns", FIELD_NUMBER, struct record, clock_quantum_ns),
    {0},
};

static const char *const end_names[IPC_ROLES] = {[IPC_SERVER] = "server", [IPC_CLIENT] = "client"};

/* Every double that `fields` names becomes unknown. */
static void forget_numbers(const struct field *fields, void *object) {
    const double unknown = NAN;
    for (; fields->name != NULL; fields++)
        if (fields->kind == FIELD_NUMBER || fields->kind == FIELD_NUMBER_LATER)
            memcpy((char *)object + fields->offset, &unknown, sizeof unknown);
}

void record_init(struct record *record) {
    memset(record, 0, sizeof *record);
    record->placement.server_cpu = -1;
    record->placement.client_cpu = -1;
    forget_numbers(head_fields, record);
    forget_numbers(clock_fields, record);
    for (int role = 0; role < IPC_ROLES; role++)
        forget_numbers(end_fields, &record->ends[role]);
}

bool record_is_solo(const struct record *record) {
    return isnan(record->ends[IPC_SERVER].first_cpu);
}

void record_free(struct record *record) {
    free(record->histogram);
    record_init(record);
}

void record_conclude(struct record *record, enum record_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    record->status = status;
    (void)vsnprintf(record->why, sizeof record->why, format, arguments);
    va_end(arguments);
    plain_text(record->why); /* a guest may have had a say */
}

static const struct record_fact *find_fact(const struct record_fact *list, size_t count,
                                           const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    return NULL;
}

void record_add_fact(struct record_fact *list, size_t *count, const char *name, const char *value) {
    if (*count >= RECORD_FACTS)
        return;
    struct record_fact fact;
    (void)snprintf(fact.name, sizeof fact.name, "%s", name);
    (void)snprintf(fact.value, sizeof fact.value, "%s", value);
    const struct record_fact *same;
    for (int again = 2; (same = find_fact(list, *count, fact.name)) != NULL; again++) {
        if (strcmp(same->value, fact.value) == 0)
            return;
        (void)snprintf(fact.name, sizeof fact.name, "%.34s (%d)", name, again);
    }
    list[(*count)++] = fact;
}

void record_note_fact(void *record, const char *name, const char *value) {
    struct record *noted = record;
    record_add_fact(noted->facts, &noted->fact_count, name, value);
}

const char *record_fact(const struct record *record, const char *name) {
    const struct record_fact *fact = find_fact(record->facts, record->fact_count, name);
    return fact != NULL ? fact->value : NULL;
}

/* The parts of a key, for readers that would rather not take it apart. */
static json_t *parts_of(const struct cell *cell) {
    json_t *knobs = cell->knobs[0] == '\0' ? json_null() : fields_text(cell->knobs);
    return json_pack("{s:s, s:o, s:s, s:s, s:s, s:I}", "transport", cell->transport, "knobs_set",
                     knobs, "workload", cell->workload, "wait", cell_waits[cell->wait], "placement",
                     cell->placement, "size_bytes", (json_int_t)cell->size_bytes);
}

int record_cell_to_json(const char *key, const struct cell *cell, json_t *json) {
    json_t *parts = parts_of(cell);
    int result = json_object_set_new(json, "key", json_string(key));
    if (result == 0)
        result = json_object_update(json, parts);
    json_decref(parts);
    return result == 0 ? 0 : -ENOMEM;
}

/* Checks the parts that stand beside a key. */
static int check_parts(const json_t *json, json_t *parts, struct problem *problem) {
    const char *name;
    json_t *value;
    json_object_foreach(parts, name, value) {
        if (!json_equal(json_object_get(json, name), value))
            return problem_set(problem, EINVAL, "'%s' isn't what 'key' says", name);
    }
    return 0;
}

int record_cell_from_json(const json_t *json, char key[CELL_KEY_BYTES], struct cell *cell,
                          struct problem *problem) {
    static const struct field key_field[] = {{"key", FIELD_TEXT, 0, CELL_KEY_BYTES, NULL}, {0}};
    int error = fields_from_json(key_field, json, key, problem);
    if (error == 0)
        error = cell_parse(key, cell, problem);
    if (error != 0)
        return error;
    json_t *parts = parts_of(cell);
    error = check_parts(json, parts, problem);
    json_decref(parts);
    return error;
}

static int fact_to_json(const struct record_fact *fact, json_t *facts) {
    json_t *name = fields_text(fact->name);
    int result = -1;
    if (name != NULL)
        result = json_object_set_new(facts, json_string_value(name), fields_text(fact->value));
    json_decref(name);
    return result;
}

static json_t *facts_to_json(const struct record_fact *list, size_t count) {
    json_t *facts = json_object();
    for (size_t i = 0; i < count && facts != NULL; i++)
        if (fact_to_json(&list[i], facts) != 0) {
            json_decref(facts);
            facts = NULL;
        }
    return facts;
}

static int facts_from_json(const json_t *json, const char *name, struct record_fact *list,
                           size_t *count, struct problem *problem) {
    json_t *facts = json_object_get(json, name);
    if (!json_is_object(facts) || json_object_size(facts) > RECORD_FACTS)
        return problem_set(problem, EINVAL, "'%s' must be an object of at most %d strings", name,
                           RECORD_FACTS);
    const char *key;
    json_t *value;
    json_object_foreach(facts, key, value) {
        struct record_fact *fact = &list[(*count)++];
        if (strlen(key) >= sizeof fact->name || !json_is_string(value) ||
            json_string_length(value) >= sizeof fact->value)
            return problem_set(problem, EINVAL, "'%s' in '%s' must be a string like ours", key,
                               name);
        memcpy(fact->name, key, strlen(key) + 1);
        memcpy(fact->value, json_string_value(value), json_string_length(value) + 1);
    }
    return 0;
}

static json_t *ends_to_json(const struct record *record) {
    json_t *ends = json_object();
    for (int role = 0; role < IPC_ROLES; role++) {
        json_t *end = json_object();
        if (json_object_set_new(ends, end_names[role], end) != 0 ||
            fields_to_json(end_fields, &record->ends[role], end) != 0) {
            json_decref(ends);
            return NULL;
        }
    }
    return ends;
}

static json_t *clock_to_json(const struct record *record) {
    json_t *clock = json_object();
    if (clock != NULL && fields_to_json(clock_fields, record, clock) == 0)
        return clock;
    json_decref(clock);
    return NULL;
}

static int add_parts(const struct record *record, json_t *json) {
    int result = json_object_set_new(json, "ends", ends_to_json(record));
    result |= json_object_set_new(json, "clock", clock_to_json(record));
    result |= record_crowd_to_json(&record->crowd, json);
    result |= json_object_set_new(json, "knobs", facts_to_json(record->knobs, record->knob_count));
    result |= json_object_set_new(json, "facts", facts_to_json(record->facts, record->fact_count));
    result |= json_object_set_new(json, "histogram",
                                  record->histogram ? json_string(record->histogram) : json_null());
    return result == 0 ? 0 : -ENOMEM;
}

json_t *record_to_json(const struct record *record) {
    json_t *json = json_object();
    if (json != NULL && record_cell_to_json(record->key, &record->cell, json) == 0 &&
        fields_to_json(head_fields, record, json) == 0 && add_parts(record, json) == 0)
        return json;
    json_decref(json);
    return NULL;
}

static int ends_from_json(const json_t *json, struct record *record, struct problem *problem) {
    const json_t *ends = json_object_get(json, "ends");
    int error = 0;
    for (int role = 0; role < IPC_ROLES && error == 0; role++) {
        const json_t *end = json_object_get(ends, end_names[role]);
        if (!json_is_object(end))
            return problem_set(problem, EINVAL, "'ends' must be an object with '%s', an object",
                               end_names[role]);
        error = fields_from_json(end_fields, end, &record->ends[role], problem);
    }
    return error;
}

static int clock_from_json(const json_t *json, struct record *record, struct problem *problem) {
    const json_t *clock = json_object_get(json, "clock");
    if (!json_is_object(clock))
        return problem_set(problem, EINVAL, "'clock' must be an object");
    return fields_from_json(clock_fields, clock, record, problem);
}

/* A histogram that can't be read would otherwise vanish from the figures without a word. */
static int check_histogram(const char *text, struct problem *problem) {
    struct histogram *histogram = malloc(sizeof *histogram);
    struct problem why = {""};
    if (histogram == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for a histogram");
    int error = histlog_decode(text, histogram, &why);
    free(histogram);
    return error == 0 ? 0 : problem_set(problem, EINVAL, "'histogram': %s", why.text);
}

static int histogram_from_json(const json_t *json, struct record *record, struct problem *problem) {
    const json_t *text = json_object_get(json, "histogram");
    if (json_is_null(text))
        return 0;
    if (!json_is_string(text))
        return problem_set(problem, EINVAL, "'histogram' must be a string or null");
    int error = check_histogram(json_string_value(text), problem);
    if (error == 0 && (record->histogram = strdup(json_string_value(text))) == NULL)
        error = problem_set(problem, ENOMEM, "there is no memory for a record");
    return error;
}

static int parts_from_json(const json_t *json, struct record *record, struct problem *problem) {
    int error = ends_from_json(json, record, problem);
    if (error == 0)
        error = clock_from_json(json, record, problem);
    if (error == 0)
        error = record_crowd_from_json(json, &record->crowd, problem);
    if (error == 0)
        error = facts_from_json(json, "knobs", record->knobs, &record->knob_count, problem);
    if (error == 0)
        error = facts_from_json(json, "facts", record->facts, &record->fact_count, problem);
    return error == 0 ? histogram_from_json(json, record, problem) : error;
}

int record_from_json(const json_t *json, struct record *record, struct problem *problem) {
    record_init(record);
    if (!json_is_object(json))
        return problem_set(problem, EINVAL, "a trial must be a JSON object");
    int error = record_cell_from_json(json, record->key, &record->cell, problem);
    if (error == 0)
        error = fields_from_json(head_fields, json, record, problem);
    if (error == 0 && (record->status == RECORD_OK) != (record->why[0] == '\0'))
        error = problem_set(problem, EINVAL, "'why' must be null when 'status' is ok, else a text");
    if (error == 0)
        error = parts_from_json(json, record, problem);
    if (error != 0)
        record_free(record);
    else
        memcpy(record->placement.name, record->cell.placement, sizeof record->cell.placement);
    return error;
}
