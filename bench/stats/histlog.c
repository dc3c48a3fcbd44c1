/* SPDX-License-Identifier: MIT */
/*
 * histlog.c - writes and reads HdrHistogram's compressed V2 text. From the outside in:
 * base64 of (cookie, length, zlib stream of (header, counts)), all numbers big-endian.
 */
#include "stats/histlog.h"

#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* The 1 in the second digit from the right says "counts are of variable length"; readers ignore
 * that digit. */
#define PLAIN_COOKIE    UINT32_C(0x1c849313)
#define ENVELOPE_COOKIE UINT32_C(0x1c849314)
#define COOKIE_MASK     (~UINT32_C(0xf0))

enum { ENVELOPE_BYTES = 8, COUNT_BYTES = 9 };

/* Where the header's fields are. */
enum {
    COOKIE_AT = 0,
    LENGTH_AT = 4, /* of the counts, in bytes */
    SHIFT_AT = 8,  /* of the index of every count */
    DIGITS_AT = 12,
    LOWEST_AT = 16,
    HIGHEST_AT = 24,
    RATIO_AT = 32, /* of whole numbers to the decimal ones of a DoubleHistogram */
    HEADER_BYTES = 40
};

/* No histogram of ours is longer inflated, and no text with zlib's bound of 0.1% more. */
#define PLAIN_BYTES ((size_t)HEADER_BYTES + (size_t)HISTOGRAM_COUNTS * COUNT_BYTES)
enum { TEXT_BYTES = 400000 };

#define RATIO_ONE    UINT64_C(0x3ff0000000000000) /* 1.0 */
#define COUNTED_MOST (UINT64_C(1) << 53)          /* a double holds every number up to this */

static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void put32(unsigned char *to, uint32_t value) {
    value = htobe32(value);
    memcpy(to, &value, sizeof value);
}

static void put64(unsigned char *to, uint64_t value) {
    value = htobe64(value);
    memcpy(to, &value, sizeof value);
}

static uint32_t get32(const unsigned char *from) {
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return be32toh(value);
}

static uint64_t get64(const unsigned char *from) {
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return be64toh(value);
}

/* ZigZag LEB128, of which the ninth byte holds 8 bits. Returns the bytes written. */
static size_t put_count(unsigned char *to, int64_t count) {
    uint64_t rest = ((uint64_t)count << 1) ^ (count < 0 ? UINT64_MAX : 0);
    size_t used = 0;
    for (; rest >= 0x80 && used < COUNT_BYTES - 1; rest >>= 7)
        to[used++] = (unsigned char)(rest | 0x80);
    to[used++] = (unsigned char)rest;
    return used;
}

/* The counts up to the last that isn't 0, and at least one. A run of zeros is its negative length,
 * but a single zero is itself. Returns the bytes written. */
static size_t put_counts(unsigned char *to, const uint64_t *counts) {
    size_t limit = HISTOGRAM_COUNTS;
    while (limit > 1 && counts[limit - 1] == 0)
        limit--;
    size_t used = 0;
    for (size_t index = 0; index < limit;) {
        size_t zeros = 0;
        while (index + zeros < limit && counts[index + zeros] == 0)
            zeros++;
        used += put_count(to + used, zeros > 1 ? -(int64_t)zeros : (int64_t)counts[index]);
        index += zeros > 1 ? zeros : 1;
    }
    return used;
}

/* Returns the bytes written. */
static size_t put_plain(unsigned char *to, const struct histogram *histogram) {
    size_t length = put_counts(to + HEADER_BYTES, histogram->counts);
    put32(to + COOKIE_AT, PLAIN_COOKIE);
    put32(to + LENGTH_AT, (uint32_t)length);
    put32(to + SHIFT_AT, 0);
    put32(to + DIGITS_AT, 3);
    put64(to + LOWEST_AT, 1);
    put64(to + HIGHEST_AT, HISTOGRAM_MAX_NS);
    put64(to + RATIO_AT, RATIO_ONE);
    return HEADER_BYTES + length;
}

static char *to_base64(const unsigned char *bytes, size_t length) {
    char *text = malloc((length + 2) / 3 * 4 + 1);
    if (text == NULL)
        return NULL;
    char *to = text;
    for (size_t i = 0; i < length; i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16;
        three |= i + 1 < length ? (uint32_t)bytes[i + 1] << 8 : 0;
        three |= i + 2 < length ? bytes[i + 2] : 0;
        *to++ = digits64[three >> 18];
        *to++ = digits64[three >> 12 & 63];
        *to++ = digits64[three >> 6 & 63];
        *to++ = digits64[three & 63];
    }
    if (length % 3 != 0)
        to[-1] = '=';
    if (length % 3 == 1)
        to[-2] = '=';
    *to = '\0';
    return text;
}

