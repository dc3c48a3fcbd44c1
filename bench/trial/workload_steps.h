/* SPDX-License-Identifier: MIT */
/*
 * workload_steps.h - what the workloads' files share: the timed steps of a message and of a round
 * trip, and the two ends of each workload. For workload*.c alone.
 */
#ifndef BENCH_WORKLOAD_STEPS_H
#define BENCH_WORKLOAD_STEPS_H

#include "trial/workload.h"

/* Explains a message that isn't what it should be; -EBADMSG. */
int workload_reject(struct workload *workload, uint64_t sequence);

/* Is message `sequence`, which stands in the buffer, what it should be? 0 or -EBADMSG. */
static inline int workload_verify(struct workload *w, uint64_t sequence) {
    payload_stamp(w->incoming, sequence);
    if (__builtin_expect(payload_matches(w->incoming, w->buffer, sequence), 1))
        return 0;
    return workload_reject(w, sequence);
}

/* First half of a round trip: sends the request, then, while it travels, verifies the last reply
 * and prepares the next request. */
static inline int workload_post(struct workload *w) {
    int error = w->messages->send(w->end, w->outgoing->message, w->outgoing->bytes);
    if (__builtin_expect(error, 0))
        return error;
    if (w->sequence > 0)
        error = workload_verify(w, w->sequence - 1);
    payload_stamp(w->outgoing, w->sequence + 1);
    return error;
}

/* Second half: waits for the reply. */
static inline int workload_collect(struct workload *w) {
    int error = w->messages->recv(w->end, w->buffer, w->incoming->bytes);
    if (__builtin_expect(error == 0, 1))
        w->sequence++;
    return error;
}

static inline int workload_exchange(struct workload *w) {
    int error = workload_post(w);
    return error ? error : workload_collect(w);
}

static inline uint64_t workload_ticks(const struct clock *clock, uint64_t ns) {
    return (uint64_t)((double)ns / clock->ns_per_tick);
}

static inline uint64_t workload_least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* The client of a workload of round trips, all phases: an exchange that isn't timed, and those that
 * are, are what differs. */
int workload_round_trips(struct workload *workload, int (*exchange)(struct workload *workload),
                         int (*measure)(struct workload *workload));

/* The server of such a workload: `serve` answers until the phase is over. */
int workload_answers(struct workload *workload, int (*serve)(struct workload *workload));

/* How many messages of a stream leave between two looks at the clock: in the warm-up, and then as
 * many as take about so long by what that took for one. */
enum { WORKLOAD_WARMING_BURST = 16, WORKLOAD_MOST_BURST = 4096, WORKLOAD_BURST_NS = 20000 };

static inline uint64_t workload_burst(const struct workload_result *result) {
    uint64_t wanted = result->warmup_ns > 0
                          ? result->warmup_exchanges * WORKLOAD_BURST_NS / result->warmup_ns
                          : WORKLOAD_WARMING_BURST;
    return wanted < 1 ? 1 : workload_least(wanted, WORKLOAD_MOST_BURST);
}

int workload_pingpong_client(struct workload *workload);
int workload_pingpong_server(struct workload *workload);
int workload_rate_client(struct workload *workload); /* its server is that of pingpong */
int workload_twice_client(struct workload *workload);
int workload_twice_server(struct workload *workload);
int workload_stream_client(struct workload *workload);
int workload_stream_server(struct workload *workload);
int workload_lossy_client(struct workload *workload); /* stream, where messages may be lost */
int workload_lossy_server(struct workload *workload);
int workload_serve_client(struct workload *workload);
int workload_connect_client(struct workload *workload);

#endif
