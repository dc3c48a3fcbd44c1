/* SPDX-License-Identifier: MIT */
/*
 * harness.c - what each part of the harness adds to a round trip, measured alone: `make
 * harness-cost` prints the table of docs/method.md. Each part runs in the loops that the workload
 * has, against the same loop without it; the least of many batches counts.
 */
#include "base/clock.h"
#include "stats/histogram.h"
#include "transport.h"
#include "trial/payload.h"

#include <stdio.h>
#include <stdlib.h>

enum { BATCHES = 200, STEPS = 2000 };

/* What the parts work on. */
struct table {
    struct clock clock;
    struct histogram *histogram;
    struct payload sent, expected;
    void *buffer;
    const struct ipc_messages *messages;
    struct ipc_end end;
    uint64_t sequence, sink;
};

static int nothing_send(struct ipc_end *end, const void *message, size_t bytes) {
    (void)end, (void)message, (void)bytes;
    return 0;
}

static int nothing_recv(struct ipc_end *end, void *message, size_t bytes) {
    (void)end, (void)message, (void)bytes;
    return 0;
}

static const struct ipc_messages nothing = {nothing_send, nothing_recv};

static void part_none(struct table *t) {
    __asm__ volatile("" : "+r"(t->sequence));
}

static void part_stamp(struct table *t) {
    t->sink += clock_ticks(&t->clock);
}

static void part_histogram(struct table *t) {
    histogram_record(t->histogram, clock_span_ns(&t->clock, 10000 + (t->sequence++ & 1023)));
}

static void part_calls(struct table *t) {
    const struct ipc_messages *volatile *which =
        (const struct ipc_messages *volatile *)&t->messages;
    t->sink += (uint64_t)(*which)->send(&t->end, t->buffer, t->sent.bytes);
    t->sink += (uint64_t)(*which)->recv(&t->end, t->buffer, t->sent.bytes);
}

static void part_payload(struct table *t) {
    payload_stamp(&t->sent, t->sequence);
    payload_stamp(&t->expected, t->sequence);
    t->sink += payload_matches(&t->expected, t->sent.message, t->sequence);
    t->sequence++;
}

/* The least time of one step, in ns. */
static double least_ns(struct table *t, void (*part)(struct table *)) {
    double least = 1e18;
    for (int batch = 0; batch < BATCHES; batch++) {
        uint64_t before = clock_ticks(&t->clock);
        for (int i = 0; i < STEPS; i++)
            part(t);
        double took = (double)(clock_ticks(&t->clock) - before) * t->clock.ns_per_tick / STEPS;
        least = took < least ? took : least;
    }
    return least;
}

static void print(const char *part, const char *where, double ns) {
    (void)printf("| %-46s | %-34s | %6.1f |\n", part, where, ns);
}

static int payload_row(struct table *t, size_t bytes, double loop_ns) {
    char name[64];
    int error = payload_make(&t->sent, bytes, 1, 0, false);
    if (!error)
        error = payload_make(&t->expected, bytes, 1, 0, false);
    if (error)
        return error;
    (void)snprintf(name, sizeof name, "stamp two messages, verify one, %zu B", bytes);
    print(name, "each end, while the peer has the turn", least_ns(t, part_payload) - loop_ns);
    payload_free(&t->sent);
    payload_free(&t->expected);
    return 0;
}

int main(void) {
    static const size_t sizes[] = {8, 64, 1024, 4096, 65536};
    static char buffer[64];
    struct table t = {.buffer = buffer, .messages = &nothing};
    int error = 0;
    clock_calibrate(&t.clock);
    t.histogram = calloc(1, sizeof *t.histogram);
    if (t.histogram == NULL)
        return 1;
    double loop_ns = least_ns(&t, part_none);
    (void)printf("| %-46s | %-34s | %6s |\n", "part", "where it falls", "ns");
    (void)printf("|---|---|---|\n");
    print("clock read", "in each stamped round trip", least_ns(&t, part_stamp) - loop_ns);
    print("histogram, ticks to ns included", "client, while the server has the turn",
          least_ns(&t, part_histogram) - loop_ns);
    print("two indirect calls", "in each round trip, once at each end",
          least_ns(&t, part_calls) - loop_ns);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && !error; i++)
        error = payload_row(&t, sizes[i], loop_ns);
    free(t.histogram);
    return error ? 1 : 0;
}
