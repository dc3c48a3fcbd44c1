/* SPDX-License-Identifier: MIT */
/*
 * fuzz_json.h - for targets whose input is JSON, or lines of it: changes to the tree, so that what
 * a fuzzer makes gets past the parser of JSON. Without a fuzzer nothing calls it.
 */
#ifndef TESTS_FUZZ_FUZZ_JSON_H
#define TESTS_FUZZ_FUZZ_JSON_H

#include "fuzz.h"

#include <jansson.h>
#include <stdbool.h>

/* libFuzzer's own; absent in replay. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);

struct fuzz_spot {
    json_t *parent, *value; /* borrowed; the parent of the first value is NULL */
    const char *name;       /* in an object */
    size_t index;           /* in an array */
};

static inline unsigned fuzz_random(unsigned *state, size_t below) {
    *state = *state * 1664525U + 1013904223U;
    return (unsigned)((*state >> 8) % (below > 0 ? below : 1));
}

/* Visits the values from the top, counts `left` down, and stops at the one that makes it 0. */
static inline bool fuzz_find(struct fuzz_spot here, size_t *left, struct fuzz_spot *found) {
    const char *name;
    size_t i;
    json_t *value;
    *found = here;
    if ((*left)-- == 0)
        return true;
    json_array_foreach(here.value, i, value) {
        if (fuzz_find((struct fuzz_spot){here.value, value, NULL, i}, left, found))
            return true;
    }
    json_object_foreach(here.value, name, value) {
        if (fuzz_find((struct fuzz_spot){here.value, value, name, 0}, left, found))
            return true;
    }
    return false;
}

/* Any value of the tree. */
static inline struct fuzz_spot fuzz_any(json_t *top, unsigned *state) {
    enum { MOST = 4000 };
    struct fuzz_spot found;
    size_t all = MOST;
    (void)fuzz_find((struct fuzz_spot){NULL, top, NULL, 0}, &all, &found);
    size_t left = fuzz_random(state, all <= MOST ? MOST - all : MOST);
    (void)fuzz_find((struct fuzz_spot){NULL, top, NULL, 0}, &left, &found);
    return found;
}

static inline json_t *fuzz_odd_value(unsigned *state) {
    static const char odd[] =
        "[null, true, false, [], {}, [[]], [0, 0], 0, -1, 1, 2, 0.5, 1e15, 1e308, -1e308, 1e-308,"
        " 4294967296, 9223372036854775807, \"18446744073709551615\", \"\", \"0\", \"64B\","
        " \"block\", \"ok\", \"pipe/stream/spin/cross-core/4KiB\","
        " \"tcp/serve:clients=8,design=epoll/block/same-core/64B\","
        " \"<script>alert(1)</script>\", \"| a,\\\"b\\\";=cmd \\\\ % {}\", \"\\u001b[31m\\u202e\"]";
    json_t *values = json_loads(odd, 0, NULL);
    FUZZ_MUST(values != NULL);
    json_t *one = json_array_get(values, fuzz_random(state, json_array_size(values)));
    (void)json_incref(one);
    json_decref(values);
    return one;
}

static inline json_t *fuzz_other_text(const char *text) {
    uint8_t bytes[256];
    (void)snprintf((char *)bytes, sizeof bytes / 2, "%s", text);
    size_t size = strlen((char *)bytes);
    size = LLVMFuzzerMutate(bytes, size, sizeof bytes - 1);
    return json_stringn((const char *)bytes, size); /* NULL when it is no UTF-8 */
}

static inline json_t *fuzz_other_number(const json_t *number, unsigned *state) {
    static const double factors[] = {-1, 0, 0.5, 0.999, 1.001, 2, 10, 1000, 1e6, 1e18};
    double factor = factors[fuzz_random(state, sizeof factors / sizeof *factors)];
    double value = json_number_value(number) * factor;
    if (json_is_real(number) || value >= 9e18 || value <= -9e18)
        return json_real(value); /* NULL when it is infinite */
    return json_integer((json_int_t)value + (json_int_t)fuzz_random(state, 3) - 1);
}

/* A new reference to what is to stand at the spot; NULL: nothing. */
static inline json_t *fuzz_instead(json_t *top, const struct fuzz_spot *spot, unsigned *state) {
    unsigned kind = fuzz_random(state, 4);
    if (kind == 0)
        return fuzz_odd_value(state);
    if (kind == 1)
        return json_deep_copy(fuzz_any(top, state).value);
    if (json_is_string(spot->value))
        return fuzz_other_text(json_string_value(spot->value));
    if (json_is_number(spot->value))
        return fuzz_other_number(spot->value, state);
    return fuzz_odd_value(state);
}

/* One change: another value, one less, or one more. */
static inline void fuzz_change(json_t *top, unsigned *state) {
    struct fuzz_spot spot = fuzz_any(top, state);
    const char *other = fuzz_any(top, state).name;
    unsigned kind = fuzz_random(state, 8);
    if (spot.parent == NULL)
        return;
    if (kind == 0 && spot.name != NULL)
        (void)json_object_del(spot.parent, spot.name);
    else if (kind == 0)
        (void)json_array_remove(spot.parent, spot.index);
    else if (kind == 1 && spot.name == NULL)
        (void)json_array_insert_new(spot.parent, spot.index, json_deep_copy(spot.value));
    else if (kind == 1)
        (void)json_object_set_new(spot.parent, other != NULL ? other : "new",
                                  json_deep_copy(spot.value));
    else if (spot.name != NULL)
        (void)json_object_set_new(spot.parent, spot.name, fuzz_instead(top, &spot, state));
    else
        (void)json_array_set_new(spot.parent, spot.index, fuzz_instead(top, &spot, state));
}

/* The line that holds the byte `at`. */
static inline void fuzz_line(const uint8_t *data, size_t size, size_t at, size_t *from,
                             size_t *length) {
    size_t end = at;
    while (at > 0 && data[at - 1] != '\n')
        at--;
    while (end < size && data[end] != '\n')
        end++;
    *from = at;
    *length = end - at;
}

/* Changes all of it when it is one value, or else one line; most of the time. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed) {
    unsigned state = seed;
    size_t from = 0, length = size;
    if (size == 0 || fuzz_random(&state, 8) == 0)
        return LLVMFuzzerMutate(data, size, room);
    json_t *top = json_loadb((const char *)data, size, 0, NULL);
    if (top == NULL) {
        fuzz_line(data, size, fuzz_random(&state, size), &from, &length);
        top = json_loadb((const char *)data + from, length, 0, NULL);
    }
    if (top == NULL)
        return LLVMFuzzerMutate(data, size, room);
    for (unsigned changes = 1 + fuzz_random(&state, 3); changes > 0; changes--)
        fuzz_change(top, &state);
    char *text = json_dumps(top, JSON_COMPACT);
    json_decref(top);
    size_t now = text == NULL ? room + 1 : strlen(text), rest = size - from - length;
    if (from + now + rest > room) {
        free(text);
        return LLVMFuzzerMutate(data, size, room);
    }
    memmove(data + from + now, data + from + length, rest);
    memcpy(data + from, text, now);
    free(text);
    return from + now + rest;
}

#endif
