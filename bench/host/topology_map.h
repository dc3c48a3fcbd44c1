/* SPDX-License-Identifier: MIT */
/*
 * topology_map.h - what topology_load.c learns from hwloc and topology.c computes with: plain
 * numbers, so that choosing CPUs makes no system call.
 */
#ifndef BENCH_TOPOLOGY_MAP_H
#define BENCH_TOPOLOGY_MAP_H

#include "host/topology.h"

enum topology_class {
    TOPOLOGY_SAME_CORE,
    TOPOLOGY_SMT,
    TOPOLOGY_SAME_L3,
    TOPOLOGY_CROSS_L3,
    TOPOLOGY_CROSS_NUMA,
    TOPOLOGY_CROSS_SOCKET,
    TOPOLOGY_CLASSES
};

/* The chosen CPUs of a class, as OS numbers. */
struct topology_pair {
    bool exists;
    int server_cpu, client_cpu;
};

struct topology {
    int count;
    struct topology_cpu *cpus;                    /* in the order of the OS's numbers */
    int zero_core;                                /* the core of CPU 0; -1: not known */
    struct topology_pair pairs[TOPOLOGY_CLASSES]; /* filled by topology_choose */
};

/* Chooses a pair of each class among topology->cpus, of which there is at least one. */
void topology_choose(struct topology *topology);

#endif
