/* SPDX-License-Identifier: MIT */
/*
 * command_history.c - `ipcbench history import|trend|changes|accept`: many runs over time.
 */
#include "command/commands.h"

#include "judge/history.h"
#include "judge/history_files.h"
#include "report/history_print.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DATABASE "results/history.sqlite"

enum { OPTION_JSON = 256, OPTION_REASON, OPTION_REBUILD };

static const struct argp_option options[] = {
    {"database", 'd', "FILE", 0, "the history; results/history.sqlite if not given", 0},
    {"cell", 'c', "PATTERN", 0, "trend, changes: only cells whose key matches, such as 'pipe/*'",
     0},
    {"rebuild", OPTION_REBUILD, NULL, 0,
     "import: forget all runs first; what was accepted stays accepted", 0},
    {"reason", OPTION_REASON, "TEXT", 0, "accept: why this change is no news", 0},
    {"json", OPTION_JSON, NULL, 0, "trend, changes: print JSON, with every point", 0},
    {0}};

static const char documentation[] =
    "Keeps the summaries of run files in one SQLite file, shows how each cell moves, and finds "
    "where it changed.\n"
    "  import [RUN|DIR...]  adds run files (those of results/ if none is named)\n"
    "  trend                a line for each cell; of a single cell also its last runs\n"
    "  changes              where the cells changed, and with which commit\n"
    "  accept KEY COMMIT    this change is known and wanted: --reason says why\v"
    "A change is less probable than 0.001 by chance, moves the median by 2% at least, and has 4 "
    "runs "
    "or more to each side. It is looked for in what each cell costs as a multiple of pipe in the "
    "same run, where each run has both.\n\n"
    "Examples:\n"
    "  ipcbench history import results\n"
    "  ipcbench history trend -c 'shm/*/spin/*'\n"
    "  ipcbench history accept shm/pingpong/spin/cross-core/64B 1a2b3c4d5e6f --reason 'checks "
    "more'\n\n"
    "Exit codes: 0 done, 1 failed; changes: 1 also when a cell became slower and nobody accepted "
    "that; 2 wrong usage or input.";

struct arguments {
    const char *database, *pattern, *reason;
    const char **words; /* room for all that argv could hold */
    size_t count;
    bool json, rebuild;
};

static error_t take(int option, char *text, struct argp_state *state) {
    struct arguments *a = state->input;
    switch (option) {
    case 'd':
        a->database = text;
        return 0;
    case 'c':
        a->pattern = text;
        return 0;
    case OPTION_REBUILD:
        a->rebuild = true;
        return 0;
    case OPTION_REASON:
        a->reason = text;
        return 0;
    case OPTION_JSON:
        a->json = true;
        return 0;
    case ARGP_KEY_ARG:
        a->words[a->count++] = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the verbs: each an exit code ---- */

static int import_runs(const struct arguments *a, struct history *history,
                       struct problem *problem) {
    static const char *const usual[] = {"results"};
    struct history_import_counts counts = {0};
    bool named = a->count > 1;
    int error = history_begin(history, problem);
    if (error == 0 && a->rebuild)
        error = history_forget(history, problem);
    if (error == 0)
        error = history_import(history, named ? a->words + 1 : usual, named ? a->count - 1 : 1,
                               &counts, problem);
    if (error == 0)
        error = history_update(history, problem);
    if (error == 0)
        error = history_commit(history, problem);
    if (error != 0)
        return command_exit_code(error);
    (void)printf("%zu added, %zu there already, %zu damaged, %zu of other kinds\n", counts.added,
                 counts.known, counts.damaged, counts.other);
    return counts.damaged > 0 ? COMMAND_FAILED : COMMAND_DONE;
}

static int show_trend(const struct arguments *a, struct history *history, struct problem *problem) {
    return command_exit_code(a->json ? history_print_json(stdout, history, a->pattern, problem)
                                     : history_print_trend(stdout, history, a->pattern, problem));
}

static int print_changes_json(const struct history_change *changes, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, history_change_to_json(&changes[i]));
    int failed = json_dumpf(list, stdout, JSON_INDENT(1));
    json_decref(list);
    (void)putchar('\n');
    return failed == 0 ? 0 : -ENOMEM;
}

static int show_changes(const struct arguments *a, struct history *history,
                        struct problem *problem) {
    struct history_change *changes;
    size_t count, slower = 0;
    int error = history_changes(history, a->pattern, &changes, &count, problem);
    for (size_t i = 0; i < count; i++)
        slower += changes[i].shift > 0 && changes[i].reason[0] == '\0';
    if (error == 0 && a->json)
        error = print_changes_json(changes, count);
    else if (error == 0)
        history_print_changes(stdout, changes, count);
    if (error == 0 && count == 0 && !a->json)
        (void)puts("No cell changed.");
    free(changes);
    return error == 0 && slower > 0 ? COMMAND_FAILED : command_exit_code(error);
}

static int accept_change(const struct arguments *a, struct history *history,
                         struct problem *problem) {
    char date[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    if (a->count != 3 || a->reason == NULL || a->reason[0] == '\0')
        return command_exit_code(
            problem_set(problem, EINVAL,
                        "accept takes a key, a commit and a reason: ipcbench history accept KEY "
                        "COMMIT --reason TEXT"));
    if (gmtime_r(&now, &utc) != NULL)
        (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return command_exit_code(
        history_accept(history, a->words[1], a->words[2], a->reason, date, problem));
}

static const struct verb {
    const char *name;
    bool makes, takes_words;
    int (*run)(const struct arguments *a, struct history *history, struct problem *problem);
} verbs[] = {{"import", true, true, import_runs},
             {"trend", false, false, show_trend},
             {"changes", false, false, show_changes},
             {"accept", false, true, accept_change}};

static const struct verb *find_verb(const struct arguments *a, struct problem *problem) {
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs && a->count > 0; i++) {
        if (strcmp(verbs[i].name, a->words[0]) != 0)
            continue;
        if (a->count == 1 || verbs[i].takes_words)
            return &verbs[i];
        (void)problem_set(problem, EINVAL, "%s takes no '%s'; choose cells with --cell",
                          a->words[0], a->words[1]);
        return NULL;
    }
    (void)problem_set(problem, EINVAL, "say what to do: import, trend, changes or accept%s%s%s",
                      a->count > 0 ? "; there is no '" : "", a->count > 0 ? a->words[0] : "",
                      a->count > 0 ? "'" : "");
    return NULL;
}

int command_history(int argc, char **argv, struct problem *problem) {
    static const struct argp parser = {
        options, take, "import|trend|changes|accept [ARG...]", documentation, NULL, NULL, NULL};
    struct arguments a = {.database = DATABASE, .words = calloc((size_t)argc, sizeof *a.words)};
    if (a.words == NULL)
        return command_exit_code(problem_set(problem, ENOMEM, "there is no memory"));
    int code = COMMAND_USAGE;
    const struct verb *verb =
        argp_parse(&parser, argc, argv, 0, NULL, &a) != 0 ? NULL : find_verb(&a, problem);
    if (verb != NULL) {
        struct history *history;
        int error = history_open(a.database, verb->makes, &history, problem);
        code = error != 0 ? command_exit_code(error) : verb->run(&a, history, problem);
        history_close(history);
    }
    free(a.words);
    return code;
}
