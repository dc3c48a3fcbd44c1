/* SPDX-License-Identifier: MIT */
/*
 * export_ci.c - what a page of CI shows: JUnit XML, annotations of GitHub Actions, a table in
 * Markdown. All three say which cells failed and why, before they say how fast the others were.
 * Sources: jenkinsci/xunit-plugin, junit-10.xsd; GitHub's reference "Workflow commands".
 */
#include "report/export.h"

#include "base/units.h"

#include <math.h>
#include <string.h>

/* ---- JUnit ---- */

void export_xml(FILE *to, const char *text) {
    static const char *const names[] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\n'] = "&#10;"};
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < sizeof names / sizeof *names && names[c] != NULL)
            (void)fputs(names[c], to);
        else
            (void)fputc(c < ' ' ? '?' : c, to); /* XML 1.0 can't carry control characters at all */
    }
}

void export_xml_attribute(FILE *to, const char *name, const char *text) {
    (void)fprintf(to, " %s=\"", name);
    export_xml(to, text);
    (void)fputc('"', to);
}

static void figures(FILE *to, const struct cell_summary *cell) {
    static const char *const names[] = {"p50_ns", "p50_low_ns", "p50_high_ns",
                                        "p99_ns", "cpu_ns",     "per_second"};
    const double values[] = {cell->p50_ns, cell->p50_low_ns, cell->p50_high_ns,
                             cell->p99_ns, cell->cpu_ns,     cell->per_second};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        (void)fprintf(to, "%s%s=", i > 0 ? " " : "", names[i]);
        export_number(to, values[i], "-");
    }
}

static double seconds_of(const struct run *run, const struct cell_summary *cell) {
    double ns = 0;
    for (size_t i = 0; i < run->trial_count; i++)
        if (run_counts(&run->trials[i], cell) && isfinite(run->trials[i].duration_ns))
            ns += run->trials[i].duration_ns;
    return ns / 1e9;
}

static void junit_case(FILE *to, const struct run *run, const struct cell_summary *cell) {
    (void)fputs("  <testcase", to);
    export_xml_attribute(to, "classname", "ipcbench");
    export_xml_attribute(to, "name", cell->key);
    (void)fprintf(to, " time=\"%.3f\">\n", seconds_of(run, cell));
    if (cell->status == RECORD_OK) {
        (void)fputs("    <system-out>", to);
        figures(to, cell);
        (void)fputs("</system-out>\n", to);
    } else {
        (void)fprintf(to, "    <%s", cell->status == RECORD_FAILED ? "failure" : "skipped");
        export_xml_attribute(to, "message", cell->why);
        (void)fputs("/>\n", to);
    }
    (void)fputs("  </testcase>\n", to);
}

static size_t count_status(const struct export_input *input, bool failed) {
    size_t count = 0;
    for (size_t i = 0; i < input->count; i++)
        count += input->cells[i]->status != RECORD_OK &&
                 (input->cells[i]->status == RECORD_FAILED) == failed;
    return count;
}

int export_junit(FILE *to, const struct export_input *input, struct problem *problem) {
    (void)problem;
    double seconds = 0;
    for (size_t i = 0; i < input->count; i++)
        seconds += seconds_of(input->run, input->cells[i]);
    char date[32]; /* without the Z, which the schema's type does not allow */
    (void)snprintf(date, sizeof date, "%.19s", run_environment(input->run, NULL, "date"));
    (void)fprintf(to,
                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n <testsuite "
                  "name=\"ipcbench\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\" "
                  "time=\"%.3f\"",
                  input->count, count_status(input, true), count_status(input, false), seconds);
    export_xml_attribute(to, "timestamp", date);
    export_xml_attribute(to, "hostname", run_environment(input->run, NULL, "host"));
    (void)fputs(">\n", to);
    for (size_t i = 0; i < input->count; i++)
        junit_case(to, input->run, input->cells[i]);
    (void)fputs(" </testsuite>\n</testsuites>\n", to);
    return 0;
}

/* ---- GitHub's annotations ---- */

/* A property (the title) also ends at a comma or a colon. */
static void github_text(FILE *to, const char *text, bool property) {
    for (; *text != '\0'; text++)
        if (*text == '%' || *text == '\n' || *text == '\r' ||
            (property && (*text == ',' || *text == ':')))
            (void)fprintf(to, "%%%02X", (unsigned)*text);
        else
            (void)fputc(*text, to);
}

