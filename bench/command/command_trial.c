/* SPDX-License-Identifier: MIT */
/*
 * command_trial.c - `ipcbench trial KEY`: runs one trial in this process tree and prints its
 * record, for a person or as JSON. `ipcbench run` executes this same command for each of its
 * trials.
 */
#include "command/commands.h"

#include "base/fields.h"
#include "base/units.h"
#include "host/sweep.h"
#include "host/topology.h"
#include "plugin/registry.h"
#include "run/knee_search.h"
#include "trial/trial.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    OPTION_EXCHANGES = 256,
    OPTION_TIME,
    OPTION_WARMUP,
    OPTION_WARMUP_EXCHANGES,
    OPTION_DEADLINE,
    OPTION_SEED,
    OPTION_VERIFY,
    OPTION_NET,
    OPTION_TRANSPORTS,
    OPTION_COUNT,
    OPTION_JSON
};

static const struct argp_option options[] = {
    {"exchanges", OPTION_EXCHANGES, "N", 0, "measure N exchanges", 0},
    {"time", OPTION_TIME, "SECONDS", 0, "measure for that long (default 0.5)", 0},
    {"warmup", OPTION_WARMUP, "SECONDS", 0,
     "exchange unmeasured for that long before (default 0.15 with --time)", 0},
    {"warmup-exchanges", OPTION_WARMUP_EXCHANGES, "N", 0,
     "exchange N times unmeasured before (default 1000 with --exchanges)", 0},
    {"deadline", OPTION_DEADLINE, "SECONDS", 0,
     "kill both ends when they are not done by then (default 20 s and four times the time asked "
     "for; 120 s with --exchanges)",
     0},
    {"seed", OPTION_SEED, "N", 0, "seed of the payload (default random)", 0},
    {"verify", OPTION_VERIFY, "window|full", 0,
     "compare a moving 4 KiB window of larger messages, or all of them (default window)", 0},
    {"net", OPTION_NET, "MODE", 0,
     "where IP transports run: auto, private (a network namespace of the trial's own), host "
     "(default auto)",
     0},
    {"transports", OPTION_TRANSPORTS, "DIR", 0, "the folder of plug-ins", 0},
    {"count", OPTION_COUNT, NULL, 0,
     "count system calls, where the host allows that; spoils the timing", 0},
    {"json", OPTION_JSON, NULL, 0, "print the record as JSON", 0},
    {0}};

static const char documentation[] =
    "Runs one trial: two processes that exchange messages, and prints what was measured.\v"
    "KEY is transport[:knob=value,...]/workload/wait/placement/size. An exchange of the workload "
    "stream is one message.\n\n"
    "Examples: ipcbench trial pipe/pingpong/block/same-core/64B --exchanges 10000\n"
    "          ipcbench trial pipe/stream:depth=64/spin/cross-core/64B\n\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage or input, 77 skipped or not applicable here, "
    "130 interrupted.";

#define MOST_NS (24 * 3600 * UINT64_C(1000000000))

struct arguments {
    struct trial_options trial;
    const char *key, *folder;
    bool json;
    bool warmup_given;
    struct problem *problem;
    int error;
};

static int parse_option(int option, const char *text, struct arguments *a) {
    static const char *const verifies[] = {"window", "full", NULL};
    struct trial_options *t = &a->trial;
    int word;
    switch (option) {
    case OPTION_EXCHANGES:
        return units_parse_number(text, "--exchanges", 1, UINT64_C(1) << 50, &t->exchanges,
                                  a->problem);
    case OPTION_TIME:
        return units_parse_ns(text, "--time", 0, MOST_NS, &t->time_ns, a->problem);
    case OPTION_WARMUP:
        a->warmup_given = true;
        return units_parse_ns(text, "--warmup", 0, MOST_NS, &t->warmup_ns, a->problem);
    case OPTION_WARMUP_EXCHANGES:
        a->warmup_given = true;
        return units_parse_number(text, "--warmup-exchanges", 0, UINT64_C(1) << 50,
                                  &t->warmup_exchanges, a->problem);
    case OPTION_DEADLINE:
        return units_parse_ns(text, "--deadline", 0, MOST_NS, &t->deadline_ns, a->problem);
    case OPTION_SEED:
        return units_parse_number(text, "--seed", 0, UINT32_MAX, &t->seed, a->problem);
    case OPTION_VERIFY:
        word = cell_parse_word(text, "--verify", verifies, a->problem);
        t->verify_full = word == 1;
        return word < 0 ? word : 0;
    default:
        word = cell_parse_word(text, "--net", network_modes, a->problem);
        t->net = word < 0 ? NETWORK_AUTO : (enum network_mode)word;
        return word < 0 ? word : 0;
    }
}

