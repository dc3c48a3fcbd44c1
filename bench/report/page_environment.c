/* SPDX-License-Identifier: MIT */
/*
 * page_environment.c - the environment and the options of a run in full, whatever fields they have:
 * objects as tables of names and values, lists of objects as tables with a column for each name.
 */
#include "report/html.h"
#include "report/page.h"

#include <stdint.h>
#include <stdlib.h>

enum { DEEPEST = 8 };

static void value(FILE *to, const json_t *json, const char *name, int depth);

static void scalar(FILE *to, const json_t *json) {
    if (json_is_string(json)) {
        html_text(to, json_string_value(json));
        return;
    }
    char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
    html_text(to, text != NULL && !json_is_null(json) ? text : "not known");
    free(text);
}

/* A list of names, as the cells of a plan. */
static void plain_list(FILE *to, const json_t *list) {
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item) {
        (void)fputs(i > 0 ? ", " : "", to);
        scalar(to, item);
    }
    if (json_array_size(list) == 0)
        (void)fputs("none", to);
}

static void object(FILE *to, const json_t *json, const char *name, int depth) {
    const char *key;
    json_t *item;
    (void)fputs("<table class=tree><caption>", to);
    html_text(to, name);
    (void)fputs("</caption><tbody>\n", to);
    json_object_foreach((json_t *)(uintptr_t)json, key, item) {
        (void)fputs("<tr>", to);
        html_element(to, "th scope=row", key);
        (void)fputs("<td>", to);
        value(to, item, key, depth);
        (void)fputs("</td></tr>\n", to);
    }
    (void)fputs("</tbody></table>\n", to);
}

/* The names of the first object head the columns. */
static void object_list(FILE *to, const json_t *list, const char *name, int depth) {
    const json_t *first = json_array_get(list, 0), *item;
    const char *key;
    json_t *part;
    size_t i;
    (void)fputs("<table class=tree><caption>", to);
    html_text(to, name);
    (void)fputs("</caption><thead><tr>", to);
    json_object_foreach((json_t *)(uintptr_t)first, key, part) {
        html_element(to, "th scope=col", key);
    }
    (void)fputs("</tr></thead><tbody>\n", to);
    json_array_foreach(list, i, item) {
        (void)fputs("<tr>", to);
        json_object_foreach((json_t *)(uintptr_t)first, key, part) {
            (void)fputs("<td>", to);
            value(to, json_object_get(item, key), key, depth);
            (void)fputs("</td>", to);
        }
        (void)fputs("</tr>\n", to);
    }
    (void)fputs("</tbody></table>\n", to);
}

static void value(FILE *to, const json_t *json, const char *name, int depth) {
    if (depth >= DEEPEST)
        (void)fputs("...", to);
    else if (json_is_object(json))
        object(to, json, name, depth + 1);
    else if (json_is_array(json) && json_is_object(json_array_get(json, 0)))
        object_list(to, json, name, depth + 1);
    else if (json_is_array(json))
        plain_list(to, json);
    else
        scalar(to, json);
}

void page_environment(FILE *to, const struct run *run) {
    (void)fputs("<details><summary>Environment</summary>\n<div class=scroll tabindex=0 role=region "
                "aria-label=\"Environment\">\n",
                to);
    value(to, run->environment, "environment", 0);
    (void)fputs("</div></details>\n<details><summary>Options and plan</summary>\n<div class=scroll "
                "tabindex=0 role=region aria-label=\"Options and plan\">\n",
                to);
    value(to, run->options, "options", 0);
    (void)fputs("</div></details>\n", to);
}