char *histlog_encode(const struct histogram *histogram) {
    uLongf packed = compressBound(PLAIN_BYTES);
    unsigned char *plain = malloc(PLAIN_BYTES);
    unsigned char *envelope = malloc(ENVELOPE_BYTES + packed);
    char *text = NULL;
    if (plain != NULL && envelope != NULL &&
        compress(envelope + ENVELOPE_BYTES, &packed, plain, put_plain(plain, histogram)) == Z_OK) {
        put32(envelope, ENVELOPE_COOKIE);
        put32(envelope + 4, (uint32_t)packed);
        text = to_base64(envelope, ENVELOPE_BYTES + packed);
    }
    free(envelope);
    free(plain);
    return text;
}

/* All refusals of a text end in the same advice. */
__attribute__((format(printf, 2, 3))) static int refuse(struct problem *problem, const char *format,
                                                        ...) {
    char reason[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    return problem_set(problem, EINVAL,
                       "the histogram's text %s; it is damaged or of another kind: take it anew "
                       "from where it was made, or measure again",
                       reason);
}

/* Returns 0 or -EINVAL; `bytes` has room for 3 for each 4 characters. */
static int from_base64(const char *text, size_t characters, unsigned char *bytes, size_t *length,
                       struct problem *problem) {
    if (characters % 4 != 0)
        return refuse(problem, "is not base64: it is cut short at %zu characters", characters);
    size_t padding = 0;
    while (padding < 2 && padding < characters && text[characters - 1 - padding] == '=')
        padding++;
    uint32_t gathered = 0;
    *length = 0;
    for (size_t i = 0; i < characters - padding; i++) {
        const char *digit = strchr(digits64, text[i]);
        if (digit == NULL)
            return refuse(problem, "is not base64: it has a wrong character at position %zu", i);
        gathered = gathered << 6 | (uint32_t)(digit - digits64);
        if (i % 4 != 0)
            bytes[(*length)++] = (unsigned char)(gathered >> (6 - 2 * (i % 4)));
    }
    return 0;
}

/* Opens the envelope. `plain` has room for PLAIN_BYTES, and no text makes it write more. */
static int inflate_plain(const unsigned char *bytes, size_t length, unsigned char *plain,
                         uLongf *plain_length, struct problem *problem) {
    if (length < ENVELOPE_BYTES)
        return refuse(problem, "is cut short: it has only %zu bytes", length);
    if ((get32(bytes) & COOKIE_MASK) != (ENVELOPE_COOKIE & COOKIE_MASK))
        return refuse(problem, "is not HdrHistogram's compressed V2 encoding: it begins with %08x",
                      (unsigned)get32(bytes));
    if (get32(bytes + 4) != length - ENVELOPE_BYTES)
        return refuse(problem, "says that %u bytes follow where there are %zu",
                      (unsigned)get32(bytes + 4), length - ENVELOPE_BYTES);
    uLong packed = length - ENVELOPE_BYTES;
    *plain_length = PLAIN_BYTES;
    int result = uncompress2(plain, plain_length, bytes + ENVELOPE_BYTES, &packed);
    if (result == Z_MEM_ERROR)
        return problem_set(problem, ENOMEM, "no memory to read a histogram: free some and repeat");
    if (result == Z_BUF_ERROR)
        return refuse(problem, "inflates to more than any histogram up to %llu ns has",
                      (unsigned long long)HISTOGRAM_MAX_NS);
    if (result != Z_OK || packed != length - ENVELOPE_BYTES)
        return refuse(problem, "does not inflate: its zlib stream is damaged");
    return 0;
}

/* Counts are at their place and in their own unit. hdr-histogram-js writes shift and ratio as the
 * whole number 1 and doesn't shift. */
static int is_unshifted(const unsigned char *plain) {
    uint32_t shift = get32(plain + SHIFT_AT);
    uint64_t ratio = get64(plain + RATIO_AT);
    return (shift == 0 && ratio == RATIO_ONE) || (shift == 1 && ratio == 1);
}

static int check_header(const unsigned char *plain, size_t length, struct problem *problem) {
    if (length < HEADER_BYTES)
        return refuse(problem, "is cut short: its header has only %zu bytes", length);
    if ((get32(plain + COOKIE_AT) & COOKIE_MASK) != (PLAIN_COOKIE & COOKIE_MASK))
        return refuse(problem, "holds no V2 histogram: its header begins with %08x",
                      (unsigned)get32(plain + COOKIE_AT));
    if (get32(plain + LENGTH_AT) != length - HEADER_BYTES)
        return refuse(problem, "says that its counts take %u bytes where there are %zu",
                      (unsigned)get32(plain + LENGTH_AT), length - HEADER_BYTES);
    if (get32(plain + DIGITS_AT) != 3)
        return refuse(problem, "has %u significant digits where 3 belong",
                      (unsigned)get32(plain + DIGITS_AT));
    if (get64(plain + LOWEST_AT) != 1)
        return refuse(problem, "has %llu as its lowest value where 1 belongs",
                      (unsigned long long)get64(plain + LOWEST_AT));
    if (!is_unshifted(plain))
        return refuse(problem, "is shifted or scaled, as only a DoubleHistogram's is");
    return 0;
}

/* Reads one count. Returns the bytes it took; 0 when it is cut short or longer than it needs be. */
static size_t get_count(const unsigned char *from, size_t left, int64_t *count) {
    uint64_t zigzag = 0;
    size_t used = 0;
    unsigned char byte = 0x80;
    while (byte >= 0x80 && used < COUNT_BYTES) {
        if (used == left)
            return 0;
        byte = from[used];
        zigzag |= (uint64_t)(used == COUNT_BYTES - 1 ? byte : byte & 0x7f) << (7 * used);
        used++;
    }
    *count = (int64_t)(zigzag >> 1 ^ (zigzag & 1 ? UINT64_MAX : 0));
    return used > 1 && byte == 0 ? 0 : used;
}

/* Adds `count` equal values to an index; min and max are set since indices only grow. */
static int add_count(struct histogram *histogram, uint32_t index, uint64_t count,
                     struct problem *problem) {
    uint64_t low = histogram_lowest(index);
    uint64_t high =
        histogram_value(index) < HISTOGRAM_MAX_NS ? histogram_value(index) : HISTOGRAM_MAX_NS;
    uint64_t sum = 0;
    if (count > COUNTED_MOST - histogram->total)
        return refuse(problem, "counts more than 2^53 values");
    if (__builtin_mul_overflow(low + (high - low) / 2, count, &sum) ||
        __builtin_add_overflow(sum, histogram->sum_ns, &sum))
        return refuse(problem, "adds up to more than 584 years");
    if (histogram->total == 0)
        histogram->min_ns = low;
    histogram->max_ns = high;
    histogram->counts[index] = count;
    histogram->total += count;
    histogram->sum_ns = sum;
    return 0;
}

static int read_counts(const unsigned char *from, size_t length, struct histogram *histogram,
                       struct problem *problem) {
    uint64_t limit = histogram_index(HISTOGRAM_MAX_NS) + 1;
    uint64_t index = 0;
    for (size_t used = 0; used < length;) {
        int64_t count = 0;
        size_t took = get_count(from + used, length - used, &count);
        if (took == 0)
            return refuse(problem, "has a broken count at byte %zu of its counts", used);
        /* Not -count, which has no value for the least number of all. */
        uint64_t step = count < 0 ? (uint64_t)0 - (uint64_t)count : 1;
        if (step > limit - index)
            return refuse(problem, "has counts beyond the largest value, %llu ns",
                          (unsigned long long)HISTOGRAM_MAX_NS);
        if (count > 0) {
            int result = add_count(histogram, (uint32_t)index, (uint64_t)count, problem);
            if (result < 0)
                return result;
        }
        index += step;
        used += took;
    }
    return 0;
}

/* With the two buffers, of which `bytes` has room for what the base64 text holds. */
static int decode_into(const char *text, size_t characters, unsigned char *bytes,
                       unsigned char *plain, struct histogram *histogram, struct problem *problem) {
    size_t length = 0;
    uLongf plain_length = 0;
    int result = from_base64(text, characters, bytes, &length, problem);
    if (result == 0)
        result = inflate_plain(bytes, length, plain, &plain_length, problem);
    if (result == 0)
        result = check_header(plain, plain_length, problem);
    if (result == 0)
        result = read_counts(plain + HEADER_BYTES, plain_length - HEADER_BYTES, histogram, problem);
    return result;
}

int histlog_decode(const char *text, struct histogram *histogram, struct problem *problem) {
    histogram_reset(histogram);
    size_t characters = strnlen(text, TEXT_BYTES + 1);
    if (characters > TEXT_BYTES)
        return refuse(problem, "is longer than any histogram's: over %d characters", TEXT_BYTES);
    unsigned char *bytes = malloc(characters / 4 * 3 + 1);
    unsigned char *plain = calloc(1, PLAIN_BYTES);
    int result = 0;
    if (bytes == NULL || plain == NULL)
        result =
            problem_set(problem, ENOMEM, "no memory to read a histogram: free some and repeat");
    else
        result = decode_into(text, characters, bytes, plain, histogram, problem);
    free(plain);
    free(bytes);
    if (result < 0)
        histogram_reset(histogram);
    return result;
}
