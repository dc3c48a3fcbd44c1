/* SPDX-License-Identifier: MIT */
/*
 * histogram.c - histograms as text. The input is that text or, since a fuzzer won't get through
 * base64 and zlib by itself, after a first byte of 0 what stands inside of both.
 */
#include "fuzz.h"
#include "stats/histlog.h"

#include <endian.h>
#include <stdbool.h>
#include <zlib.h>

enum { MOST_BYTES = 65536 };

static void put_base64(const unsigned char *from, size_t size, char *to) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        unsigned three = (unsigned)from[i] << 16 | (i + 1 < size ? (unsigned)from[i + 1] << 8 : 0) |
                         (i + 2 < size ? from[i + 2] : 0);
        *to++ = digits[three >> 18];
        *to++ = digits[three >> 12 & 63];
        *to++ = i + 1 < size ? digits[three >> 6 & 63] : '=';
        *to++ = i + 2 < size ? digits[three & 63] : '=';
    }
    *to = '\0';
}

/* Cookie, length and the deflated bytes, in base64. */
static char *wrap(const uint8_t *data, size_t size) {
    static unsigned char wrapped[8 + MOST_BYTES + 1024];
    uLongf deflated = sizeof wrapped - 8;
    size = size < MOST_BYTES ? size : MOST_BYTES;
    FUZZ_MUST(compress2(wrapped + 8, &deflated, data, size, 1) == Z_OK);
    uint32_t cookie = htobe32(0x1c849314), length = htobe32((uint32_t)deflated);
    memcpy(wrapped, &cookie, sizeof cookie);
    memcpy(wrapped + 4, &length, sizeof length);
    char *text = malloc((8 + deflated) * 4 / 3 + 8);
    FUZZ_MUST(text != NULL);
    put_base64(wrapped, 8 + deflated, text);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct histogram histogram, again;
    struct problem problem = {""};
    bool inside = size > 0 && data[0] == 0;
    char *text = inside ? wrap(data + 1, size - 1) : fuzz_text(data, size);
    int error = histlog_decode(text, &histogram, &problem);
    fuzz_judge(error, &problem);
    FUZZ_MUST(error == 0 || histogram.total == 0);
    if (error == 0) {
        char *second = histlog_encode(&histogram);
        FUZZ_MUST(second != NULL && histlog_decode(second, &again, &problem) == 0);
        FUZZ_MUST(memcmp(histogram.counts, again.counts, sizeof again.counts) == 0);
        FUZZ_MUST(again.total == histogram.total);
        free(second);
    }
    free(text);
    return 0;
}
