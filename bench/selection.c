/* SPDX-License-Identifier: MIT */
/*
 * selection.c - takes the lists of `ipcbench run` apart at their commas, one entry at a time.
 */
#include "selection.h"

#include <errno.h>
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

static int add_workload(struct cursor *cursor, struct selection *selection,
                        struct problem *problem) {
    int word = cell_parse_word(cursor->entry, "workload", cell_workloads, problem);
    if (word < 0)
        return word;
    for (size_t i = 0; i < selection->workload_count; i++)
        if (strcmp(selection->workloads[i], cell_workloads[word]) == 0)
            return 0;
    return fit(cursor, cursor->entry, selection->workloads[selection->workload_count++],
               sizeof *selection->workloads, problem);
}

int selection_workloads(const char *text, struct selection *selection, struct problem *problem) {
    return each_entry(text, "-w", selection, add_workload, problem);
}

static int add_size(struct cursor *cursor, struct selection *selection, struct problem *problem) {
    uint64_t bytes;
    int result = cell_parse_size(cursor->entry, &bytes, problem);
    if (result != 0)
        return result;
    for (size_t i = 0; i < selection->size_count; i++)
        if (selection->sizes[i] == bytes)
            return 0;
    result = full(cursor->option, selection->size_count, problem);
    if (result == 0)
        selection->sizes[selection->size_count++] = bytes;
    return result;
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
