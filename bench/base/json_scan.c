/* SPDX-License-Identifier: MIT */
/*
 * json_scan.c - walks over a text once, and counts brackets and commas outside of its strings.
 */
#include "base/json_scan.h"

#include <errno.h>
#include <string.h>

/* Behind the string that begins before `at`; at `end` when it isn't closed. */
static const char *skip_string(const char *at, const char *end) {
    while (at < end && *at != '"')
        at += *at == '\\' && at + 1 < end ? 2 : 1;
    return at < end ? at + 1 : end;
}

int json_scan(const char *text, size_t length) {
    const char *end = text + length;
    size_t depth = 0, values = 1;
    while (text < end && depth <= JSON_SCAN_MAX_DEPTH && values <= JSON_SCAN_MAX_VALUES) {
        char c = *text++;
        if (c == '"')
            text = skip_string(text, end);
        depth += c == '[' || c == '{';
        depth -= (c == ']' || c == '}') && depth > 0;
        values += c == '[' || c == '{' || c == ',';
    }
    return depth > JSON_SCAN_MAX_DEPTH ? -ELOOP : values > JSON_SCAN_MAX_VALUES ? -E2BIG : 0;
}
