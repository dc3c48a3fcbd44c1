/* SPDX-License-Identifier: MIT */
/*
 * histlog.c - histograms to text and back, the bytes of the format, and texts that would do harm.
 * That other tools read the text is shown in tests/interop.
 */
#include "stats/histlog.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

#include <cmocka.h>

#include "histlog_crafted.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

struct state {
    struct histogram written, read;
};

static int make(void **state) {
    *state = calloc(1, sizeof(struct state));
    return *state == NULL;
}

static int unmake(void **state) {
    free(*state);
    return 0;
}

/* Every count comes back; min, max and mean as far as the buckets tell. */
static void assert_round_trip(struct state *s) {
    struct problem problem;
    char *text = histlog_encode(&s->written);
    assert_non_null(text);
    assert_int_equal(histlog_decode(text, &s->read, &problem), 0);
    free(text);
    assert_memory_equal(s->written.counts, s->read.counts, sizeof s->written.counts);
    assert_int_equal(s->read.total, s->written.total);
    assert_int_equal(s->read.min_ns, histogram_lowest(histogram_index(s->written.min_ns)));
    uint64_t high = histogram_value(histogram_index(s->written.max_ns));
    assert_int_equal(s->read.max_ns, high < HISTOGRAM_MAX_NS ? high : HISTOGRAM_MAX_NS);
    if (s->written.total == 0)
        return;
    double ratio = (histogram_mean(&s->read) + 1) / (histogram_mean(&s->written) + 1);
    assert_true(ratio > 0.999 && ratio < 1.001);
}

static void all_counts_come_back(void **state) {
    struct state *s = *state;
    assert_round_trip(s);
    histogram_record(&s->written, 0);
    assert_round_trip(s);
    histogram_record(&s->written, 1);
    histogram_record(&s->written, 3); /* one zero between */
    histogram_record(&s->written, 6); /* two */
    assert_round_trip(s);
    for (uint64_t ns = 7; ns < HISTOGRAM_MAX_NS; ns += ns / 7 + 1)
        histogram_record(&s->written, ns);
    assert_round_trip(s);
    histogram_record(&s->written, HISTOGRAM_MAX_NS);
    assert_round_trip(s);
}

static void count_fives(struct histogram *histogram, uint64_t count) {
    histogram_reset(histogram);
    histogram_record(histogram, 5);
    histogram->total = histogram->counts[5] = count;
    histogram->sum_ns = 5 * count; /* may wrap; then nobody asks for it */
}

static void counts_of_every_length_come_back(void **state) {
    struct state *s = *state;
    for (unsigned bit = 1; bit <= 53; bit++) {
        count_fives(&s->written, UINT64_C(1) << bit);
        assert_round_trip(s);
        count_fives(&s->written, (UINT64_C(1) << bit) - 1);
        assert_round_trip(s);
    }
}

static void a_full_histogram_comes_back(void **state) {
    struct state *s = *state;
    for (uint32_t i = 0; i <= histogram_index(HISTOGRAM_MAX_NS); i++)
        histogram_record(&s->written, histogram_lowest(i));
    assert_round_trip(s);
}

/* Zigzag and LEB128 by hand: 1 is 02; two zeros -2 is 03; 100 is 200 = c8 01; 1023 zeros are
 * -1023, 2045 = fd 0f. */
static void the_bytes_are_those_of_the_format(void **state) {
    struct state *s = *state;
    static const unsigned char empty[] = {0x00};
    static const unsigned char counts[] = {0x00, 0x02, 0x03, 0xc8, 0x01,
                                           0x00, 0x02, 0xfd, 0x0f, 0x02};
    char *wanted = crafted(empty, sizeof empty, -1, 0);
    char *text = histlog_encode(&s->written);
    assert_string_equal(text, wanted);
    free(text);
    free(wanted);
    histogram_record(&s->written, 1); /* after a single zero; then two */
    for (int i = 0; i < 100; i++)
        histogram_record(&s->written, 4);
    histogram_record(&s->written, 6);    /* after one */
    histogram_record(&s->written, 1030); /* after 1023 */
    wanted = crafted(counts, sizeof counts, -1, 0);
    text = histlog_encode(&s->written);
    assert_string_equal(text, wanted);
    assert_memory_equal(text, "HISTFAAA", 8); /* as all texts of HdrHistogram's begin */
    free(text);
    free(wanted);
}

