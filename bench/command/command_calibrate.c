/* SPDX-License-Identifier: MIT */
/*
 * command_calibrate.c - `ipcbench calibrate`: what this host allows, as a table or as JSON.
 */
#include "command/commands.h"

#include "base/fields.h"
#include "base/table.h"
#include "base/units.h"
#include "run/calibrate.h"
#include "run/resolve.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { OPTION_JSON = 256 };

static const struct argp_option options[] = {
    {"placements", 'p', "PLACEMENTS", 0,
     "where the two threads run, such as same-core,cross-core,0,1 (default: those of a run)", 0},
    {"json", OPTION_JSON, NULL, 0, "print the calibration as JSON", 0},
    {0}};

static const char documentation[] =
    "Measures the floors: what this machine itself allows, whatever the transport. Takes about "
    "up to half a second, and every run begins with it.\v"
    "In PLACEMENTS two numbers in a row are a pair of CPUs, the server's and the client's; "
    "`ipcbench "
    "list --placements` shows what there is.\n\n"
    "Each floor is the best of several short batches, and the median of these stands beside it: "
    "where the two are far apart, something else is running.\n\n"
    "Example: ipcbench calibrate -p cross-core\n"
    "         ipcbench calibrate --json | jq '.pairs[].bounce_ns'\n\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 77 this machine has none of the placements.";

struct arguments {
    struct selection selection;
    bool json;
    struct problem *problem;
};

