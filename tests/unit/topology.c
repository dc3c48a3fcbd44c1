/* SPDX-License-Identifier: MIT */
/*
 * topology.c - placements on hwloc's synthetic hosts, on a hybrid one made from them, and on this
 * host under a restricted affinity mask.
 */
#include "host/topology.h"

#include <errno.h>
#include <hwloc.h>
#include <sched.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct topology *loaded(const char *synthetic) {
    struct topology *topology = NULL;
    struct problem problem = {""};
    if (topology_load(synthetic, &topology, &problem) != 0)
        fail_msg("%s: %s", synthetic ? synthetic : "this host", problem.text);
    return topology;
}

/* Asserts the CPUs and the class of a placement. */
static void placed(const struct topology *topology, const char *name, int server, int client,
                   const char *related) {
    struct placement placement;
    struct problem problem = {""};
    if (topology_place(topology, name, &placement, &problem) != 0)
        fail_msg("%s: %s", name, problem.text);
    assert_string_equal(placement.name, name);
    assert_string_equal(placement.related, related);
    assert_int_equal(placement.server_cpu, server);
    assert_int_equal(placement.client_cpu, client);
}

static void refused(const struct topology *topology, const char *name, int error,
                    const char *says) {
    struct placement placement;
    struct problem problem = {""};
    assert_int_equal(topology_place(topology, name, &placement, &problem), -error);
    if (strstr(problem.text, says) == NULL)
        fail_msg("'%s' does not say '%s'", problem.text, says);
}

/* Asserts the names of the default placements, joined by spaces. */
static void defaults(const struct topology *topology, const char *expected) {
    struct placement list[8];
    char text[8 * sizeof list[0].name + 8] = "";
    size_t count = topology_defaults(topology, list, 8), length = 0;
    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", i ? " " : "",
                                   list[i].name);
    assert_string_equal(text, expected);
}

static void two_plain_cores(void **state) {
    (void)state;
    struct topology *host = loaded("package:1 l3:1 core:2 pu:1");
    placed(host, "same-core", 1, 1, "same-core");
    placed(host, "cross-core", 0, 1, "same-l3");
    placed(host, "same-l3", 0, 1, "same-l3");
    placed(host, "unpinned", -1, -1, "unpinned");
    refused(host, "smt", ENXIO, "no core here has two usable CPUs");
    refused(host, "cross-l3", ENXIO, "not possible here");
    refused(host, "cross-numa", ENXIO, "not possible here");
    refused(host, "cross-socket", ENXIO, "one package");
    defaults(host, "same-core cross-core");
    topology_free(host);
}

/* The core of CPU 0 is left alone where there is a choice. */
static void siblings(void **state) {
    (void)state;
    struct topology *host = loaded("package:1 l3:1 core:4 pu:2");
    assert_int_equal(topology_cpus(host), 8);
    placed(host, "smt", 2, 3, "smt");
    placed(host, "cross-core", 2, 4, "same-l3");
    placed(host, "same-core", 4, 4, "same-core");
    defaults(host, "same-core smt cross-core");
    assert_string_equal(topology_relation(host, 0, 1), "smt");
    assert_string_equal(topology_relation(host, 1, 2), "same-l3");
    assert_string_equal(topology_relation(host, 5, 5), "same-core");
    assert_null(topology_relation(host, 0, 8));
    topology_free(host);
}

static void two_l3_caches_in_a_package(void **state) {
    (void)state;
    struct topology *host = loaded("package:1 l3:2 core:2 pu:1");
    placed(host, "cross-core", 2, 3, "same-l3");
    placed(host, "same-l3", 2, 3, "same-l3");
    placed(host, "cross-l3", 1, 2, "cross-l3");
    assert_string_equal(topology_relation(host, 0, 3), "cross-l3");
    assert_int_equal(topology_cpu(host, 1)->l3, 0);
    assert_int_equal(topology_cpu(host, 2)->l3, 1);
    defaults(host, "same-core cross-core cross-l3");
    topology_free(host);
}

/* Every core has an L3 of its own: the nearest pair on two cores is a cross-l3 one, once. */
static void an_l3_for_each_core(void **state) {
    (void)state;
    struct topology *host = loaded("package:1 l3:3 core:1 pu:1");
    refused(host, "same-l3", ENXIO, "no two usable cores here share an L3 cache");
    placed(host, "cross-core", 1, 2, "cross-l3");
    defaults(host, "same-core cross-core");
    topology_free(host);
}

