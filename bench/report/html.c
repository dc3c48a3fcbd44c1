/* SPDX-License-Identifier: MIT */
/*
 * html.c - the writer of HTML.
 */
#include "report/html.h"

#include "base/text.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *entity(char byte) {
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_text(FILE *to, const char *text) {
    size_t room = strlen(text) + 8; /* plain text is never longer */
    char *plain = malloc(room);
    if (plain == NULL)
        return;
    text_plain(text, plain, room);
    for (const char *at = plain; *at != '\0'; at++) {
        const char *escaped = entity(*at);
        if (escaped != NULL)
            (void)fputs(escaped, to);
        else
            (void)fputc(*at, to);
    }
    free(plain);
}

void html_element(FILE *to, const char *open, const char *text) {
    (void)fprintf(to, "<%s>", open);
    html_text(to, text);
    (void)fprintf(to, "</%.*s>", (int)strcspn(open, " "), open);
}

void html_number(FILE *to, double value, const char *text) {
    if (isfinite(value))
        (void)fprintf(to, "<td class=num data-value=\"%.10g\">", value);
    else
        (void)fputs("<td class=num data-value=\"\">", to);
    html_text(to, isfinite(value) ? text : "-");
    (void)fputs("</td>", to);
}

void html_ns(FILE *to, double ns) {
    char text[32];
    units_format_ns(ns, text, sizeof text);
    html_number(to, ns, text);
}

static void base64(FILE *to, const unsigned char *bytes, size_t count) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < count; i += 3) {
        size_t left = count - i < 3 ? count - i : 3;
        unsigned group = (unsigned)bytes[i] << 16;
        group |= left > 1 ? (unsigned)bytes[i + 1] << 8 : 0;
        group |= left > 2 ? bytes[i + 2] : 0;
        for (size_t digit = 0; digit < 4; digit++)
            (void)fputc(digit <= left ? digits[group >> (18 - 6 * digit) & 63] : '=', to);
    }
}

void html_image(FILE *to, const char *svg, size_t bytes, const char *alt) {
    (void)fputs("<img src=\"data:image/svg+xml;base64,", to);
    base64(to, (const unsigned char *)svg, bytes);
    (void)fputs("\" alt=\"", to);
    html_text(to, alt);
    (void)fputs("\">", to);
}
