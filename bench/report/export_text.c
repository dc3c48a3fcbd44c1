/* SPDX-License-Identifier: MIT */
/*
 * export_text.c - Go's benchmark text, and CSV.
 * Source: Proposal: Go Benchmark Data Format (golang/proposal, 14313), and "Unit" lines as
 * golang.org/x/perf/benchfmt documents them.
 */
#include "report/export.h"

#include "base/fields.h"
#include "base/units.h"
#include "run/summary.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Go ---- */

/* The units of a line, in their order, and which way is better. */
static const struct {
    const char *unit, *better;
    size_t offset; /* of a double in struct record */
} go_units[] = {
    {"ns/op", "lower", offsetof(struct record, mean_ns)},
    {"p50-ns", "lower", offsetof(struct record, p50_ns)},
    {"p99-ns", "lower", offsetof(struct record, p99_ns)},
    {"cpu-ns/op", "lower", offsetof(struct record, cpu_ns)},
    {"op/s", "higher", offsetof(struct record, per_second)},
    {"B/s", "higher", offsetof(struct record, bytes_per_second)},
};
enum { GO_UNITS = sizeof go_units / sizeof *go_units };

static double value_at(const void *object, size_t offset) {
    double value;
    memcpy(&value, (const char *)object + offset, sizeof value);
    return value;
}

/* A configuration line ends with its line, and nothing in it may end it earlier. */
static void go_config(FILE *to, const char *name, const char *value) {
    (void)fprintf(to, "%s: ", name);
    for (; *value != '\0'; value++)
        (void)fputc((unsigned char)*value < ' ' ? ' ' : *value, to);
    (void)fputc('\n', to);
}

static void go_head(FILE *to, const struct run *run) {
    (void)fputs("goos: linux\npkg: ipcbench\n", to);
    go_config(to, "goarch", run_environment(run, "kernel", "machine"));
    go_config(to, "cpu", run_environment(run, "cpu", "model"));
    go_config(to, "kernel", run_environment(run, "kernel", "release"));
    go_config(to, "commit", run_environment(run, "build", "commit"));
    go_config(to, "date", run_environment(run, NULL, "date"));
    for (int i = 0; i < GO_UNITS; i++)
        (void)fprintf(to, "Unit %s better=%s\n", go_units[i].unit, go_units[i].better);
}

/* benchstat groups and filters by the parts of a name that read /KEY=VALUE. */
static void go_name(FILE *to, const struct cell *cell) {
    char size[32];
    units_format_bytes(cell->size_bytes, size, sizeof size);
    (void)fprintf(to, "BenchmarkIPC/transport=%s%s%s/workload=%s/wait=%s/placement=%s/size=%s",
                  cell->transport, cell->knobs[0] != '\0' ? ":" : "", cell->knobs, cell->workload,
                  cell_waits[cell->wait], cell->placement, size);
}

static void go_trial(FILE *to, const struct record *trial) {
    go_name(to, &trial->cell);
    (void)fprintf(to, "\t%.0f", trial->exchanges);
    for (int i = 0; i < GO_UNITS; i++) {
        double value = value_at(trial, go_units[i].offset);
        if (!isfinite(value))
            continue;
        (void)fputc('\t', to);
        export_number(to, value, "");
        (void)fprintf(to, " %s", go_units[i].unit);
    }
    (void)fputc('\n', to);
}

int export_go(FILE *to, const struct export_input *input, struct problem *problem) {
    (void)problem;
    go_head(to, input->run);
    for (size_t i = 0; i < input->count; i++)
        for (size_t t = 0; t < input->run->trial_count; t++)
            if (run_counts(&input->run->trials[t], input->cells[i]))
                go_trial(to, &input->run->trials[t]);
    return 0;
}

/* ---- CSV (RFC 4180) ---- */

static void csv_text(FILE *to, const char *text) {
    if (strpbrk(text, ",\"\r\n") == NULL) {
        (void)fputs(text, to);
        return;
    }
    (void)fputc('"', to);
    for (; *text != '\0'; text++)
        (void)fprintf(to, *text == '"' ? "\"\"" : "%c", *text);
    (void)fputc('"', to);
}

/* What is not known is empty; what is no plain value (a cell's phases) is its JSON. */
static void csv_value(FILE *to, const json_t *value) {
    if (json_is_string(value)) {
        csv_text(to, json_string_value(value));
    } else if (json_is_number(value)) {
        export_number(to, json_number_value(value), "");
    } else if (!json_is_null(value)) {
        char *text = json_dumps(value, FIELDS_DUMP | JSON_COMPACT | JSON_ENCODE_ANY);
        csv_text(to, text != NULL ? text : "");
        free(text);
    }
}

/* The columns are the fields of a cell in the run file, in their order. */
static void csv_line(FILE *to, const json_t *cell, bool head) {
    const char *name;
    const json_t *value;
    const char *comma = "";
    json_object_foreach((json_t *)(uintptr_t)cell, name, value) {
        (void)fputs(comma, to);
        if (head)
            csv_text(to, name);
        else
            csv_value(to, value);
        comma = ",";
    }
    (void)fputs("\r\n", to);
}

int export_csv(FILE *to, const struct export_input *input, struct problem *problem) {
    for (size_t i = 0; i < input->count; i++) {
        json_t *cell = summary_to_json(input->cells[i]);
        if (cell == NULL)
            return problem_set(problem, ENOMEM, "there is no memory to write a cell");
        if (i == 0)
            csv_line(to, cell, true);
        csv_line(to, cell, false);
        json_decref(cell);
    }
    return 0;
}
