/* SPDX-License-Identifier: MIT */
/*
 * payload.c - makes the pattern of a trial's messages, and explains a message that doesn't fit it.
 */
#include "payload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

int payload_make(struct payload *payload, size_t bytes, uint64_t seed, int direction, bool full) {
    size_t room = (bytes + 127) / 128 * 128;
    uint64_t state = seed * 2 + (uint64_t)direction;
    *payload = (struct payload){.message = aligned_alloc(128, room), .bytes = bytes, .full = full};
    if (payload->message == NULL)
        return -ENOMEM;
    payload->salt = next_random(&state);
    for (size_t at = 0; at < room; at += sizeof state) {
        uint64_t word = next_random(&state);
        memcpy(payload->message + at, &word, sizeof word);
    }
    payload_stamp(payload, 0);
    return 0;
}

void payload_free(struct payload *payload) {
    free(payload->message);
    payload->message = NULL;
}

static size_t first_difference(const struct payload *expected, const unsigned char *came) {
    size_t at = 0;
    while (at < expected->bytes && expected->message[at] == came[at])
        at++;
    return at;
}

int payload_explain(const struct payload *expected, const void *came, uint64_t sequence,
                    char *sentence, size_t room) {
    uint64_t head = 0;
    size_t at = first_difference(expected, came);
    if (expected->bytes >= sizeof head)
        memcpy(&head, came, sizeof head);
    uint64_t other = head ^ expected->salt;
    /* A number near the expected one is a message of ours in the wrong place; any other head is
     * damage, since a random head is that near once in 2^43. */
    bool ours = expected->bytes >= sizeof head && other != sequence &&
                other - sequence + (1 << 20) < (2 << 20);
    if (ours)
        (void)snprintf(
            sentence, room, "message %" PRIu64 " %s: message %" PRIu64 " came in its place",
            sequence, other < sequence ? "was doubled, delayed or not written" : "was lost", other);
    else
        (void)snprintf(sentence, room, "message %" PRIu64 " was damaged at byte %zu of %zu",
                       sequence, at, expected->bytes);
    return -EBADMSG;
}