static void two_numa_nodes_in_a_package(void **state) {
    (void)state;
    struct topology *host = loaded("package:1 numa:2 l3:2 core:2 pu:1");
    placed(host, "cross-l3", 1, 2, "cross-l3");
    placed(host, "cross-numa", 1, 4, "cross-numa");
    refused(host, "cross-socket", ENXIO, "one package");
    assert_int_equal(topology_cpu(host, 3)->numa, 0);
    assert_int_equal(topology_cpu(host, 4)->numa, 1);
    defaults(host, "same-core cross-core cross-l3 cross-numa");
    topology_free(host);
}

static void two_sockets(void **state) {
    (void)state;
    struct topology *host = loaded("package:2 [numa] l3:1 core:2 pu:2");
    placed(host, "smt", 2, 3, "smt");
    placed(host, "cross-core", 4, 6, "same-l3");
    placed(host, "cross-socket", 2, 4, "cross-socket");
    refused(host, "cross-numa", ENXIO, "two NUMA nodes");
    assert_string_equal(topology_relation(host, 0, 4), "cross-socket");
    assert_int_equal(topology_cpu(host, 3)->package, 0);
    assert_int_equal(topology_cpu(host, 4)->package, 1);
    defaults(host, "same-core smt cross-core cross-socket");
    topology_free(host);
}

/* No word about L3: a package is one cache domain, and two packages are still two. */
static void no_l3_known(void **state) {
    (void)state;
    struct topology *host = loaded("package:2 core:2 pu:1");
    placed(host, "same-l3", 2, 3, "same-l3");
    placed(host, "cross-socket", 1, 2, "cross-socket");
    refused(host, "cross-l3", ENXIO, "L3");
    assert_int_equal(topology_cpu(host, 0)->l3, -1);
    assert_int_equal(topology_cpu(host, 0)->l3_bytes, 0);
    topology_free(host);
}

static void no_cores_known(void **state) {
    (void)state;
    struct topology *host = loaded("pu:3");
    assert_string_equal(topology_relation(host, 0, 1), "same-l3");
    placed(host, "cross-core", 1, 2, "same-l3");
    topology_free(host);
}

static void one_cpu_alone(void **state) {
    (void)state;
    struct topology *host = loaded("core:1 pu:1");
    placed(host, "same-core", 0, 0, "same-core");
    placed(host, "0,0", 0, 0, "same-core");
    refused(host, "cross-core", ENXIO, "only one core is usable (CPUs 0)");
    refused(host, "0,1", EINVAL, "CPU 1 is not usable here; the usable CPUs are 0");
    defaults(host, "same-core");
    topology_free(host);
}

static void one_core_with_siblings(void **state) {
    (void)state;
    struct topology *host = loaded("core:1 pu:2");
    placed(host, "same-core", 1, 1, "same-core");
    placed(host, "smt", 0, 1, "smt");
    refused(host, "cross-core", ENXIO, "only one core");
    defaults(host, "same-core smt");
    topology_free(host);
}