/* A positive result ends argp_parse, with the sentence in `problem`. */
static error_t take(int option, char *text, struct argp_state *state) {
    struct arguments *a = state->input;
    switch (option) {
    case 'p':
        return -selection_placements(text, &a->selection, a->problem);
    case OPTION_JSON:
        a->json = true;
        return 0;
    case ARGP_KEY_ARG:
        return -problem_set(a->problem, EINVAL, "calibrate takes no argument like '%s'; see --help",
                            text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the tables ---- */

static void add_best_ns(struct table *table, struct floor_sample ns) {
    char text[32];
    units_format_ns(ns.best, text, sizeof text);
    table_add(table, text);
}

static void add_ns(struct table *table, struct floor_sample ns) {
    char text[32];
    add_best_ns(table, ns);
    units_format_ns(ns.median, text, sizeof text);
    table_add(table, text);
}

static void add_rate(struct table *table, double bytes_per_second) {
    char text[32];
    units_format_rate(bytes_per_second, text, sizeof text);
    table_add(table, text);
}

/* The server's and the client's. */
static void add_cpus(struct table *table, const struct placement *place) {
    char text[32];
    (void)snprintf(text, sizeof text, place->server_cpu < 0 ? "-" : "%d,%d", place->server_cpu,
                   place->client_cpu);
    table_add(table, text);
}

static int print_host(const struct calibration *c) {
    static const struct table_column columns[] = {{"", false}, {"best", true}, {"median", true}};
    struct table table;
    table_init(&table, columns, sizeof columns / sizeof *columns);
    table_add(&table, "system call");
    add_ns(&table, c->system_call_ns);
    table_add(&table, "clock read");
    add_ns(&table, (struct floor_sample){c->clock_cost_ns, NAN});
    table_add(&table, "clock step");
    add_ns(&table, (struct floor_sample){c->clock_quantum_ns, NAN});
    int error = table_print(&table, stdout, "  ");
    table_free(&table);
    return error;
}

static int print_copies(const struct calibration *c) {
    static const struct table_column columns[] = {
        {"copies of", true}, {"best B/s", true}, {"median B/s", true}};
    struct table table;
    table_init(&table, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < c->copy_count; i++) {
        char size[32];
        units_format_bytes(c->copies[i].size_bytes, size, sizeof size);
        table_add(&table, size);
        add_rate(&table, c->copies[i].bytes_per_second.best);
        add_rate(&table, c->copies[i].bytes_per_second.median);
    }
    int error = table_print(&table, stdout, "  ");
    table_free(&table);
    return error;
}

static int print_pairs(const struct calibration *c) {
    static const struct table_column columns[] = {
        {"placement", false}, {"CPUs", false}, {"related", false}, {"bounce", true},
        {"median", true},     {"line", true},  {"wake-up", true},  {"median", true},
        {"switch", true},     {"median", true}};
    struct table table;
    table_init(&table, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < c->pair_count; i++) {
        const struct calibration_pair *pair = &c->pairs[i];
        table_add(&table, pair->placement.name);
        add_cpus(&table, &pair->placement);
        table_add(&table, pair->placement.related);
        add_ns(&table, pair->bounce_ns);
        add_best_ns(&table, pair->line_ns);
        add_ns(&table, pair->wakeup_ns);
        add_ns(&table, pair->switch_ns);
    }
    int error = table_print(&table, stdout, "  ");
    table_free(&table);
    return error;
}

static const char legend[] =
    "bounce: a cache line, there and back, of two threads that spin; line: one of "
    "many that follow one another one way; wake-up: one, through a "
    "futex; "
    "switch: from one thread to another on one CPU. A round trip that spins costs at least a "
    "bounce, one that blocks usually two wake-ups, or two switches on one CPU; and two copies of "
    "the message. A message of a stream costs at least one copy, or the lines that it is on.";

static int print_tables(const struct calibration *c) {
    (void)printf("clock: %s, %.3f GHz\n", c->clock, c->clock_hz / 1e9);
    int error = print_host(c);
    (void)putchar('\n');
    if (error == 0)
        error = print_copies(c);
    (void)putchar('\n');
    if (error == 0)
        error = print_pairs(c);
    (void)putchar('\n');
    table_wrap(stdout, "", "", legend);
    (void)printf("It took %.2f s.\n", c->took_ns / 1e9);
    return error;
}

static int print_json(const struct calibration *c) {
    json_t *json = calibration_to_json(c);
    char *text = json == NULL ? NULL : json_dumps(json, FIELDS_DUMP | JSON_INDENT(1));
    json_decref(json);
    if (text == NULL)
        return -ENOMEM;
    (void)puts(text); /* main.c checks the stream */
    free(text);
    return 0;
}

/* ---- the command ---- */

/* How many of the placements this host has; why it hasn't the first that it lacks stands in
 * `problem`. */
static size_t count_possible(const struct resolve_placements *places, struct problem *problem) {
    size_t possible = 0;
    for (size_t i = 0; i < places->count; i++)
        possible += places->list[i].related[0] != '\0';
    for (size_t i = 0; i < places->count; i++)
        if (places->list[i].related[0] == '\0') {
            *problem = places->why[i];
            break;
        }
    return possible;
}

static int measure(const struct arguments *a, const struct topology *topology,
                   struct calibration *calibration, bool *possible) {
    struct resolve_placements *places = malloc(sizeof *places);
    if (places == NULL)
        return problem_set(a->problem, ENOMEM, "no memory for the placements");
    int error = resolve_placements(&a->selection, topology, places, a->problem);
    if (!error) {
        *possible = count_possible(places, a->problem) > 0;
        if (*possible)
            error = calibrate(topology, places->list, places->count, calibration, a->problem);
    }
    free(places);
    return error;
}

static int run(const struct arguments *a) {
    struct topology *topology = NULL;
    struct calibration calibration;
    bool possible = false;
    int error = topology_load(NULL, &topology, a->problem);
    if (!error)
        error = measure(a, topology, &calibration, &possible);
    topology_free(topology);
    if (error || !possible)
        return error ? command_exit_code(error) : COMMAND_SKIPPED;
    error = a->json ? print_json(&calibration) : print_tables(&calibration);
    if (error)
        (void)problem_set(a->problem, -error, "no memory to print the calibration");
    return command_exit_code(error);
}

int command_calibrate(int argc, char **argv, struct problem *problem) {
    static const struct argp argp = {.options = options, .parser = take, .doc = documentation};
    struct arguments *arguments = calloc(1, sizeof *arguments);
    if (arguments == NULL)
        return command_exit_code(problem_set(problem, ENOMEM, "no memory to start"));
    arguments->problem = problem;
    error_t error = argp_parse(&argp, argc, argv, 0, NULL, arguments);
    int code = error ? command_exit_code(-error) : run(arguments);
    free(arguments);
    return code;
}
