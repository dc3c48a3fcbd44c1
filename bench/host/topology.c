/* SPDX-License-Identifier: MIT */
/*
 * topology.c - relates CPUs to each other and chooses those that stand for a placement. No system
 * calls.
 */
#include "host/topology_map.h"

#include "base/nearest.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const topology_classes[] = {"same-core",  "smt",          "same-l3", "cross-l3",
                                        "cross-numa", "cross-socket", NULL};
const char *const topology_names[] = {"same-core",    "smt",      "cross-core",
                                      "same-l3",      "cross-l3", "cross-numa",
                                      "cross-socket", "unpinned", NULL};

/* Why a class may have no pair. */
static const char *const reasons[TOPOLOGY_CLASSES] = {
    [TOPOLOGY_SAME_CORE] = "there is no usable CPU",
    [TOPOLOGY_SMT] = "no core here has two usable CPUs (SMT is off or absent)",
    [TOPOLOGY_SAME_L3] = "no two usable cores here share an L3 cache",
    [TOPOLOGY_CROSS_L3] = "no NUMA node here has usable cores of two L3 caches",
    [TOPOLOGY_CROSS_NUMA] = "no package here has usable cores on two NUMA nodes",
    [TOPOLOGY_CROSS_SOCKET] = "the usable CPUs here are all in one package",
};

/* A host that doesn't tell of cores has one CPU in each. */
static bool share_core(const struct topology_cpu *a, const struct topology_cpu *b) {
    return a->cpu == b->cpu || (a->core >= 0 && a->core == b->core);
}

static enum topology_class relate(const struct topology_cpu *a, const struct topology_cpu *b) {
    if (share_core(a, b))
        return a->cpu == b->cpu ? TOPOLOGY_SAME_CORE : TOPOLOGY_SMT;
    if (a->package != b->package)
        return TOPOLOGY_CROSS_SOCKET;
    if (a->numa != b->numa)
        return TOPOLOGY_CROSS_NUMA;
    return a->l3 != b->l3 ? TOPOLOGY_CROSS_L3 : TOPOLOGY_SAME_L3;
}

static bool avoids_zero(const struct topology *topology, const struct topology_cpu *cpu) {
    return cpu->cpu != 0 && (cpu->core < 0 || cpu->core != topology->zero_core);
}

/* How well a pair stands for its class; the header gives the order of importance. */
static int quality(const struct topology *topology, const struct topology_cpu *a,
                   const struct topology_cpu *b) {
    int same_kind = a->kind == b->kind ? 4 + 2 * (a->kind + 1) : 0;
    return same_kind + (avoids_zero(topology, a) && avoids_zero(topology, b) ? 1 : 0);
}

/* Looks at pairs in the order of their numbers, so that the first of equal quality stays. */
static void choose_pairs(struct topology *topology) {
    int best[TOPOLOGY_CLASSES] = {0};
    for (int i = 0; i < topology->count; i++) {
        for (int j = i + 1; j < topology->count; j++) {
            const struct topology_cpu *a = &topology->cpus[i];
            const struct topology_cpu *b = &topology->cpus[j];
            enum topology_class relation = relate(a, b);
            struct topology_pair *pair = &topology->pairs[relation];
            int here = quality(topology, a, b);
            if (pair->exists && here <= best[relation])
                continue;
            *pair = (struct topology_pair){true, a->cpu, b->cpu};
            best[relation] = here;
        }
    }
}

/* The nearest class on two cores that has a pair; TOPOLOGY_CLASSES when there is one core. */
static enum topology_class cross_core(const struct topology *topology) {
    enum topology_class relation = TOPOLOGY_SAME_L3;
    while (relation < TOPOLOGY_CLASSES && !topology->pairs[relation].exists)
        relation++;
    return relation;
}

void topology_choose(struct topology *topology) {
    choose_pairs(topology);
    enum topology_class cross = cross_core(topology);
    int cpu = cross < TOPOLOGY_CLASSES ? topology->pairs[cross].client_cpu
                                       : topology->cpus[topology->count - 1].cpu;
    topology->pairs[TOPOLOGY_SAME_CORE] = (struct topology_pair){true, cpu, cpu};
}

static const struct topology_cpu *find_cpu(const struct topology *topology, long cpu) {
    for (int i = 0; i < topology->count; i++)
        if (topology->cpus[i].cpu == cpu)
            return &topology->cpus[i];
    return NULL;
}

const char *topology_relation(const struct topology *topology, int a, int b) {
    const struct topology_cpu *first = find_cpu(topology, a);
    const struct topology_cpu *second = find_cpu(topology, b);
    return first && second ? topology_classes[relate(first, second)] : NULL;
}

int topology_cpus(const struct topology *topology) {
    return topology->count;
}

const struct topology_cpu *topology_cpu(const struct topology *topology, int index) {
    return &topology->cpus[index];
}

