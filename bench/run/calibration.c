/* SPDX-License-Identifier: MIT */
/*
 * calibration.c - the floor of a cell out of the floors of the host, and the tables that say which
 * number is which field in JSON.
 */
#include "run/calibration.h"

#include "base/fields.h"

#include <errno.h>
#include <math.h>
#include <string.h>

const size_t calibration_sizes[CALIBRATION_SIZES] = {64,       1 << 10,   4 << 10, 16 << 10,
                                                     64 << 10, 256 << 10, 1 << 20, 16 << 20};

#define NUMBER_AS(name, type, member) FIELD_AS(name, FIELD_NUMBER, type, member)

static const struct field clock_fields[] = {
    FIELD_AS("name", FIELD_TEXT_OR_NULL, struct calibration, clock),
    NUMBER_AS("hz", struct calibration, clock_hz),
    NUMBER_AS("cost_ns", struct calibration, clock_cost_ns),
    NUMBER_AS("quantum_ns", struct calibration, clock_quantum_ns),
    {0},
};

static const struct field host_fields[] = {
    NUMBER_AS("system_call_ns", struct calibration, system_call_ns.best),
    NUMBER_AS("system_call_median_ns", struct calibration, system_call_ns.median),
    NUMBER_AS("took_ns", struct calibration, took_ns),
    {0},
};

static const struct field copy_fields[] = {
    FIELD(FIELD_COUNT, struct calibration_copy, size_bytes),
    NUMBER_AS("bytes_per_second", struct calibration_copy, bytes_per_second.best),
    NUMBER_AS("median_bytes_per_second", struct calibration_copy, bytes_per_second.median),
    {0},
};

static const struct field pair_fields[] = {
    FIELD_AS("placement", FIELD_TEXT, struct calibration_pair, placement.name),
    FIELD_AS("server_cpu", FIELD_CPU, struct calibration_pair, placement.server_cpu),
    FIELD_AS("client_cpu", FIELD_CPU, struct calibration_pair, placement.client_cpu),
    FIELD_AS("related", FIELD_TEXT, struct calibration_pair, placement.related),
    NUMBER_AS("bounce_ns", struct calibration_pair, bounce_ns.best),
    NUMBER_AS("bounce_median_ns", struct calibration_pair, bounce_ns.median),
    FIELD_AS("line_ns", FIELD_NUMBER_LATER, struct calibration_pair, line_ns.best),
    FIELD_AS("line_median_ns", FIELD_NUMBER_LATER, struct calibration_pair, line_ns.median),
    NUMBER_AS("wakeup_ns", struct calibration_pair, wakeup_ns.best),
    NUMBER_AS("wakeup_median_ns", struct calibration_pair, wakeup_ns.median),
    NUMBER_AS("switch_ns", struct calibration_pair, switch_ns.best),
    NUMBER_AS("switch_median_ns", struct calibration_pair, switch_ns.median),
    {0},
};

static bool is_number(const struct field *field) {
    return field->kind == FIELD_NUMBER || field->kind == FIELD_NUMBER_LATER;
}

/* Every number that `fields` names becomes unknown. */
static void forget_numbers(const struct field *fields, void *object) {
    const double unknown = NAN;
    for (; fields->name != NULL; fields++)
        if (is_number(fields))
            memcpy((char *)object + fields->offset, &unknown, sizeof unknown);
}

void calibration_init(struct calibration *calibration) {
    memset(calibration, 0, sizeof *calibration);
    forget_numbers(clock_fields, calibration);
    forget_numbers(host_fields, calibration);
    for (size_t i = 0; i < CALIBRATION_SIZES; i++)
        forget_numbers(copy_fields, &calibration->copies[i]);
    for (size_t i = 0; i < CALIBRATION_PAIRS; i++)
        forget_numbers(pair_fields, &calibration->pairs[i]);
}

/* The pair of the placement with that name, or NULL. */
static const struct calibration_pair *find_pair(const struct calibration *calibration,
                                                const char *placement) {
    for (size_t i = 0; i < calibration->pair_count; i++)
        if (strcmp(calibration->pairs[i].placement.name, placement) == 0)
            return &calibration->pairs[i];
    return NULL;
}

/* ---- the floor of a cell ---- */

/* The best speed of copies about that large: of the sizes next to it the faster one, since a size
 * in between may run as fast. */
static double copy_speed(const struct calibration *calibration, uint64_t bytes) {
    const struct calibration_copy *copies = calibration->copies;
    size_t above = 0, last = calibration->copy_count - 1;
    if (calibration->copy_count == 0)
        return NAN;
    while (above < last && copies[above].size_bytes < bytes)
        above++;
    bool between = above > 0 && copies[above].size_bytes > bytes;
    double speed = copies[above].bytes_per_second.best;
    double below = between ? copies[above - 1].bytes_per_second.best : speed;
    return isnan(speed) || isnan(below) ? NAN : fmax(speed, below);
}

