/* SPDX-License-Identifier: MIT */
/*
 * payload.c (test) - every way in which a message can be wrong is found, and named.
 */
#include "trial/payload.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// cmocka.h needs the headers above
#include <cmocka.h>

static const size_t sizes[] = {1,   2,   7,   8,    9,    15,   16,    63,    64,
                               511, 512, 513, 4095, 4096, 4097, 65536, 65537, 1 << 20};
enum { SIZES = sizeof sizes / sizeof *sizes };

static void make_pair(struct payload *sender, struct payload *receiver, size_t bytes, bool full) {
    assert_int_equal(payload_make(sender, bytes, 42, 0, full), 0);
    assert_int_equal(payload_make(receiver, bytes, 42, 0, full), 0);
}

static void test_right_message_matches(void **state) {
    (void)state;
    for (int i = 0; i < SIZES; i++) {
        struct payload sender, receiver;
        make_pair(&sender, &receiver, sizes[i], false);
        for (uint64_t sequence = 0; sequence < 300; sequence++) {
            payload_stamp(&sender, sequence);
            payload_stamp(&receiver, sequence);
            assert_true(payload_matches(&receiver, sender.message, sequence));
        }
        payload_free(&sender);
        payload_free(&receiver);
    }
}

static void test_neighbours_differ(void **state) {
    (void)state;
    for (int i = 0; i < SIZES; i++) {
        struct payload sender, receiver;
        make_pair(&sender, &receiver, sizes[i], false);
        for (uint64_t sequence = 1; sequence < 255; sequence++) {
            payload_stamp(&sender, sequence - 1);
            payload_stamp(&receiver, sequence);
            assert_false(payload_matches(&receiver, sender.message, sequence));
        }
        payload_free(&sender);
        payload_free(&receiver);
    }
}

static void test_directions_differ(void **state) {
    (void)state;
    struct payload there, back;
    assert_int_equal(payload_make(&there, 64, 7, 0, false), 0);
    assert_int_equal(payload_make(&back, 64, 7, 1, false), 0);
    assert_false(payload_matches(&there, back.message, 0));
    payload_free(&there);
    payload_free(&back);
}

/* With `full`, and for messages up to a window, each single damaged byte of each message is found.
 */
static void test_each_byte_counts(void **state) {
    (void)state;
    static const size_t some[] = {1, 7, 8, 9, 64, 513, 4096};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        struct payload sender, receiver;
        make_pair(&sender, &receiver, some[i], false);
        for (size_t at = 0; at < some[i]; at++) {
            sender.message[at] ^= 0x10;
            assert_false(payload_matches(&receiver, sender.message, 0));
            sender.message[at] ^= 0x10;
        }
        payload_free(&sender);
        payload_free(&receiver);
    }
}

/* In a large message the moving window passes over each byte once in size / window messages. */
static void test_window_passes_every_byte(void **state) {
    (void)state;
    struct payload sender, receiver;
    const size_t bytes = 65536 + 100;
    make_pair(&sender, &receiver, bytes, false);
    for (size_t at = 0; at < bytes; at += 997) {
        int found = 0;
        for (uint64_t sequence = 0; sequence < 17; sequence++) {
            payload_stamp(&sender, sequence);
            payload_stamp(&receiver, sequence);
            sender.message[at] ^= 1;
            found += !payload_matches(&receiver, sender.message, sequence);
            sender.message[at] ^= 1;
        }
        assert_true(found >= 1);
    }
    payload_free(&sender);
    payload_free(&receiver);
}

static void test_full_finds_damage_anywhere(void **state) {
    (void)state;
    struct payload sender, receiver;
    make_pair(&sender, &receiver, 1 << 20, true);
    for (size_t at = 3; at < 1 << 20; at += 65521) {
        sender.message[at] ^= 1;
        assert_false(payload_matches(&receiver, sender.message, 0));
        sender.message[at] ^= 1;
    }
    payload_free(&sender);
    payload_free(&receiver);
}

static void explain(uint64_t came, uint64_t expected, size_t damage, char *sentence, size_t room) {
    struct payload sender, receiver;
    make_pair(&sender, &receiver, 64, false);
    payload_stamp(&sender, came);
    payload_stamp(&receiver, expected);
    if (damage)
        sender.message[damage] ^= 0xff;
    assert_int_equal(payload_explain(&receiver, sender.message, expected, sentence, room),
                     -EBADMSG);
    payload_free(&sender);
    payload_free(&receiver);
}

static void test_explanations(void **state) {
    (void)state;
    char sentence[192];
    explain(38, 37, 0, sentence, sizeof sentence);
    assert_string_equal(sentence, "message 37 was lost: message 38 came in its place");
    explain(36, 37, 0, sentence, sizeof sentence);
    assert_string_equal(sentence, "message 37 was doubled, delayed or not written: message 36 came "
                                  "in its place");
    explain(37, 37, 20, sentence, sizeof sentence);
    assert_string_equal(sentence, "message 37 was damaged at byte 20 of 64");
    explain(37, 37, 2, sentence, sizeof sentence);
    assert_string_equal(sentence, "message 37 was damaged at byte 2 of 64");
}

/* The message that docs/adding-a-guest.md shows, by which other languages check theirs. */
static void the_guests_vector(void **state) {
    (void)state;
    static const unsigned char expected[24] = {0xce, 0x56, 0x97, 0x1c, 0xde, 0x35, 0x58, 0x97,
                                               0x2f, 0x53, 0x7e, 0xdd, 0xbf, 0xbc, 0x7b, 0x98,
                                               0xce, 0x56, 0x97, 0x1c, 0xde, 0x35, 0x58, 0x97};
    struct payload payload;
    assert_int_equal(payload_make(&payload, sizeof expected, 1, 0, false), 0);
    payload_stamp(&payload, 0);
    assert_memory_equal(payload.message, expected, sizeof expected);
    payload_free(&payload);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guests_vector),
        cmocka_unit_test(test_right_message_matches),
        cmocka_unit_test(test_neighbours_differ),
        cmocka_unit_test(test_directions_differ),
        cmocka_unit_test(test_each_byte_counts),
        cmocka_unit_test(test_window_passes_every_byte),
        cmocka_unit_test(test_full_finds_damage_anywhere),
        cmocka_unit_test(test_explanations),
    };
    return cmocka_run_group_tests_name("payload", tests, NULL, NULL);
}
