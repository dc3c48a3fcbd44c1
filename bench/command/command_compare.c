/* SPDX-License-Identifier: MIT */
/*
 * command_compare.c - `ipcbench compare BASE NEW`: stored runs against stored runs.
 */
#include "command/commands.h"

#include "base/analyzer.h"
#include "base/nearest.h"
#include "judge/compare.h"
#include "judge/fingerprint.h"
#include "judge/history.h"
#include "report/compare_print.h"
#include "run/store.h"

#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { OPTION_JSON = 256, OPTION_ACROSS, OPTION_REFERENCE, MOST_FACTS = 64 };

static const struct argp_option options[] = {
    {"across", OPTION_ACROSS, "FACT", 0,
     "this difference of host or build is what is compared ('kernel'); may be repeated", 0},
    {"reference", OPTION_REFERENCE, "NAME", 0,
     "divide by this transport of the same run; pipe if not given, 'none' for none", 0},
    {"json", OPTION_JSON, NULL, 0, "print JSON", 0},
    {0}};

static const char documentation[] =
    "Compares stored runs: BASE and NEW are each a run file or a folder of run files. Where host "
    "or "
    "build differ, nothing passes. Whoever can run both builds should use `ipcbench duet`, "
    "which sees far smaller changes.\v"
    "Example: ipcbench compare results/monday.json results/tuesday.json\n"
    "Example: ipcbench compare --across kernel --across 'kernel version' old/ new/\n\n"
    "Exit codes: 0 done, and no cell became slower; 1 a regression; 2 wrong usage or input, or it "
    "failed; 3 cannot tell, or not comparable.";

struct loaded {
    struct run *runs;
    size_t count;
};

struct arguments {
    const char *paths[2], *reference;
    const char **across; /* room for all that argv could hold, and NULL */
    size_t path_count, across_count;
    bool json, reference_given;
    struct problem *problem;
};

static error_t take_fact(struct arguments *a, const char *name) {
    const char *names[MOST_FACTS];
    fingerprint_names(names, MOST_FACTS);
    for (const char **known = names; *known != NULL; known++)
        if (strcmp(*known, name) == 0) {
            a->across[a->across_count++] = *known;
            return 0;
        }
    const char *close = nearest(name, names);
    return problem_set(a->problem, EINVAL, "no fact of a fingerprint is called '%s'%s%s%s", name,
                       close ? "; did you mean '" : "", close ? close : "", close ? "'?" : "");
}

