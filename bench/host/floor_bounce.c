/* SPDX-License-Identifier: MIT */
/*
 * floor_bounce.c - two CPUs that spin on cache lines, in every layout that has been the fastest
 * somewhere. Which one it is depends on the CPU: a line that both sides write needs to change
 * hands, and a pause in the loop keeps a waiting CPU from asking for it too often.
 */
#include "host/floor_pair.h"

#include <errno.h>
#include <stdbool.h>

#define BUDGET_NS UINT64_C(80000000)

enum { ROUNDS = 1000 };

/* One layout: `apart` is a line for each direction rather than one for both; with `carry` 8 bytes
 * of payload travel beside the sequence number, and the answer brings them back; `pause` relaxes
 * the CPU in the loop. */
struct layout {
    bool apart, carry, pause;
};

static inline void spin_until(const _Atomic uint32_t *word, uint32_t value, bool pause) {
    while (atomic_load_explicit(word, memory_order_acquire) != value)
        floor_relax(pause);
}

static inline uint64_t look(const _Atomic uint64_t *payload) {
    return atomic_load_explicit(payload, memory_order_relaxed);
}

static inline void put(_Atomic uint64_t *payload, uint64_t value) {
    atomic_store_explicit(payload, value, memory_order_relaxed);
}

/* The answer's place: on one line without payload it is the same word, which the client makes odd
 * and the server even; with payload each side has its own half of the line. */
static inline int answer_half(struct layout layout) {
    return !layout.apart && layout.carry;
}

FLOOR_INLINED void serve_in(struct floor_court *court, uint32_t first, uint32_t last,
                            struct layout layout) {
    struct floor_line *there = &court->lines[0], *back = &court->lines[layout.apart];
    int half = answer_half(layout);
    for (uint32_t i = first; i <= last; i++) {
        spin_until(&there->sequence[0], 2 * i - 1, layout.pause);
        if (layout.carry)
            put(&back->payload[half], look(&there->payload[0]));
        atomic_store_explicit(&back->sequence[half], 2 * i, memory_order_release);
    }
}

FLOOR_INLINED void play_in(struct floor_court *court, uint32_t first, uint32_t last,
                           struct layout layout) {
    struct floor_line *there = &court->lines[0], *back = &court->lines[layout.apart];
    int half = answer_half(layout);
    uint64_t carried = look(&back->payload[half]);
    for (uint32_t i = first; i <= last; i++) {
        if (layout.carry)
            put(&there->payload[0], carried + 1);
        atomic_store_explicit(&there->sequence[0], 2 * i - 1, memory_order_release);
        spin_until(&back->sequence[half], 2 * i, layout.pause);
        if (layout.carry)
            carried = look(&back->payload[half]);
    }
}

/* Two functions for each layout, so that the loops hold no test of it. */
#define LAYOUT(name, ...)                                                                \
    static void serve_##name(struct floor_court *court, uint32_t first, uint32_t last) { \
        serve_in(court, first, last, (struct layout){__VA_ARGS__});                      \
    }                                                                                    \
    static void play_##name(struct floor_court *court, uint32_t first, uint32_t last) {  \
        play_in(court, first, last, (struct layout){__VA_ARGS__});                       \
    }

LAYOUT(together, .apart = false)
LAYOUT(together_pause, .pause = true)
LAYOUT(together_carry, .carry = true)
LAYOUT(together_carry_pause, .carry = true, .pause = true)
LAYOUT(apart, .apart = true)
LAYOUT(apart_pause, .apart = true, .pause = true)
LAYOUT(apart_carry, .apart = true, .carry = true)
LAYOUT(apart_carry_pause, .apart = true, .carry = true, .pause = true)

static const struct floor_game games[] = {
    {serve_together, play_together},
    {serve_together_pause, play_together_pause},
    {serve_together_carry, play_together_carry},
    {serve_together_carry_pause, play_together_carry_pause},
    {serve_apart, play_apart},
    {serve_apart_pause, play_apart_pause},
    {serve_apart_carry, play_apart_carry},
    {serve_apart_carry_pause, play_apart_carry_pause},
};
enum { GAMES = sizeof games / sizeof *games };
_Static_assert((size_t)GAMES <= FLOOR_GAMES, "floor_pair_measure has room for every layout");

int floor_bounces(int server_cpu, int client_cpu, struct floor_sample *ns,
                  struct problem *problem) {
    if (server_cpu < 0 || client_cpu < 0)
        return problem_set(problem, EINVAL,
                           "a cache line bounces between two CPUs that are given by number; "
                           "unpinned threads may share one");
    if (server_cpu == client_cpu)
        return problem_set(problem, EINVAL, "a cache line can't bounce on one CPU (%d)",
                           server_cpu);
    return floor_pair_measure(server_cpu, client_cpu, games, GAMES, ROUNDS, BUDGET_NS, ns, problem);
}

int floor_bounce(int server_cpu, int client_cpu, double *ns, struct problem *problem) {
    struct floor_sample sample = {0, 0};
    int error = floor_bounces(server_cpu, client_cpu, &sample, problem);
    if (!error)
        *ns = sample.best;
    return error;
}
