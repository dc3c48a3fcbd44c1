/* SPDX-License-Identifier: MIT */
/*
 * selection.c - takes the lists of `ipcbench run` apart at their commas, one entry at a time.
 */
#include "run/selection.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The next entry of a list: copied to `entry`, and the position moved behind its comma. */
struct cursor {
    const char *at; /* NULL: the list is over */
    const char *option;
    char entry[CELL_KEY_BYTES];
};

/* 1 with an entry, 0 at the end, -EINVAL when it is empty or too long. */
static int next_entry(struct cursor *cursor, struct problem *problem) {
    if (cursor->at == NULL)
        return 0;
    size_t length = strcspn(cursor->at, ",");
    if (length == 0)
        return problem_set(problem, EINVAL, "%s: an entry of the list is empty; remove a comma",
                           cursor->option);
    if (length >= sizeof cursor->entry)
        return problem_set(problem, EINVAL, "%s: '%.40s...' is too long", cursor->option,
                           cursor->at);
    memcpy(cursor->entry, cursor->at, length);
    cursor->entry[length] = '\0';
    cursor->at = cursor->at[length] == ',' ? cursor->at + length + 1 : NULL;
    return 1;
}

static int full(const char *option, size_t count, struct problem *problem) {
    if (count < SELECTION_MAX)
        return 0;
    return problem_set(problem, EINVAL, "%s: more than %d entries; split them over several runs",
                       option, SELECTION_MAX);
}

/* Calls `add` with each entry of the list. */
static int each_entry(const char *text, const char *option, struct selection *selection,
                      int (*add)(struct cursor *, struct selection *, struct problem *),
                      struct problem *problem) {
    struct cursor cursor = {.at = text, .option = option};
    int result;
    while ((result = next_entry(&cursor, problem)) > 0)
        if ((result = add(&cursor, selection, problem)) < 0)
            break;
    return result;
}

/* Puts one text into a field of fixed size. */
static int fit(const struct cursor *cursor, const char *text, char *field, size_t room,
               struct problem *problem) {
    size_t length = strlen(text);
    if (length >= room)
        return problem_set(problem, EINVAL, "%s: '%s' is longer than %zu characters",
                           cursor->option, text, room - 1);
    memcpy(field, text, length + 1);
    return 0;
}

/* "bufsize=1M", the entry behind a transport's own comma. */
static int add_knob(const struct cursor *cursor, struct selection *selection,
                    struct problem *problem) {
    struct selection_transport *last = selection->transports + selection->transport_count;
    if (selection->transport_count == 0 || (--last)->knobs[0] == '\0')
        return problem_set(problem, EINVAL, "%s: '%s' is a knob without a transport; write NAME:%s",
                           cursor->option, cursor->entry, cursor->entry);
    size_t used = strlen(last->knobs);
    last->knobs[used++] = ',';
    return fit(cursor, cursor->entry, last->knobs + used, sizeof last->knobs - used, problem);
}

static int add_transport(struct cursor *cursor, struct selection *selection,
                         struct problem *problem) {
    size_t name_length = strcspn(cursor->entry, ":=");
    if (cursor->entry[name_length] == '=')
        return add_knob(cursor, selection, problem);
    struct selection_transport next = {.name = "", .knobs = ""};
    const char *knobs = cursor->entry[name_length] == ':' ? cursor->entry + name_length + 1 : NULL;
    if (name_length == 0 || (knobs != NULL && strchr(knobs, '=') == NULL))
        return problem_set(problem, EINVAL, "%s: '%s' is neither NAME nor NAME:KNOB=VALUE",
                           cursor->option, cursor->entry);
    cursor->entry[name_length] = '\0';
    int result = fit(cursor, cursor->entry, next.name, sizeof next.name, problem);
    if (result == 0 && knobs != NULL)
        result = fit(cursor, knobs, next.knobs, sizeof next.knobs, problem);
    if (result == 0)
        result = full(cursor->option, selection->transport_count, problem);
    if (result == 0)
        selection->transports[selection->transport_count++] = next;
    return result;
}

/* Only when all knobs of an entry are known can it be told whether it stands there already. */
static void drop_doubled_transports(struct selection *selection) {
    size_t kept = 0;
    for (size_t i = 0; i < selection->transport_count; i++) {
        size_t other = 0;
        while (other < kept && memcmp(&selection->transports[other], &selection->transports[i],
                                      sizeof *selection->transports) != 0)
            other++;
        if (other == kept)
            selection->transports[kept++] = selection->transports[i];
    }
    selection->transport_count = kept;
}

