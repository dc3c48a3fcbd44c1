/* SPDX-License-Identifier: MIT */
/*
 * figure_text.c - makes foreign text plain.
 */
#include "figure_text.h"
#include "units.h"

#include <math.h>
#include <string.h>

/* How many bytes a UTF-8 sequence has that starts with this byte; 0: none does. */
static size_t sequence_bytes(unsigned char first) {
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first < 0xe0)
        return 2;
    if (first >= 0xe0 && first < 0xf0)
        return 3;
    return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* The code point of a sequence, or -1: not continued, overlong, a surrogate, or too large. */
static long code_point(const unsigned char *at, size_t bytes) {
    static const long least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (bytes <= 1)
        return bytes == 1 ? at[0] : -1;
    long point = at[0] & (0x7f >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return -1;
        point = point << 6 | (at[i] & 0x3f);
    }
    int surrogate = point >= 0xd800 && point < 0xe000;
    return point < least[bytes] || surrogate || point > 0x10ffff ? -1 : point;
}

/* Control characters, line and paragraph ends, and the marks that reverse the direction of text. */
static int is_plain(long point) {
    if (point < 0x20 || (point >= 0x7f && point < 0xa0))
        return 0;
    return !(point >= 0x2028 && point <= 0x202e) && !(point >= 0x2066 && point <= 0x2069);
}

void figure_text_plain(const char *from, char *text, size_t room) {
    const unsigned char *at = (const unsigned char *)from;
    size_t used = 0;
    size_t cut = 0; /* where "..." fits, on the border of a character */
    while (*at != '\0') {
        size_t bytes = sequence_bytes(*at);
        int plain = is_plain(code_point(at, bytes));
        size_t wide = plain ? bytes : 1;
        if (used + wide + 1 > room) {
            (void)snprintf(text + cut, room - cut, "...");
            return;
        }
        memcpy(text + used, plain ? (*at == '"' ? "'" : (const char *)at) : "?", wide);
        used += wide;
        if (used + 4 <= room)
            cut = used;
        at += wide;
    }
    text[used] = '\0';
}

void figure_text_label(const char *from, char *text, size_t room) {
    figure_text_plain(from, text, room);
    for (char *comma = text; (comma = strchr(comma, ',')) != NULL;)
        *comma = ';';
}

void figure_text_file(const char *from, char *text, size_t room) {
    size_t used = 0;
    for (; *from != '\0' && used + 1 < room; from++) {
        int allowed = (*from >= 'a' && *from <= 'z') || (*from >= '0' && *from <= '9');
        text[used++] = (char)(allowed ? *from : '-');
    }
    text[used] = '\0';
}

void figure_text_size(uint64_t bytes, char *text, size_t room) {
    char joined[32];
    units_format_bytes(bytes, joined, sizeof joined);
    size_t digits = strspn(joined, "0123456789");
    (void)snprintf(text, room, "%.*s %s", (int)digits, joined, joined + digits);
}

void figure_text_field(FILE *csv, const char *text) {
    char plain[512];
    figure_text_plain(text, plain, sizeof plain);
    (void)fprintf(csv, "\"%s\"", plain);
}

void figure_text_number(FILE *csv, double number) {
    if (!isnan(number))
        (void)fprintf(csv, "%.10g", number);
}
