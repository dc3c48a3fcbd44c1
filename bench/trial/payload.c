/* SPDX-License-Identifier: MIT */
/*
 * payload.c - makes the pattern of a trial's messages, and explains a message that doesn't fit it.
 */
#include "trial/payload.h"

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
    payload->origin = payload->salt = next_random(&state);
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

/* A number is near another when it is one of ours in the wrong place; what is damaged is that near
 * once in 2^43. */
static bool is_near(uint64_t number, uint64_t other) {
    return number - other + (1 << 20) < (2 << 20);
}

size_t payload_owner(const struct payload *payload, const void *came, uint64_t sequence,
                     size_t count) {
    struct payload owned = *payload;
    uint64_t head;
    size_t client = payload->bytes < sizeof head ? count : 0;
    for (; client < count; client++) {
        memcpy(&head, came, sizeof head);
        payload_own(&owned, client);
        if (is_near(head ^ owned.salt, sequence))
            break;
    }
    return client;
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
    bool ours = expected->bytes >= sizeof head && other != sequence && is_near(other, sequence);
    if (ours)
        (void)snprintf(
            sentence, room, "message %" PRIu64 " %s: message %" PRIu64 " came in its place",
            sequence, other < sequence ? "was doubled, delayed or not written" : "was lost", other);
    else
        (void)snprintf(sentence, room, "message %" PRIu64 " was damaged at byte %zu of %zu",
                       sequence, at, expected->bytes);
    return -EBADMSG;
}
