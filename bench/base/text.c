/* SPDX-License-Identifier: MIT */
/*
 * text.c - makes foreign text plain.
 */
#include "base/text.h"

#include "base/plain.h"
#include "base/units.h"

#include <math.h>
#include <string.h>

void text_plain(const char *from, char *text, size_t room) {
    const char *at = from;
    size_t used = 0;
    size_t cut = 0; /* where "..." fits, on the border of a character */
    while (*at != '\0') {
        size_t bytes = plain_bytes(at);
        size_t wide = bytes > 0 ? bytes : 1;
        if (used + wide + 1 > room) {
            (void)snprintf(text + cut, room - cut, "...");
            return;
        }
        memcpy(text + used, bytes > 0 ? (*at == '"' ? "'" : at) : "?", wide);
        used += wide;
        if (used + 4 <= room)
            cut = used;
        at += wide;
    }
    text[used] = '\0';
}

void text_label(const char *from, char *text, size_t room) {
    text_plain(from, text, room);
    for (char *comma = text; (comma = strchr(comma, ',')) != NULL;)
        *comma = ';';
}

void text_file(const char *from, char *text, size_t room) {
    size_t used = 0;
    for (; *from != '\0' && used + 1 < room; from++) {
        int allowed = (*from >= 'a' && *from <= 'z') || (*from >= '0' && *from <= '9');
        text[used++] = (char)(allowed ? *from : '-');
    }
    text[used] = '\0';
}

void text_size(uint64_t bytes, char *text, size_t room) {
    char joined[32];
    units_format_bytes(bytes, joined, sizeof joined);
    size_t digits = strspn(joined, "0123456789");
    (void)snprintf(text, room, "%.*s %s", (int)digits, joined, joined + digits);
}

void text_field(FILE *csv, const char *text) {
    char plain[512];
    text_plain(text, plain, sizeof plain);
    (void)fprintf(csv, "\"%s\"", plain);
}

void text_number(FILE *csv, double number) {
    if (!isnan(number))
        (void)fprintf(csv, "%.10g", number);
}