static error_t take(int option, char *text, struct argp_state *state) {
    struct arguments *a = state->input;
    switch (option) {
    case OPTION_TRANSPORTS:
        a->folder = text;
        return 0;
    case OPTION_COUNT:
        a->trial.purpose = RECORD_COUNTING;
        return 0;
    case OPTION_JSON:
        a->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (a->key != NULL)
            return ARGP_ERR_UNKNOWN;
        a->key = text;
        return 0;
    default:
        if (option < OPTION_EXCHANGES || option > OPTION_JSON)
            return ARGP_ERR_UNKNOWN;
        if (!a->error)
            a->error = parse_option(option, text, a);
        return 0;
    }
}

/* What was not said: lengths, deadline, seed. */
static int complete(struct arguments *a, struct problem *problem) {
    struct trial_options *t = &a->trial;
    if (t->exchanges && t->time_ns)
        return problem_set(problem, EINVAL, "--exchanges and --time exclude each other");
    if (t->warmup_exchanges && t->warmup_ns)
        return problem_set(problem, EINVAL, "--warmup-exchanges and --warmup exclude each other");
    if (!t->exchanges && !t->time_ns)
        t->time_ns = 500000000;
    if (!a->warmup_given) {
        t->warmup_exchanges = t->exchanges ? 1000 : 0;
        t->warmup_ns = t->exchanges ? 0 : 150000000;
    }
    if (!t->deadline_ns)
        t->deadline_ns = t->exchanges ? UINT64_C(120000000000)
                                      : UINT64_C(20000000000) + 4 * (t->time_ns + t->warmup_ns);
    return 0;
}

static int place(struct trial_options *t, struct problem *problem) {
    struct topology *topology = NULL;
    int error = topology_load(NULL, &topology, problem);
    if (!error)
        error = topology_place(topology, t->cell.placement, &t->placement, problem);
    topology_free(topology);
    return error;
}

static void print_ns(const char *what, double ns) {
    char text[32];
    units_format_ns(ns, text, sizeof text);
    (void)printf("  %-22s %s\n", what, text);
}

static void print_rate(const char *what, double per_second, const char *unit) {
    char rate[32];
    units_format_rate(per_second, rate, sizeof rate);
    (void)printf("  %-22s %s%s\n", what, rate, unit);
}

/* What only some workloads have. */
static void print_crowd(const struct record_crowd *crowd) {
    char what[40];
    for (int i = 0; crowd->has_phases && i < RECORD_PHASES; i++) {
        (void)snprintf(what, sizeof what, "%s, p50", record_phases[i]);
        print_ns(what, crowd->phases[i].p50_ns);
    }
    if (crowd->count > 1)
        (void)printf("  %-22s %.0f to %.0f exchanges each, fairness %.3f\n", "clients",
                     crowd->least_exchanges, crowd->most_exchanges, crowd->fairness);
}

static void print_round_trips(const struct record *r) {
    print_ns("round trip, mean", r->mean_ns);
    print_ns("min", r->min_ns);
    print_ns("p50", r->p50_ns);
    print_ns("p90", r->p90_ns);
    print_ns("p99", r->p99_ns);
    print_ns("p99.9", r->p999_ns);
    print_ns("max", r->max_ns);
    print_rate("exchanges", r->per_second, "/s");
    print_ns("CPU for each exchange", r->cpu_ns);
    print_crowd(&r->crowd);
    (void)printf("  %-22s %.0f, %.0f of them stamped; payload verified\n", "measured exchanges",
                 r->exchanges, r->stamped);
}

static void print_stream(const struct record *r) {
    print_ns("message, mean", r->mean_ns);
    print_rate("messages", r->per_second, "/s");
    print_rate("payload", r->bytes_per_second, "B/s");
    print_ns("CPU for each message", r->cpu_ns);
    (void)printf("  %-22s %.0f; payload verified\n", "measured messages", r->exchanges);
    if (!isnan(r->lost))
        (void)printf("  %-22s %.0f\n", "lost messages", r->lost);
}

