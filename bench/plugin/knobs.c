/* SPDX-License-Identifier: MIT */
/*
 * knobs.c - reads "bufsize=1M,nodelay=0" one assignment at a time: finds the knob, reads the value
 * as its kind says, checks its limits, and stores it in the transport's link.
 */
#include "plugin/knobs.h"

#include "base/nearest.h"
#include "base/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* plugin_check.c refuses a transport that has more knobs. */
#define MOST_KNOBS   64
#define LIST_BYTES   384
#define VALUE_BYTES  64
#define OBJECT_BYTES 96

/* Joins words for a sentence: "a, b, c". */
static void join(const char *const *words, char text[LIST_BYTES]) {
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; words[i] != NULL && used < LIST_BYTES; i++)
        used +=
            (size_t)snprintf(text + used, LIST_BYTES - used, "%s%s", i > 0 ? ", " : "", words[i]);
}

/* ". Did you mean 'x'?" or nothing. */
static void suggest(const char *word, const char *const *words, char text[VALUE_BYTES]) {
    const char *close = nearest(word, words);
    text[0] = '\0';
    if (close != NULL)
        (void)snprintf(text, VALUE_BYTES, "; did you mean '%s'?", close);
}

static int unknown_knob(const struct ipc_transport *transport, const char *name,
                        struct problem *problem) {
    const char *names[MOST_KNOBS + 1] = {NULL};
    for (size_t i = 0; i < MOST_KNOBS && transport->knobs && transport->knobs[i].name; i++)
        names[i] = transport->knobs[i].name;
    if (names[0] == NULL)
        return problem_set(problem, EINVAL, "%s has no knobs, so '%s' can't be set",
                           transport->name, name);
    char list[LIST_BYTES];
    char hint[VALUE_BYTES];
    join(names, list);
    suggest(name, names, hint);
    return problem_set(problem, EINVAL, "%s has no knob '%s'; its knobs are %s%s", transport->name,
                       name, list, hint);
}

/* The readers of values: each takes the sentence's beginning, "knob 'x' of pipe:". */

static int read_number(const struct ipc_knob *knob, const char *object, const char *text,
                       uint64_t *value, struct problem *problem) {
    return units_parse_number(text, object, knob->low, knob->high, value, problem);
}

static int read_bytes(const struct ipc_knob *knob, const char *object, const char *text,
                      uint64_t *value, struct problem *problem) {
    struct problem inner = {""};
    char low[VALUE_BYTES];
    char high[VALUE_BYTES];
    units_format_bytes(knob->low, low, sizeof low);
    units_format_bytes(knob->high, high, sizeof high);
    if (units_parse_bytes(text, object, value, &inner) != 0)
        return problem_set(problem, EINVAL, "%s; it takes %s to %s", inner.text, low, high);
    if (*value < knob->low || *value > knob->high)
        return problem_set(problem, EINVAL, "%s '%s' is outside its limits: write %s to %s", object,
                           text, low, high);
    return 0;
}

static int read_flag(const struct ipc_knob *knob, const char *object, const char *text,
                     uint64_t *value, struct problem *problem) {
    (void)knob;
    if (strcmp(text, "0") != 0 && strcmp(text, "1") != 0)
        return problem_set(problem, EINVAL, "%s '%s' is neither 0 nor 1", object, text);
    *value = text[0] == '1';
    return 0;
}

static int read_choice(const struct ipc_knob *knob, const char *object, const char *text,
                       uint64_t *value, struct problem *problem) {
    for (size_t i = 0; knob->choices[i] != NULL; i++) {
        if (strcmp(knob->choices[i], text) == 0) {
            *value = i;
            return 0;
        }
    }
    char list[LIST_BYTES];
    char hint[VALUE_BYTES];
    join(knob->choices, list);
    suggest(text, knob->choices, hint);
    return problem_set(problem, EINVAL, "%s '%s' is none of %s%s", object, text, list, hint);
}

static int (*const readers[])(const struct ipc_knob *, const char *, const char *, uint64_t *,
                              struct problem *) = {
    [IPC_KNOB_NUMBER] = read_number,
    [IPC_KNOB_BYTES] = read_bytes,
    [IPC_KNOB_FLAG] = read_flag,
    [IPC_KNOB_CHOICE] = read_choice,
};

/* memcpy, since the link is the transport's own struct, of a type that is not known here. */
static void store(const struct ipc_knob *knob, struct ipc_link *link, uint64_t value) {
    memcpy((char *)link + knob->offset, &value, sizeof value);
}