/* 5 zeros, -5 is 09; then 2^63 - 1, of which the ninth byte takes 8 bits. */
static void the_longest_count_takes_nine_bytes(void **state) {
    struct state *s = *state;
    static const unsigned char counts[] = {0x09, 0xfe, 0xff, 0xff, 0xff,
                                           0xff, 0xff, 0xff, 0xff, 0xff};
    count_fives(&s->written, INT64_MAX);
    char *wanted = crafted(counts, sizeof counts, -1, 0);
    char *text = histlog_encode(&s->written);
    assert_string_equal(text, wanted);
    free(text);
    free(wanted);
}

static void sums_are_taken_from_the_middle_of_buckets(void **state) {
    struct state *s = *state;
    struct problem problem;
    for (int i = 0; i < 3; i++)
        histogram_record(&s->written, 10000); /* of the bucket from 10000 to 10007 */
    char *text = histlog_encode(&s->written);
    assert_int_equal(histlog_decode(text, &s->read, &problem), 0);
    free(text);
    assert_int_equal(s->read.sum_ns, 3 * 10003);
    assert_int_equal(s->read.min_ns, 10000);
    assert_int_equal(s->read.max_ns, 10007);
}

/* hdr-histogram-js writes 1 as the shift and as the ratio, both whole. */
static void the_header_of_javascript_is_read(void **state) {
    struct state *s = *state;
    struct problem problem;
    unsigned char plain[HEADER + 2];
    memcpy(plain, header, sizeof header);
    plain[7] = 2;
    plain[11] = 1;
    memset(plain + 32, 0, 8);
    plain[39] = 1;
    plain[40] = 0;
    plain[41] = 2;
    char *text = deflated(plain, sizeof plain);
    assert_int_equal(histlog_decode(text, &s->read, &problem), 0);
    assert_int_equal(s->read.counts[1], 1);
    assert_int_equal(s->read.total, 1);
    free(text);
}

/* A refusal leaves an empty histogram and one sentence that says what to do. */
static void refused(struct state *s, const char *text, const char *says) {
    static const struct histogram empty;
    struct problem problem = {""};
    memset(&s->read, 0xff, sizeof s->read);
    int result = histlog_decode(text, &s->read, &problem);
    if (result != -EINVAL || strstr(problem.text, says) == NULL ||
        strstr(problem.text, "; it is damaged or of another kind: ") == NULL)
        fail_msg("result %d, '%s' should say '%s'", result, problem.text, says);
    assert_memory_equal(&s->read, &empty, sizeof empty);
}

static void refused_crafted(struct state *s, const unsigned char *counts, size_t length, int byte,
                            unsigned char value, const char *says) {
    char *text = crafted(counts, length, byte, value);
    refused(s, text, says);
    free(text);
}

static void every_truncation_is_refused(void **state) {
    struct state *s = *state;
    for (uint64_t ns = 1; ns < HISTOGRAM_MAX_NS; ns *= 3)
        histogram_record(&s->written, ns);
    char *text = histlog_encode(&s->written);
    for (size_t length = strlen(text); length-- > 0;) {
        text[length] = '\0';
        refused(s, text, "the histogram's text ");
    }
    free(text);
}