static void print_text(const struct record *r) {
    (void)printf("%s: %s%s%s\n", r->key, record_statuses[r->status], r->why[0] ? ": " : "", r->why);
    if (r->status != RECORD_OK)
        return;
    if (workload_spec_kind(r->cell.workload) == WORKLOAD_STREAM)
        print_stream(r);
    else
        print_round_trips(r);
    if (!isnan(r->system_calls))
        (void)printf("  %-22s %.2f for each exchange; the times above include counting them\n",
                     "system calls", r->system_calls);
    if (r->flags[0])
        (void)printf("  %-22s %s\n", "interference", r->flags);
    for (size_t i = 0; i < r->fact_count; i++)
        (void)printf("  %-22s %s\n", r->facts[i].name, r->facts[i].value);
}

/* The text is made first, so that nothing is printed by halves. */
static int print_json(const struct record *record, struct problem *problem) {
    json_t *json = record_to_json(record);
    char *text = json ? json_dumps(json, FIELDS_DUMP | JSON_INDENT(2)) : NULL;
    json_decref(json);
    if (text == NULL)
        return problem_set(problem, ENOMEM, "no memory to print the trial's record");
    (void)puts(text);
    free(text);
    return 0;
}

static int print(const struct record *record, bool json, struct problem *problem) {
    static const int codes[RECORD_STATUSES] = {[RECORD_OK] = COMMAND_DONE,
                                               [RECORD_FAILED] = COMMAND_FAILED,
                                               [RECORD_SKIPPED] = COMMAND_SKIPPED,
                                               [RECORD_NOT_APPLICABLE] = COMMAND_SKIPPED};
    int error = 0;
    if (json)
        error = print_json(record, problem);
    else
        print_text(record);
    return error ? COMMAND_FAILED : codes[record->status];
}

static int run(struct arguments *a) {
    struct registry registry = {0};
    struct record record;
    char folder[4096];
    int error = registry_folder(a->folder, folder, sizeof folder, a->problem);
    (void)sweep();
    if (!error)
        error = registry_open_for(folder, a->trial.cell.transport, &registry, a->problem);
    if (error)
        return command_exit_code(error);
    a->trial.entry = registry_find(&registry, a->trial.cell.transport, a->problem);
    if (a->trial.entry == NULL) {
        error = registry_blame(&registry, a->trial.cell.transport, a->problem);
        registry_close(&registry);
        return command_exit_code(error);
    }
    error = trial_run(&a->trial, &record, a->problem);
    registry_close(&registry);
    if (error)
        return command_exit_code(error);
    int code = print(&record, a->json, a->problem);
    record_free(&record);
    return code;
}

/* This host has no such pair of CPUs: that is a record too. */
static int skip(struct arguments *a) {
    struct record record;
    trial_skip(&a->trial, a->problem->text, &record);
    a->problem->text[0] = '\0';
    int code = print(&record, a->json, a->problem);
    record_free(&record);
    return code;
}

int command_trial(int argc, char **argv, struct problem *problem) {
    static const struct argp argp = {options, take, "KEY", documentation, NULL, NULL, NULL};
    struct arguments a = {.problem = problem};
    (void)!getrandom(&a.trial.seed, sizeof a.trial.seed / 2, 0); /* below 2^32: any JSON reader */
    error_t usage = argp_parse(&argp, argc, argv, 0, NULL, &a);
    if (usage)
        return command_exit_code(problem_set(problem, usage, "%s; see --help", strerror(usage)));
    if (!a.error && a.key == NULL)
        a.error = problem_set(problem, EINVAL,
                              "which cell? For example: ipcbench trial "
                              "pipe/pingpong/block/same-core/64B");
    if (!a.error)
        a.error = cell_parse(a.key, &a.trial.cell, problem);
    if (!a.error && knee_search_is(&a.trial.cell))
        a.error = problem_set(problem, EINVAL,
                              "a search for the knee is many trials, and this command runs one; "
                              "use `ipcbench run -w rate:search=knee`");
    if (!a.error)
        a.error = complete(&a, problem);
    if (!a.error)
        a.error = place(&a.trial, problem);
    if (a.error == -ENXIO)
        return skip(&a);
    return a.error ? command_exit_code(a.error) : run(&a);
}
