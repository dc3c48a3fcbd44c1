/* SPDX-License-Identifier: MIT */
/*
 * command_export.c - `ipcbench export -f FORMAT FILE`: a run file, or what a duet wrote, in another
 * tool's format, on standard output.
 */
#include "command/commands.h"

#include "report/export.h"
#include "run/store.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct argp_option options[] = {
    {"format", 'f', "FORMAT", 0, "what to write", 0},
    {"cell", 'c', "PATTERN", 0,
     "only cells whose key matches, such as 'pipe/*' or '*/spin/*'; may be repeated", 0},
    {0}};

static const char documentation[] =
    "Writes a run file, or with junit, github and markdown what `ipcbench duet -o` wrote, in "
    "another tool's format to standard output.\v"
    "Example: ipcbench export -f markdown results/mine.json >> \"$GITHUB_STEP_SUMMARY\"\n"
    "Example: ipcbench export -f hgrm -c pipe/pingpong/block/cross-core/64B results/mine.json\n"
    "Example: ipcbench export -f junit duet.json > duet.xml\n\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, or a file that is neither.";

struct arguments {
    const char *path, *format;
    const char **patterns; /* room for all that argv could hold */
    size_t pattern_count;
    struct problem *problem;
};

static error_t take_run(struct arguments *a, const char *path) {
    if (a->path != NULL)
        return problem_set(a->problem, EINVAL, "export takes one file, and '%s' is a second", path);
    a->path = path;
    return 0;
}

static error_t take(int option, char *text, struct argp_state *state) {
    struct arguments *a = state->input;
    switch (option) {
    case 'f':
        a->format = text;
        return 0;
    case 'c':
        a->patterns[a->pattern_count++] = text;
        return 0;
    case ARGP_KEY_ARG:
        return take_run(a, text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Puts the table of formats between the options and the examples. argp frees the text. */
static char *help(int key, const char *text, void *input) {
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)(uintptr_t)text;
    char *all = NULL;
    size_t size;
    FILE *to = open_memstream(&all, &size);
    if (to == NULL)
        return (char *)(uintptr_t)text;
    (void)fputs("Formats:\n", to);
    for (const struct export_format *format = export_formats; format->name != NULL; format++)
        (void)fprintf(to, "  %s\n      %s\n", format->name, format->summary);
    (void)fprintf(to, "\n%s", text);
    (void)fclose(to);
    return all;
}

static int write_duet(const struct arguments *a, const struct export_format *format,
                      struct problem *problem) {
    struct duet_result result;
    if (format->write_duet == NULL)
        return problem_set(problem, EINVAL,
                           "%s holds verdicts of a duet, which %s has no place for; take junit, "
                           "github or markdown",
                           a->path, format->name);
    if (a->pattern_count > 0)
        return problem_set(problem, EINVAL,
                           "--cell chooses cells of a run, and %s holds the verdicts of a duet",
                           a->path);
    int error = duet_result_load(a->path, &result, problem);
    if (error != 0)
        return error;
    format->write_duet(stdout, &result);
    duet_result_free(&result);
    return 0;
}

static int write_out(const struct arguments *a, const struct export_format *format,
                     struct problem *problem) {
    struct run run;
    struct export_input input;
    struct problem why = {""};
    int error = store_load(a->path, &run, &why);
    if (error == -EPROTOTYPE)
        return write_duet(a, format, problem);
    *problem = why;
    if (error != 0)
        return error == -ENOMEM ? error : -EINVAL; /* whatever is wrong with it, it is input */
    error = export_choose(&run, a->patterns, a->pattern_count, &input, problem);
    if (error == 0) {
        error = format->write(stdout, &input, problem);
        export_free(&input);
    }
    run_free(&run);
    return error;
}

static int export_file(const struct arguments *a, struct problem *problem) {
    if (a->path == NULL)
        return problem_set(problem, EINVAL,
                           "name a run file: ipcbench export -f csv results/mine.json");
    const struct export_format *format = a->format == NULL ? NULL : export_find(a->format, problem);
    if (a->format == NULL)
        return problem_set(problem, EINVAL, "name a format with -f; --help lists them");
    return format == NULL ? -EINVAL : write_out(a, format, problem);
}

int command_export(int argc, char **argv, struct problem *problem) {
    static const struct argp parser = {options, take, "FILE", documentation, NULL, help, NULL};
    struct arguments a = {.patterns = calloc((size_t)argc, sizeof *a.patterns), .problem = problem};
    if (a.patterns == NULL)
        return command_exit_code(problem_set(problem, ENOMEM, "there is no memory"));
    int error =
        argp_parse(&parser, argc, argv, 0, NULL, &a) != 0 ? -EINVAL : export_file(&a, problem);
    free(a.patterns);
    return command_exit_code(error);
}
