/* SPDX-License-Identifier: MIT */
/*
 * plain.c - finds what isn't a printable character of UTF-8, and replaces it.
 */
#include "base/plain.h"

#include <errno.h>
#include <stdlib.h>
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

static int is_plain(long point) {
    if (point < 0x20 || (point >= 0x7f && point < 0xa0))
        return 0;
    return !(point >= 0x2028 && point <= 0x202e) && !(point >= 0x2066 && point <= 0x2069);
}

size_t plain_bytes(const char *at) {
    const unsigned char *bytes = (const unsigned char *)at;
    size_t count = sequence_bytes(*bytes);
    return is_plain(code_point(bytes, count)) ? count : 0;
}

void plain_text(char *text) {
    while (*text != '\0') {
        size_t bytes = plain_bytes(text);
        if (bytes == 0)
            *text = '?';
        text += bytes == 0 ? 1 : bytes;
    }
}

static int is_plain_text(const char *text) {
    size_t bytes = 1;
    while (*text != '\0' && (bytes = plain_bytes(text)) > 0)
        text += bytes;
    return bytes > 0;
}

static int plain_string(json_t *json) {
    if (is_plain_text(json_string_value(json)))
        return 0;
    char *text = strdup(json_string_value(json));
    if (text == NULL)
        return -ENOMEM;
    plain_text(text);
    int error = json_string_set(json, text) == 0 ? 0 : -ENOMEM;
    free(text);
    return error;
}

/* As deep as the text was nested, which the parser of the text limits. */
int plain_json(json_t *json) {
    size_t index;
    const char *name;
    json_t *value;
    int error = 0;
    if (json_is_string(json))
        return plain_string(json);
    json_array_foreach(json, index, value) {
        if (error == 0)
            error = plain_json(value);
    }
    json_object_foreach(json, name, value) {
        if (error == 0)
            error = is_plain_text(name) ? plain_json(value) : -EINVAL;
    }
    return error;
}
