/* SPDX-License-Identifier: MIT */
/*
 * command_show.c - `ipcbench show RUN`: the tables of a run file, or of the journal of a run that
 * was interrupted.
 */
#include "command/commands.h"

#include "base/fields.h"
#include "judge/claims.h"
#include "judge/verdict.h"
#include "plugin/cell.h"
#include "report/show.h"
#include "report/show_answers.h"
#include "report/show_curves.h"
#include "run/knee_search.h"
#include "run/store.h"
#include "run/summary.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { OPTION_JSON = 256, OPTION_CURVES };

static const struct argp_option options[] = {
    {"wait", 'W', "WAIT", 0, "only cells that wait this way: block, spin or park", 0},
    {"placement", 'p', "PLACEMENT", 0, "only cells of this placement, such as cross-core", 0},
    {"curves", OPTION_CURVES, NULL, 0,
     "draw the round trips by size or by percentile too (needs gnuplot); a terminal that is wide "
     "enough gets them unasked",
     0},
    {"json", OPTION_JSON, NULL, 0, "print cells, verdict and claims as JSON", 0},
    {0}};

static const char documentation[] =
    "Prints the tables of a run file: one for each way to wait and each placement, by size, the "
    "fastest first; then the verdict, and what the run says to the HOWTO's claims. Also reads "
    "RUN.json.journal, which a run that was killed leaves.\v"
    "Example: ipcbench show results/mine.json -W spin -p cross-core --curves\n\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, or a file that is no run file.";

struct arguments {
    const char *path;
    struct show_filter filter;
    bool json, curves;
    struct problem *problem;
};

static int check_wait(const char *word, struct problem *problem) {
    int index = cell_parse_word(word, "wait", cell_waits, problem);
    return index < 0 ? index : 0;
}

static error_t take_run(struct arguments *a, const char *path) {
    if (a->path != NULL)
        return problem_set(a->problem, EINVAL, "show takes one run file, and '%s' is a second",
                           path);
    a->path = path;
    return 0;
}

/* A negative result ends argp_parse, with the sentence in `problem`. */
static error_t take(int option, char *text, struct argp_state *state) {
    struct arguments *a = state->input;
    switch (option) {
    case 'W':
        a->filter.wait = text;
        return check_wait(text, a->problem);
    case 'p':
        a->filter.placement = text;
        return cell_check_placement(text, a->problem);
    case OPTION_JSON:
        a->json = true;
        return 0;
    case OPTION_CURVES:
        a->curves = true;
        return 0;
    case ARGP_KEY_ARG:
        return take_run(a, text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static json_t *cells_to_json(const struct run *run, const struct show_filter *filter) {
    json_t *cells = json_array();
    for (size_t i = 0; i < run->cell_count; i++) {
        if (!show_filter_passes(filter, &run->cells[i].cell))
            continue;
        if (json_array_append_new(cells, summary_to_json(&run->cells[i])) != 0) {
            json_decref(cells);
            return NULL;
        }
    }
    return cells;
}

static json_t *verdict_json(const struct run *run) {
    struct verdict verdicts[VERDICT_QUESTIONS];
    verdict_make(run, verdicts);
    return verdict_to_json(verdicts);
}

static json_t *claims_json(const struct run *run) {
    struct claim claims[CLAIMS];
    if (claims_make(run, claims) != 0)
        return NULL;
    json_t *json = claims_to_json(claims);
    claims_free(claims);
    return json;
}

static int print_json(const struct run *run, const struct show_filter *filter) {
    json_t *json = json_pack("{s:b, s:O, s:O, s:o, s:o, s:o, s:o}", "complete", run->complete,
                             "environment", run->environment, "options", run->options, "cells",
                             cells_to_json(run, filter), "verdict", verdict_json(run), "claims",
                             claims_json(run), "knees", knee_search_to_json(run));
    if (json == NULL)
        return -ENOMEM;
    char *text = json_dumps(json, FIELDS_DUMP | JSON_INDENT(1));
    json_decref(json);
    if (text == NULL)
        return -ENOMEM;
    (void)puts(text); /* main.c checks the stream */
    free(text);
    return 0;
}

/* The width of the terminal that stdout is; 0: it is none. */
static unsigned terminal_columns(void) {
    struct winsize size = {0};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static int print_curves(const struct arguments *a, const struct run *run, struct problem *problem) {
    unsigned columns = terminal_columns();
    if (columns > SHOW_CURVES_MOST_COLUMNS)
        columns = SHOW_CURVES_MOST_COLUMNS;
    if (columns < SHOW_CURVES_COLUMNS && !a->curves)
        return 0;
    if (columns < SHOW_CURVES_COLUMNS)
        columns = SHOW_CURVES_COLUMNS;
    return show_curves(stdout, run, &a->filter, columns, problem);
}

/* The answers come last, where a terminal still shows them. */
static int print_text(const struct arguments *a, const struct run *run, struct problem *problem) {
    int error = show_tables(stdout, run, &a->filter);
    if (error == 0)
        error = print_curves(a, run, problem);
    if (error == 0 && show_filter_is_empty(&a->filter))
        error = show_answers(stdout, run);
    return error;
}

static int show(const struct arguments *a, struct problem *problem) {
    struct run run;
    int error = store_load(a->path, &run, problem);
    if (error != 0)
        return error == -ENOMEM ? COMMAND_FAILED : COMMAND_USAGE;
    error = a->json ? print_json(&run, &a->filter) : print_text(a, &run, problem);
    run_free(&run);
    if (error != 0 && problem->text[0] == '\0')
        (void)problem_set(problem, -error, "there is no memory to show %s", a->path);
    return error == 0 ? COMMAND_DONE : COMMAND_FAILED;
}

int command_show(int argc, char **argv, struct problem *problem) {
    static const struct argp argp = {options, take, "RUN", documentation, NULL, NULL, NULL};
    struct arguments arguments = {.problem = problem};
    int error = argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (error != 0)
        return command_exit_code(error);
    if (arguments.path == NULL) {
        (void)problem_set(problem, EINVAL, "name a run file: ipcbench show results/mine.json");
        return COMMAND_USAGE;
    }
    if (arguments.curves && arguments.json) {
        (void)problem_set(problem, EINVAL, "--json has no curves: leave --curves or --json away");
        return COMMAND_USAGE;
    }
    return show(&arguments, problem);
}
