/* SPDX-License-Identifier: MIT */
/*
 * config.c - the options of `ipcbench run`: one table for help, defaults and dispatch.
 */
#include "run/config.h"

#include "base/units.h"
#include "host/network.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define DEFAULT_BUDGET    "55"
#define DEFAULT_PRECISION "3"
#define DEFAULT_WAIT      "600"
#define MOST_NS           (30 * 24 * 3600 * UINT64_C(1000000000))

enum {
    OPTION_BUDGET = 256,
    OPTION_TRIALS,
    OPTION_TIME,
    OPTION_WARMUP,
    OPTION_PRECISION,
    OPTION_SEED,
    OPTION_NET,
    OPTION_VERIFY,
    OPTION_TRANSPORTS,
    OPTION_DRY_RUN,
    OPTION_NO_COUNTS,
    OPTION_RESUME,
    OPTION_WAIT,
    OPTION_JSON
};

static const struct argp_option options[] = {
    {NULL, 0, NULL, 0, "What to measure (lists with commas):", 1},
    {NULL, 't', "NAMES", 0, "transports, with knobs if need be (default: core ones and null)", 1},
    {"workloads", 'w', "WORKLOADS", 0,
     "pingpong, rate[:hz=N,arrivals=poisson,search=knee], write-write-read, "
     "stream[:depth=N,inplace=handover], connect[:clients=N], serve:clients=N,design=D "
     "(default: pingpong)",
     1},
    {"sizes", 's', "SIZES", 0, "message sizes, 1 to 1M (default: 8,64,1K,4K,64K)", 1},
    {"waits", 'W', "WAITS", 0, "block, spin, park (default: what each transport can)", 1},
    {"placements", 'p', "PLACEMENTS", 0,
     "same-core, smt, same-l3, cross-l3, cross-numa, cross-socket, cross-core, unpinned, or CPUs "
     "as N,M (default: same-core, and one pair for each distance that there is)",
     1},
    {NULL, 0, NULL, 0, "How long:", 2},
    {"budget", OPTION_BUDGET, "SECONDS", 0,
     "for the whole run (default " DEFAULT_BUDGET "; without limit with --trials)", 2},
    {"trials", OPTION_TRIALS, "N", 0, "exactly N trials of each cell (default: from the budget)",
     2},
    {"time", OPTION_TIME, "SECONDS", 0, "measured in each trial (default: from the budget)", 2},
    {"warmup", OPTION_WARMUP, "SECONDS", 0,
     "before, unmeasured (default: 0.07 to 0.2, from the budget)", 2},
    {"precision", OPTION_PRECISION, "PERCENT", 0,
     "stop when the 95% interval of each median is within this to both sides "
     "(default " DEFAULT_PRECISION ")",
     2},
    {NULL, 0, NULL, 0, "How:", 3},
    {"seed", OPTION_SEED, "N", 0, "for the order and the payloads (default: drawn)", 3},
    {"net", OPTION_NET, "MODE", 0,
     "auto, private (a network namespace for each trial) or host (default: auto)", 3},
    {"verify", OPTION_VERIFY, "MODE", 0,
     "compare a moving window of large messages, or all of them: window or full (default: window)",
     3},
    {"no-counts", OPTION_NO_COUNTS, NULL, 0,
     "leave out the short trial of each cell that counts system calls", 3},
    {"transports", OPTION_TRANSPORTS, "DIR", 0, "the folder of plug-ins", 3},
    {"wait", OPTION_WAIT, "SECONDS", 0,
     "how long to wait where another run is measuring (default " DEFAULT_WAIT "; 0: not at all)",
     3},
    {"resume", OPTION_RESUME, "RUN", 0,
     "finish that run, which was killed or interrupted; goes with --wait, --json and -q only", 3},
    {NULL, 0, NULL, 0, "What comes out:", 4},
    {"output", 'o', "FILE", 0, "the run file (default: results/TIME.json); never overwritten", 4},
    {"dry-run", OPTION_DRY_RUN, NULL, 0, "print the plan and measure nothing", 4},
    {"json", OPTION_JSON, NULL, 0, "print the run file instead of the table", 4},
    {"quiet", 'q', NULL, 0, "neither progress nor remarks on stderr", 4},
    {0}};

static const char documentation[] =
    "Measures many cells, in several trials each and in random order, prints the table, and writes "
    "one run file.\v"
    "In NAMES a comma starts another transport, except where '=' is what comes first after it: "
    "then "
    "it is another knob of the transport before. 'all' means every transport that there "
    "is, and core, kernel, library, guest or control those of that group. In "
    "PLACEMENTS two numbers in a row are a pair of CPUs, the server's and the client's.\n\n"
    "To spin or park on one shared core takes milliseconds a round trip: that is left out unless "
    "both -W and -p name it. What a transport named by -t cannot do is reported as not "
    "applicable.\n\n"
    "The budget decides how long a trial is and how many there are: at least five of each cell "
    "where they fit, then more for the cells whose interval is widest. Ctrl-C keeps the trials "
    "that are finished, and --resume goes on from there: with the same plan, order and seeds, on "
    "the same host, by the same build.\n\n"
    "Examples:\n"
    "  ipcbench run\n"
    "  ipcbench run -t pipe,unix -s 64,4K -W block -o results/mine.json\n"
    "  ipcbench run -t pipe,pipe:bufsize=1M,tcp-public -p same-core,0,1 --budget 20\n"
    "  ipcbench run -t core,kernel -s 64\n"
    "  ipcbench run --resume results/mine.json\n\n"
    "Exit codes: 0 done, 1 a trial failed, 2 wrong usage or input, 3 another run is measuring, 77 "
    "no cell is possible here, 130 interrupted.";

