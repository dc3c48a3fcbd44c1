/* SPDX-License-Identifier: MIT */
/*
 * duet_options.c - the options of `ipcbench duet`: one table for help, defaults and dispatch.
 */
#include "duet/duet_options.h"

#include "base/units.h"
#include "duet/duet_gate.h"
#include "plugin/cell.h"

#include <argp.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define DEFAULT_TIME   "0.5"
#define DEFAULT_WARMUP "0.1"
#define DEFAULT_SLICE  "4ms"
#define DEFAULT_SIZES  "64,4K"
#define MS             UINT64_C(1000000)
#define MOST_NS        (2000 * MS) /* of one trial: what there is room for */
#define MOST_BUDGET_NS (24 * 3600 * 1000 * MS)

enum {
    OPTION_TIME = 256,
    OPTION_WARMUP,
    OPTION_SLICE,
    OPTION_TRIALS,
    OPTION_BUDGET,
    OPTION_SEED,
    OPTION_NET,
    OPTION_CELLS,
    OPTION_LIMITS,
    OPTION_STRICT,
    OPTION_TRIAL,
    OPTION_FIRST,
    OPTION_JSON
};

static const struct argp_option options[] = {
    {NULL, 0, NULL, 0, "What to compare (lists with commas):", 1},
    {NULL, 't', "NAMES", 0, "transports (default: those of the plug-in named, else core)", 1},
    {"sizes", 's', "SIZES", 0, "message sizes (default: " DEFAULT_SIZES ")", 1},
    {"waits", 'W', "WAITS", 0, "block, spin, park (default: what each transport can)", 1},
    {"placements", 'p', "PLACEMENTS", 0, "as in `ipcbench run` (default: likewise)", 1},
    {"cells", OPTION_CELLS, "FILE", 0, "exactly the cells whose keys stand there, a line each", 1},
    {"limits", OPTION_LIMITS, "FILE", 0,
     "thresholds of single cells, with the reason for each: see docs/regression.md", 1},
    {NULL, 0, NULL, 0, "How long:", 2},
    {"time", OPTION_TIME, "SECONDS", 0,
     "of slices in each trial, both sides together (default " DEFAULT_TIME ")", 2},
    {"warmup", OPTION_WARMUP, "SECONDS", 0, "before (default " DEFAULT_WARMUP ")", 2},
    {"slice", OPTION_SLICE, "SECONDS", 0, "of one side at a time (default " DEFAULT_SLICE ")", 2},
    {"trials", OPTION_TRIALS, "N", 0, "of a cell at most, 8 to 24 (default 24)", 2},
    {"budget", OPTION_BUDGET, "SECONDS", 0,
     "no cell gets more trials than it needs at all once so much is spent (default: no limit)", 2},
    {NULL, 0, NULL, 0, "How:", 3},
    {"seed", OPTION_SEED, "N", 0, "for the order, the sides and the payloads (default: drawn)", 3},
    {"net", OPTION_NET, "MODE", 0, "auto, private or host (default auto)", 3},
    {"strict", OPTION_STRICT, NULL, 0, "exit 1 instead of 3 where something can't be told", 3},
    {"trial", OPTION_TRIAL, "KEY", 0, "run one trial of that cell and print it as JSON", 3},
    {"first", OPTION_FIRST, "base|head", 0, "which side begins that trial (default base)", 3},
    {NULL, 0, NULL, 0, "What comes out:", 4},
    {"output", 'o', "FILE", 0, "write the JSON there, too", 4},
    {"json", OPTION_JSON, NULL, 0, "print JSON instead of the table", 4},
    {"quiet", 'q', NULL, 0, "no progress on stderr", 4},
    {0}};

static const char documentation[] =
    "Compares two builds of the same transports: the gate for CI. BASE and HEAD are each a "
    "folder of plug-ins, one plug-in (NAME.so), or an installed ipcbench.\vEach trial is a new "
    "pair of processes that hold a link of both builds and exchange on them by turns, some "
    "milliseconds each, so that whatever drifts on this host hits both alike. A cell gets 12 "
    "to 24 trials, more only where its ratio isn't known to 2%. A cell regresses when the "
    "exact signed-rank test says so after Holm's correction over all cells (.05) and the "
    "change is beyond 2%; it passes when the 99% interval lies within 5%; else the smallest "
    "slowdown that would have been found is named. Base is also held against itself: where "
    "that moves, the verdict is \"environment\". The plug-ins of both sides are driven by this "
    "ipcbench.\n"
    "\n"
    "Examples:\n"
    "  ipcbench duet old/transports new/transports\n"
    "  ipcbench duet /usr/local/bin/ipcbench build/ipcbench -t pipe,unix -s 64\n"
    "  ipcbench duet pipe.so new/pipe.so --json | jq .verdict\n"
    "\n"
    "Exit codes: 0 done and nothing regressed, 1 something regressed, 2 an error (wrong input, "
    "a trial failed), 3 something can't be told, or the environment moved (1 with --strict), "
    "130 interrupted.";

struct parse {
    struct duet_options *options;
    const char *given[DUET_SIDES];
    int sides;
    bool seeded;
    struct problem *problem;
};