static void cpus_by_number(void **state) {
    (void)state;
    struct topology *host = loaded("package:2 l3:1 core:2 pu:2");
    placed(host, "5,0", 5, 0, "cross-socket");
    placed(host, "3,3", 3, 3, "same-core");
    placed(host, "1,0", 1, 0, "smt");
    refused(host, "0,9", EINVAL, "CPU 9 is not usable here; the usable CPUs are 0-7");
    refused(host, "99999999999999999999,0", EINVAL, "not usable here");
    static const char *const wrong[] = {"", ",", "1", "1,", ",1", "1,2,3", "1,-2", " 1,2", "1;2"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        refused(host, wrong[i], EINVAL, "as N,M");
    topology_free(host);
}

static void suggests_the_nearest_name(void **state) {
    (void)state;
    struct topology *host = loaded("core:2 pu:1");
    refused(host, "cross-cor", EINVAL, "did you mean 'cross-core'?");
    refused(host, "a-very-long-placement-that-does-not-exist", EINVAL,
            "two of the CPUs 0-1 as N,M");
    topology_free(host);
}

static void tells_cache_sizes_and_lists_cpus(void **state) {
    (void)state;
    char list[64];
    struct topology *host =
        loaded("package:1 l3:1(size=33554432) l2:2(size=1048576) l1:1(size=49152) pu:1");
    assert_int_equal(topology_cpu(host, 0)->l3_bytes, 32 << 20);
    assert_int_equal(topology_cpu(host, 0)->l2_bytes, 1 << 20);
    assert_int_equal(topology_cpu(host, 0)->l1d_bytes, 48 << 10);
    topology_cpu_list(host, list, sizeof list);
    assert_string_equal(list, "0-1");
    topology_free(host);
}

static void refuses_a_description_that_makes_no_sense(void **state) {
    (void)state;
    struct topology *host = NULL;
    struct problem problem = {""};
    assert_int_equal(topology_load("nonsense:x", &host, &problem), -EINVAL);
    assert_null(host);
    assert_non_null(strstr(problem.text, "'nonsense:x'"));
}

/* Two fast cores with siblings (0-3) and two slow ones without (4, 6), as an XML file that hwloc
 * takes for the host. */
static void make_hybrid(const char *path) {
    hwloc_topology_t hwloc;
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    assert_int_equal(hwloc_topology_init(&hwloc), 0);
    assert_int_equal(hwloc_topology_set_synthetic(hwloc, "package:1 l3:1 core:4 pu:2"), 0);
    assert_int_equal(hwloc_topology_load(hwloc), 0);
    assert_int_equal(hwloc_bitmap_list_sscanf(set, "0-4,6"), 0);
    assert_int_equal(hwloc_topology_restrict(hwloc, set, 0), 0);
#if HWLOC_API_VERSION >= 0x00020400
    assert_int_equal(hwloc_bitmap_list_sscanf(set, "4,6"), 0);
    assert_int_equal(hwloc_cpukinds_register(hwloc, set, 1, 0, NULL, 0), 0);
    assert_int_equal(hwloc_bitmap_list_sscanf(set, "0-3"), 0);
    assert_int_equal(hwloc_cpukinds_register(hwloc, set, 2, 0, NULL, 0), 0);
#endif
    assert_int_equal(hwloc_topology_export_xml(hwloc, path, 0), 0);
    hwloc_bitmap_free(set);
    hwloc_topology_destroy(hwloc);
}

static void a_hybrid_host(void **state) {
    (void)state;
    char path[] = "/tmp/ipcbench-hybrid-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    make_hybrid(path);
    assert_int_equal(setenv("HWLOC_XMLFILE", path, 1), 0);
    struct topology *host = loaded(NULL);
    assert_int_equal(unsetenv("HWLOC_XMLFILE"), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(close(fd), 0);

    char list[64];
    topology_cpu_list(host, list, sizeof list);
    assert_string_equal(list, "0-4,6");
    placed(host, "smt", 2, 3, "smt");
    assert_string_equal(topology_relation(host, 3, 4), "same-l3");
    assert_string_equal(topology_relation(host, 4, 6), "same-l3");
#if HWLOC_API_VERSION >= 0x00020400
    /* A pair of fast cores, although only a pair of slow ones could leave CPU 0's core alone. */
    placed(host, "cross-core", 0, 2, "same-l3");
    placed(host, "same-core", 2, 2, "same-core");
#endif
    topology_free(host);
}

/* On this host: a process that may only use one CPU has one, and gets no other. */
static void a_restricted_affinity_mask(void **state) {
    (void)state;
    cpu_set_t before;
    cpu_set_t one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    size_t chosen = CPU_SETSIZE - 1;
    while (!CPU_ISSET(chosen, &before))
        chosen--;
    CPU_ZERO(&one);
    CPU_SET(chosen, &one);
    int last = (int)chosen;
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    struct topology *host = loaded(NULL);
    cpu_set_t after;
    assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    assert_true(CPU_EQUAL(&after, &one));
    assert_int_equal(topology_cpus(host), 1);
    placed(host, "same-core", last, last, "same-core");
    refused(host, "cross-core", ENXIO, "only one core is usable");
    defaults(host, "same-core");
    topology_free(host);
}

static void this_host(void **state) {
    (void)state;
    cpu_set_t mask;
    assert_int_equal(sched_getaffinity(0, sizeof mask, &mask), 0);
    struct topology *host = loaded(NULL);
    assert_int_equal(topology_cpus(host), CPU_COUNT(&mask));
    for (int i = 0; i < topology_cpus(host); i++)
        assert_true(CPU_ISSET((size_t)topology_cpu(host, i)->cpu, &mask));
    topology_free(host);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_plain_cores),
        cmocka_unit_test(siblings),
        cmocka_unit_test(two_l3_caches_in_a_package),
        cmocka_unit_test(an_l3_for_each_core),
        cmocka_unit_test(two_numa_nodes_in_a_package),
        cmocka_unit_test(two_sockets),
        cmocka_unit_test(no_l3_known),
        cmocka_unit_test(no_cores_known),
        cmocka_unit_test(one_cpu_alone),
        cmocka_unit_test(one_core_with_siblings),
        cmocka_unit_test(cpus_by_number),
        cmocka_unit_test(suggests_the_nearest_name),
        cmocka_unit_test(tells_cache_sizes_and_lists_cpus),
        cmocka_unit_test(refuses_a_description_that_makes_no_sense),
        cmocka_unit_test(a_hybrid_host),
        cmocka_unit_test(a_restricted_affinity_mask),
        cmocka_unit_test(this_host),
    };
    return cmocka_run_group_tests_name("topology", tests, NULL, NULL);
}
