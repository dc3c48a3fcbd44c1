/* SPDX-License-Identifier: MIT */
/*
 * page_history.c - the trend of each cell over many runs, with the places where it changed: a row
 * for each, with its curve as a small picture in the page.
 */
#include "base/units.h"
#include "report/html.h"
#include "report/page.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 100, WIDTH = 200, HEIGHT = 28, EDGE = 4 }; /* of a curve: runs, and its size */

struct trends {
    FILE *to;
    struct history *history;
    const struct history_change *changes;
    size_t change_count, rows;
    struct problem *problem;
};

struct range {
    double least, most;
};

static struct range range_of(const struct history_point *points, size_t count) {
    struct range range = {INFINITY, 0};
    for (size_t i = 0; i < count; i++) {
        range.least = fmin(range.least, points[i].value);
        range.most = fmax(range.most, points[i].value);
    }
    return range;
}

static double x_of(size_t i, size_t count) {
    return count < 2 ? WIDTH / 2.0 : EDGE + (WIDTH - 2.0 * EDGE) * (double)i / (double)(count - 1);
}

static double y_of(double value, struct range range) {
    double part =
        range.most > range.least ? (value - range.least) / (range.most - range.least) : 0.5;
    return HEIGHT - EDGE - (HEIGHT - 2.0 * EDGE) * part;
}

static bool changes_at(const struct trends *trends, const char *key, const char *date) {
    for (size_t i = 0; i < trends->change_count; i++)
        if (strcmp(trends->changes[i].key, key) == 0 && strcmp(trends->changes[i].date, date) == 0)
            return true;
    return false;
}

/* A line for each segment, an upright one where a segment begins, a ring at each change. */
static void draw(const struct trends *trends, const char *key, const struct history_point *points,
                 size_t count, struct range range) {
    FILE *to = trends->to;
    for (size_t i = 0; i < count; i++) {
        bool starts = history_starts_segment(points, i);
        if (starts)
            (void)fprintf(to, "\"/><path class=edge d=\"M%.1f 0V%d\"/>", x_of(i, count) - 1,
                          HEIGHT);
        if (i == 0 || starts)
            (void)fputs("<polyline points=\"", to);
        (void)fprintf(to, "%.1f,%.1f ", x_of(i, count), y_of(points[i].value, range));
    }
    (void)fputs("\"/>", to);
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || changes_at(trends, key, points[i].date))
            (void)fprintf(to, "<circle%s cx=\"%.1f\" cy=\"%.1f\" r=\"%d\"/>",
                          changes_at(trends, key, points[i].date) ? " class=change" : "",
                          x_of(i, count), y_of(points[i].value, range), i + 1 == count ? 2 : 3);
}

static void curve(const struct trends *trends, const char *key, const struct history_point *points,
                  size_t count, struct range range) {
    char least[32], most[32], alt[200];
    units_format_ns(range.least, least, sizeof least);
    units_format_ns(range.most, most, sizeof most);
    (void)snprintf(alt, sizeof alt, "the last %zu runs, from %s to %s", count, least, most);
    (void)fprintf(trends->to,
                  "<td><svg class=trend role=img width=%d height=%d viewBox=\"0 0 %d %d\" "
                  "aria-label=\"",
                  WIDTH, HEIGHT, WIDTH, HEIGHT);
    html_text(trends->to, alt);
    (void)fputs("\">", trends->to);
    draw(trends, key, points, count, range);
    (void)fputs("</svg></td>", trends->to);
}

static void change(FILE *to, const struct history_change *change) {
    char text[160];
    (void)snprintf(text, sizeof text, "%+.1f%%%s with commit %.12s (%.10s), p = %.4f",
                   100 * change->shift, change->by_ratio ? " against " HISTORY_REFERENCE : "",
                   change->commit[0] != '\0' ? change->commit : "not known", change->date,
                   change->p);
    (void)fprintf(to, "<span class=%s>",
                  change->reason[0] != '\0' ? "soft"
                  : change->shift > 0       ? "no"
                                            : "yes");
    html_text(to, text);
    (void)fputs("</span>", to);
    if (change->reason[0] != '\0') {
        (void)fputs(". Accepted: ", to);
        html_text(to, change->reason);
    }
    (void)fputs("<br>", to);
}

static void changes_of(const struct trends *trends, const char *key) {
    size_t found = 0;
    (void)fputs("<td class=\"small changes\">", trends->to);
    for (size_t i = 0; i < trends->change_count; i++)
        if (strcmp(trends->changes[i].key, key) == 0) {
            change(trends->to, &trends->changes[i]);
            found++;
        }
    (void)fputs(found == 0 ? "none</td>" : "</td>", trends->to);
}

static int row(void *context, const char *key, size_t runs) {
    struct trends *trends = context;
    struct history_point *points;
    size_t count;
    char text[24];
    int error = history_points(trends->history, key, RUNS, &points, &count, trends->problem);
    if (error == 0 && count > 0) {
        struct range range = range_of(points, count);
        trends->rows++;
        (void)fputs("<tr>", trends->to);
        html_element(trends->to, "th scope=row", key);
        (void)snprintf(text, sizeof text, "%zu", runs);
        html_number(trends->to, (double)runs, text);
        html_ns(trends->to, points[count - 1].value);
        html_ns(trends->to, range.least);
        html_ns(trends->to, range.most);
        curve(trends, key, points, count, range);
        changes_of(trends, key);
        (void)fputs("</tr>\n", trends->to);
    }
    free(points);
    return error;
}

static int rows(struct trends *trends) {
    struct history_change *changes;
    int error =
        history_changes(trends->history, NULL, &changes, &trends->change_count, trends->problem);
    trends->changes = changes;
    if (error == 0)
        error = history_series(trends->history, NULL, row, trends, trends->problem);
    free(changes);
    return error;
}

int page_history(FILE *to, struct history *history, struct problem *problem) {
    struct trends trends = {.to = to, .history = history, .problem = problem};
    size_t runs, points;
    int error = history_count(history, &runs, &points, problem);
    if (error != 0)
        return error;
    (void)fprintf(
        to,
        "<section id=history>\n<h2>Over time</h2>\n<p class=\"soft small\">What each cell "
        "cost in the %zu runs of the history, the last %d as a curve from the least of "
        "them to the greatest. A ring: the cell changed there; an upright line: the host, "
        "the build or the CPUs did, and no change is looked for across. Lower is "
        "better.</p>\n",
        runs, RUNS);
    (void)fputs("<div class=filter data-table=history-table hidden><label>Only rows with "
                "<input type=search placeholder=\"shm spin\"></label> <output></output></div>\n"
                "<div class=scroll tabindex=0 role=region aria-label=\"Over time\">\n"
                "<table class=sorts id=history-table><caption>p50, or time per message where there "
                "is no round trip</caption>\n<thead><tr><th scope=col>cell</th><th scope=col "
                "class=num>runs</th><th scope=col class=num>last</th><th scope=col "
                "class=num>least</th><th scope=col class=num>most</th><th scope=col>trend</th><th "
                "scope=col>changes</th></tr></thead><tbody>\n",
                to);
    error = rows(&trends);
    (void)fputs("</tbody></table></div>\n", to);
    if (error == 0 && trends.rows == 0)
        (void)fputs("<p class=why>Not shown: this history has no run yet.</p>\n", to);
    (void)fputs("</section>\n", to);
    return error;
}
