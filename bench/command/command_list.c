/* SPDX-License-Identifier: MIT */
/*
 * command_list.c - `ipcbench list`: which transports there are and whether they can run here; with
 * --placements, which CPUs there are and how they pair.
 */
#include "command/commands.h"
#include "report/list.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

struct options {
    bool json;
    bool placements;
    bool verbose;
    const char *transports;
};

/* Beyond the characters, so that these options have no short name. */
enum option_key { OPTION_JSON = 256, OPTION_PLACEMENTS, OPTION_TRANSPORTS };

static const struct argp_option option_table[] = {
    {"json", OPTION_JSON, NULL, 0,
     "Print JSON: an array of transports, or an object with --placements", 0},
    {"placements", OPTION_PLACEMENTS, NULL, 0,
     "Print the CPUs that may be used, and the pair of each placement", 0},
    {"transports", OPTION_TRANSPORTS, "DIR", 0, "Look for transports (NAME.so) in DIR", 0},
    {"verbose", 'v', NULL, 0, "Add what a message costs, and the knobs", 0},
    {NULL, 0, NULL, 0, NULL, 0}};

static const char documentation[] =
    "Lists the transports: what each is, how it can wait, the largest message that it carries, and "
    "why it can't be used here if it can't."
    "\v"
    "Example: ipcbench list --verbose\n"
    "         ipcbench list --json | jq -r '.[] | select(.available).name'\n\n"
    "A transport is used as NAME or NAME:knob=value,knob=value; its knobs appear with "
    "--verbose.\n\n"
    "Exit codes: 0 done, also when some transports can't be used; 1 failed; 2 wrong usage.";

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    struct options *options = state->input;
    switch (key) {
    case OPTION_JSON:
        options->json = true;
        return 0;
    case OPTION_PLACEMENTS:
        options->placements = true;
        return 0;
    case OPTION_TRANSPORTS:
        options->transports = argument;
        return 0;
    case 'v':
        options->verbose = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "there is no argument to give ('%s')", argument);
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int show_placements(const struct options *options, struct problem *problem) {
    struct topology *topology = NULL;
    int result = topology_load(NULL, &topology, problem);
    if (result == 0)
        result = list_placements(topology, options->json, problem);
    topology_free(topology);
    return result;
}

static int show_registry(const struct options *options, const struct registry *registry,
                         struct problem *problem) {
    struct list_item *items = calloc(registry->count, sizeof *items);
    int result = 0;
    if (items == NULL)
        return problem_set(problem, ENOMEM, "no memory for the list of transports");
    list_probe(registry, items);
    if (options->json)
        result = list_dump(items, registry->count, problem);
    else
        list_print(items, registry->count, options->verbose);
    free(items);
    return result;
}

static int show_transports(const struct options *options, struct problem *problem) {
    char folder[PATH_MAX];
    struct registry registry;
    int result = registry_folder(options->transports, folder, sizeof folder, problem);
    if (result == 0)
        result = registry_open(folder, &registry, problem);
    if (result != 0)
        return result;
    result = show_registry(options, &registry, problem);
    registry_close(&registry);
    return result;
}

int command_list(int argc, char **argv, struct problem *problem) {
    static const struct argp parser = {
        .options = option_table, .parser = parse_option, .doc = documentation};
    struct options options = {.json = false};
    if (argp_parse(&parser, argc, argv, 0, NULL, &options) != 0)
        return COMMAND_USAGE;
    return command_exit_code(options.placements ? show_placements(&options, problem)
                                                : show_transports(&options, problem));
}