void topology_cpu_list(const struct topology *topology, char *text, size_t room) {
    size_t used = 0;
    text[0] = '\0';
    for (int first = 0, last; first < topology->count && used < room; first = last + 1) {
        const struct topology_cpu *cpus = topology->cpus;
        for (last = first; last + 1 < topology->count && cpus[last + 1].cpu == cpus[last].cpu + 1;)
            last++;
        used += (size_t)snprintf(text + used, room - used, first == last ? "%s%d" : "%s%d-%d",
                                 first > 0 ? "," : "", cpus[first].cpu, cpus[last].cpu);
    }
}

static int place_class(const struct topology *topology, enum topology_class relation,
                       struct placement *placement, struct problem *problem) {
    const struct topology_pair *pair = &topology->pairs[relation];
    if (!pair->exists)
        return problem_set(problem, ENXIO,
                           "placement %s is not possible here: %s; `ipcbench list --placements` "
                           "shows those that are",
                           placement->name, reasons[relation]);
    (void)snprintf(placement->related, sizeof placement->related, "%s", topology_classes[relation]);
    placement->server_cpu = pair->server_cpu;
    placement->client_cpu = pair->client_cpu;
    return 0;
}

static int place_cross_core(const struct topology *topology, struct placement *placement,
                            struct problem *problem) {
    enum topology_class relation = cross_core(topology);
    if (relation < TOPOLOGY_CLASSES)
        return place_class(topology, relation, placement, problem);
    char list[128];
    topology_cpu_list(topology, list, sizeof list);
    return problem_set(problem, ENXIO,
                       "placement cross-core is not possible here: only one core is usable (CPUs "
                       "%s); `ipcbench list --placements` shows those that are",
                       list);
}

/* Reads "N,M" and nothing else. */
static bool read_cpus(const char *name, long cpus[2]) {
    char *end = NULL;
    if (name[strspn(name, "0123456789,")] != '\0' || name[0] == ',' || name[0] == '\0')
        return false;
    cpus[0] = strtol(name, &end, 10);
    if (*end != ',' || end[1] == ',' || end[1] == '\0')
        return false;
    cpus[1] = strtol(end + 1, &end, 10);
    return *end == '\0';
}

static int place_cpus(const struct topology *topology, const long cpus[2],
                      struct placement *placement, struct problem *problem) {
    const struct topology_cpu *found[2];
    for (int i = 0; i < 2; i++) {
        found[i] = find_cpu(topology, cpus[i]);
        char list[256];
        topology_cpu_list(topology, list, sizeof list);
        if (found[i] == NULL)
            return problem_set(problem, EINVAL,
                               "placement %s: CPU %ld is not usable here; the usable CPUs are %s",
                               placement->name, cpus[i], list);
    }
    (void)snprintf(placement->related, sizeof placement->related, "%s",
                   topology_classes[relate(found[0], found[1])]);
    placement->server_cpu = found[0]->cpu;
    placement->client_cpu = found[1]->cpu;
    return 0;
}

static int unknown_name(const struct topology *topology, const char *name,
                        struct problem *problem) {
    const char *close = nearest(name, topology_names);
    char list[256];
    topology_cpu_list(topology, list, sizeof list);
    return problem_set(problem, EINVAL,
                       "there is no placement '%.40s'%s%s%s; write same-core, smt, cross-core, "
                       "same-l3, cross-l3, cross-numa, cross-socket, unpinned, or two of the CPUs "
                       "%s as N,M",
                       name, close ? "; did you mean '" : "", close ? close : "", close ? "'?" : "",
                       list);
}

int topology_place(const struct topology *topology, const char *name, struct placement *placement,
                   struct problem *problem) {
    long cpus[2];
    *placement = (struct placement){.server_cpu = -1, .client_cpu = -1};
    (void)snprintf(placement->name, sizeof placement->name, "%s", name);
    if (strlen(name) >= sizeof placement->name)
        return unknown_name(topology, name, problem);
    if (strcmp(name, "unpinned") == 0) {
        (void)snprintf(placement->related, sizeof placement->related, "unpinned");
        return 0;
    }
    if (strcmp(name, "cross-core") == 0)
        return place_cross_core(topology, placement, problem);
    for (enum topology_class relation = 0; relation < TOPOLOGY_CLASSES; relation++)
        if (strcmp(name, topology_classes[relation]) == 0)
            return place_class(topology, relation, placement, problem);
    return read_cpus(name, cpus) ? place_cpus(topology, cpus, placement, problem)
                                 : unknown_name(topology, name, problem);
}

size_t topology_defaults(const struct topology *topology, struct placement *list, size_t room) {
    struct problem none = {""};
    enum topology_class cross = cross_core(topology);
    size_t count = 0;
    for (enum topology_class relation = 0; relation < TOPOLOGY_CLASSES && count < room;
         relation++) {
        const char *name = relation == cross ? "cross-core" : topology_classes[relation];
        if (topology->pairs[relation].exists &&
            topology_place(topology, name, &list[count], &none) == 0)
            count++;
    }
    return count;
}