static void wrong_characters_are_refused(void **state) {
    struct state *s = *state;
    refused(s, "", "cut short");
    refused(s, "HIST", "cut short: it has only 3 bytes");
    refused(s, "HISTFAA", "cut short at 7 characters");
    static const char *const texts[] = {"HIS FAAA",
                                        "HIST=AAA",
                                        "HISTFA=A",
                                        "====",
                                        ("HIST\xff"
                                         "AAA"),
                                        "HIST-AAA",
                                        "HIST\nAAA",
                                        "HIST===="};
    for (size_t i = 0; i < COUNT(texts); i++)
        refused(s, texts[i], "wrong character at position ");
}

static void other_formats_are_refused(void **state) {
    struct state *s = *state;
    char *text = histlog_encode(&s->written);
    text[0] = 'X';
    refused(s, text, "not HdrHistogram's compressed V2 encoding: it begins with 5c849314");
    text[0] = 'H';
    text[5] = 'B'; /* within the length of what follows */
    refused(s, text, "bytes follow where there are ");
    free(text);
}

static void damaged_streams_are_refused(void **state) {
    struct state *s = *state;
    unsigned char bytes[ENVELOPE + 200] = {0};
    char *text = enclosed(bytes, 100);
    refused(s, text, "zlib stream is damaged");
    free(text);
    /* A whole stream with one byte after it, which the envelope's length includes. */
    uLongf packed = 150;
    unsigned char plain[HEADER + 1];
    memcpy(plain, header, sizeof header);
    plain[7] = 1;
    plain[HEADER] = 0;
    assert_int_equal(compress(bytes + ENVELOPE, &packed, plain, sizeof plain), Z_OK);
    text = enclosed(bytes, packed + 1);
    refused(s, text, "zlib stream is damaged");
    free(text);
}

static void wrong_headers_are_refused(void **state) {
    struct state *s = *state;
    static const unsigned char one[] = {0x02};
    refused_crafted(s, one, 1, 3, 0x11, "holds no V2 histogram: its header begins with 1c849311");
    refused_crafted(s, one, 1, 7, 2, "says that its counts take 2 bytes where there are 1");
    refused_crafted(s, one, 1, 7, 0, "says that its counts take 0 bytes where there are 1");
    refused_crafted(s, one, 1, 4, 0xff, "says that its counts take 4278190081 bytes");
    refused_crafted(s, one, 1, 11, 7, "is shifted or scaled");
    refused_crafted(s, one, 1, 15, 2, "has 2 significant digits where 3 belong");
    refused_crafted(s, one, 1, 12, 0x80, "has 2147483651 significant digits");
    refused_crafted(s, one, 1, 23, 0, "has 0 as its lowest value");
    refused_crafted(s, one, 1, 23, 4, "has 4 as its lowest value");
    refused_crafted(s, one, 1, 33, 0xf1, "is shifted or scaled");
    char *text = deflated(header, HEADER - 1);
    refused(s, text, "its header has only 39 bytes");
    free(text);
}

