/* SPDX-License-Identifier: MIT */
/*
 * plugin.h - loads one plug-in and checks it against the contract before anything in it is used.
 * A plug-in may be somebody else's, old, damaged or unfinished: whatever is wrong with it becomes
 * one sentence, never a crash. (What no check can stop is a library constructor that crashes.)
 */
#ifndef BENCH_PLUGIN_H
#define BENCH_PLUGIN_H

#include "base/problem.h"
#include "transport.h"

#include <stdbool.h>

struct plugin {
    void *library; /* of dlopen; NULL when the transport wasn't loaded from a file */
    const struct ipc_transport *transport;
};

/* The groups of transports in the order in which they are listed, ended by NULL. */
extern const char *const plugin_groups[];

/* The position of a group in plugin_groups; that of the NULL when it is none of them. */
int plugin_group_rank(const char *group);

/* True for a name that a transport or a preset may have: [a-z0-9-], 1 to 31 bytes. */
bool plugin_name_fits(const char *name);

/* Loads the file at `path` (with a slash in it) and checks it; `name` is the file's name without
 * .so. 0, or a negative errno with a sentence that begins with the file's name; then nothing stays
 * loaded. */
int plugin_load(const char *path, const char *name, struct plugin *plugin, struct problem *problem);

/* Unloads it; every pointer into it is dead afterwards. */
void plugin_unload(struct plugin *plugin);

/* Checks a transport's table: names, sizes, operations, knobs, presets. 0, or -EINVAL with a
 * sentence. Everything that the table points to must live in a loaded object. */
int plugin_check(const struct ipc_transport *transport, const char *name, struct problem *problem);

#endif
