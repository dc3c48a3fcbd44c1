/* SPDX-License-Identifier: MIT */
/*
 * page_cells.c - every cell in one table that sorts and filters, and what could not be measured.
 */
#include "base/units.h"
#include "judge/losses.h"
#include "report/html.h"
#include "report/page.h"

#include <math.h>
#include <string.h>

static const char *const heads[] = {
    "transport", "workload",    "wait",    "placement", "size",     "p50",   "95% low", "95% high",
    "p99",       "exchanges/s", "bytes/s", "CPU",       "switches", "calls", "x floor", "trials",
};

static void rate(FILE *to, double per_second) {
    char text[32];
    units_format_rate(per_second, text, sizeof text);
    html_number(to, per_second, text);
}

static void plain(FILE *to, double number, const char *form) {
    char text[32];
    (void)snprintf(text, sizeof text, form, number);
    html_number(to, number, text);
}

static void names(FILE *to, const struct cell *cell, const char *run) {
    char transport[sizeof cell->transport + sizeof cell->knobs + 1], size[32];
    (void)snprintf(transport, sizeof transport, "%s%s%s", cell->transport,
                   cell->knobs[0] != '\0' ? ":" : "", cell->knobs);
    if (run != NULL)
        html_element(to, "td", run);
    html_element(to, "th scope=row", transport);
    html_element(to, "td", cell->workload);
    html_element(to, "td", cell_waits[cell->wait]);
    html_element(to, "td", cell->placement);
    units_format_bytes(cell->size_bytes, size, sizeof size);
    html_number(to, (double)cell->size_bytes, size);
}

static void row(FILE *to, const struct cell_summary *cell, const char *run) {
    (void)fputs("<tr>", to);
    names(to, &cell->cell, run);
    html_ns(to, cell->p50_ns);
    html_ns(to, cell->p50_low_ns);
    html_ns(to, cell->p50_high_ns);
    html_ns(to, cell->p99_ns);
    rate(to, cell->per_second);
    rate(to, cell->bytes_per_second);
    html_ns(to, cell->cpu_ns);
    plain(to, cell->switches, "%.2f");
    plain(to, cell->system_calls, "%.2f");
    plain(to, cell->times_floor, "%.3gx");
    plain(to, (double)cell->trials, cell->flagged > 0 ? "%.0f*" : "%.0f");
    (void)fputs("</tr>\n", to);
}

void page_cells(FILE *to, const struct figure_run *runs, size_t count) {
    size_t rows = 0;
    for (size_t r = 0; r < count; r++)
        for (size_t i = 0; i < runs[r].run.cell_count; i++)
            rows += runs[r].run.cells[i].status == RECORD_OK;
    if (rows == 0) {
        (void)fputs("<p class=why>Not shown: no cell of this run is valid.</p>\n", to);
        return;
    }
    (void)fprintf(to,
                  "<div class=filter data-table=cells-table hidden><label>Only rows with "
                  "<input type=search placeholder=\"shm spin 64B\"></label> "
                  "<output>%zu rows</output></div>\n"
                  "<div class=scroll tabindex=0 role=region aria-label=\"All cells\">\n"
                  "<table class=sorts id=cells-table><caption>Medians over trials; a star: "
                  "something interfered with some of the trials. <a href=\"cells.csv\">CSV</a>"
                  "</caption>\n<thead><tr>",
                  rows);
    if (count > 1)
        (void)fputs("<th scope=col>run</th>", to);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        (void)fprintf(to, "<th scope=col%s>%s</th>", i > 3 ? " class=num" : "", heads[i]);
    (void)fputs("</tr></thead><tbody>\n", to);
    for (size_t r = 0; r < count; r++)
        for (size_t i = 0; i < runs[r].run.cell_count; i++)
            if (runs[r].run.cells[i].status == RECORD_OK)
                row(to, &runs[r].run.cells[i], count > 1 ? runs[r].name : NULL);
    (void)fputs("</tbody></table></div>\n", to);
}

void page_losses(FILE *to, const struct run *run) {
    size_t shown = 0;
    for (size_t i = 0; i < run->cell_count; i++) {
        char text[64];
        if (run->cells[i].status != RECORD_OK || !losses_has(&run->cells[i]))
            continue;
        if (shown++ == 0)
            (void)fputs("<p>Messages were lost; a rate counts only what came.</p>\n<ul>\n", to);
        losses_say(&run->cells[i], text, sizeof text);
        (void)fputs("<li>", to);
        html_element(to, "code", run->cells[i].key);
        (void)fputs(": ", to);
        html_text(to, text);
        (void)fputs("</li>\n", to);
    }
    (void)fputs(shown > 0 ? "</ul>\n" : "", to);
}

void page_missing(FILE *to, const struct run *run) {
    size_t missing = 0;
    for (size_t i = 0; i < run->cell_count; i++)
        missing += run->cells[i].status != RECORD_OK;
    if (missing == 0) {
        (void)fprintf(to, "<p>%s</p>\n",
                      run->cell_count > 0 ? "Every cell was measured."
                                          : "This run has no cell: it ended before its first one.");
        return;
    }
    (void)fprintf(
        to,
        "<details><summary>%zu cells were not measured</summary>\n"
        "<div class=scroll tabindex=0 role=region aria-label=\"Cells that were not "
        "measured\">\n<table class=sorts><caption>Each with its reason</caption><thead><tr>"
        "<th scope=col>cell</th><th scope=col>status</th><th scope=col>why</th></tr>"
        "</thead><tbody>\n",
        missing);
    for (size_t i = 0; i < run->cell_count; i++) {
        const struct cell_summary *cell = &run->cells[i];
        if (cell->status == RECORD_OK)
            continue;
        (void)fputs("<tr>", to);
        html_element(to, "th scope=row", cell->key);
        html_element(to, "td", record_statuses[cell->status]);
        html_element(to, "td", cell->why);
        (void)fputs("</tr>\n", to);
    }
    (void)fputs("</tbody></table></div></details>\n", to);
}