static void wrong_counts_are_refused(void **state) {
    struct state *s = *state;
    static const struct {
        unsigned char bytes[24];
        size_t length;
        const char *says;
    } cases[] = {
        /* 27649 zeros, -27649 is 55297 = 81 b0 03: just room; one more, or a count: none */
        {{0x81, 0xb0, 0x03, 0x02}, 4, "beyond the largest value, 68719476736 ns"},
        {{0x83, 0xb0, 0x03}, 3, "beyond the largest value"},
        /* -2^31 and -2^63: as int or negated they would come out wrong */
        {{0xff, 0xff, 0xff, 0xff, 0x0f, 0x02}, 6, "beyond the largest value"},
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, 10, "beyond the largest"},
        /* 1 in two bytes, 0 in two, 1 in nine */
        {{0x82, 0x00}, 2, "broken count at byte 0"},
        {{0x02, 0x80, 0x00}, 3, "broken count at byte 1"},
        {{0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, 9, "broken count at byte 0"},
        {{0x02, 0x80}, 2, "broken count at byte 1"},
        {{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80}, 8, "broken count at byte 0"},
        /* 2^53 + 1, at once and as 2^53 and 1; and 2^63 - 1 */
        {{0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20}, 8, "more than 2^53"},
        {{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0x02}, 9, "more than 2^53"},
        {{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 9, "more than 2^53"},
        /* 2^40 times 2^36 ns, after 27648 zeros (-27648 is 55295 = ff af 03) */
        {{0xff, 0xaf, 0x03, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40}, 9, "more than 584 years"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        refused_crafted(s, cases[i].bytes, cases[i].length, -1, 0, cases[i].says);
}

static void counts_at_the_limits_are_read(void **state) {
    struct state *s = *state;
    struct problem problem;
    static const unsigned char zeros[] = {0x81, 0xb0, 0x03};
    static const unsigned char largest[] = {0xff, 0xaf, 0x03, 0x02};
    static const unsigned char most[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20};
    char *texts[] = {crafted(zeros, 3, -1, 0), crafted(largest, 4, -1, 0), crafted(most, 8, -1, 0)};
    static const uint64_t totals[] = {0, 1, UINT64_C(1) << 53};
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_int_equal(histlog_decode(texts[i], &s->read, &problem), 0);
        assert_int_equal(s->read.total, totals[i]);
        free(texts[i]);
    }
}

/* The zlib stream of `megabytes` of zeros behind a right header. */
static char *bomb(int megabytes) {
    static unsigned char zeros[1 << 20];
    uLong room = compressBound((uLong)megabytes << 20) / 100;
    unsigned char *bytes = malloc(ENVELOPE + room);
    assert_non_null(bytes);
    z_stream stream = {.next_out = bytes + ENVELOPE, .avail_out = (uInt)room};
    assert_int_equal(deflateInit(&stream, 9), Z_OK);
    unsigned char start[HEADER];
    memcpy(start, header, sizeof start);
    stream.next_in = start;
    stream.avail_in = HEADER;
    assert_int_equal(deflate(&stream, Z_NO_FLUSH), Z_OK);
    for (int i = 0; i < megabytes; i++) {
        stream.next_in = zeros;
        stream.avail_in = sizeof zeros;
        assert_int_equal(deflate(&stream, Z_NO_FLUSH), Z_OK);
    }
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    char *text = enclosed(bytes, stream.total_out);
    assert_int_equal(deflateEnd(&stream), Z_OK);
    free(bytes);
    return text;
}

static long most_memory_kib(void) {
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

static void a_bomb_takes_no_memory(void **state) {
    struct state *s = *state;
    char *text = bomb(128);
    long before = most_memory_kib();
    refused(s, text, "inflates to more than any histogram");
    assert_true(most_memory_kib() - before < 16 * 1024);
    free(text);
}

static void an_endless_text_is_refused(void **state) {
    struct state *s = *state;
    size_t length = 4000000;
    char *text = malloc(length + 1);
    assert_non_null(text);
    memset(text, 'A', length);
    text[length] = '\0';
    refused(s, text, "longer than any histogram's");
    free(text);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        CASE(all_counts_come_back),
        CASE(counts_of_every_length_come_back),
        CASE(a_full_histogram_comes_back),
        CASE(the_bytes_are_those_of_the_format),
        CASE(the_longest_count_takes_nine_bytes),
        CASE(sums_are_taken_from_the_middle_of_buckets),
        CASE(the_header_of_javascript_is_read),
        CASE(every_truncation_is_refused),
        CASE(wrong_characters_are_refused),
        CASE(other_formats_are_refused),
        CASE(damaged_streams_are_refused),
        CASE(wrong_headers_are_refused),
        CASE(wrong_counts_are_refused),
        CASE(counts_at_the_limits_are_read),
        CASE(a_bomb_takes_no_memory),
        CASE(an_endless_text_is_refused),
    };
    return cmocka_run_group_tests_name("histlog", tests, NULL, NULL);
}
