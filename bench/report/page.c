/* SPDX-License-Identifier: MIT */
/*
 * page.c - puts the page together.
 */
#include "report/page.h"

#include "report/html.h"

#include <errno.h>
#include <string.h>

/* Only scripts/report.js may run: text of a run file that came through as a script would not. The
 * hash is that of the whole file (tests/browser says what it must be after a change). */
#define PAGE_SCRIPT_HASH "sha256-0COaGTxVu57FjlqFEN1yDeN7RdI5tg7G+ZYIZ/NwL5g="
#define PAGE_POLICY                                                                               \
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '" PAGE_SCRIPT_HASH \
    "'; base-uri 'none'; form-action 'none'"

static const char *host_of(const struct run *run) {
    const char *host = json_string_value(json_object_get(run->environment, "host"));
    return host != NULL ? host : "a machine";
}

static void head(FILE *to, const struct figure_run *runs, const char *style) {
    (void)fputs("<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"" PAGE_POLICY "\">\n"
                "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n<title>"
                "ipcbench: local IPC on ",
                to);
    html_text(to, host_of(&runs[0].run));
    (void)fprintf(to,
                  "</title>\n<style>\n%s</style>\n</head>\n<body>\n<a class=skip "
                  "href=\"#main\">Skip to the answers</a>\n",
                  style);
}

static void heading(FILE *to, const struct figure_run *runs, const struct figure_list *figures,
                    bool has_history) {
    (void)fputs("<header>\n<h1>Local IPC on ", to);
    html_text(to, host_of(&runs[0].run));
    (void)fputs("</h1>\n<p class=soft>", to);
    for (const char *at = figures->caption; *at != '\0';) {
        char line[512];
        size_t length = strcspn(at, "\n");
        (void)snprintf(line, sizeof line, "%.*s", (int)length, at);
        html_text(to, line);
        at += length;
        if (*at == '\n') {
            (void)fputs("<br>", to);
            at++;
        }
    }
    (void)fputs(" &middot; by ipcbench</p>\n<nav aria-label=\"Sections\">", to);
    (void)fputs("<a href=\"#verdict\">Verdict</a><a href=\"#trust\">Trust</a>"
                "<a href=\"#pareto\">Pareto</a><a href=\"#claims\">Claims</a>"
                "<a href=\"#figures\">Figures</a>",
                to);
    (void)fputs(has_history ? "<a href=\"#history\">Over time</a>" : "", to);
    (void)fputs("<a href=\"#cells\">All cells</a><a href=\"#environment\">Environment</a></nav>\n"
                "</header>\n<main id=main>\n",
                to);
}

/* The name of a run before what belongs to it; nothing where there is only one. */
static void run_name(FILE *to, const struct figure_run *run, size_t count) {
    if (count > 1) {
        (void)fputs("<h3>Run ", to);
        html_text(to, run->name);
        (void)fputs("</h3>\n", to);
    }
}

static void pareto(FILE *to, const struct figure_list *figures) {
    (void)fputs("<section id=pareto>\n<h2>Latency against its price</h2>\n", to);
    for (size_t i = 0; i < figures->count; i++)
        if (strcmp(figures->figures[i].kind->name, "pareto") == 0)
            page_figure(to, &figures->figures[i]);
    (void)fputs("</section>\n", to);
}

/* The first screen: two columns where there is room. */
static int answers(FILE *to, const struct figure_run *runs, size_t count,
                   const struct figure_list *figures) {
    int error = 0;
    (void)fputs("<div class=first>\n<div><section id=verdict>\n<h2>Verdict</h2>\n", to);
    for (size_t i = 0; i < count; i++) {
        run_name(to, &runs[i], count);
        page_verdict(to, &runs[i].run);
        page_knees(to, &runs[i].run);
    }
    (void)fputs("</section>\n<section id=trust>\n<h2>Can I trust this machine?</h2>\n", to);
    for (size_t i = 0; i < count && error == 0; i++) {
        run_name(to, &runs[i], count);
        error = page_trust(to, &runs[i].run);
    }
    (void)fputs("</section></div>\n<div>", to);
    pareto(to, figures);
    (void)fputs("<section id=claims>\n<h2>What Python's Socket HOWTO says, here</h2>\n", to);
    for (size_t i = 0; i < count && error == 0; i++) {
        run_name(to, &runs[i], count);
        error = page_claims(to, &runs[i].run);
    }
    (void)fputs("</section></div>\n</div>\n", to);
    return error;
}

static int evidence(FILE *to, const struct figure_run *runs, size_t count) {
    int error = 0;
    (void)fputs("<section id=evidence>\n<h2>The HOWTO's claims: criteria and evidence</h2>\n", to);
    for (size_t i = 0; i < count && error == 0; i++) {
        run_name(to, &runs[i], count);
        error = page_evidence(to, &runs[i].run, count > 1 ? runs[i].name : "");
    }
    (void)fputs("</section>\n", to);
    return error;
}

static void details(FILE *to, const struct figure_run *runs, size_t count) {
    (void)fputs("<section id=cells>\n<h2>All cells</h2>\n", to);
    page_cells(to, runs, count);
    for (size_t i = 0; i < count; i++) {
        run_name(to, &runs[i], count);
        page_losses(to, &runs[i].run);
        page_missing(to, &runs[i].run);
    }
    (void)fputs("</section>\n<section id=environment>\n<h2>Environment in full</h2>\n", to);
    for (size_t i = 0; i < count; i++) {
        run_name(to, &runs[i], count);
        page_environment(to, &runs[i].run);
    }
    (void)fputs("</section>\n</main>\n", to);
}

int page_write(FILE *to, const struct figure_run *runs, size_t count,
               const struct figure_list *figures, struct history *history,
               const struct page_dress *dress, struct problem *problem) {
    head(to, runs, dress->style);
    heading(to, runs, figures, history != NULL);
    int error = answers(to, runs, count, figures);
    if (error == 0)
        error = evidence(to, runs, count);
    if (error != 0)
        return problem_set(problem, -error, "there is no memory for the page");
    (void)fputs("<nav id=figures aria-label=Figures>", to);
    for (size_t i = 0; i < figures->count; i++) {
        const struct figure_kind *kind = figures->figures[i].kind;
        if (i > 0 && kind != figures->figures[i - 1].kind)
            (void)fprintf(to, "<a href=\"#%s\">%s</a>", kind->name, kind->title);
    }
    (void)fputs("</nav>\n", to);
    page_figures(to, figures, "pareto", runs, count);
    if (history != NULL)
        error = page_history(to, history, problem);
    details(to, runs, count);
    (void)fprintf(to, "<script>%s</script>\n</body>\n</html>\n", dress->script);
    return error;
}
