/* SPDX-License-Identifier: MIT */
/*
 * registry.h - finds transports by scanning a folder for plug-ins, checks each against the
 * contract, and offers them by name. A plug-in that is wrong is kept as an entry that says why.
 */
#ifndef BENCH_REGISTRY_H
#define BENCH_REGISTRY_H

#include "base/problem.h"
#include "plugin/plugin.h"
#include "transport.h"

#include <stdbool.h>
#include <stddef.h>

/* One listed name: a transport without presets, or one preset. */
struct registry_entry {
    char name[32];
    char summary[128];
    char group[16];
    char why[512]; /* why it can't be used; empty when it can */
    int error;     /* a negative errno where this host is to blame for that, not the plug-in */
    const struct ipc_transport *transport; /* NULL when the plug-in is absent or refused */
    const struct ipc_preset *preset;       /* NULL: the transport itself */
    const char *guest_path;    /* the program that runs its trials; NULL: a plug-in (see guest.h) */
    const struct guest *guest; /* what that says of itself; NULL likewise */
};

/* A guest that was asked what it is. */
struct registry_guest {
    struct registry_guest *next;
    char *path;
    struct guest *list;
    int error; /* 0, or why it could not be asked or gave no answer: a negative errno */
};

struct registry {
    struct registry_entry *entries; /* sorted: by group in the order of the contract, then by name;
                                       what has no group, since it can't be loaded, stands last */
    size_t count;
    struct plugin *plugins; /* what is loaded, so that registry_close can unload it */
    size_t plugin_count;
    struct registry_guest *guests; /* likewise; the last one first */
};

/* The transports folder: `given` (--transports), else beside the executable, else installed. */
int registry_folder(const char *given, char *path, size_t room, struct problem *problem);

/* Scans a folder: every NAME.so, every NAME.guest (which is run to ask what it is), and every
 * NAME.absent (a text that says why it was not built). 0 or -errno: no such folder, or nothing in
 * it. A plug-in that cannot be loaded, has no ipc_transport, another ABI, or a wrong struct becomes
 * an entry with `why`. */
int registry_open(const char *folder, struct registry *registry, struct problem *problem);
void registry_close(struct registry *registry);

/* The same for one transport: loads only the plug-ins that may list that name, those whose own name
 * it begins with, so that no library of another one is loaded into its trial; all of them when it
 * is none of these. */
int registry_open_for(const char *folder, const char *name, struct registry *registry,
                      struct problem *problem);

/* The entry of that name, usable; or NULL with a problem: unknown (and the nearest name), or known
 * and why it can't be used. */
const struct registry_entry *registry_find(const struct registry *registry, const char *name,
                                           struct problem *problem);

/* What an entry that isn't found says of who is to blame: -EINVAL, whoever asked for it; or, with
 * a problem, -ECHILD where a guest that may list this name could not be asked or gave no answer,
 * and another error where this host could not open a plug-in that may. */
int registry_blame(const struct registry *registry, const char *name, struct problem *problem);

#endif
