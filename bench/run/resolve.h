/* SPDX-License-Identifier: MIT */
/*
 * resolve.h - from the names that a person selected to what this host has: transports out of the
 * registry with what each can do, and placements with their CPUs.
 */
#ifndef BENCH_RESOLVE_H
#define BENCH_RESOLVE_H

#include "host/topology.h"
#include "plugin/registry.h"
#include "run/plan.h"
#include "run/selection.h"

struct resolve_transports {
    struct plan_transport *list; /* owned */
    size_t count;
};

/* Finds each transport and checks its knobs. "all" stands for every one that can be used here, the
 * name of a group for those of that group; no selection stands for those of the group core and the
 * control null. 0, -ENOMEM, or -EINVAL with a problem: an unknown name or knob, or one that can't
 * be used here. */
int resolve_transports(const struct selection *selection, const struct registry *registry,
                       struct resolve_transports *found, struct problem *problem);

struct resolve_placements {
    struct placement list[SELECTION_MAX]; /* an empty `related`: this host has no such CPUs, */
    struct problem why[SELECTION_MAX];    /* and this sentence says so */
    size_t count;
};

/* Finds the CPUs. 0, or -EINVAL with a problem: a CPU that isn't there. */
int resolve_placements(const struct selection *selection, const struct topology *topology,
                       struct resolve_placements *found, struct problem *problem);

#endif
