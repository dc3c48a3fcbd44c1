/* SPDX-License-Identifier: MIT */
/*
 * duet_suite.c - which cells a duet compares, and which canaries watch over them.
 */
#include "base/analyzer.h"
#include "duet/duet_limits.h"
#include "duet/duet_session.h"
#include "run/plan.h"
#include "run/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CANARIES = 3 };

/* What is looked at to make the suite. */
struct sight {
    struct duet_session *session;
    struct registry registries[DUET_SIDES];
    struct topology *topology;
    struct selection selection;
    struct resolve_transports transports;
    struct resolve_placements placements;
    struct plan plan;
};

/* Is it among what a person named as this side? */
static bool is_meant(const struct duet_source *source, const struct registry_entry *entry) {
    return source->only[0] == '\0' ||
           (entry->transport != NULL && strcmp(entry->transport->name, source->only) == 0);
}

static const struct registry_entry *entry_of(const struct sight *sight, unsigned side,
                                             const char *name) {
    const struct registry *registry = &sight->registries[side];
    for (size_t i = 0; i < registry->count; i++)
        if (strcmp(registry->entries[i].name, name) == 0)
            return &registry->entries[i];
    return NULL;
}

/* Without -t: the names of the one plug-in that was given, else those of the group core. */
static int choose_names(struct sight *sight) {
    const struct duet_source *head = &sight->session->options.sources[DUET_HEAD];
    const struct duet_source *base = &sight->session->options.sources[DUET_BASE];
    const struct duet_source *source = head->only[0] != '\0' ? head : base;
    int error = 0;
    sight->selection = sight->session->options.selection;
    if (sight->selection.transport_count > 0)
        return 0;
    if (source->only[0] == '\0')
        return selection_transports("core", &sight->selection, sight->session->problem);
    const struct registry *registry = &sight->registries[DUET_HEAD];
    for (size_t i = 0; i < registry->count && error == 0; i++)
        if (is_meant(source, &registry->entries[i]))
            error = selection_transports(registry->entries[i].name, &sight->selection,
                                         sight->session->problem);
    if (error == 0 && sight->selection.transport_count == 0)
        error = problem_set(sight->session->problem, EINVAL,
                            "HEAD has no transport of %s.so that can be used here", source->only);
    return error;
}

static int make_plan(struct sight *sight) {
    static const char workloads[][WORKLOAD_SPEC_BYTES] = {"pingpong"};
    static const enum ipc_wait waits[] = {IPC_BLOCK, IPC_SPIN, IPC_PARK};
    const struct selection *chosen = &sight->selection;
    const struct plan_input input = {
        .transports = sight->transports.list,
        .transport_count = sight->transports.count,
        .workloads = workloads,
        .workload_count = 1,
        .waits = chosen->wait_count > 0 ? chosen->waits : waits,
        .wait_count = chosen->wait_count > 0 ? chosen->wait_count : IPC_WAITS,
        .waits_named = chosen->wait_count > 0,
        .placements = sight->placements.list,
        .placement_count = sight->placements.count,
        .placements_named = chosen->placement_count > 0,
        .sizes = chosen->sizes,
        .size_count = chosen->size_count,
    };
    return plan_make(&input, &sight->plan, sight->session->problem);
}

/* ---- cells out of a file ---- */

static int add_key(struct sight *sight, const char *key) {
    struct plan_cell *cells =
        realloc(sight->plan.cells, (sight->plan.cell_count + 1) * sizeof *cells);
    if (cells == NULL)
        return problem_set(sight->session->problem, ENOMEM, "no memory for the cells");
    sight->plan.cells = cells;
    struct plan_cell *cell = &cells[sight->plan.cell_count++];
    *cell = (struct plan_cell){.possible = true};
    int error = cell_parse(key, &cell->cell, sight->session->problem);
    if (!error)
        cell_format(&cell->cell, cell->key);
    if (!error && strcmp(cell->cell.workload, "pingpong") != 0)
        error = problem_set(sight->session->problem, EINVAL,
                            "%s: two builds can only take turns in a pingpong", key);
    return error;
}

