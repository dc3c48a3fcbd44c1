/* SPDX-License-Identifier: MIT */
/*
 * resolve.c - looks the selected names up.
 */
#include "run/resolve.h"

#include "plugin/knobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Would the transport take these knobs? */
static int check_knobs(const struct registry_entry *entry, const char *knobs,
                       struct problem *problem) {
    const struct ipc_transport *transport = entry->transport;
    size_t room = (transport->link_bytes + IPC_ALIGN - 1) / IPC_ALIGN * IPC_ALIGN;
    struct ipc_link *link = aligned_alloc(IPC_ALIGN, room);
    if (link == NULL)
        return problem_set(problem, ENOMEM, "no memory for a link of %s", entry->name);
    memset(link, 0, room);
    const char *preset = entry->preset != NULL ? entry->preset->knobs : NULL;
    int result = knobs_apply(transport, preset, knobs, link, problem);
    free(link);
    return result;
}

static bool listed(const struct resolve_transports *found, const char *name, const char *knobs) {
    for (size_t i = 0; i < found->count; i++)
        if (strcmp(found->list[i].name, name) == 0 && strcmp(found->list[i].knobs, knobs) == 0)
            return true;
    return false;
}

static void add(struct resolve_transports *found, const struct registry_entry *entry,
                const char *knobs, bool named) {
    const struct ipc_transport *transport = entry->transport;
    if (listed(found, entry->name, knobs))
        return;
    struct plan_transport *to = &found->list[found->count++];
    memcpy(to->name, entry->name, sizeof to->name);
    memcpy(to->knobs, knobs, strlen(knobs) + 1);
    to->named = named;
    to->entry = entry;
    to->solo = transport->solo;
    to->max_bytes = transport->max_bytes;
    for (int wait = 0; wait < IPC_WAITS; wait++)
        to->waits[wait] = transport->messages[wait] != NULL;
}

static bool usable(const struct registry_entry *entry) {
    return entry->transport != NULL && entry->why[0] == '\0';
}

/* The controls beside null answer other questions than a plain run asks. */
static bool by_default(const struct registry_entry *entry) {
    return strcmp(entry->group, "core") == 0 || strcmp(entry->name, "null") == 0;
}

/* `which`: "all", the name of a group, or NULL for those of a plain run. */
static bool is_among(const struct registry_entry *entry, const char *which) {
    if (which == NULL)
        return by_default(entry);
    return strcmp(which, "all") == 0 || strcmp(which, entry->group) == 0;
}

static void add_all(const struct registry *registry, const char *which,
                    struct resolve_transports *found) {
    for (size_t i = 0; i < registry->count; i++) {
        const struct registry_entry *entry = &registry->entries[i];
        if (usable(entry) && is_among(entry, which))
            add(found, entry, "", false);
    }
}

/* "all", or the name of a group; false when it is the name of a transport. */
static bool add_group(const char *name, const struct registry *registry,
                      struct resolve_transports *found) {
    if (strcmp(name, "all") != 0 && plugin_groups[plugin_group_rank(name)] == NULL)
        return false;
    add_all(registry, name, found);
    return true;
}

static int add_selected(const struct selection_transport *selected, const struct registry *registry,
                        struct resolve_transports *found, struct problem *problem) {
    if (selected->knobs[0] == '\0' && add_group(selected->name, registry, found))
        return 0;
    const struct registry_entry *entry = registry_find(registry, selected->name, problem);
    if (entry == NULL)
        return registry_blame(registry, selected->name, problem);
    int result = check_knobs(entry, selected->knobs, problem);
    if (result == 0)
        add(found, entry, selected->knobs, true);
    return result;
}

int resolve_transports(const struct selection *selection, const struct registry *registry,
                       struct resolve_transports *found, struct problem *problem) {
    size_t room = registry->count + selection->transport_count;
    found->count = 0;
    found->list = calloc(room + 1, sizeof *found->list);
    if (found->list == NULL)
        return problem_set(problem, ENOMEM, "no memory for %zu transports", room);
    int result = 0;
    if (selection->transport_count == 0)
        add_all(registry, NULL, found);
    for (size_t i = 0; i < selection->transport_count && result == 0; i++)
        result = add_selected(&selection->transports[i], registry, found, problem);
    if (result == 0 && found->count == 0)
        result = problem_set(problem, EINVAL,
                             "no transport can be used here; `ipcbench list` says "
                             "why");
    if (result < 0) {
        free(found->list);
        found->list = NULL;
    }
    return result;
}

int resolve_placements(const struct selection *selection, const struct topology *topology,
                       struct resolve_placements *found, struct problem *problem) {
    memset(found, 0, sizeof *found);
    if (selection->placement_count == 0)
        found->count = topology_defaults(topology, found->list, SELECTION_MAX);
    for (; found->count < selection->placement_count; found->count++) {
        const char *name = selection->placements[found->count];
        struct placement *place = &found->list[found->count];
        int result = topology_place(topology, name, place, &found->why[found->count]);
        if (result == 0)
            continue;
        if (result != -ENXIO) {
            *problem = found->why[found->count];
            return result;
        }
        *place = (struct placement){.server_cpu = -1, .client_cpu = -1};
        memcpy(place->name, name, strlen(name) + 1);
    }
    return 0;
}