int selection_transports(const char *text, struct selection *selection, struct problem *problem) {
    int result = each_entry(text, "-t", selection, add_transport, problem);
    drop_doubled_transports(selection);
    return result;
}

/* "arrivals=poisson", the entry behind a workload's own comma. */
static int add_setting(const struct cursor *cursor, struct selection *selection,
                       struct problem *problem) {
    if (selection->workload_count == 0)
        return problem_set(problem, EINVAL,
                           "%s: '%s' is a setting without a workload; write NAME:%s",
                           cursor->option, cursor->entry, cursor->entry);
    char *last = selection->workloads[selection->workload_count - 1];
    size_t used = strlen(last);
    if (used + 1 + strlen(cursor->entry) >= WORKLOAD_SPEC_BYTES)
        return problem_set(problem, EINVAL, "%s: '%s,%s' is longer than %d characters",
                           cursor->option, last, cursor->entry, WORKLOAD_SPEC_BYTES - 1);
    last[used] = ',';
    memcpy(last + used + 1, cursor->entry, strlen(cursor->entry) + 1);
    return 0;
}

static int add_workload(struct cursor *cursor, struct selection *selection,
                        struct problem *problem) {
    if (cursor->entry[strcspn(cursor->entry, ":=")] == '=')
        return add_setting(cursor, selection, problem);
    int result = full(cursor->option, selection->workload_count, problem);
    if (result != 0)
        return result;
    return fit(cursor, cursor->entry, selection->workloads[selection->workload_count++],
               sizeof *selection->workloads, problem);
}

/* Puts one workload, written the canonical way, behind those that are kept, unless it is there. */
static int keep_workload(const char *text, struct selection *kept, struct problem *problem) {
    struct workload_spec spec;
    char canonical[WORKLOAD_SPEC_BYTES];
    int result = workload_spec_parse(text, &spec, problem);
    if (result != 0)
        return result;
    workload_spec_format(&spec, canonical);
    for (size_t i = 0; i < kept->workload_count; i++)
        if (strcmp(kept->workloads[i], canonical) == 0)
            return 0;
    result = full("-w", kept->workload_count, problem);
    if (result == 0)
        memcpy(kept->workloads[kept->workload_count++], canonical, sizeof canonical);
    return result;
}

/* "rate:hz=1..1000,arrivals=poisson" as one workload for each rate of the range. */
static int keep_range(const char *text, const char *range, struct selection *kept,
                      struct problem *problem) {
    const char *high_text = range + strspn(range, "0123456789") + 2;
    uint64_t low = strtoull(range, NULL, 10), high = strtoull(high_text, NULL, 10);
    const char *rest = high_text + strspn(high_text, "0123456789");
    if (low == 0 || high < low || high > WORKLOAD_MOST_HZ || (*rest != ',' && *rest != '\0'))
        return problem_set(
            problem, EINVAL,
            "-w: '%s' holds no range of rates; write hz=LOW..HIGH with whole numbers "
            "from 1 to %d, the smaller one first",
            text, (int)WORKLOAD_MOST_HZ);
    int result = 0;
    for (uint64_t decade = low, hz = low; hz <= high && result == 0;) {
        char one[WORKLOAD_SPEC_BYTES + 24];
        (void)snprintf(one, sizeof one, "%.*s%" PRIu64 "%s", (int)(range - text), text, hz, rest);
        result = keep_workload(one, kept, problem);
        bool whole = hz == decade;
        hz = whole ? 3 * decade : 10 * decade;
        decade = whole ? decade : hz;
    }
    return result;
}

/* Only when all settings of an entry are known can it be read. */
static int keep_workloads(struct selection *selection, struct problem *problem) {
    struct selection kept = {.workload_count = 0};
    int result = 0;
    for (size_t i = 0; i < selection->workload_count && result == 0; i++) {
        const char *text = selection->workloads[i];
        const char *range = strstr(text, "hz=");
        bool is_range = range && strncmp(range + 3 + strspn(range + 3, "0123456789"), "..", 2) == 0;
        result = is_range ? keep_range(text, range + 3, &kept, problem)
                          : keep_workload(text, &kept, problem);
    }
    memcpy(selection->workloads, kept.workloads, sizeof kept.workloads);
    selection->workload_count = kept.workload_count;
    return result;
}

int selection_workloads(const char *text, struct selection *selection, struct problem *problem) {
    int result = each_entry(text, "-w", selection, add_workload, problem);
    return result == 0 ? keep_workloads(selection, problem) : result;
}

