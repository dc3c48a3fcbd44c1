/* SPDX-License-Identifier: MIT */
/*
 * topology.h - which CPUs this process may use and how they are related, from hwloc: turns the
 * name of a placement into the CPUs of the server and of the client.
 */
#ifndef BENCH_TOPOLOGY_H
#define BENCH_TOPOLOGY_H

#include "base/problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct topology; /* opaque; owned by the caller of topology_load */

/* Two CPUs (OS numbers) and how they are related. */
struct placement {
    char name[24];    /* as asked: a class, "cross-core", "unpinned", or "N,M" */
    char related[16]; /* the class that the two CPUs really are: "same-core", "smt", "same-l3",
                         "cross-l3", "cross-numa", "cross-socket"; "unpinned" where not pinned */
    int server_cpu;   /* -1: unpinned */
    int client_cpu;   /* -1: unpinned */
};

/* A usable CPU and where it stands: two CPUs with the same number share that thing, and -1 means
 * that the host does not tell of any. */
struct topology_cpu {
    int cpu; /* the OS's number */
    int core, l3, numa, package;
    int kind; /* hybrid hosts: a higher kind is faster; -1 or the same for all elsewhere */
    uint64_t l1d_bytes, l2_bytes, l3_bytes; /* 0: none known */
};

/*
 * How two different CPUs are related, in the order in which it is decided:
 *   smt           one core
 *   cross-socket  different packages
 *   cross-numa    one package, different NUMA nodes
 *   cross-l3      one NUMA node, different L3 caches (or only one of them has an L3)
 *   same-l3       what remains: one L3; where the host tells of no L3 at all, one package counts as
 *                 one cache domain
 */

/* The classes, nearest first, NULL-terminated; and the umbrella "cross-core" (the nearest pair on
 * two cores) and "unpinned", which are names that people may ask for too. */
extern const char *const topology_classes[];
extern const char *const topology_names[];

/* Loads the host's topology as far as this process may use it (online CPUs, affinity mask, cpuset).
 * `synthetic` is hwloc's synthetic description, or NULL for the real host. 0 or -errno. */
int topology_load(const char *synthetic, struct topology **topology, struct problem *problem);
void topology_free(struct topology *topology);

/* Finds the CPUs for a name. Of several pairs of a class it takes, in this order of importance: two
 * CPUs of one kind, those of the fastest kind, a pair that avoids the core of CPU 0 (which takes
 * more interrupts than the others), and the lowest numbers. "same-core" takes the client's CPU of
 * "cross-core", so that both run on the same kind of core; where there is only one core, its last
 * CPU. 0; -ENXIO when this host has no such pair (a sentence says so: that is "skipped"); -EINVAL
 * when the name or a CPU number makes no sense here (lists the CPUs that there are). */
int topology_place(const struct topology *topology, const char *name, struct placement *placement,
                   struct problem *problem);

/* How two CPUs (OS numbers) are related: one of topology_classes; NULL when one isn't usable. */
const char *topology_relation(const struct topology *topology, int a, int b);

/* The placements that the default plan takes here: same-core, smt if there is one, cross-core, and
 * each farther class that this host has. Returns how many were written (at most `room`). */
size_t topology_defaults(const struct topology *topology, struct placement *list, size_t room);

/* The number of usable CPUs. */
int topology_cpus(const struct topology *topology);

/* The usable CPU at `index` (0 to topology_cpus() - 1), in the order of the OS's numbers. */
const struct topology_cpu *topology_cpu(const struct topology *topology, int index);

/* Writes the numbers of the usable CPUs, "0-3,8"; cut short where there is no room. */
void topology_cpu_list(const struct topology *topology, char *text, size_t room);

#endif