/* One message, copied once: out of the sender's memory and into the receiver's. */
static double copy_ns(const struct calibration *calibration, uint64_t bytes) {
    return (double)bytes * 1e9 / copy_speed(calibration, bytes);
}

/* What handing over and handing back takes without any payload: at least, and usually. */
static struct calibration_floor hand_over_ns(const struct calibration_pair *pair,
                                             enum ipc_wait wait) {
    double bounce_ns = pair->bounce_ns.best;
    double switches_ns = 2 * pair->switch_ns.best, wakeups_ns = 2 * pair->wakeup_ns.best;
    const struct placement *place = &pair->placement;
    if (place->server_cpu >= 0 && place->server_cpu == place->client_cpu)
        return (struct calibration_floor){switches_ns, switches_ns};
    bool near = bounce_ns * CALIBRATION_HARD_SHARE < CALIBRATION_HARD_BOUNCE_NS || isnan(bounce_ns);
    return (struct calibration_floor){near ? bounce_ns
                                           : CALIBRATION_HARD_BOUNCE_NS / CALIBRATION_HARD_SHARE,
                                      wait == IPC_BLOCK ? wakeups_ns : bounce_ns};
}

/* The lines that a message is on, at the rate at which they cross from one CPU to the other: a part
 * of a line where several messages have room in one; one line where only a number is written. NaN
 * where no line has to cross. */
static double lines_ns(const struct calibration_pair *pair, const struct cell *cell,
                       enum workload_inplace inplace) {
    double lines = (double)cell->size_bytes / CALIBRATION_LINE_BYTES;
    return (inplace == WORKLOAD_HANDOVER ? fmin(lines, 1) : lines) * pair->line_ns.best;
}

/* Messages that follow one another: nobody waits for a hand-over, and what is left is the slower of
 * the copy, which is none where they are only handed over in place, and of the way from one CPU to
 * the other. That is not hard: what prefetches well may beat the lines of the floor. */
static struct calibration_floor stream_ns(const struct calibration_pair *pair,
                                          const struct cell *cell, double copied_ns) {
    struct workload_spec spec = {.inplace = WORKLOAD_COPIED};
    struct problem none = {""};
    (void)workload_spec_parse(cell->workload, &spec, &none); /* it was parsed before */
    if (spec.inplace == WORKLOAD_HANDOVER)
        copied_ns = NAN;
    return (struct calibration_floor){CALIBRATION_HARD_SHARE * copied_ns,
                                      fmax(copied_ns, lines_ns(pair, cell, spec.inplace))};
}

struct calibration_floor calibration_floor_ns(const struct calibration *calibration,
                                              const struct cell *cell, bool solo) {
    const struct calibration_pair *pair = find_pair(calibration, cell->placement);
    if (solo || pair == NULL)
        return (struct calibration_floor){NAN, NAN};
    double copied_ns = copy_ns(calibration, cell->size_bytes);
    if (workload_spec_kind(cell->workload) == WORKLOAD_STREAM)
        return stream_ns(pair, cell, copied_ns);
    struct calibration_floor floor = hand_over_ns(pair, cell->wait);
    copied_ns *= workload_spec_kind(cell->workload) == WORKLOAD_TWICE ? 3 : 2; /* both ways */
    floor.hard_ns = CALIBRATION_HARD_SHARE * (floor.hard_ns + copied_ns);
    floor.expected_ns += copied_ns;
    return floor;
}

struct calibration calibration_at(const struct calibration *calibration,
                                  const struct record *record) {
    struct calibration at = *calibration;
    double bounce_ns = fmin(record->bounce_before_ns, record->bounce_after_ns);
    for (size_t i = 0; i < at.pair_count && bounce_ns > 0; i++) {
        struct calibration_pair *pair = &at.pairs[i];
        if (strcmp(pair->placement.name, record->cell.placement) != 0)
            continue;
        double nearer = bounce_ns / pair->bounce_ns.best;
        pair->line_ns.best *= nearer;
        pair->line_ns.median *= nearer;
        pair->bounce_ns = (struct floor_sample){bounce_ns, bounce_ns};
    }
    return at;
}

struct calibration_floor calibration_floor_of(const struct calibration *at,
                                              const struct record *record) {
    return calibration_floor_ns(at, &record->cell, record_is_solo(record));
}

/* ---- to JSON ---- */

/* An object with those fields; NULL without memory. */
static json_t *object_of(const struct field *fields, const void *from) {
    json_t *json = json_object();
    if (json != NULL && fields_to_json(fields, from, json) == 0)
        return json;
    json_decref(json);
    return NULL;
}

