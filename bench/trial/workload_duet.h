/* SPDX-License-Identifier: MIT */
/*
 * workload_duet.h - the ping-pong of two builds of one transport, by turns: the timed code of a
 * duet. One client and one server hold a link of each build; they exchange on one link for a slice
 * of some milliseconds, then on the other, in the order first, second, second, first, and over
 * again, so that whatever drifts hits both alike.
 *
 * A slice begins with one exchange that nobody counts, since caches and the server's sleep are
 * still those of the other side, and ends with another, by which the server learns that it is over
 * (workload_duet_signs): it needs no time of its own, and never waits on two links at once.
 *
 * Where one exchange is shorter than some hundred steps of the clock, several stand behind a stamp,
 * the same number on both sides: see per_stamp.
 */
#ifndef BENCH_WORKLOAD_DUET_H
#define BENCH_WORKLOAD_DUET_H

#include "base/clock.h"
#include "transport.h"
#include "trial/payload.h"

#include <stdatomic.h>
#include <stdbool.h>

enum { WORKLOAD_DUET_SIDES = 2, WORKLOAD_DUET_QUAD = 4 };

/* The side (0 or 1) of slice `index`, the side `first` being the first. */
static inline unsigned workload_duet_side(unsigned first, uint64_t index) {
    unsigned place = (unsigned)(index % WORKLOAD_DUET_QUAD);
    return first ^ (unsigned)(place == 1 || place == 2);
}

struct workload_duet_plan {
    unsigned first;                        /* the side that begins */
    uint64_t slice_ns, time_ns, warmup_ns; /* both times are rounded up to whole quads of slices */
    uint64_t stamp_ns;                     /* how long a stamp covers at least; decides per_stamp */
};

/* How the client tells the server; shared by both ends, zeroed, turns at UINT64_MAX. */
struct workload_duet_signs {
    struct {
        _Alignas(IPC_ALIGN) _Atomic uint64_t turn; /* the sequence number that closes the slice */
    } sides[WORKLOAD_DUET_SIDES];
    _Alignas(IPC_ALIGN) _Atomic bool over; /* that slice is the last one */
};

/* What the client found. The spans stand in the order in which they were taken; those of slice i
 * are starts[i] to starts[i + 1]. */
enum { WORKLOAD_DUET_MOST_SLICES = 4096, WORKLOAD_DUET_MOST_SPANS = 1000000 };
struct workload_duet_result {
    uint64_t warmup_exchanges, warmup_ns;
    uint64_t exchanges[WORKLOAD_DUET_SIDES]; /* that the spans hold */
    uint32_t per_stamp;                      /* exchanges in a span */
    uint32_t slices, spans;
    uint32_t starts[WORKLOAD_DUET_MOST_SLICES + 1];
    uint32_t ticks[WORKLOAD_DUET_MOST_SPANS];
};

struct workload_duet_link {
    struct ipc_end *end;
    const struct ipc_messages *messages;
    struct payload *outgoing, *incoming; /* what is sent, and what is expected */
    void *buffer;                        /* the same size: what comes */
    uint64_t sequence;                   /* of the next exchange */
};

/* One end's view; everything that is pointed to is the caller's. */
struct workload_duet {
    const struct workload_duet_plan *plan;
    const struct clock *clock;
    struct workload_duet_link links[WORKLOAD_DUET_SIDES];
    struct workload_duet_signs *signs;
    struct workload_duet_result *result; /* client */
    unsigned failed;                     /* the side that failed */
};

/* Both return 0, or a negative errno as workload_client does, and then say whose fault it is. */
int workload_duet_client(struct workload_duet *w);
int workload_duet_server(struct workload_duet *w);

#endif