static error_t take(int option, char *text, struct argp_state *state) {
    struct arguments *a = state->input;
    switch (option) {
    case OPTION_ACROSS:
        return take_fact(a, text);
    case OPTION_REFERENCE:
        a->reference = strcmp(text, "none") == 0 ? NULL : text;
        a->reference_given = true;
        return 0;
    case OPTION_JSON:
        a->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (a->path_count == 2)
            return problem_set(a->problem, EINVAL,
                               "compare takes BASE and NEW, and '%s' is a third", text);
        a->paths[a->path_count++] = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the runs of a side ---- */

ANALYZER_NO_LEAK("run_compare frees what is in 'side'");
static int load_one(struct loaded *side, const char *path, struct problem *problem) {
    struct run *more = reallocarray(side->runs, side->count + 1, sizeof *more);
    if (more == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for %s", path);
    side->runs = more;
    int error = store_load(path, &side->runs[side->count], problem);
    side->count += error == 0;
    return error == 0 || error == -ENOMEM ? error
                                          : -EINVAL; /* what is wrong with it, it is input */
}
ANALYZER_END;

static int is_json(const struct dirent *entry) {
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && dot != entry->d_name && strcmp(dot, ".json") == 0;
}

static int by_date(const void *a, const void *b) {
    const char *left =
        json_string_value(json_object_get(((const struct run *)a)->environment, "date"));
    const char *right =
        json_string_value(json_object_get(((const struct run *)b)->environment, "date"));
    return strcmp(left == NULL ? "" : left, right == NULL ? "" : right);
}

static int load_folder(struct loaded *side, const char *folder, struct problem *problem) {
    struct dirent **entries;
    int count = scandir(folder, &entries, is_json, alphasort);
    if (count < 0)
        return problem_set(problem, errno, "can't read the folder %s: %s", folder, strerror(errno));
    int error = 0;
    for (int i = 0; i < count; i++) {
        char path[4096];
        int length = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (error == 0 && length > 0 && (size_t)length < sizeof path)
            error = load_one(side, path, problem);
        free(entries[i]);
    }
    free(entries);
    if (error == 0 && side->count == 0)
        error = problem_set(problem, EINVAL, "there is no run file (*.json) in %s", folder);
    if (side->count > 0)
        qsort(side->runs, side->count, sizeof *side->runs, by_date);
    return error;
}

static int load_side(struct loaded *side, const char *path, struct problem *problem) {
    struct stat found;
    if (stat(path, &found) == 0 && S_ISDIR(found.st_mode))
        return load_folder(side, path, problem);
    return load_one(side, path, problem);
}

static void free_side(struct loaded *side) {
    for (size_t i = 0; i < side->count; i++)
        run_free(&side->runs[i]);
    free(side->runs);
}

/* ---- the answer ---- */

static int exit_code(enum compare_verdict verdict) {
    if (verdict == COMPARE_PASS || verdict == COMPARE_IMPROVEMENT)
        return COMMAND_DONE;
    return verdict == COMPARE_REGRESSION ? COMMAND_FAILED : COMMAND_UNFIT;
}

/* An exit code; -errno with a problem when it failed. */
static int compare_sides(const struct arguments *a, const struct loaded *sides,
                         struct problem *problem) {
    struct compare compare;
    struct compare_side base = {sides[0].runs, sides[0].count};
    struct compare_side head = {sides[1].runs, sides[1].count};
    int result = compare_runs(&base, &head, a->across, a->reference, &compare, problem);
    if (result == 0)
        result = (a->json ? compare_print_json : compare_print)(stdout, &compare, a->reference);
    if (result == 0)
        result = exit_code(compare.verdict);
    compare_free(&compare);
    return result;
}

static bool has_transport(const struct loaded *side, const char *name) {
    for (size_t r = 0; r < side->count; r++)
        for (size_t i = 0; i < side->runs[r].cell_count; i++)
            if (strcmp(side->runs[r].cells[i].cell.transport, name) == 0)
                return true;
    return false;
}

/* One that was asked for: the default is used where it is there. */
static int check_reference(const struct arguments *a, const struct loaded *sides,
                           struct problem *problem) {
    if (!a->reference_given || a->reference == NULL || has_transport(&sides[0], a->reference) ||
        has_transport(&sides[1], a->reference))
        return 0;
    return problem_set(
        problem, EINVAL,
        "--reference: no run has a cell of '%s'; name a transport that both have, or "
        "'none'",
        a->reference);
}

static int run_compare(const struct arguments *a, struct problem *problem) {
    struct loaded sides[2] = {{NULL, 0}, {NULL, 0}};
    int result = a->path_count == 2
                     ? 0
                     : problem_set(problem, EINVAL,
                                   "name two runs: ipcbench compare results/base.json "
                                   "results/new.json");
    for (int i = 0; i < 2 && result == 0; i++)
        result = load_side(&sides[i], a->paths[i], problem);
    if (result == 0)
        result = check_reference(a, sides, problem);
    if (result == 0)
        result = compare_sides(a, sides, problem);
    free_side(&sides[0]);
    free_side(&sides[1]);
    return result < 0 ? COMMAND_USAGE : result; /* 1 is for regressions alone */
}

int command_compare(int argc, char **argv, struct problem *problem) {
    static const struct argp parser = {options, take, "BASE NEW", documentation, NULL, NULL, NULL};
    struct arguments a = {.reference = HISTORY_REFERENCE,
                          .across = calloc((size_t)argc + 1, sizeof *a.across),
                          .problem = problem};
    if (a.across == NULL) {
        (void)problem_set(problem, ENOMEM, "there is no memory");
        return COMMAND_USAGE;
    }
    int code = argp_parse(&parser, argc, argv, 0, NULL, &a) != 0 ? COMMAND_USAGE
                                                                 : run_compare(&a, problem);
    free(a.across);
    return code;
}
