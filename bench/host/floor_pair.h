/* SPDX-License-Identifier: MIT */
/*
 * floor_pair.h - two threads, each on its CPU, that play games of handing a number back and forth.
 * The calling thread is the client, and takes the time.
 */
#ifndef BENCH_FLOOR_PAIR_H
#define BENCH_FLOOR_PAIR_H

#include "helper.h"
#include "host/floor.h"
#include "host/floor_batch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/* Of a game's loops, which are made anew for each layout, so that they hold no test of it. */
#define FLOOR_INLINED static inline __attribute__((always_inline))

FLOOR_INLINED void floor_relax(bool pause) {
    if (pause)
        ipc_relax();
}

/* A cache line, on a pair of lines of its own since some CPUs fetch their neighbours along. */
struct floor_line {
    _Alignas(128) _Atomic uint32_t sequence[2];
    _Atomic uint64_t payload[2];
};

/* A line of many that follow one another: of 64 bytes, and no more room between them. */
struct floor_slot {
    _Alignas(64) _Atomic uint32_t number;
};
enum { FLOOR_RING = 1024 };

/* Where the numbers are handed over: all 0 when a game begins. */
struct floor_court {
    struct floor_line lines[2];
    _Alignas(128) struct floor_slot ring[FLOOR_RING];
    _Alignas(128) _Atomic uint32_t spoiled; /* a side sets it when it could do without what the game
                                               is to measure */
};

/* What each side does in the round trips (or one-way hand-overs) from `first` to `last`, which are
 * numbered from 1. The first of all isn't timed. */
struct floor_game {
    void (*serve)(struct floor_court *court, uint32_t first, uint32_t last);
    void (*play)(struct floor_court *court, uint32_t first, uint32_t last);
};

struct floor_pair {
    struct floor_court court;
    _Alignas(128) _Atomic uint32_t opened; /* games so far, the one at hand included */
    _Atomic uint32_t served;               /* those that the server has ended */
    const struct floor_game *game;         /* NULL: the server goes home */
    uint32_t rounds;
    _Atomic int state; /* of the server: 0 not there yet, 1 ready, or -errno */
    int server_cpu, client_cpu;
    pthread_t server;
    struct floor_affinity before;
};

/* Starts the server and pins both threads, where the CPUs are not -1. 0, or a negative errno with a
 * problem; then there is nothing to close. */
int floor_pair_open(struct floor_pair *pair, int server_cpu, int client_cpu,
                    struct problem *problem);

/* Joins the server and gives the calling thread its CPUs back. */
void floor_pair_close(struct floor_pair *pair);

/* The mean time of a round trip in ns, over that many, after one that is not timed. `spoiled` tells
 * whether a side said so. */
double floor_pair_play(struct floor_pair *pair, const struct floor_game *game, uint32_t rounds,
                       bool *spoiled);

/* Opens a pair, plays a batch of each game in turn, again and again, and keeps the sample of the
 * game whose best batch was the fastest; spoiled batches count only where there are no others. At
 * most FLOOR_GAMES games, and about `budget_ns` in all. */
enum { FLOOR_GAMES = 8 };
int floor_pair_measure(int server_cpu, int client_cpu, const struct floor_game *games, size_t count,
                       uint32_t rounds, uint64_t budget_ns, struct floor_sample *ns,
                       struct problem *problem);

#endif
