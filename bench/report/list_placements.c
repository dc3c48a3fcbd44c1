/* SPDX-License-Identifier: MIT */
/*
 * list_placements.c - the map of the CPUs that this process may use, and the CPUs that each
 * placement would take.
 */
#include "report/list.h"

#include "base/fields.h"
#include "base/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* "0", or "-" for what is not known. */
static const char *number(int value, char text[16]) {
    (void)snprintf(text, 16, value < 0 ? "-" : "%d", value);
    return text;
}

static const char *size(uint64_t bytes, char text[16]) {
    if (bytes == 0)
        (void)snprintf(text, 16, "-");
    else
        units_format_bytes(bytes, text, 16);
    return text;
}

static void print_cpu(const struct topology_cpu *cpu) {
    char text[7][16];
    (void)printf("%4d  %4s  %4s  %4s  %7s  %7s  %7s  %7s\n", cpu->cpu, number(cpu->core, text[0]),
                 number(cpu->l3, text[1]), number(cpu->numa, text[2]),
                 number(cpu->package, text[3]), size(cpu->l1d_bytes, text[4]),
                 size(cpu->l2_bytes, text[5]), size(cpu->l3_bytes, text[6]));
}

/* The sentence of topology_place without its ends, which every line would repeat. */
static void print_reason(const char *sentence) {
    const char *reason = strstr(sentence, ": ");
    reason = reason ? reason + 2 : sentence;
    (void)printf("%6s  %6s  none: %.*s\n", "-", "-", (int)strcspn(reason, ";"), reason);
}

static void print_pair(const struct placement *placement) {
    char text[2][16];
    (void)printf("%6s  %6s  %s\n", number(placement->server_cpu, text[0]),
                 number(placement->client_cpu, text[1]),
                 placement->server_cpu < 0 ? "where the scheduler puts them" : placement->related);
}

static void print_placement(const struct topology *topology, const char *name) {
    struct problem why = {""};
    struct placement placement;
    (void)printf("%-12s  ", name);
    if (topology_place(topology, name, &placement, &why) == 0)
        print_pair(&placement);
    else
        print_reason(why.text);
}

static void print_map(const struct topology *topology) {
    char list[LIST_COLUMNS - 20];
    topology_cpu_list(topology, list, sizeof list);
    (void)printf("usable CPUs: %s\n\n%4s  %4s  %4s  %4s  %7s  %7s  %7s  %7s\n", list, "CPU", "core",
                 "L3", "NUMA", "package", "L1d", "L2", "L3");
    for (int i = 0; i < topology_cpus(topology); i++)
        print_cpu(topology_cpu(topology, i));
    (void)printf("\n%-12s  %6s  %6s  how they are related\n", "placement", "server", "client");
    for (size_t i = 0; topology_names[i] != NULL; i++)
        print_placement(topology, topology_names[i]);
}

static json_t *dump_number(int64_t value, int64_t unknown) {
    return value == unknown ? json_null() : json_integer((json_int_t)value);
}

static json_t *dump_cpu(const struct topology_cpu *cpu) {
    return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "cpu", cpu->cpu, "core",
                     dump_number(cpu->core, -1), "l3", dump_number(cpu->l3, -1), "numa",
                     dump_number(cpu->numa, -1), "package", dump_number(cpu->package, -1),
                     "l1d_bytes", dump_number((int64_t)cpu->l1d_bytes, 0), "l2_bytes",
                     dump_number((int64_t)cpu->l2_bytes, 0), "l3_bytes",
                     dump_number((int64_t)cpu->l3_bytes, 0));
}

static json_t *dump_placement(const struct topology *topology, const char *name) {
    struct problem why = {""};
    struct placement placement;
    bool possible = topology_place(topology, name, &placement, &why) == 0;
    return json_pack("{s:s, s:b, s:o, s:o, s:o, s:o}", "name", name, "available", (int)possible,
                     "why", possible ? json_null() : fields_text(why.text), "server_cpu",
                     dump_number(placement.server_cpu, -1), "client_cpu",
                     dump_number(placement.client_cpu, -1), "related",
                     possible ? fields_text(placement.related) : json_null());
}

static int dump_map(const struct topology *topology, struct problem *problem) {
    json_t *cpus = json_array();
    json_t *placements = json_array();
    int failed = cpus == NULL || placements == NULL;
    for (int i = 0; i < topology_cpus(topology); i++)
        failed |= json_array_append_new(cpus, dump_cpu(topology_cpu(topology, i)));
    for (size_t i = 0; topology_names[i] != NULL; i++)
        failed |= json_array_append_new(placements, dump_placement(topology, topology_names[i]));
    json_t *map = json_pack("{s:o, s:o}", "cpus", cpus, "placements", placements);
    failed |= map == NULL;
    if (!failed && json_dumpf(map, stdout, JSON_INDENT(2) | FIELDS_DUMP) == 0)
        (void)fputs("\n", stdout);
    json_decref(map);
    return failed ? problem_set(problem, ENOMEM, "no memory for the placements as JSON") : 0;
}

int list_placements(const struct topology *topology, bool json, struct problem *problem) {
    if (json)
        return dump_map(topology, problem);
    print_map(topology);
    return 0;
}
