/* SPDX-License-Identifier: MIT */
/*
 * figure_runs.c - names and caption of the runs of a report.
 */
#include "report/figure_runs.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CAPTION_LINES = 4 }; /* more would take too much of the picture */

/* The file's name without folder and without what all run files end in. */
static void short_name(const char *path, char *name, size_t room) {
    const char *slash = strrchr(path, '/');
    const char *file = slash != NULL ? slash + 1 : path;
    const char *end = strstr(file, ".json");
    size_t bytes = end != NULL && end != file ? (size_t)(end - file) : strlen(file);
    char *copy = strndup(file, bytes);
    text_plain(copy != NULL ? copy : "run", name, room);
    free(copy);
}

static int is_taken(const struct figure_run *runs, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(runs[i].name, name) == 0)
            return 1;
    return 0;
}

void figure_runs_name(struct figure_run *runs, const char *const *paths, size_t count) {
    enum { SHORT = 28 }; /* leaves a legend room beside it */
    for (size_t i = 0; i < count; i++) {
        char name[SHORT];
        short_name(paths[i], name, sizeof name);
        (void)snprintf(runs[i].name, sizeof runs[i].name, "%s", name);
        for (size_t number = 2; is_taken(runs, i, runs[i].name); number++)
            (void)snprintf(runs[i].name, sizeof runs[i].name, "%s (%zu)", name, number);
    }
}

/* A text of the environment, made plain and cut to the room; empty when not known.
 * `part` is the object that holds it; NULL: the environment itself. */
static void fact(const json_t *environment, const char *part, const char *name, char *text,
                 size_t room) {
    const json_t *holder = part != NULL ? json_object_get(environment, part) : environment;
    const char *value = json_string_value(json_object_get(holder, name));
    text_plain(value != NULL ? value : "", text, room);
}

/* The day on which the first trial started, "2025-11-23"; empty when not known. */
static void day(const struct run *run, char text[11]) {
    const char *first = "";
    for (size_t i = 0; i < run->trial_count; i++) {
        const char *started = run->trials[i].started;
        if (started[0] != '\0' && (first[0] == '\0' || strcmp(started, first) < 0))
            first = started;
    }
    char plain[sizeof run->trials->started];
    text_plain(first, plain, sizeof plain);
    (void)snprintf(text, 11, "%.10s", plain);
}

static void add(FILE *line, const char *before, const char *text, int *any) {
    if (text[0] == '\0')
        return;
    (void)fprintf(line, "%s%s%s", *any ? ", " : "", before, text);
    *any = 1;
}

static void describe(FILE *line, const struct figure_run *run) {
    char host[33], cpu[49], kernel[25], date[11]; /* as wide as a picture, all together */
    fact(run->run.environment, NULL, "host", host, sizeof host);
    fact(run->run.environment, "cpu", "model", cpu, sizeof cpu);
    fact(run->run.environment, "kernel", "release", kernel, sizeof kernel);
    day(&run->run, date);
    int any = 0;
    add(line, "host ", host, &any);
    add(line, "", cpu, &any);
    add(line, "Linux ", kernel, &any);
    add(line, "", date, &any);
    if (!run->run.complete)
        add(line, "", "interrupted", &any);
}

int figure_runs_caption(const struct figure_run *runs, size_t count, char **caption,
                        struct problem *problem) {
    size_t bytes = 0;
    FILE *text = open_memstream(caption, &bytes);
    if (text == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for the caption");
    size_t shown = count > CAPTION_LINES ? CAPTION_LINES - 1 : count;
    for (size_t i = 0; i < shown; i++) {
        (void)fprintf(text, "%s%s%s", i > 0 ? "\n" : "", count > 1 ? runs[i].name : "",
                      count > 1 ? ": " : "");
        describe(text, &runs[i]);
    }
    if (shown < count)
        (void)fprintf(text, "\nand %zu more runs", count - shown);
    int full = ferror(text);
    if (fclose(text) != 0 || full)
        return problem_set(problem, ENOMEM, "there is no memory for the caption");
    return 0;
}
