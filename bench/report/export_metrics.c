/* SPDX-License-Identifier: MIT */
/*
 * export_metrics.c - OpenMetrics text, and the older text format of Prometheus. They differ in the
 * dates and in the end; the values are in base units (seconds, bytes), as both ask for.
 * Source: OpenMetrics 1.0, "Text format".
 */
#include "report/export.h"

#include "base/units.h"

#include <math.h>
#include <string.h>

#define AT(member) offsetof(struct cell_summary, member)

/* One gauge for each line; several members of one gauge are told apart by the label "statistic". */
static const struct metric {
    const char *name, *unit, *help;
    double scale;
    struct {
        const char *statistic; /* NULL: none */
        size_t offset;
    } members[7];
} metrics[] = {
    {"ipcbench_latency_seconds",
     "seconds",
     "Round trip of one message there and back.",
     1e-9,
     {{"p50", AT(p50_ns)},
      {"p50_low", AT(p50_low_ns)},
      {"p50_high", AT(p50_high_ns)},
      {"p90", AT(p90_ns)},
      {"p99", AT(p99_ns)},
      {"p999", AT(p999_ns)},
      {"mean", AT(mean_ns)}}},
    {"ipcbench_cpu_seconds",
     "seconds",
     "User and system time of both ends for each round trip or message.",
     1e-9,
     {{NULL, AT(cpu_ns)}}},
    {"ipcbench_rate",
     NULL,
     "Round trips, or for a stream messages, in a second.",
     1,
     {{NULL, AT(per_second)}}},
    {"ipcbench_throughput_bytes",
     "bytes",
     "Payload in a second.",
     1,
     {{NULL, AT(bytes_per_second)}}},
    {"ipcbench_floor_ratio",
     "ratio",
     "The mean as a multiple of what the CPUs allow.",
     1,
     {{NULL, AT(times_floor)}}},
};
enum { METRICS = sizeof metrics / sizeof *metrics };

static void label(FILE *to, const char *name, const char *value) {
    (void)fprintf(to, "%s=\"", name);
    for (; *value != '\0'; value++) {
        if (*value == '\n')
            (void)fputs("\\n", to);
        else if (*value == '"' || *value == '\\')
            (void)fprintf(to, "\\%c", *value);
        else
            (void)fputc(*value, to);
    }
    (void)fputc('"', to);
}

static void labels(FILE *to, const struct cell_summary *summary, const char *statistic) {
    const struct cell *cell = &summary->cell;
    char size[32];
    (void)snprintf(size, sizeof size, "%llu", (unsigned long long)cell->size_bytes);
    const char *const pairs[][2] = {
        {"cell", summary->key},         {"transport", cell->transport},
        {"workload", cell->workload},   {"wait", cell_waits[cell->wait]},
        {"placement", cell->placement}, {"size", size},
        {"statistic", statistic}};
    (void)fputc('{', to);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs && pairs[i][1] != NULL; i++) {
        if (i > 0)
            (void)fputc(',', to);
        label(to, pairs[i][0], pairs[i][1]);
    }
    (void)fputc('}', to);
}

static void print_metric(FILE *to, const struct export_input *input, const struct metric *metric,
                         const char *stamp) {
    (void)fprintf(to, "# HELP %s %s\n# TYPE %s gauge\n", metric->name, metric->help, metric->name);
    if (stamp[0] != '\0' && metric->unit != NULL)
        (void)fprintf(to, "# UNIT %s %s\n", metric->name, metric->unit);
    for (size_t i = 0; i < input->count; i++)
        for (size_t m = 0; m < 7 && (m == 0 || metric->members[m].statistic != NULL); m++) {
            double value;
            memcpy(&value, (const char *)input->cells[i] + metric->members[m].offset, sizeof value);
            if (!isfinite(value) || input->cells[i]->status != RECORD_OK)
                continue;
            (void)fputs(metric->name, to);
            labels(to, input->cells[i], metric->members[m].statistic);
            (void)fprintf(to, " %.12g%s\n", value * metric->scale, stamp);
        }
}

/* What the figures hold for: a gauge that is always 1. */
static void print_info(FILE *to, const struct run *run, const char *stamp) {
    static const char *const sources[][3] = {{"host", NULL, "host"},
                                             {"cpu", "cpu", "model"},
                                             {"kernel", "kernel", "release"},
                                             {"commit", "build", "commit"}};
    (void)fputs("# HELP ipcbench_run_info The run that the other figures are of.\n"
                "# TYPE ipcbench_run_info gauge\nipcbench_run_info{",
                to);
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        if (i > 0)
            (void)fputc(',', to);
        label(to, sources[i][0], run_environment(run, sources[i][1], sources[i][2]));
    }
    (void)fprintf(to, "} 1%s\n", stamp);
}

static void print_all(FILE *to, const struct export_input *input, const char *stamp) {
    for (int i = 0; i < METRICS; i++)
        print_metric(to, input, &metrics[i], stamp);
    print_info(to, input->run, stamp);
}

int export_openmetrics(FILE *to, const struct export_input *input, struct problem *problem) {
    (void)problem;
    char stamp[32];
    (void)snprintf(stamp, sizeof stamp, " %lld",
                   run_seconds(run_environment(input->run, NULL, "date")));
    print_all(to, input, stamp);
    (void)fputs("# EOF\n", to);
    return 0;
}

int export_prometheus(FILE *to, const struct export_input *input, struct problem *problem) {
    (void)problem;
    print_all(to, input, "");
    return 0;
}