/* An array of `count` objects, whose structs lie `stride` bytes apart; NULL without memory. */
static json_t *array_of(const struct field *fields, const void *from, size_t stride, size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; i < count && array != NULL; i++)
        if (json_array_append_new(array, object_of(fields, (const char *)from + i * stride)) != 0) {
            json_decref(array);
            array = NULL;
        }
    return array;
}

json_t *calibration_to_json(const struct calibration *calibration) {
    json_t *json = object_of(host_fields, calibration);
    int failed = json_object_set_new(json, "clock", object_of(clock_fields, calibration));
    failed |= json_object_set_new(json, "copies",
                                  array_of(copy_fields, calibration->copies,
                                           sizeof *calibration->copies, calibration->copy_count));
    failed |= json_object_set_new(json, "pairs",
                                  array_of(pair_fields, calibration->pairs,
                                           sizeof *calibration->pairs, calibration->pair_count));
    if (!failed)
        return json;
    json_decref(json);
    return NULL;
}

/* ---- from JSON ---- */

/* Nothing takes no time, and nothing runs at no speed. (A coarse clock may read for free.) */
static int check_positive(const struct field *fields, const void *from, struct problem *problem) {
    for (; fields->name != NULL; fields++) {
        double value;
        if (!is_number(fields))
            continue;
        memcpy(&value, (const char *)from + fields->offset, sizeof value);
        if (!isnan(value) && !(value > 0))
            return problem_set(problem, EINVAL, "'%s' must be above 0, or null", fields->name);
    }
    return 0;
}

static int read_object(const struct field *fields, const char *name, const json_t *json, void *to,
                       struct problem *problem) {
    if (!json_is_object(json))
        return problem_set(problem, EINVAL, "'%s' must be an object", name);
    return fields_from_json(fields, json, to, problem) == 0 ? 0 : -EINVAL;
}

static int read_floors(const struct field *fields, const char *name, const json_t *json, void *to,
                       struct problem *problem) {
    int error = read_object(fields, name, json, to, problem);
    return error ? error : check_positive(fields, to, problem);
}

/* Structs out of the array `name`, at most `room`. */
static int read_array(const struct field *fields, const char *name, const json_t *json, void *to,
                      size_t stride, size_t room, size_t *count, struct problem *problem) {
    const json_t *array = json_object_get(json, name);
    if (!json_is_array(array) || json_array_size(array) > room)
        return problem_set(problem, EINVAL, "'%s' must be an array of at most %zu objects", name,
                           room);
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct problem why = {""};
        if (read_floors(fields, name, json_array_get(array, i), (char *)to + i * stride, &why) != 0)
            return problem_set(problem, EINVAL, "entry %zu of '%s': %s", i + 1, name, why.text);
    }
    *count = json_array_size(array);
    return 0;
}

static int check_copies(const struct calibration *calibration, struct problem *problem) {
    size_t least = 1;
    for (size_t i = 0; i < calibration->copy_count; i++) {
        if (calibration->copies[i].size_bytes < least)
            return problem_set(
                problem, EINVAL,
                "entry %zu of 'copies': 'size_bytes' must be above 0, and above that "
                "of the entry before",
                i + 1);
        least = calibration->copies[i].size_bytes + 1;
    }
    return 0;
}

static int check_pairs(const struct calibration *calibration, struct problem *problem) {
    for (size_t i = 0; i < calibration->pair_count; i++) {
        const char *name = calibration->pairs[i].placement.name;
        struct problem why = {""};
        if (cell_check_placement(name, &why) != 0)
            return problem_set(problem, EINVAL, "entry %zu of 'pairs': %s", i + 1, why.text);
        if (find_pair(calibration, name) != &calibration->pairs[i])
            return problem_set(problem, EINVAL, "entry %zu of 'pairs': '%s' was there before",
                               i + 1, name);
    }
    return 0;
}

static int read_parts(const json_t *json, struct calibration *to, struct problem *problem) {
    int error = read_floors(host_fields, "floors", json, to, problem);
    if (!error)
        error = read_object(clock_fields, "clock", json_object_get(json, "clock"), to, problem);
    if (!error)
        error = read_array(copy_fields, "copies", json, to->copies, sizeof *to->copies,
                           CALIBRATION_SIZES, &to->copy_count, problem);
    if (!error)
        error = read_array(pair_fields, "pairs", json, to->pairs, sizeof *to->pairs,
                           CALIBRATION_PAIRS, &to->pair_count, problem);
    if (!error)
        error = check_copies(to, problem);
    return error ? error : check_pairs(to, problem);
}

int calibration_from_json(const json_t *json, struct calibration *calibration,
                          struct problem *problem) {
    calibration_init(calibration);
    int error = read_parts(json, calibration, problem);
    if (error)
        calibration_init(calibration);
    return error;
}
