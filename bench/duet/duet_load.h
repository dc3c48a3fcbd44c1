/* SPDX-License-Identifier: MIT */
/*
 * duet_load.h - loads one transport out of two folders into one process.
 */
#ifndef BENCH_DUET_LOAD_H
#define BENCH_DUET_LOAD_H

#include "plugin/plugin.h"
#include "plugin/registry.h"

struct duet_load {
    const struct ipc_transport *transport;
    const char *preset_knobs; /* NULL: no preset */
    struct registry registry;
    struct plugin copy; /* of the head where it is the very file of the base */
};

/* Loads the transport that both folders list under that name: base first, then head. A head that is
 * the same file as the base is loaded a second time, from a copy in memory, so that it has
 * addresses of its own as any other head has. 0, or -EINVAL with a problem: a folder lists no such
 * name, or lists a guest, which brings both its ends. duet_unload undoes it, also after a failure.
 */
int duet_load(const char *const folders[2], const char *name, struct duet_load loads[2],
              struct problem *problem);
void duet_unload(struct duet_load loads[2]);

#endif
