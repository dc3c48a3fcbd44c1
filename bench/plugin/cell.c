/* SPDX-License-Identifier: MIT */
/*
 * cell.c - reads and writes a cell's key.
 */
#include "plugin/cell.h"

#include "base/nearest.h"
#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define KEY_FORM                                                            \
    "write TRANSPORT[:KNOB=VALUE,...]/WORKLOAD/WAIT/PLACEMENT/SIZE, as in " \
    "pipe/pingpong/block/cross-core/64B"

enum part { TRANSPORT, WORKLOAD, WAIT, PLACEMENT, SIZE, PARTS };

const char *const cell_waits[] = {
    [IPC_BLOCK] = "block", [IPC_SPIN] = "spin", [IPC_PARK] = "park", [IPC_WAITS] = NULL};

const char *const cell_workloads[] = {[WORKLOAD_PINGPONG] = "pingpong",
                                      [WORKLOAD_RATE] = "rate",
                                      [WORKLOAD_TWICE] = "write-write-read",
                                      [WORKLOAD_STREAM] = "stream",
                                      [WORKLOAD_SERVE] = "serve",
                                      [WORKLOAD_CONNECT] = "connect",
                                      [WORKLOAD_KINDS] = NULL};

const char *const cell_placements[] = {"same-core",  "smt",        "same-l3",
                                       "cross-l3",   "cross-numa", "cross-socket",
                                       "cross-core", "unpinned",   NULL};

/* Writes the words with commas between them. */
static void join(const char *const *words, char *text, size_t room) {
    size_t used = 0;
    text[0] = '\0';
    for (const char *const *word = words; *word != NULL && used < room; word++)
        used +=
            (size_t)snprintf(text + used, room - used, "%s%s", word == words ? "" : ", ", *word);
}

/* The refusal of an unknown word; `also` names what else would do. */
static int refuse_word(const char *word, const char *what, const char *const *words,
                       const char *also, struct problem *problem) {
    char list[256];
    join(words, list, sizeof list);
    const char *near = nearest(word, words);
    return problem_set(problem, EINVAL, "%s '%.40s' is unknown: it is one of %s%s%s%s%s", what,
                       word, list, also, near ? "; did you mean '" : "", near ? near : "",
                       near ? "'?" : "");
}

static int find_word(const char *word, const char *const *words) {
    for (int i = 0; words[i] != NULL; i++)
        if (strcmp(word, words[i]) == 0)
            return i;
    return -EINVAL;
}

int cell_parse_word(const char *word, const char *what, const char *const *words,
                    struct problem *problem) {
    int index = find_word(word, words);
    return index >= 0 ? index : refuse_word(word, what, words, "", problem);
}

/* The length of a CPU's number at the start of the text: 1 to 5 digits and no leading zero, so that
 * each pair of CPUs has one key; 0 when there is none. */
static size_t cpu_length(const char *text) {
    size_t digits = strspn(text, "0123456789");
    return digits > 5 || (digits > 1 && *text == '0') ? 0 : digits;
}

static bool is_cpu_pair(const char *text) {
    size_t first = cpu_length(text);
    if (first == 0 || text[first] != ',')
        return false;
    const char *second = text + first + 1;
    return cpu_length(second) > 0 && second[cpu_length(second)] == '\0';
}

int cell_check_placement(const char *placement, struct problem *problem) {
    if (is_cpu_pair(placement) || find_word(placement, cell_placements) >= 0)
        return 0;
    return refuse_word(placement, "placement", cell_placements,
                       ", or the numbers of two CPUs, as in 0,3", problem);
}

int cell_parse_size(const char *text, uint64_t *bytes, struct problem *problem) {
    uint64_t size = 0;
    int result = units_parse_bytes(text, "size", &size, problem);
    if (result < 0)
        return result;
    if (size == 0)
        return problem_set(problem, EINVAL,
                           "size '%.40s' is no message: the smallest is 1B, the "
                           "largest 1MiB",
                           text);
    if (size > CELL_MAX_SIZE)
        return problem_set(problem, EINVAL,
                           "size '%.40s' is too large: the largest message is "
                           "1MiB, the smallest 1B",
                           text);
    *bytes = size;
    return 0;
}

/* The name of a transport or a preset: what a file in transports/ may be called. */
static int parse_name(const char *name, struct cell *cell, struct problem *problem) {
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (length == 0 || name[length] != '\0')
        return problem_set(problem, EINVAL,
                           "transport '%.40s' can't be a name: names hold a-z, 0-9 "
                           "and '-'; `ipcbench list` shows those that there are",
                           name);
    if (length >= sizeof cell->transport)
        return problem_set(problem, EINVAL,
                           "transport '%.40s...' is too long: a name has at most "
                           "%zu characters",
                           name, sizeof cell->transport - 1);
    memcpy(cell->transport, name, length + 1);
    return 0;
}

