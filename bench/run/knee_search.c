/* SPDX-License-Identifier: MIT */
/*
 * knee_search.c - between the search for a knee and the cells, trials and runs that it is made of.
 */
#include "run/knee_search.h"

#include "base/fields.h"
#include "base/table.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

static bool parse(const struct cell *cell, struct workload_spec *spec) {
    struct problem none = {""};
    return workload_spec_parse(cell->workload, spec, &none) == 0 && spec->search == WORKLOAD_KNEE;
}

bool knee_search_is(const struct cell *cell) {
    struct workload_spec spec;
    return parse(cell, &spec);
}

void knee_search_begin(const struct cell *search, struct knee *knee) {
    struct workload_spec spec;
    knee_begin(knee, parse(search, &spec) ? spec.hz : 1);
}

void knee_search_next(const struct cell *search, const struct knee *knee, struct cell *next,
                      char key[CELL_KEY_BYTES]) {
    struct workload_spec spec;
    *next = *search;
    if (parse(search, &spec)) {
        spec.search = WORKLOAD_AS_GIVEN;
        spec.hz = knee->try_hz;
        workload_spec_format(&spec, next->workload);
    }
    cell_format(next, key);
}

/* A search that goes on from a run file must take the same turns. */
static double as_stored(double value) {
    return round(value * 1000) / 1000;
}

void knee_search_note(struct knee *knee, const struct record *trial) {
    struct workload_spec spec = {.kind = WORKLOAD_RATE};
    struct problem none = {""};
    bool ok = trial->status == RECORD_OK;
    if (!ok && trial->status != RECORD_FAILED)
        return;
    (void)workload_spec_parse(trial->cell.workload, &spec, &none);
    knee_note(knee, &(struct knee_seen){.per_second = ok ? as_stored(trial->per_second) : NAN,
                                        .p99_ns = ok ? as_stored(trial->p99_ns) : NAN,
                                        .requests = ok ? trial->stamped : NAN,
                                        .poisson = spec.arrivals == WORKLOAD_POISSON});
}

/* How far the search of that key came by the trials of a run. 0, or -EINVAL: it is no search. */
static int replay(const struct run *run, const char *key, struct knee *knee) {
    struct cell search, next;
    char wanted[CELL_KEY_BYTES];
    struct problem none = {""};
    if (cell_parse(key, &search, &none) != 0 || !knee_search_is(&search))
        return -EINVAL;
    knee_search_begin(&search, knee);
    knee_search_next(&search, knee, &next, wanted);
    for (size_t i = 0; i < run->trial_count && !knee->done; i++) {
        const struct record *trial = &run->trials[i];
        if (trial->purpose != RECORD_TIMING || strcmp(trial->key, wanted) != 0)
            continue;
        knee_search_note(knee, trial);
        knee_search_next(&search, knee, &next, wanted);
    }
    return 0;
}

/* What it found, as a sentence. */
static void say(const struct knee *knee, char *text, size_t room) {
    if (knee->trials == 0)
        (void)snprintf(text, room, "nothing was measured");
    else if (knee->kept_hz == 0)
        (void)snprintf(text, room, "%s at %" PRIu64 "/s, where the search began",
                       knee->done ? "not kept up even" : "not finished: still", knee->low_hz);
    else if (knee->missed_hz == 0)
        (void)snprintf(text, room, "kept up to %" PRIu64 "/s; %s", knee->kept_hz,
                       knee->done ? "no higher rate can be asked for" : "not finished");
    else
        (void)snprintf(text, room, "kept up to %" PRIu64 "/s, not at %" PRIu64 "/s%s",
                       knee->kept_hz, knee->missed_hz, knee->done ? "" : "; not finished");
}

static const json_t *planned(const struct run *run) {
    return json_object_get(json_object_get(run->options, "plan"), "cells");
}

size_t knee_search_each(const struct run *run, FILE *to, knee_search_writer *write) {
    size_t i, count = 0;
    const json_t *key;
    json_array_foreach(planned(run), i, key) {
        struct knee knee;
        char found[128];
        const char *text = json_string_value(key);
        if (text == NULL || replay(run, text, &knee) != 0)
            continue;
        say(&knee, found, sizeof found);
        write(to, count++ == 0, text, found);
    }
    return count;
}

static void show_one(FILE *to, bool first, const char *key, const char *found) {
    char line[CELL_KEY_BYTES + 160];
    if (first)
        (void)fprintf(to,
                      "\nWhere is the knee? (kept up: at most %.0f%% below the rate, p99 at most "
                      "%.0f times that at the low rate)\n",
                      KNEE_SHORTFALL * 100, KNEE_TAIL);
    (void)snprintf(line, sizeof line, "%s: %s", key, found);
    table_wrap(to, "  ", "      ", line);
}

void knee_search_show(FILE *to, const struct run *run) {
    (void)knee_search_each(run, to, show_one);
}

static json_t *rate_or_null(uint64_t hz) {
    return hz > 0 ? json_integer((json_int_t)hz) : json_null();
}

json_t *knee_search_to_json(const struct run *run) {
    size_t i;
    const json_t *key;
    json_t *list = json_array();
    json_array_foreach(planned(run), i, key) {
        struct knee knee;
        const char *text = json_string_value(key);
        if (text != NULL && replay(run, text, &knee) == 0)
            (void)json_array_append_new(list,
                                        json_pack("{s:s, s:b, s:o, s:o, s:o}", "key", text, "done",
                                                  knee.done, "kept_hz", rate_or_null(knee.kept_hz),
                                                  "missed_hz", rate_or_null(knee.missed_hz),
                                                  "low_p99_ns", fields_number(knee.low_p99_ns)));
    }
    return list;
}
