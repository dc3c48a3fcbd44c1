/* SPDX-License-Identifier: MIT */
/*
 * page_figures.c - the figures of the page, each kind under its heading: the picture with its text
 * alternative and its data, or the reason why there is none.
 */
#include "base/text.h"
#include "report/html.h"
#include "report/page.h"

#include <string.h>

static void link_to(FILE *to, const char *name, const char *suffix, const char *word) {
    (void)fputs(" <a href=\"", to);
    html_text(to, name);
    (void)fprintf(to, "%s\">%s</a>", suffix, word);
}

static void picture(FILE *to, const struct figure *figure) {
    char alt[800];
    (void)snprintf(alt, sizeof alt, "Chart: %s. %s. Its %zu values are in %s.csv.", figure->title,
                   figure->subtitle, figure->rows, figure->name);
    for (char *newline = alt; (newline = strchr(newline, '\n')) != NULL;)
        *newline = ' ';
    (void)fputs("<div class=scroll tabindex=0 role=region aria-label=\"", to);
    html_text(to, figure->title);
    (void)fputs("\">", to);
    html_image(to, figure->svg, figure->svg_bytes, alt);
    (void)fputs("</div>\n", to);
}

void page_figure(FILE *to, const struct figure *figure) {
    if (figure->csv == NULL) {
        (void)fputs("<p class=why>Not shown: ", to);
        html_text(to, figure->why);
        (void)fputs(".</p>\n", to);
        return;
    }
    (void)fputs("<figure>\n", to);
    if (figure->svg != NULL)
        picture(to, figure);
    (void)fputs("<figcaption>", to);
    if (figure->svg == NULL)
        (void)fputs("There is no picture, since gnuplot is not installed. ", to);
    html_text(to, figure->title);
    (void)fputs(". Files:", to);
    link_to(to, figure->name, ".csv", "CSV");
    if (figure->svg != NULL) {
        link_to(to, figure->name, ".svg", "SVG");
        link_to(to, figure->name, ".png", "PNG");
    }
    (void)fputs("</figcaption></figure>\n", to);
}

/* The end of a kind's section: its table, if it has one. */
static void finish(FILE *to, const struct figure_kind *kind, const struct figure_run *runs,
                   size_t count) {
    if (kind == NULL)
        return;
    page_crowd(to, kind->name, runs, count);
    (void)fputs("</section>\n", to);
}

void page_figures(FILE *to, const struct figure_list *figures, const char *but,
                  const struct figure_run *runs, size_t count) {
    const struct figure_kind *kind = NULL;
    for (size_t i = 0; i < figures->count; i++) {
        const struct figure *figure = &figures->figures[i];
        if (strcmp(figure->kind->name, but) == 0)
            continue;
        if (figure->kind != kind) {
            finish(to, kind, runs, count);
            (void)fprintf(to, "<section id=%s>\n<h2>%s</h2>\n", figure->kind->name,
                          figure->kind->title);
            (void)fprintf(to, "<p class=\"soft small\">Shows %s. %c%s.</p>\n",
                          figure->kind->measures,
                          figure->kind->better[0] >= 'a' ? figure->kind->better[0] - 'a' + 'A'
                                                         : figure->kind->better[0],
                          figure->kind->better + 1);
        }
        kind = figure->kind;
        page_figure(to, figure);
        for (size_t r = 0; r < count && strcmp(kind->name, "placement") == 0; r++)
            page_matrix(to, figure, &runs[r]);
    }
    finish(to, kind, runs, count);
}