static int read_keys(struct sight *sight, FILE *file) {
    char line[CELL_KEY_BYTES + 2];
    int error = 0;
    while (error == 0 && fgets(line, sizeof line, file) != NULL) {
        char *key = line + strspn(line, " \t");
        key[strcspn(key, " \t\r\n#")] = '\0';
        if (key[0] != '\0')
            error = add_key(sight, key);
    }
    return error;
}

static int plan_from_file(struct sight *sight, const char *path) {
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return problem_set(sight->session->problem, EINVAL, "--cells: %.300s: %s", path,
                           strerror(errno));
    int error = read_keys(sight, file);
    (void)fclose(file);
    if (error == 0 && sight->plan.cell_count == 0)
        error = problem_set(sight->session->problem, EINVAL, "--cells: there is no key in %.300s",
                            path);
    return error;
}

static int look(struct sight *sight) {
    struct duet_session *session = sight->session;
    struct problem *problem = session->problem;
    int error = 0;
    for (int side = 0; side < DUET_SIDES && error == 0; side++)
        error =
            registry_open(session->options.sources[side].folder, &sight->registries[side], problem);
    if (!error && session->options.cells != NULL)
        return plan_from_file(sight, session->options.cells);
    if (!error)
        error = choose_names(sight);
    if (!error)
        error = resolve_transports(&sight->selection, &sight->registries[DUET_HEAD],
                                   &sight->transports, problem);
    if (!error)
        error = topology_load(NULL, &sight->topology, problem);
    if (!error)
        error = resolve_placements(&sight->selection, sight->topology, &sight->placements, problem);
    return error ? error : make_plan(sight);
}

/* Why the base can't stand against it; false: it can. */
static bool lacks_base(const struct sight *sight, const struct duet_cell *cell, char *why,
                       size_t room) {
    const struct registry_entry *entry = entry_of(sight, DUET_BASE, cell->cell.transport);
    if (entry == NULL || !is_meant(&sight->session->options.sources[DUET_BASE], entry))
        (void)snprintf(why, room, "new: the base has no %s", cell->cell.transport);
    else if (entry->transport == NULL || entry->why[0] != '\0')
        (void)snprintf(why, room, "the base's can't be used: %.150s", entry->why);
    else if (entry->transport->messages[cell->cell.wait] == NULL)
        (void)snprintf(why, room, "new: the base's can't %s", cell_waits[cell->cell.wait]);
    else
        return false;
    return true;
}

/* Likewise the head; only a cell out of a file can come that far. */
static bool lacks_head(const struct sight *sight, const struct duet_cell *cell, char *why,
                       size_t room) {
    const struct registry_entry *entry = entry_of(sight, DUET_HEAD, cell->cell.transport);
    if (entry == NULL)
        (void)snprintf(why, room, "the head has no %s", cell->cell.transport);
    else if (entry->transport == NULL || entry->why[0] != '\0')
        (void)snprintf(why, room, "the head's can't be used: %.150s", entry->why);
    else
        return false;
    return true;
}

/* What no duet can hold is no part of the suite. */
static bool can_play(const struct sight *sight, const struct plan_cell *cell) {
    const struct registry_entry *entry = entry_of(sight, DUET_HEAD, cell->cell.transport);
    if (sight->session->options.cells != NULL) /* what was named is there, if only to say why not */
        return true;
    return cell->possible && entry != NULL && entry->guest_path == NULL &&
           entry->transport != NULL && !entry->transport->apart;
}

static bool has_canary(const struct duet_suite *suite, const struct duet_cell *cell) {
    for (size_t i = 0; i < suite->count; i++)
        if (suite->cells[i].canary && suite->cells[i].cell.wait == cell->cell.wait &&
            strcmp(suite->cells[i].cell.placement, cell->cell.placement) == 0)
            return true;
    return false;
}

