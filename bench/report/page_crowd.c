/* SPDX-License-Identifier: MIT */
/*
 * page_crowd.c - the tables of what only some workloads have: the price of an open loop, the parts
 * of a connection, and what many clients got of one server.
 */
#include "base/units.h"
#include "report/html.h"
#include "report/page.h"

#include <math.h>
#include <string.h>

static void number(FILE *to, double value, const char *form) {
    char text[32];
    (void)snprintf(text, sizeof text, form, value);
    html_number(to, value, text);
}

static void phases(FILE *to, const struct cell_summary *cell) {
    for (size_t i = 0; i < RECORD_PHASES; i++) {
        html_ns(to, cell->crowd.phases[i].p50_ns);
        html_ns(to, cell->crowd.phases[i].p99_ns);
    }
    html_ns(to, cell->p50_ns);
    html_ns(to, cell->p99_ns);
}

static void clients(FILE *to, const struct cell_summary *cell) {
    char rate[32];
    units_format_rate(cell->per_second, rate, sizeof rate);
    number(to, cell->crowd.count, "%.0f");
    html_number(to, cell->per_second, rate);
    html_ns(to, cell->p50_ns);
    html_ns(to, cell->p99_ns);
    html_ns(to, cell->cpu_ns);
    number(to, cell->crowd.fairness, "%.3f");
    number(to, cell->crowd.least_exchanges, "%.0f");
    number(to, cell->crowd.most_exchanges, "%.0f");
    number(to, cell->crowd.little, "%.3f");
}

static void load(FILE *to, const struct cell_summary *cell) {
    char rate[32];
    units_format_rate(cell->per_second, rate, sizeof rate);
    html_number(to, cell->per_second, rate);
    html_ns(to, cell->p50_ns);
    html_ns(to, cell->p50_low_ns);
    html_ns(to, cell->p50_high_ns);
    html_ns(to, cell->p99_ns);
    html_ns(to, cell->cpu_ns);
}

static bool is_open_loop(const struct cell_summary *cell) {
    return strncmp(cell->cell.workload, "rate:", 5) == 0;
}

static bool has_phases(const struct cell_summary *cell) {
    return cell->crowd.has_phases != 0;
}

static bool is_served(const struct cell_summary *cell) {
    return cell->crowd.count > 0 && cell->crowd.design[0] != '\0';
}

static const struct crowd_table {
    const char *kind, *caption;
    const char *heads[10]; /* after the cell's */
    bool (*has)(const struct cell_summary *cell);
    void (*columns)(FILE *to, const struct cell_summary *cell);
} tables[] = {
    {"rate",
     "Latency from when each request was due, and what waiting for it cost in CPU time, for each "
     "request; medians over trials",
     {"answered/s", "p50", "95% low", "95% high", "p99", "CPU"},
     is_open_loop,
     load},
    {"connections",
     "The parts of a connection as the client sees them, medians over trials",
     {"connect p50", "connect p99", "exchange p50", "exchange p99", "close p50", "close p99",
      "all p50", "all p99"},
     has_phases,
     phases},
    {"servers",
     "Medians over trials. Fairness: Jain's index of the clients' exchanges, 1 when all had the "
     "same; least and most: exchanges of one client; Little: rate x mean latency / clients, 1 when "
     "all were at work all the time",
     {"clients", "exchanges/s", "p50", "p99", "CPU", "fairness", "least", "most", "Little"},
     is_served,
     clients},
};

static void head(FILE *to, const struct crowd_table *table) {
    (void)fprintf(to,
                  "<div class=scroll tabindex=0 role=region aria-label=\"%s in numbers\">\n<table "
                  "class=sorts><caption>%s</caption>\n<thead><tr><th scope=col>cell</th>",
                  table->kind, table->caption);
    for (size_t i = 0; i < sizeof table->heads / sizeof *table->heads; i++)
        if (table->heads[i] != NULL)
            (void)fprintf(to, "<th scope=col class=num>%s</th>", table->heads[i]);
    (void)fputs("</tr></thead><tbody>\n", to);
}

static void row(FILE *to, const struct crowd_table *table, const struct figure_run *run,
                const struct cell_summary *cell, bool names_run) {
    (void)fputs("<tr><th scope=row>", to);
    html_text(to, cell->key);
    if (names_run) {
        (void)fputs(" of ", to);
        html_text(to, run->name);
    }
    (void)fputs("</th>", to);
    table->columns(to, cell);
    (void)fputs("</tr>\n", to);
}

static void print(FILE *to, const struct crowd_table *table, const struct figure_run *runs,
                  size_t count) {
    size_t rows = 0;
    for (size_t r = 0; r < count; r++)
        for (size_t i = 0; i < runs[r].run.cell_count; i++) {
            const struct cell_summary *cell = &runs[r].run.cells[i];
            if (cell->status != RECORD_OK || !table->has(cell))
                continue;
            if (rows++ == 0)
                head(to, table);
            row(to, table, &runs[r], cell, count > 1);
        }
    if (rows > 0)
        (void)fputs("</tbody></table></div>\n", to);
}

void page_crowd(FILE *to, const char *kind, const struct figure_run *runs, size_t count) {
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (strcmp(tables[i].kind, kind) == 0)
            print(to, &tables[i], runs, count);
}