static int keep_size(uint64_t bytes, struct selection *selection, struct problem *problem) {
    for (size_t i = 0; i < selection->size_count; i++)
        if (selection->sizes[i] == bytes)
            return 0;
    int result = full("-s", selection->size_count, problem);
    if (result == 0)
        selection->sizes[selection->size_count++] = bytes;
    return result;
}

/* The ladder from `low` to the size that is written behind the dots. */
static int add_ladder(char *low_text, char *dots, struct selection *selection,
                      struct problem *problem) {
    uint64_t low = 0, high = 0;
    *dots = '\0';
    int result = cell_parse_size(low_text, &low, problem);
    if (result == 0)
        result = cell_parse_size(dots + 2, &high, problem);
    if (result == 0 && high < low)
        result = problem_set(problem, EINVAL, "-s: '%s..%s': write the smaller size first",
                             low_text, dots + 2);
    for (uint64_t power = 1; result == 0 && power <= high; power *= 2) {
        const uint64_t rungs[] = {power > 3 ? power - 3 : power, power, power + 3};
        for (size_t i = 0; i < 3 && result == 0; i++)
            if (rungs[i] >= low && rungs[i] <= high)
                result = keep_size(rungs[i], selection, problem);
    }
    return result;
}

static int add_size(struct cursor *cursor, struct selection *selection, struct problem *problem) {
    uint64_t bytes;
    char *dots = strstr(cursor->entry, "..");
    if (dots != NULL)
        return add_ladder(cursor->entry, dots, selection, problem);
    int result = cell_parse_size(cursor->entry, &bytes, problem);
    return result == 0 ? keep_size(bytes, selection, problem) : result;
}

int selection_sizes(const char *text, struct selection *selection, struct problem *problem) {
    return each_entry(text, "-s", selection, add_size, problem);
}

static int add_wait(struct cursor *cursor, struct selection *selection, struct problem *problem) {
    int word = cell_parse_word(cursor->entry, "wait", cell_waits, problem);
    if (word < 0)
        return word;
    for (size_t i = 0; i < selection->wait_count; i++)
        if (selection->waits[i] == (enum ipc_wait)word)
            return 0;
    selection->waits[selection->wait_count++] = (enum ipc_wait)word;
    return 0;
}

int selection_waits(const char *text, struct selection *selection, struct problem *problem) {
    return each_entry(text, "-W", selection, add_wait, problem);
}

static int is_number(const char *text) {
    return text[strspn(text, "0123456789")] == '\0';
}

/* Makes "0" and the entry behind it, "3", one: "0,3". */
static int join_pair(struct cursor *cursor, struct problem *problem) {
    struct cursor second = *cursor;
    int result = next_entry(&second, problem);
    if (result < 0)
        return result;
    if (result == 0 || !is_number(second.entry))
        return problem_set(problem, EINVAL,
                           "-p: CPU %s stands alone; write two, the server's and the client's, "
                           "for example 0,1",
                           cursor->entry);
    size_t used = strlen(cursor->entry);
    if (used + 1 + strlen(second.entry) >= sizeof cursor->entry)
        return problem_set(problem, EINVAL, "-p: the CPU numbers are too long");
    cursor->entry[used] = ',';
    memcpy(cursor->entry + used + 1, second.entry, strlen(second.entry) + 1);
    cursor->at = second.at;
    return 0;
}

static int add_placement(struct cursor *cursor, struct selection *selection,
                         struct problem *problem) {
    int result = is_number(cursor->entry) ? join_pair(cursor, problem) : 0;
    if (result == 0)
        result = cell_check_placement(cursor->entry, problem);
    if (result == 0)
        result = full(cursor->option, selection->placement_count, problem);
    if (result != 0)
        return result;
    for (size_t i = 0; i < selection->placement_count; i++)
        if (strcmp(selection->placements[i], cursor->entry) == 0)
            return 0;
    result = fit(cursor, cursor->entry, selection->placements[selection->placement_count],
                 sizeof *selection->placements, problem);
    if (result == 0)
        selection->placement_count++;
    return result;
}

int selection_placements(const char *text, struct selection *selection, struct problem *problem) {
    return each_entry(text, "-p", selection, add_placement, problem);
}

int selection_list(int option, const char *text, struct selection *selection,
                   struct problem *problem) {
    switch (option) {
    case 't':
        return selection_transports(text, selection, problem);
    case 'w':
        return selection_workloads(text, selection, problem);
    case 's':
        return selection_sizes(text, selection, problem);
    case 'W':
        return selection_waits(text, selection, problem);
    default:
        return selection_placements(text, selection, problem);
    }
}