/* Whether the transport has such knobs is not known here. */
static int parse_knobs(const char *knobs, struct cell *cell, struct problem *problem) {
    size_t length = strlen(knobs);
    if (length == 0)
        return problem_set(problem, EINVAL,
                           "transport '%s:' has no knobs after the colon: write "
                           "KNOB=VALUE,... there, or leave the colon out",
                           cell->transport);
    if (length >= sizeof cell->knobs)
        return problem_set(problem, EINVAL,
                           "knobs '%.40s...' are too long: together they have at "
                           "most %zu characters",
                           knobs, sizeof cell->knobs - 1);
    for (const char *c = knobs; *c != '\0'; c++)
        if (!isgraph((unsigned char)*c))
            return problem_set(problem, EINVAL,
                               "knobs of '%s' hold a blank or an unprintable "
                               "character: write KNOB=VALUE,... with neither",
                               cell->transport);
    memcpy(cell->knobs, knobs, length + 1);
    return 0;
}

static int parse_transport(char *part, struct cell *cell, struct problem *problem) {
    char *colon = strchr(part, ':');
    if (colon != NULL)
        *colon = '\0';
    int result = parse_name(part, cell, problem);
    return result < 0 || colon == NULL ? result : parse_knobs(colon + 1, cell, problem);
}

static int parse_workload(const char *part, struct cell *cell, struct problem *problem) {
    struct workload_spec spec = {0};
    int result = workload_spec_parse(part, &spec, problem);
    if (result == 0)
        workload_spec_format(&spec, cell->workload);
    return result;
}

static int parse_wait(const char *part, struct cell *cell, struct problem *problem) {
    int index = cell_parse_word(part, "wait", cell_waits, problem);
    if (index >= 0)
        cell->wait = (enum ipc_wait)index;
    return index < 0 ? index : 0;
}

static int parse_placement(const char *part, struct cell *cell, struct problem *problem) {
    int result = cell_check_placement(part, problem);
    if (result == 0)
        (void)snprintf(cell->placement, sizeof cell->placement, "%s", part);
    return result;
}

/* Cuts the text at each '/' and returns the number of parts, of which PARTS at most are kept. */
static size_t split(char *text, char *parts[PARTS]) {
    size_t count = 0;
    for (char *part = strsep(&text, "/"); part != NULL; part = strsep(&text, "/")) {
        if (count < PARTS)
            parts[count] = part;
        count++;
    }
    return count;
}

static int parse_parts(char *parts[PARTS], struct cell *cell, struct problem *problem) {
    int result = parse_transport(parts[TRANSPORT], cell, problem);
    if (result == 0)
        result = parse_workload(parts[WORKLOAD], cell, problem);
    if (result == 0)
        result = parse_wait(parts[WAIT], cell, problem);
    if (result == 0)
        result = parse_placement(parts[PLACEMENT], cell, problem);
    if (result == 0)
        result = cell_parse_size(parts[SIZE], &cell->size_bytes, problem);
    return result;
}

int cell_parse(const char *key, struct cell *cell, struct problem *problem) {
    char text[CELL_KEY_BYTES];
    char *parts[PARTS];
    struct cell parsed = {0};
    if (strlen(key) >= sizeof text)
        return problem_set(problem, EINVAL,
                           "key '%.40s...' is too long: it has at most %zu "
                           "characters; " KEY_FORM,
                           key, sizeof text - 1);
    memcpy(text, key, strlen(key) + 1);
    size_t count = split(text, parts);
    if (count != PARTS)
        return problem_set(problem, EINVAL,
                           "key '%.100s' has %zu part%s between slashes where 5 "
                           "belong: " KEY_FORM,
                           key, count, count == 1 ? "" : "s");
    int result = parse_parts(parts, &parsed, problem);
    if (result == 0)
        *cell = parsed;
    return result;
}

void cell_format(const struct cell *cell, char key[CELL_KEY_BYTES]) {
    char size[24];
    units_format_bytes(cell->size_bytes, size, sizeof size);
    (void)snprintf(key, CELL_KEY_BYTES, "%s%s%s/%s/%s/%s/%s", cell->transport,
                   cell->knobs[0] != '\0' ? ":" : "", cell->knobs, cell->workload,
                   cell_waits[cell->wait], cell->placement, size);
}
