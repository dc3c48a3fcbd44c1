/* SPDX-License-Identifier: MIT */
/*
 * histlog_crafted.h - HdrHistogram texts made byte by byte, right ones and wrong ones, without the
 * code under test. After cmocka.h.
 */
#ifndef TESTS_HISTLOG_CRAFTED_H
#define TESTS_HISTLOG_CRAFTED_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { HEADER = 40, ENVELOPE = 8 };

/* A second base64 encoder, bit by bit, so that the first isn't checked by itself. */
static char *base64(const unsigned char *bytes, size_t length) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = calloc(1, length * 4 / 3 + 5);
    assert_non_null(text);
    size_t used = 0;
    for (size_t bit = 0; bit < length * 8; bit += 6) {
        unsigned digit = 0;
        for (size_t b = bit; b < bit + 6; b++)
            digit = digit * 2 + (b < length * 8 ? bytes[b / 8] >> (7 - b % 8) & 1 : 0);
        text[used++] = digits[digit];
    }
    while (used % 4 != 0)
        text[used++] = '=';
    return text;
}

/* Puts the envelope around a zlib stream that stands at bytes + ENVELOPE. */
static char *enclosed(unsigned char *bytes, size_t packed) {
    const uint32_t envelope[] = {htobe32(0x1c849314), htobe32((uint32_t)packed)};
    memcpy(bytes, envelope, sizeof envelope);
    return base64(bytes, ENVELOPE + packed);
}

static char *deflated(const unsigned char *plain, size_t length) {
    uLongf packed = compressBound(length);
    unsigned char *bytes = malloc(ENVELOPE + packed);
    assert_non_null(bytes);
    assert_int_equal(compress(bytes + ENVELOPE, &packed, plain, length), Z_OK);
    char *text = enclosed(bytes, packed);
    free(bytes);
    return text;
}

/* The header as the format has it, for counts of that many bytes. */
static const unsigned char header[HEADER] = {
    0x1c, 0x84, 0x93, 0x13,             /* cookie */
    0,    0,    0,    0,                /* bytes of counts: filled in */
    0,    0,    0,    0,                /* not shifted */
    0,    0,    0,    3,                /* digits */
    0,    0,    0,    0,    0, 0, 0, 1, /* lowest value */
    0,    0,    0,    0x10, 0, 0, 0, 0, /* highest value: 2^36 */
    0x3f, 0xf0, 0,    0,    0, 0, 0, 0, /* 1.0 */
};

/* The text of these counts; with `byte` of the header set to `value` when byte >= 0. */
static char *crafted(const unsigned char *counts, size_t length, int byte, unsigned char value) {
    unsigned char plain[HEADER + 64];
    assert_true(length <= 64);
    memcpy(plain, header, sizeof header);
    plain[7] = (unsigned char)length;
    memcpy(plain + HEADER, counts, length);
    if (byte >= 0)
        plain[byte] = value;
    return deflated(plain, HEADER + length);
}

#endif
