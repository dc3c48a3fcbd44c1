/* SPDX-License-Identifier: MIT */
/*
 * nearest.c - edit distance with swaps (optimal string alignment), and the nearest word by it.
 */
#include "base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

enum { LONGEST = 63 }; /* no word of ours is longer; bounds the work for any input */

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static bool same(char a, char b) {
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Both words have at most LONGEST letters. rows[i % 3][j] is the distance between the first i
 * letters of a and the first j of b; a swap looks two rows back. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length) {
    size_t rows[3][LONGEST + 1];
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t replaced = above[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
            row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

static const char *first_beginning_with(const char *word, size_t length, const char *const *words) {
    for (; length >= 2 && *words != NULL; words++)
        if (strncasecmp(word, *words, length) == 0)
            return *words;
    return NULL;
}

const char *nearest(const char *word, const char *const *words) {
    size_t length = strnlen(word, LONGEST + 1);
    if (length > LONGEST)
        return NULL;
    size_t limit = length / 3 < 2 ? 2 : length / 3;
    const char *found = NULL;
    size_t found_distance = limit + 1;
    for (const char *const *entry = words; *entry != NULL; entry++) {
        size_t entry_length = strnlen(*entry, LONGEST + 1);
        if (entry_length > LONGEST)
            continue;
        size_t apart = distance(word, length, *entry, entry_length);
        if (apart < found_distance && apart < length && apart < entry_length) {
            found = *entry;
            found_distance = apart;
        }
    }
    return found != NULL ? found : first_beginning_with(word, length, words);
}