/* The first cell of each way to wait at each placement. */
static void add_canaries(struct duet_suite *suite) {
    size_t cells = suite->count, canaries = 0;
    for (size_t i = 0; i < cells && canaries < MOST_CANARIES; i++) {
        if (suite->cells[i].why[0] != '\0' || has_canary(suite, &suite->cells[i]))
            continue;
        suite->cells[suite->count] = suite->cells[i];
        suite->cells[suite->count++].canary = true;
        canaries++;
    }
}

/* New cells are shown and don't count: there is nothing to hold them against. What the head lost is
 * no longer there to be selected; the base's names tell. */
static void add_cells(const struct sight *sight, struct duet_suite *suite) {
    for (size_t i = 0; i < sight->plan.cell_count; i++) {
        struct duet_cell *cell = &suite->cells[suite->count];
        if (!can_play(sight, &sight->plan.cells[i]))
            continue;
        cell->cell = sight->plan.cells[i].cell;
        memcpy(cell->key, sight->plan.cells[i].key, sizeof cell->key);
        if (!lacks_head(sight, cell, cell->why, sizeof cell->why) &&
            !lacks_base(sight, cell, cell->why, sizeof cell->why))
            cell->why[0] = '\0';
        suite->count++;
    }
}

/* A name that the base has, of what was selected, and the head hasn't. */
static void add_lost(const struct sight *sight, struct duet_suite *suite) {
    const struct registry *base = &sight->registries[DUET_BASE];
    const struct duet_options *o = &sight->session->options;
    bool all = o->selection.transport_count == 0 && o->cells == NULL;
    for (size_t i = 0; i < base->count && all; i++) {
        const struct registry_entry *entry = &base->entries[i];
        const struct registry_entry *now = entry_of(sight, DUET_HEAD, entry->name);
        if (strcmp(entry->group, "core") != 0 || entry->transport == NULL ||
            (now != NULL && now->why[0] == '\0') ||
            !is_meant(&sight->session->options.sources[DUET_BASE], entry))
            continue;
        struct duet_cell *cell = &suite->cells[suite->count++];
        (void)snprintf(cell->key, sizeof cell->key, "%s", entry->name);
        (void)snprintf(cell->cell.transport, sizeof cell->cell.transport, "%s", entry->name);
        (void)snprintf(cell->why, sizeof cell->why, "the head has none%s%.150s",
                       now != NULL ? ": " : "", now != NULL ? now->why : "");
    }
}

ANALYZER_NO_LEAK("duet_session_free frees the cells");
static int make_suite(const struct sight *sight) {
    struct duet_session *session = sight->session;
    struct duet_suite *suite = &session->suite;
    size_t room = sight->plan.cell_count + sight->registries[DUET_BASE].count + MOST_CANARIES;
    suite->cells = calloc(room, sizeof *suite->cells);
    if (suite->cells == NULL)
        return problem_set(session->problem, ENOMEM, "no memory for %zu cells", room);
    add_cells(sight, suite);
    add_lost(sight, suite);
    if (suite->count == 0)
        return problem_set(session->problem, EINVAL,
                           "there is no cell that two builds can play by turns here; "
                           "`ipcbench list` says what each transport can");
    add_canaries(suite);
    int error = duet_limits_apply(session->options.limits, suite, session->problem);
    for (size_t i = 0; i < suite->count; i++) /* what is new can't be judged, and needn't be */
        if (strncmp(suite->cells[i].why, "new", 3) == 0)
            suite->cells[i].limits.gated = false;
    return error;
}
ANALYZER_END;

int duet_suite_make(struct duet_session *session) {
    struct sight *sight = calloc(1, sizeof *sight);
    if (sight == NULL)
        return problem_set(session->problem, ENOMEM, "no memory to start");
    sight->session = session;
    int error = look(sight);
    if (!error)
        error = make_suite(sight);
    plan_free(&sight->plan);
    free(sight->transports.list);
    topology_free(sight->topology);
    for (int side = 0; side < DUET_SIDES; side++)
        registry_close(&sight->registries[side]);
    free(sight);
    return error;
}
