/* SPDX-License-Identifier: MIT */
/*
 * list.h - the two listings of `ipcbench list`: transports and placements, as text of at most 100
 * columns or as JSON, on standard output.
 */
#ifndef BENCH_LIST_H
#define BENCH_LIST_H

#include "base/problem.h"
#include "host/topology.h"
#include "plugin/registry.h"

#include <stdbool.h>

#define LIST_COLUMNS 100

/* One transport as it is listed. */
struct list_item {
    const struct registry_entry *entry;
    bool available;
    size_t max_bytes; /* the largest message here; 0: no limit */
    char why[768];    /* unless available */
};

/* Asks every transport whether it can run here. `items` has room for registry->count. */
void list_probe(const struct registry *registry, struct list_item *items);

/* Prints them, grouped; `verbose` adds what a message costs, and the knobs. */
void list_print(const struct list_item *items, size_t count, bool verbose);

/* Prints an array of objects. 0 or -ENOMEM with a problem. */
int list_dump(const struct list_item *items, size_t count, struct problem *problem);

/* Calls `each` for every knob with the value that it has when the entry is named without knobs, as
 * a user would write it. */
void list_defaults(const struct registry_entry *entry,
                   void (*each)(void *context, const struct ipc_knob *knob, const char *value),
                   void *context);

/* Prints the CPUs that may be used, and the pair that stands for each placement or why there is
 * none; `json` as one object. 0 or -ENOMEM with a problem. */
int list_placements(const struct topology *topology, bool json, struct problem *problem);

#endif