static uint64_t load(const struct ipc_knob *knob, const struct ipc_link *link) {
    uint64_t value;
    memcpy(&value, (const char *)link + knob->offset, sizeof value);
    return value;
}

static int set_knob(const struct ipc_transport *transport, const struct ipc_knob *knob,
                    const char *text, struct ipc_link *link, struct problem *problem) {
    char object[OBJECT_BYTES];
    uint64_t value = 0;
    (void)snprintf(object, sizeof object, "knob '%s' of %s:", knob->name, transport->name);
    int result = readers[knob->kind](knob, object, text, &value, problem);
    if (result == 0)
        store(knob, link, value);
    return result;
}

static const struct ipc_knob *find_knob(const struct ipc_transport *transport, const char *name) {
    const struct ipc_knob *knob = transport->knobs;
    while (knob != NULL && knob->name != NULL && strcmp(knob->name, name) != 0)
        knob++;
    return knob != NULL && knob->name != NULL ? knob : NULL;
}

/* Sets one "name=value"; `seen` has a bit for each knob that the same text has set before. */
static int set_assignment(const struct ipc_transport *transport, char *assignment, uint64_t *seen,
                          struct ipc_link *link, struct problem *problem) {
    char *equals = strchr(assignment, '=');
    if (equals == NULL)
        return problem_set(problem, EINVAL,
                           "%s: '%s' sets no knob; write name=value, with commas between",
                           transport->name, assignment);
    *equals = '\0';
    const struct ipc_knob *knob = find_knob(transport, assignment);
    if (knob == NULL)
        return unknown_knob(transport, assignment, problem);
    uint64_t bit = UINT64_C(1) << ((knob - transport->knobs) % MOST_KNOBS);
    if ((*seen & bit) != 0)
        return problem_set(problem, EINVAL, "knob '%s' of %s is set twice; keep one of the two",
                           assignment, transport->name);
    *seen |= bit;
    return set_knob(transport, knob, equals + 1, link, problem);
}

static int set_all(const struct ipc_transport *transport, const char *text, struct ipc_link *link,
                   struct problem *problem) {
    char copy[1024];
    uint64_t seen = 0;
    if (text == NULL || text[0] == '\0')
        return 0;
    if (strlen(text) >= sizeof copy)
        return problem_set(problem, EINVAL, "%s: its knobs are longer than %zu bytes",
                           transport->name, sizeof copy - 1);
    (void)snprintf(copy, sizeof copy, "%s", text);
    char *rest = copy;
    for (char *assignment = strsep(&rest, ","); assignment; assignment = strsep(&rest, ",")) {
        int result = set_assignment(transport, assignment, &seen, link, problem);
        if (result != 0)
            return result;
    }
    return 0;
}

int knobs_apply(const struct ipc_transport *transport, const char *preset, const char *user,
                struct ipc_link *link, struct problem *problem) {
    for (const struct ipc_knob *knob = transport->knobs; knob && knob->name; knob++) {
        int result = set_knob(transport, knob, knob->fallback, link, problem);
        if (result != 0)
            return result;
    }
    int result = set_all(transport, preset, link, problem);
    return result != 0 ? result : set_all(transport, user, link, problem);
}

bool knobs_hold(const struct ipc_transport *transport, const char *text,
                const struct ipc_link *link) {
    struct problem none = {""};
    struct ipc_link *copy = malloc(transport->link_bytes);
    if (copy == NULL)
        return false;
    memcpy(copy, link, transport->link_bytes);
    bool hold = set_all(transport, text, copy, &none) == 0;
    for (const struct ipc_knob *knob = transport->knobs; hold && knob && knob->name; knob++)
        hold = load(knob, copy) == load(knob, link);
    free(copy);
    return hold;
}

void knobs_each(const struct ipc_transport *transport, const struct ipc_link *link,
                void (*each)(void *context, const char *name, const char *value), void *context) {
    for (const struct ipc_knob *knob = transport->knobs; knob && knob->name; knob++) {
        uint64_t value = load(knob, link);
        char text[VALUE_BYTES];
        if (knob->kind == IPC_KNOB_CHOICE) {
            each(context, knob->name, knob->choices[value]);
            continue;
        }
        if (knob->kind == IPC_KNOB_BYTES)
            units_format_bytes(value, text, sizeof text);
        else
            (void)snprintf(text, sizeof text, "%" PRIu64, value);
        each(context, knob->name, text);
    }
}