void export_annotation(FILE *to, const char *level, const char *title, const char *text) {
    (void)fprintf(to, "::%s title=", level);
    github_text(to, title, true);
    (void)fputs("::", to);
    github_text(to, text, false);
    (void)fputc('\n', to);
}

static bool is_worth_a_word(const struct cell_summary *cell) {
    return cell->status == RECORD_FAILED || (cell->status == RECORD_OK && cell->flagged > 0);
}

static void annotate_cell(FILE *to, const struct cell_summary *cell) {
    char text[160];
    if (cell->status == RECORD_FAILED) {
        export_annotation(to, "error", cell->key, cell->why);
        return;
    }
    (void)snprintf(text, sizeof text, "something interfered with %zu of %zu trials", cell->flagged,
                   cell->trials);
    export_annotation(to, "warning", cell->key, text);
}

/* Failed cells first. When there are more than fit, the last place says how many are left out. */
int export_github(FILE *to, const struct export_input *input, struct problem *problem) {
    (void)problem;
    size_t all = 0, said = 0;
    for (size_t i = 0; i < input->count; i++)
        all += is_worth_a_word(input->cells[i]);
    size_t most = all > EXPORT_ANNOTATIONS ? EXPORT_ANNOTATIONS - 1 : EXPORT_ANNOTATIONS;
    for (int failed = 1; failed >= 0; failed--)
        for (size_t i = 0; i < input->count && said < most; i++) {
            const struct cell_summary *cell = input->cells[i];
            if (!is_worth_a_word(cell) || (cell->status == RECORD_FAILED) != (failed == 1))
                continue;
            annotate_cell(to, cell);
            said++;
        }
    if (all > said) {
        char text[160];
        (void)snprintf(text, sizeof text,
                       "%zu more cells failed or were interfered with; the job "
                       "summary and the run file have them",
                       all - said);
        export_annotation(to, "warning", "ipcbench", text);
    }
    return 0;
}

/* ---- Markdown ---- */

void export_markdown_text(FILE *to, const char *text) {
    for (; *text != '\0'; text++) {
        if (strchr("|*_`<>\\[]", *text) != NULL)
            (void)fputc('\\', to);
        (void)fputc((unsigned char)*text < ' ' ? ' ' : *text, to);
    }
}

static void markdown_row(FILE *to, const struct cell_summary *cell) {
    char p50[32], low[32], high[32], p99[32], rate[32], cpu[32];
    units_format_ns(cell->p50_ns, p50, sizeof p50);
    units_format_ns(cell->p50_low_ns, low, sizeof low);
    units_format_ns(cell->p50_high_ns, high, sizeof high);
    units_format_ns(cell->p99_ns, p99, sizeof p99);
    units_format_rate(cell->per_second, rate, sizeof rate);
    units_format_ns(cell->cpu_ns, cpu, sizeof cpu);
    (void)fprintf(to, "| `%s` | %s | %s to %s | %s | %s/s | %s | %zu%s |\n", cell->key, p50, low,
                  high, p99, rate, cpu, cell->trials, cell->flagged > 0 ? "\\*" : "");
}

static void markdown_failures(FILE *to, const struct export_input *input) {
    for (size_t i = 0; i < input->count; i++) {
        if (input->cells[i]->status != RECORD_FAILED)
            continue;
        (void)fprintf(to, "- **failed** `%s`: ", input->cells[i]->key);
        export_markdown_text(to, input->cells[i]->why);
        (void)fputc('\n', to);
    }
}

int export_markdown(FILE *to, const struct export_input *input, struct problem *problem) {
    (void)problem;
    (void)fputs("## ipcbench\n\n", to);
    export_markdown_text(to, run_environment(input->run, "cpu", "model"));
    (void)fputs(", kernel ", to);
    export_markdown_text(to, run_environment(input->run, "kernel", "release"));
    (void)fputs(", ", to);
    export_markdown_text(to, run_environment(input->run, NULL, "date"));
    (void)fputs("\n\n", to);
    markdown_failures(to, input);
    (void)fputs("\n| cell | p50 | interval | p99 | rate | CPU | trials |\n"
                "|---|---:|---:|---:|---:|---:|---:|\n",
                to);
    for (size_t i = 0; i < input->count; i++)
        if (input->cells[i]->status == RECORD_OK)
            markdown_row(to, input->cells[i]);
    (void)fputs("\nA star: something interfered with some of the trials.\n", to);
    return 0;
}
