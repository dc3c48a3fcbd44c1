/* SPDX-License-Identifier: MIT */
/*
 * payload.h - what a message carries, so that a lost, short, doubled, reordered, stale or damaged
 * one is found. A message is a pseudo-random pattern of its trial and direction, stamped with its
 * sequence number at its head, its tail, and every PAYLOAD_STRIDE bytes between.
 *
 * Both ends hold a copy: the sender's is what it sends, the receiver's is what it expects. Stamping
 * the next number costs one store for each stride. A message of up to PAYLOAD_WINDOW bytes is
 * compared wholly; of a larger one all stamps and a window that moves along with the sequence
 * number, so that every byte is compared once in size / PAYLOAD_WINDOW messages (all bytes of all
 * messages with `full`).
 */
#ifndef BENCH_PAYLOAD_H
#define BENCH_PAYLOAD_H

#include "base/problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PAYLOAD_STRIDE 512
#define PAYLOAD_WINDOW 4096

struct payload {
    unsigned char *message; /* `bytes` long; owned by whoever made it with payload_make */
    size_t bytes;
    uint64_t salt;   /* what a sequence number is XORed with; differs by direction and by client */
    uint64_t origin; /* the salt of client 0 */
    bool full;
};

/* Allocates and fills the pattern of one direction (0: to the server, 1: to the client) of the
 * trial with that seed. 0 or -ENOMEM. payload_free undoes it. */
int payload_make(struct payload *payload, size_t bytes, uint64_t seed, int direction, bool full);
void payload_free(struct payload *payload);

/* Makes the payload that of one client among many: its stamps differ from those of all others, in
 * messages of 8 bytes or more. Client 0's are those of a payload that nobody owns. */
static inline void payload_own(struct payload *payload, size_t client) {
    payload->salt = payload->origin ^ client * UINT64_C(0x9e3779b97f4a7c15);
}

/* Does what came begin as message `sequence` of that client? Not told of less than 8 bytes. */
static inline bool payload_is(const struct payload *payload, const void *came, size_t client,
                              uint64_t sequence) {
    uint64_t head;
    if (payload->bytes < sizeof head)
        return false;
    memcpy(&head, came, sizeof head);
    return (head ^ payload->origin ^ client * UINT64_C(0x9e3779b97f4a7c15)) == sequence;
}

/* Whose message it is, of `count` clients, by a number not far from `sequence`; `count`: nobody's.
 */
size_t payload_owner(const struct payload *payload, const void *came, uint64_t sequence,
                     size_t count);

/* Explains, after payload_matches said no, what is wrong with what came as message `sequence`.
 * Always returns -EBADMSG. */
int payload_explain(const struct payload *expected, const void *came, uint64_t sequence,
                    char *sentence, size_t room);

/* Makes the message that of `sequence`. */
static inline void payload_stamp(struct payload *payload, uint64_t sequence) {
    uint64_t word = sequence ^ payload->salt;
    size_t bytes = payload->bytes;
    if (__builtin_expect(bytes < sizeof word, 0)) {
        memcpy(payload->message, &word, bytes);
        return;
    }
    for (size_t at = 0; at + sizeof word <= bytes; at += PAYLOAD_STRIDE)
        memcpy(payload->message + at, &word, sizeof word);
    memcpy(payload->message + bytes - sizeof word, &word, sizeof word);
}

static inline bool payload_stamps_match(const struct payload *expected, const unsigned char *came) {
    uint64_t differs = 0;
    for (size_t at = 0; at + sizeof differs <= expected->bytes; at += PAYLOAD_STRIDE) {
        uint64_t a, b;
        memcpy(&a, expected->message + at, sizeof a);
        memcpy(&b, came + at, sizeof b);
        differs |= a ^ b;
    }
    return differs == 0;
}

/* Is what came the message of `sequence`, with which `expected` has been stamped? */
static inline bool payload_matches(const struct payload *expected, const void *came,
                                   uint64_t sequence) {
    size_t bytes = expected->bytes;
    if (bytes == sizeof sequence) /* the size at which a call would be felt */
        return memcmp(expected->message, came, sizeof sequence) == 0;
    if (bytes <= PAYLOAD_WINDOW || expected->full)
        return memcmp(expected->message, came, bytes) == 0;
    size_t windows = (bytes + PAYLOAD_WINDOW - 1) / PAYLOAD_WINDOW;
    size_t at = (size_t)(sequence % windows) * PAYLOAD_WINDOW;
    size_t length = bytes - at < PAYLOAD_WINDOW ? bytes - at : PAYLOAD_WINDOW;
    const unsigned char *bytes_came = came;
    return payload_stamps_match(expected, bytes_came) &&
           memcmp(expected->message + bytes - 8, bytes_came + bytes - 8, 8) == 0 &&
           memcmp(expected->message + at, bytes_came + at, length) == 0;
}

#endif