static int parse_trials(const char *text, struct parse *parse) {
    uint64_t trials = 0;
    int result = units_parse_number(text, "--trials", DUET_FIRST_TRIALS, DUET_MOST_TRIALS, &trials,
                                    parse->problem);
    parse->options->most_trials = (size_t)trials;
    return result;
}

static int parse_first(const char *text, struct parse *parse) {
    int word = cell_parse_word(text, "--first", duet_sides, parse->problem);
    parse->options->first = word > 0 ? DUET_HEAD : DUET_BASE;
    return word < 0 ? word : 0;
}

static int parse_net(const char *text, struct parse *parse) {
    int word = cell_parse_word(text, "--net", network_modes, parse->problem);
    parse->options->net = word < 0 ? NETWORK_AUTO : (enum network_mode)word;
    return word < 0 ? word : 0;
}

static int parse_value(int option, const char *text, struct parse *parse) {
    struct duet_options *o = parse->options;
    switch (option) {
    case OPTION_TIME:
        return units_parse_ns(text, "--time", 10 * MS, MOST_NS, &o->time_ns, parse->problem);
    case OPTION_WARMUP:
        return units_parse_ns(text, "--warmup", 0, MOST_NS, &o->warmup_ns, parse->problem);
    case OPTION_SLICE:
        return units_parse_ns(text, "--slice", MS / 2, 100 * MS, &o->slice_ns, parse->problem);
    case OPTION_TRIALS:
        return parse_trials(text, parse);
    case OPTION_BUDGET:
        return units_parse_ns(text, "--budget", 0, MOST_BUDGET_NS, &o->budget_ns, parse->problem);
    case OPTION_SEED:
        parse->seeded = true;
        return units_parse_number(text, "--seed", 0, UINT32_MAX, &o->seed, parse->problem);
    case OPTION_NET:
        return parse_net(text, parse);
    default:
        return parse_first(text, parse);
    }
}

/* Takes an option that is kept as it is; false: it is none. */
static bool take_plain(int option, const char *text, struct duet_options *o) {
    switch (option) {
    case OPTION_CELLS:
        o->cells = text;
        return true;
    case OPTION_LIMITS:
        o->limits = text;
        return true;
    case OPTION_STRICT:
        o->strict = true;
        return true;
    case OPTION_TRIAL:
        o->trial = text;
        return true;
    case 'o':
        o->output = text;
        return true;
    case OPTION_JSON:
        o->json = true;
        return true;
    case 'q':
        o->quiet = true;
        return true;
    default:
        return false;
    }
}

static error_t take(int option, char *text, struct argp_state *state) {
    struct parse *parse = state->input;
    if (option == ARGP_KEY_ARG) {
        if (parse->sides == DUET_SIDES)
            return -problem_set(parse->problem, EINVAL,
                                "'%s' is one too many: duet takes BASE and HEAD", text);
        parse->given[parse->sides++] = text;
        return 0;
    }
    if (take_plain(option, text, parse->options))
        return 0;
    if (option == 't' || option == 's' || option == 'W' || option == 'p')
        return -selection_list(option, text, &parse->options->selection, parse->problem);
    if (option < OPTION_TIME || option > OPTION_JSON)
        return ARGP_ERR_UNKNOWN;
    return -parse_value(option, text, parse);
}

/* What was not said. */
static int complete(struct parse *parse) {
    static const char *const names[DUET_SIDES] = {"BASE", "HEAD"};
    struct duet_options *o = parse->options;
    uint32_t drawn = 0;
    int error = 0;
    if (parse->sides < DUET_SIDES)
        return problem_set(parse->problem, EINVAL,
                           "which builds? For example: ipcbench duet old/transports "
                           "build/transports");
    for (int side = 0; side < DUET_SIDES && error == 0; side++)
        error =
            duet_source_find(parse->given[side], names[side], &o->sources[side], parse->problem);
    if (error == 0 && o->selection.size_count == 0)
        error = selection_sizes(DEFAULT_SIZES, &o->selection, parse->problem);
    if (!parse->seeded && getrandom(&drawn, sizeof drawn, 0) == (ssize_t)sizeof drawn)
        o->seed = drawn;
    return error;
}

int duet_options_parse(int argc, char **argv, struct duet_options *o, struct problem *problem) {
    static const struct argp argp = {
        .options = options, .parser = take, .args_doc = "BASE HEAD", .doc = documentation};
    struct parse parse = {.options = o, .problem = problem};
    *o = (struct duet_options){.budget_ns = UINT64_MAX, .most_trials = DUET_MOST_TRIALS};
    (void)units_parse_ns(DEFAULT_TIME, "", 0, MOST_NS, &o->time_ns, problem);
    (void)units_parse_ns(DEFAULT_WARMUP, "", 0, MOST_NS, &o->warmup_ns, problem);
    (void)units_parse_ns(DEFAULT_SLICE, "", 0, MOST_NS, &o->slice_ns, problem);
    error_t error = argp_parse(&argp, argc, argv, 0, NULL, &parse);
    if (error != 0 && problem->text[0] == '\0')
        return problem_set(problem, error, "%s; see --help", strerror(error));
    return error != 0 ? -error : complete(&parse);
}
