/* SPDX-License-Identifier: MIT */
/*
 * export_duet.c - the verdicts of a duet for a page of CI: JUnit XML, annotations of GitHub
 * Actions, Markdown. Only what the gate believes is a failure: where the verdict is "environment",
 * no cell is.
 */
#include "report/export.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 896 };

/* "+7.2%". */
static void change(double log_ratio, char *text, size_t room) {
    if (isnan(log_ratio))
        (void)snprintf(text, room, "not known");
    else
        (void)snprintf(text, room, "%+.1f%%", 100 * expm1(log_ratio));
}

/* "p50 +7.2% (99% interval +5.1% to +9.3%); CAN'T TELL...". */
static void describe(const struct duet_cell *cell, char *text, size_t room) {
    const struct rank_shift *shift = &cell->findings[DUET_P50].shift;
    char estimate[32], low[32], high[32], words[640];
    duet_result_words(cell, words, sizeof words);
    if (cell->count == 0) {
        (void)snprintf(text, room, "%s", words);
        return;
    }
    change(shift->estimate, estimate, sizeof estimate);
    change(shift->low, low, sizeof low);
    change(shift->high, high, sizeof high);
    (void)snprintf(text, room, "p50 %s (99%% interval %s to %s)%s%s", estimate, low, high,
                   words[0] ? "; " : "", words);
}

/* Is this cell's regression one of the whole duet? */
static bool is_believed(const struct duet_result *result) {
    return result->judgement.verdict != DUET_ENVIRONMENT;
}

static bool has_failed(const struct duet_result *result, const struct duet_cell *cell) {
    return cell->verdict == DUET_REGRESSION && cell->limits.gated && !cell->canary &&
           is_believed(result);
}

static bool is_untold(const struct duet_result *result, const struct duet_cell *cell) {
    return cell->verdict == DUET_INCONCLUSIVE || cell->verdict == DUET_NOT_COMPARED ||
           (cell->verdict == DUET_REGRESSION && !is_believed(result));
}

/* ---- JUnit ---- */

static void junit_case(FILE *to, const struct duet_result *result, const struct duet_cell *cell) {
    char text[WORDS];
    describe(cell, text, sizeof text);
    (void)fputs("  <testcase classname=\"ipcbench.duet\"", to);
    export_xml_attribute(to, "name", cell->key);
    (void)fputs(">\n", to);
    if (has_failed(result, cell) || is_untold(result, cell)) {
        (void)fprintf(to, "    <%s", has_failed(result, cell) ? "failure" : "skipped");
        export_xml_attribute(to, "message", text);
        (void)fputs("/>\n", to);
    } else {
        (void)fputs("    <system-out>", to);
        export_xml(to, text);
        (void)fputs("</system-out>\n", to);
    }
    (void)fputs("  </testcase>\n", to);
}

static void junit_property(FILE *to, const char *name, const char *value) {
    (void)fputs("   <property", to);
    export_xml_attribute(to, "name", name);
    export_xml_attribute(to, "value", value);
    (void)fputs("/>\n", to);
}

/* Canaries are no cells of the user's: where one moved, every case says so. */
void export_duet_junit(FILE *to, const struct duet_result *result) {
    size_t cells = 0, failed = 0, untold = 0;
    for (size_t i = 0; i < result->suite.count; i++) {
        const struct duet_cell *cell = &result->suite.cells[i];
        cells += !cell->canary;
        failed += has_failed(result, cell);
        untold += !cell->canary && is_untold(result, cell);
    }
    (void)fprintf(to,
                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n <testsuite "
                  "name=\"ipcbench duet\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
                  "skipped=\"%zu\" time=\"%.3f\"",
                  cells, failed, untold, result->took_s);
    char date[20]; /* without the Z, which the schema's type does not allow */
    (void)snprintf(date, sizeof date, "%.19s", result->date);
    export_xml_attribute(to, "timestamp", date);
    export_xml_attribute(to, "hostname", result->host);
    (void)fputs(">\n  <properties>\n", to);
    junit_property(to, "verdict", duet_verdicts[result->judgement.verdict]);
    junit_property(to, "why", result->judgement.why);
    (void)fputs("  </properties>\n", to);
    for (size_t i = 0; i < result->suite.count; i++)
        if (!result->suite.cells[i].canary)
            junit_case(to, result, &result->suite.cells[i]);
    (void)fputs(" </testsuite>\n</testsuites>\n", to);
}

