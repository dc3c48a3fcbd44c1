/* SPDX-License-Identifier: MIT */
/*
 * floor_lines.c - cache lines that one CPU writes and another reads, one after the other and many
 * under way: a ring of lines, of which each carries nothing but its number. The consumer tells how
 * far it has come only now and then. Which way is the fastest depends on the CPU: to look at each
 * line as it comes, or at the last of many, whose others are then fetched all at once; with a pause
 * in the loop or without; or to write whole lines in bulk, which the other reads in bulk.
 */
#include "host/floor_pair.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define BUDGET_NS UINT64_C(40000000)

enum { LINES = 8192, SOME = 16, MANY = 256, REPORT = FLOOR_RING / 4 };
_Static_assert(REPORT % SOME == 0 && REPORT % MANY == 0, "a report follows whole chunks");

/* `chunk`: lines that the consumer reads at a time. */
struct layout {
    uint32_t chunk;
    bool pause;
};

FLOOR_INLINED _Atomic uint32_t *slot(struct floor_court *court, uint32_t number) {
    return &court->ring[number % FLOOR_RING].number;
}

FLOOR_INLINED void await_line(struct floor_court *court, uint32_t number, bool pause) {
    while (atomic_load_explicit(slot(court, number), memory_order_acquire) != number)
        floor_relax(pause);
}

/* How far the consumer has come, as it has told. */
FLOOR_INLINED _Atomic uint32_t *told(struct floor_court *court) {
    return &court->lines[1].sequence[0];
}

FLOOR_INLINED void serve_in(struct floor_court *court, uint32_t first, uint32_t last,
                            struct layout layout) {
    for (uint32_t i = first; i <= last;) {
        uint32_t end = last - i < layout.chunk ? last : i + layout.chunk - 1;
        await_line(court, end, layout.pause);
        for (; i <= end; i++)
            await_line(court, i, layout.pause);
        if (end % REPORT == 0 || end == last)
            atomic_store_explicit(told(court), end, memory_order_release);
    }
}

/* Ends when the consumer has told that it has them all; the line that isn't timed waits for nobody.
 */
FLOOR_INLINED void play_in(struct floor_court *court, uint32_t first, uint32_t last,
                           struct layout layout) {
    uint32_t read = atomic_load_explicit(told(court), memory_order_acquire);
    for (uint32_t i = first; i <= last; i++) {
        while (i - read > FLOOR_RING) {
            floor_relax(layout.pause);
            read = atomic_load_explicit(told(court), memory_order_acquire);
        }
        atomic_store_explicit(slot(court, i), i, memory_order_release);
    }
    while (last > first && atomic_load_explicit(told(court), memory_order_acquire) != last)
        floor_relax(layout.pause);
}

/* Two functions for each layout, so that the loops hold no test of it. */
#define LAYOUT(name, ...)                                                                \
    static void serve_##name(struct floor_court *court, uint32_t first, uint32_t last) { \
        serve_in(court, first, last, (struct layout){__VA_ARGS__});                      \
    }                                                                                    \
    static void play_##name(struct floor_court *court, uint32_t first, uint32_t last) {  \
        play_in(court, first, last, (struct layout){__VA_ARGS__});                       \
    }

LAYOUT(each, .chunk = 1)
LAYOUT(each_pause, .chunk = 1, .pause = true)
LAYOUT(some, .chunk = SOME)
LAYOUT(some_pause, .chunk = SOME, .pause = true)
LAYOUT(many, .chunk = MANY)
LAYOUT(many_pause, .chunk = MANY, .pause = true)

/* ---- in bulk: whole lines, written as a copy writes them, and told of chunk by chunk ---- */

FLOOR_INLINED uint32_t chunk_end(uint32_t number, uint32_t last) {
    uint32_t end = (number - 1) / MANY * MANY + MANY;
    return end < last ? end : last;
}

static void serve_bulk(struct floor_court *court, uint32_t first, uint32_t last) {
    for (uint32_t i = first; i <= last;) {
        uint32_t end = chunk_end(i, last), sum = 0;
        while (atomic_load_explicit(&court->lines[0].sequence[0], memory_order_acquire) < end)
            floor_relax(true);
        for (; i <= end; i++)
            sum += atomic_load_explicit(slot(court, i - 1), memory_order_relaxed);
        __asm__ volatile("" : : "r"(sum)); /* each line is read */
        atomic_store_explicit(told(court), end, memory_order_release);
    }
}

static void play_bulk(struct floor_court *court, uint32_t first, uint32_t last) {
    for (uint32_t i = first; i <= last;) {
        uint32_t end = chunk_end(i, last);
        while (end > FLOOR_RING + atomic_load_explicit(told(court), memory_order_acquire))
            floor_relax(true);
        memset((void *)slot(court, i - 1), (int)(end & 0xff), (end - i + 1) * sizeof *court->ring);
        atomic_store_explicit(&court->lines[0].sequence[0], end, memory_order_release);
        i = end + 1;
    }
    while (last > first && atomic_load_explicit(told(court), memory_order_acquire) != last)
        floor_relax(true);
}

static const struct floor_game games[] = {
    {serve_each, play_each}, {serve_each_pause, play_each_pause},
    {serve_some, play_some}, {serve_some_pause, play_some_pause},
    {serve_many, play_many}, {serve_many_pause, play_many_pause},
    {serve_bulk, play_bulk}};
enum { GAMES = sizeof games / sizeof *games };
_Static_assert((size_t)GAMES <= FLOOR_GAMES, "floor_pair_measure has room for every layout");

int floor_lines(int server_cpu, int client_cpu, struct floor_sample *ns, struct problem *problem) {
    if (server_cpu < 0 || client_cpu < 0)
        return problem_set(problem, EINVAL,
                           "cache lines go from one CPU to another, which are given by number");
    if (server_cpu == client_cpu)
        return problem_set(problem, EINVAL, "cache lines don't leave one CPU (%d)", server_cpu);
    return floor_pair_measure(server_cpu, client_cpu, games, GAMES, LINES, BUDGET_NS, ns, problem);
}
