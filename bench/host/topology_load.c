/* SPDX-License-Identifier: MIT */
/*
 * topology_load.c - asks hwloc which CPUs there are and where each stands, as far as this process
 * may use them. hwloc leaves out CPUs that are offline or outside of the cpuset by itself; the
 * affinity mask is applied here.
 */
#include "host/topology_map.h"

#include <errno.h>
#include <hwloc.h>
#include <stdlib.h>
#include <string.h>

/* Every trial loads the topology, so devices and other things that don't matter here are not looked
 * for. */
static int configure(hwloc_topology_t hwloc, const char *synthetic) {
    if (hwloc_topology_set_io_types_filter(hwloc, HWLOC_TYPE_FILTER_KEEP_NONE) != 0 ||
        hwloc_topology_set_icache_types_filter(hwloc, HWLOC_TYPE_FILTER_KEEP_NONE) != 0 ||
        hwloc_topology_set_type_filter(hwloc, HWLOC_OBJ_MISC, HWLOC_TYPE_FILTER_KEEP_NONE) != 0)
        return -EINVAL;
#if HWLOC_API_VERSION >= 0x00020800
    if (hwloc_topology_set_flags(hwloc, HWLOC_TOPOLOGY_FLAG_NO_DISTANCES |
                                            HWLOC_TOPOLOGY_FLAG_NO_MEMATTRS) != 0)
        return -EINVAL;
#endif
    return synthetic && hwloc_topology_set_synthetic(hwloc, synthetic) != 0 ? -EINVAL : 0;
}

/* The CPUs that are online, allowed, and in the affinity mask of this thread (which a trial's
 * processes inherit). A topology of another host has no mask. */
static hwloc_bitmap_t usable_cpus(hwloc_topology_t hwloc) {
    hwloc_bitmap_t usable = hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(hwloc));
    hwloc_bitmap_t mask = hwloc_bitmap_alloc();
    if (usable != NULL && mask != NULL && hwloc_topology_is_thissystem(hwloc) &&
        hwloc_get_cpubind(hwloc, mask, HWLOC_CPUBIND_THREAD) == 0)
        (void)hwloc_bitmap_and(usable, usable, mask);
    hwloc_bitmap_free(mask);
    return usable;
}

static int ancestor_number(hwloc_topology_t hwloc, hwloc_obj_type_t type, hwloc_obj_t pu) {
    hwloc_obj_t ancestor = hwloc_get_ancestor_obj_by_type(hwloc, type, pu);
    return ancestor ? (int)ancestor->logical_index : -1;
}

static uint64_t cache_bytes(hwloc_topology_t hwloc, hwloc_obj_type_t type, hwloc_obj_t pu) {
    hwloc_obj_t cache = hwloc_get_ancestor_obj_by_type(hwloc, type, pu);
    return cache ? cache->attr->cache.size : 0;
}

/* CPUs are on one NUMA node when the same set of nodes is local to them: beside its own, a CPU may
 * have nodes that others have too. The number is that of the first CPU with this set. */
static int numa_number(hwloc_topology_t hwloc, hwloc_obj_t pu) {
    for (hwloc_obj_t other = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_PU, NULL);
         other != NULL && other != pu; other = other->next_cousin)
        if (hwloc_bitmap_isequal(other->nodeset, pu->nodeset))
            return (int)other->logical_index;
    return (int)pu->logical_index;
}

static int kind_number(hwloc_topology_t hwloc, hwloc_obj_t pu) {
#if HWLOC_API_VERSION >= 0x00020400
    return hwloc_cpukinds_get_by_cpuset(hwloc, pu->cpuset, 0);
#else
    (void)hwloc;
    (void)pu;
    return -1;
#endif
}

static struct topology_cpu describe(hwloc_topology_t hwloc, hwloc_obj_t pu) {
    return (struct topology_cpu){
        .cpu = (int)pu->os_index,
        .core = ancestor_number(hwloc, HWLOC_OBJ_CORE, pu),
        .l3 = ancestor_number(hwloc, HWLOC_OBJ_L3CACHE, pu),
        .numa = numa_number(hwloc, pu),
        .package = ancestor_number(hwloc, HWLOC_OBJ_PACKAGE, pu),
        .kind = kind_number(hwloc, pu),
        .l1d_bytes = cache_bytes(hwloc, HWLOC_OBJ_L1CACHE, pu),
        .l2_bytes = cache_bytes(hwloc, HWLOC_OBJ_L2CACHE, pu),
        .l3_bytes = cache_bytes(hwloc, HWLOC_OBJ_L3CACHE, pu),
    };
}

/* The NUMA numbers above have gaps; nodes are counted from 0 as everything else is. */
static void count_nodes(struct topology *topology) {
    int next = 0;
    for (int i = 0; i < topology->count; i++) {
        int raw = topology->cpus[i].numa;
        if (raw < 0)
            continue;
        for (int j = i; j < topology->count; j++)
            if (topology->cpus[j].numa == raw)
                topology->cpus[j].numa = -2 - next;
        next++;
    }
    for (int i = 0; i < topology->count; i++)
        topology->cpus[i].numa = -2 - topology->cpus[i].numa;
}

static int fill(struct topology *topology, hwloc_topology_t hwloc, hwloc_const_bitmap_t usable) {
    int count = hwloc_bitmap_weight(usable);
    topology->cpus = calloc((size_t)(count > 0 ? count : 1), sizeof *topology->cpus);
    if (topology->cpus == NULL)
        return -ENOMEM;
    for (int cpu = hwloc_bitmap_first(usable); cpu >= 0; cpu = hwloc_bitmap_next(usable, cpu)) {
        hwloc_obj_t pu = hwloc_get_pu_obj_by_os_index(hwloc, (unsigned)cpu);
        if (pu != NULL && topology->count < count)
            topology->cpus[topology->count++] = describe(hwloc, pu);
    }
    hwloc_obj_t zero = hwloc_get_pu_obj_by_os_index(hwloc, 0);
    topology->zero_core = zero ? ancestor_number(hwloc, HWLOC_OBJ_CORE, zero) : -1;
    count_nodes(topology);
    return topology->count > 0 ? 0 : -ENXIO;
}

static int read_hwloc(struct topology *topology, hwloc_topology_t hwloc, const char *synthetic) {
    int result = configure(hwloc, synthetic);
    if (result == 0 && hwloc_topology_load(hwloc) != 0)
        result = -EIO;
    if (result != 0)
        return result;
    hwloc_bitmap_t usable = usable_cpus(hwloc);
    result = usable ? fill(topology, hwloc, usable) : -ENOMEM;
    hwloc_bitmap_free(usable);
    return result;
}

int topology_load(const char *synthetic, struct topology **topology, struct problem *problem) {
    hwloc_topology_t hwloc = NULL;
    *topology = calloc(1, sizeof **topology);
    int result = *topology && hwloc_topology_init(&hwloc) == 0 ? 0 : -ENOMEM;
    if (result == 0)
        result = read_hwloc(*topology, hwloc, synthetic);
    if (hwloc != NULL)
        hwloc_topology_destroy(hwloc);
    if (result == 0) {
        topology_choose(*topology);
        return 0;
    }
    topology_free(*topology);
    *topology = NULL;
    return problem_set(problem, -result,
                       "hwloc can't tell which CPUs there are%s%s%s (%s); "
                       "`lstopo` shows what it sees",
                       synthetic ? " in '" : "", synthetic ? synthetic : "", synthetic ? "'" : "",
                       strerror(-result));
}

void topology_free(struct topology *topology) {
    if (topology != NULL)
        free(topology->cpus);
    free(topology);
}