/* ---- GitHub's annotations ---- */

/* In the order in which the cells are told; the first line is about all of them. */
static const struct {
    enum duet_verdict verdict;
    const char *level;
} told[] = {{DUET_REGRESSION, "error"},
            {DUET_NOT_COMPARED, "warning"},
            {DUET_INCONCLUSIVE, "warning"},
            {DUET_IMPROVEMENT, "notice"}};
enum { TOLD = sizeof told / sizeof *told };

static const char *level_of_all(enum duet_verdict verdict) {
    for (int i = 0; i < TOLD; i++)
        if (told[i].verdict == verdict)
            return told[i].level;
    return verdict == DUET_ENVIRONMENT ? "warning" : "notice";
}

static void annotate_cell(FILE *to, const struct duet_result *result, const struct duet_cell *cell,
                          const char *level) {
    char text[WORDS];
    bool shown_only = strcmp(level, "error") == 0 && !has_failed(result, cell);
    describe(cell, text, sizeof text);
    export_annotation(to, shown_only ? "warning" : level, cell->key, text);
}

void export_duet_github(FILE *to, const struct duet_result *result) {
    size_t said = 1, all = 1;
    export_annotation(to, level_of_all(result->judgement.verdict), "ipcbench duet",
                      result->judgement.why);
    for (int i = 0; i < TOLD; i++)
        all += result->judgement.counts[told[i].verdict];
    size_t most = all > EXPORT_ANNOTATIONS ? EXPORT_ANNOTATIONS - 1 : EXPORT_ANNOTATIONS;
    for (int i = 0; i < TOLD; i++)
        for (size_t j = 0; j < result->suite.count && said < most; j++) {
            const struct duet_cell *cell = &result->suite.cells[j];
            if (cell->canary || cell->verdict != told[i].verdict)
                continue;
            annotate_cell(to, result, cell, told[i].level);
            said++;
        }
    if (all > said) {
        char text[96];
        (void)snprintf(text, sizeof text, "%zu more cells; the job summary has them", all - said);
        export_annotation(to, "notice", "ipcbench duet", text);
    }
}

/* ---- Markdown ---- */

static void markdown_row(FILE *to, const struct duet_cell *cell) {
    const struct duet_finding *findings = cell->findings;
    const double values[] = {findings[DUET_P50].shift.estimate, findings[DUET_P50].shift.low,
                             findings[DUET_P50].shift.high, findings[DUET_P90].shift.estimate,
                             findings[DUET_P99].shift.estimate};
    char texts[sizeof values / sizeof *values][32];
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        change(values[i], texts[i], sizeof *texts);
    (void)fprintf(to, "| `%s`%s | %s | %s to %s | %s | %s | %zu | %s%s |\n", cell->key,
                  cell->canary ? " (canary)" : "", texts[0], texts[1], texts[2], texts[3], texts[4],
                  cell->count, duet_verdicts[cell->verdict],
                  cell->limits.gated ? "" : " (not gated)");
}

static void markdown_words(FILE *to, const struct duet_cell *cell) {
    char words[640];
    duet_result_words(cell, words, sizeof words);
    if (cell->canary || words[0] == '\0')
        return;
    (void)fprintf(to, "- `%s`: ", cell->key);
    export_markdown_text(to, words);
    (void)fputc('\n', to);
}

void export_duet_markdown(FILE *to, const struct duet_result *result) {
    (void)fprintf(to, "## ipcbench duet: %s%s\n\n", duet_verdicts[result->judgement.verdict],
                  result->interrupted ? " (interrupted)" : "");
    export_markdown_text(to, result->judgement.why);
    (void)fputs("\n\n| cell | p50 | 99% interval | p90 | p99 | trials | verdict |\n"
                "|---|---:|---:|---:|---:|---:|---|\n",
                to);
    for (size_t i = 0; i < result->suite.count; i++)
        markdown_row(to, &result->suite.cells[i]);
    (void)fputc('\n', to);
    for (size_t i = 0; i < result->suite.count; i++)
        markdown_words(to, &result->suite.cells[i]);
}
