/* SPDX-License-Identifier: MIT */
/*
 * command_report.c - `ipcbench report RUN... -o DIR`: the page and the figures of run files.
 */
#include "command/commands.h"

#include "base/text.h"
#include "report/figure_runs.h"
#include "report/report.h"
#include "run/store.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

enum { OPTION_SCRIPTS = 256, OPTION_JSON, OPTION_HISTORY };

static const struct argp_option options[] = {
    {"output", 'o', "DIR", 0, "the folder to write into; made when its parent exists", 0},
    {"scripts", OPTION_SCRIPTS, "DIR", 0, "the folder of the figures' gnuplot scripts", 0},
    {"history", OPTION_HISTORY, "FILE", 0,
     "shows the trend of each cell, and where it changed, from this history (`ipcbench history`)",
     0},
    {"json", OPTION_JSON, NULL, 0, "print what was written as JSON", 0},
    {0}};

static const char documentation[] =
    "Writes one page, index.html, that answers which IPC to use here, with the evidence; it needs "
    "nothing beside it. With several runs they stand side by side. The figures are there as "
    "NAME.svg and NAME.png too, the data behind each as NAME.csv, and all cells as cells.csv.\v"
    "Examples:\n  ipcbench report results/mine.json -o results/report\n  ipcbench report "
    "results/mine.json -o results/report --history results/history.sqlite\n\n"
    "Exit codes: 0 done, 1 failed (no gnuplot, a folder that can't be written), "
    "2 wrong usage or input.";

struct arguments {
    const char *folder, *scripts, *history;
    const char **paths; /* of the runs; room for all that argv could hold */
    size_t count;
    bool json;
};

static error_t take(int option, char *text, struct argp_state *state) {
    struct arguments *a = state->input;
    switch (option) {
    case 'o':
        a->folder = text;
        return 0;
    case OPTION_SCRIPTS:
        a->scripts = text;
        return 0;
    case OPTION_HISTORY:
        a->history = text;
        return 0;
    case OPTION_JSON:
        a->json = true;
        return 0;
    case ARGP_KEY_ARG:
        a->paths[a->count++] = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int check(const struct arguments *a, struct problem *problem) {
    if (a->count == 0)
        return problem_set(problem, EINVAL,
                           "name a run file: ipcbench report results/mine.json -o results/report");
    if (a->folder == NULL || a->folder[0] == '\0')
        return problem_set(problem, EINVAL, "name the folder to write into: -o results/report");
    return 0;
}

static void show_progress(void *context, const struct figure *figure) {
    const struct figure_list *list = context;
    (void)fprintf(stderr, "\r\033[Kdrawing %zu of %zu: %s", (size_t)(figure - list->figures) + 1,
                  list->count, figure->name);
}

static void print_text(const struct figure_list *list, const char *folder) {
    (void)printf("%s/index.html\n", folder);
    for (size_t i = 0; i < list->count; i++) {
        const struct figure *figure = &list->figures[i];
        if (figure->csv == NULL)
            (void)printf("%s: not drawn: %s\n", figure->name, figure->why);
        else
            (void)printf("%s/%s.%s\n", folder, figure->name, figure->drawn ? "svg" : "csv");
    }
}

/* The file's name, or null when the file was not written. */
static json_t *file_json(const struct figure *figure, const char *suffix, bool written) {
    return written ? json_sprintf("%s%s", figure->name, suffix) : json_null();
}

static json_t *figure_json(const struct figure *figure) {
    bool data = figure->csv != NULL;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:s?}", "name",
                     figure->name, "kind", figure->kind->name, "title", figure->title, "measures",
                     figure->kind->measures, "better", figure->kind->better, "fewest_trials",
                     (json_int_t)figure->trials_low, "most_trials", (json_int_t)figure->trials_high,
                     "csv", file_json(figure, ".csv", data), "svg",
                     file_json(figure, ".svg", figure->drawn), "png",
                     file_json(figure, ".png", figure->drawn), "why", data ? NULL : figure->why);
}

static int print_json(const struct figure_list *list, const char *folder, struct problem *problem) {
    char plain[PATH_MAX];
    text_plain(folder, plain, sizeof plain);
    json_t *figures = json_array();
    for (size_t i = 0; i < list->count; i++)
        (void)json_array_append_new(figures, figure_json(&list->figures[i]));
    json_t *all = json_pack("{s:s, s:s, s:s, s:o}", "folder", plain, "page", "index.html",
                            "caption", list->caption, "figures", figures);
    int error = all != NULL && json_dumpf(all, stdout, JSON_INDENT(2)) == 0 ? 0 : -EIO;
    json_decref(all);
    (void)putchar('\n');
    return error == 0 ? 0 : problem_set(problem, EIO, "can't print the JSON");
}

/* Writes the figures and says which; also when drawing failed, since the data stays. */
static int write_report(const struct arguments *a, const struct figure_run *runs,
                        struct figure_list *list, struct history *history,
                        struct problem *problem) {
    char scripts[PATH_MAX];
    int error = report_scripts(a->scripts, scripts, sizeof scripts, problem);
    if (error != 0)
        return error;
    bool terminal = isatty(STDERR_FILENO) != 0;
    const struct report report = {.runs = runs,
                                  .run_count = a->count,
                                  .figures = list,
                                  .history = history,
                                  .scripts = scripts,
                                  .folder = a->folder,
                                  .each = terminal ? show_progress : NULL,
                                  .context = list};
    error = report_write(&report, problem);
    if (terminal)
        (void)fputs("\r\033[K", stderr);
    if (error != 0 && error != -ENOPKG)
        return error;
    struct problem unprinted = {""};
    int print_error = 0;
    if (a->json)
        print_error = print_json(list, a->folder, error != 0 ? &unprinted : problem);
    else
        print_text(list, a->folder);
    return error != 0 ? error : print_error;
}

static int load_all(const struct arguments *a, struct figure_run *runs, struct problem *problem) {
    figure_runs_name(runs, a->paths, a->count);
    for (size_t i = 0; i < a->count; i++) {
        int error = store_load(a->paths[i], &runs[i].run, problem);
        if (error != 0)
            return error == -ENOMEM ? error : -EINVAL; /* whatever is wrong with it, it is input */
    }
    return 0;
}

static int report(const struct arguments *a, struct problem *problem) {
    struct figure_list list = {NULL, 0, NULL};
    struct history *history = NULL;
    struct figure_run *runs = calloc(a->count, sizeof *runs);
    if (runs == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for %zu runs", a->count);
    int error = load_all(a, runs, problem);
    if (error == 0 && a->history != NULL)
        error = history_open(a->history, false, &history, problem);
    if (error == 0)
        error = figure_make(runs, a->count, &list, problem);
    if (error == 0)
        error = write_report(a, runs, &list, history, problem);
    history_close(history);
    figure_free(&list);
    for (size_t i = 0; i < a->count; i++)
        run_free(&runs[i].run);
    free(runs);
    return error;
}

int command_report(int argc, char **argv, struct problem *problem) {
    static const struct argp parser = {options, take, "RUN...", documentation, NULL, NULL, NULL};
    struct arguments a = {.paths = calloc((size_t)argc, sizeof *a.paths)};
    if (a.paths == NULL)
        return command_exit_code(problem_set(problem, ENOMEM, "there is no memory"));
    int error = argp_parse(&parser, argc, argv, 0, NULL, &a) != 0 ? -EINVAL : check(&a, problem);
    if (error == 0)
        error = report(&a, problem);
    free(a.paths);
    return command_exit_code(error);
}