struct parse {
    struct config *config;
    bool selects; /* an option was there that --resume doesn't go with */
    struct problem *problem;
};

/* "3", "0.5" or "3%", as a share. */
static int parse_percent(const char *text, double *share, struct problem *problem) {
    char *end = NULL;
    double percent = strtod(text, &end);
    if (end == text || (*end != '\0' && strcmp(end, "%") != 0) || !(percent > 0 && percent <= 100))
        return problem_set(problem, EINVAL,
                           "--precision: '%s' is not a percentage above 0 and up to 100, like 3",
                           text);
    *share = percent / 100;
    return 0;
}

/* Keeps the list's own copy of the word. */
static int parse_word(const char *text, const char *what, const char *const *words,
                      const char **kept, struct problem *problem) {
    int word = cell_parse_word(text, what, words, problem);
    if (word >= 0)
        *kept = words[word];
    return word < 0 ? word : 0;
}

static int parse_trials(const char *text, struct parse *parse) {
    uint64_t trials = 0;
    int result = units_parse_number(text, "--trials", 1, PLAN_MAX_TRIALS, &trials, parse->problem);
    parse->config->wishes.trials = (size_t)trials;
    return result;
}

static int parse_value(int option, const char *text, struct parse *parse) {
    static const char *const verifies[] = {"window", "full", NULL};
    struct config *config = parse->config;
    struct plan_wishes *wishes = &config->wishes;
    switch (option) {
    case OPTION_BUDGET:
        config->budget_given = true;
        return units_parse_ns(text, "--budget", 0, MOST_NS, &wishes->budget_ns, parse->problem);
    case OPTION_TRIALS:
        return parse_trials(text, parse);
    case OPTION_TIME:
        return units_parse_ns(text, "--time", 1000, MOST_NS, &wishes->time_ns, parse->problem);
    case OPTION_WARMUP:
        return units_parse_ns(text, "--warmup", 1000, MOST_NS, &wishes->warmup_ns, parse->problem);
    case OPTION_PRECISION:
        return parse_percent(text, &wishes->precision, parse->problem);
    case OPTION_SEED:
        config->seed_given = true;
        return units_parse_number(text, "--seed", 0, UINT32_MAX, &wishes->seed, parse->problem);
    case OPTION_WAIT:
        return units_parse_ns(text, "--wait", 0, MOST_NS, &config->wait_ns, parse->problem);
    case OPTION_NET:
        return parse_word(text, "--net", network_modes, &config->net, parse->problem);
    default:
        return parse_word(text, "--verify", verifies, &config->verify, parse->problem);
    }
}

static error_t take(int option, char *text, struct argp_state *state) {
    struct parse *parse = state->input;
    struct config *config = parse->config;
    bool known =
        (option > ' ' && option < 127) || (option >= OPTION_BUDGET && option < OPTION_JSON);
    parse->selects |= known && option != 'q' && option != OPTION_RESUME && option != OPTION_WAIT;
    switch (option) {
    case 't':
    case 'w':
    case 's':
    case 'W':
    case 'p':
        return -selection_list(option, text, &parse->config->selection, parse->problem);
    case 'o':
        config->output = text;
        return 0;
    case 'q':
        config->quiet = true;
        return 0;
    case OPTION_TRANSPORTS:
        config->transports = text;
        return 0;
    case OPTION_DRY_RUN:
        config->dry_run = true;
        return 0;
    case OPTION_NO_COUNTS:
        config->no_counts = true;
        return 0;
    case OPTION_RESUME:
        config->resume = text;
        return 0;
    case OPTION_JSON:
        config->json = true;
        return 0;
    default:
        if (option < OPTION_BUDGET || option > OPTION_JSON)
            return ARGP_ERR_UNKNOWN;
        return -parse_value(option, text, parse);
    }
}

/* What was not said. */
static int complete(struct config *config, struct problem *problem) {
    struct plan_wishes *wishes = &config->wishes;
    if (!config->budget_given && wishes->trials > 0)
        wishes->budget_ns = PLAN_NO_BUDGET;
    else if (!config->budget_given)
        (void)units_parse_ns(DEFAULT_BUDGET, "--budget", 0, MOST_NS, &wishes->budget_ns, problem);
    uint32_t drawn = 0;
    if (config->seed_given)
        return 0;
    if (getrandom(&drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)
        return problem_set(problem, EIO, "can't draw a seed: getrandom: %s; give one with --seed",
                           strerror(errno));
    wishes->seed = drawn;
    return 0;
}

int config_parse(int argc, char **argv, struct config *config, struct problem *problem) {
    static const struct argp argp = {.options = options, .parser = take, .doc = documentation};
    struct parse parse = {.config = config, .problem = problem};
    *config = (struct config){.net = network_modes[NETWORK_AUTO], .verify = "window"};
    config->wishes.time_ns = PLAN_CHOOSE;
    config->wishes.warmup_ns = PLAN_CHOOSE;
    (void)parse_percent(DEFAULT_PRECISION, &config->wishes.precision, problem);
    (void)units_parse_ns(DEFAULT_WAIT, "--wait", 0, MOST_NS, &config->wait_ns, problem);
    error_t error = argp_parse(&argp, argc, argv, 0, NULL, &parse);
    if (error != 0 && problem->text[0] == '\0')
        return problem_set(problem, error, "%s; see --help", strerror(error));
    if (error == 0 && config->resume != NULL && parse.selects)
        return problem_set(problem, EINVAL,
                           "--resume goes with --wait, --json and -q only: the run itself says all "
                           "the rest");
    return error != 0 ? -error : complete(config, problem);
}
