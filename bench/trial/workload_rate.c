/* SPDX-License-Identifier: MIT */
/*
 * workload_rate.c - the open loop: requests leave at their times, and each latency counts from when
 * its request was due. Nothing in here allocates, prints, makes a system call of its own (but for
 * the caller's rest), or knows which transport it drives.
 */
#include "trial/workload_steps.h"

#include "stats/stats.h"

#include <math.h>

#define OPEN_GRACE_NS UINT64_C(20000000) /* what may hold up a short run without overload */

/* A gap between two requests, in ticks. The uniform number is in (0, 1], so that its logarithm is
 * finite. */
static double next_gap(struct workload *w, uint64_t *random) {
    double mean = w->plan->gap_ns / w->clock->ns_per_tick;
    if (!w->plan->poisson)
        return mean;
    return -log(((double)(stats_random(random) >> 11) + 1) * 0x1p-53) * mean;
}

/* Returns at the tick `due`, or at once when it is past. */
static void await_due(struct workload *w, uint64_t due) {
    uint64_t now = clock_ticks(w->clock);
    if (now < due)
        w->rest(w->context, clock_span_ns(w->clock, due - now));
    while (clock_ticks(w->clock) < due)
        continue;
}

/* Requests at their times until the measured time is over or their number is reached; gives up when
 * the queue has grown so long that all would take more than twice the time. A gap more before and
 * after, for the exchanges that don't count: what both ends used between the marks, while they
 * waited too, is that of so many exchanges. */
static int measure(struct workload *w) {
    const struct workload_plan *plan = w->plan;
    uint64_t random = plan->seed;
    uint64_t gap = (uint64_t)(plan->gap_ns / w->clock->ns_per_tick);
    await_due(w, clock_ticks(w->clock) + gap);
    uint64_t start = clock_ticks(w->clock);
    uint64_t time_ns =
        plan->exchanges ? (uint64_t)((double)plan->exchanges * plan->gap_ns) : plan->time_ns;
    uint64_t stop = start + workload_ticks(w->clock, time_ns);
    uint64_t give_up = start + workload_ticks(w->clock, 2 * time_ns + OPEN_GRACE_NS);
    double offset = next_gap(w, &random);
    uint64_t due = start + (uint64_t)offset, now = start;
    for (uint64_t sent = 0; plan->exchanges ? sent < plan->exchanges : due < stop; sent++) {
        await_due(w, due);
        int error = workload_exchange(w);
        if (error)
            return error;
        now = clock_ticks(w->clock);
        histogram_record(w->histogram, clock_span_ns(w->clock, now - due));
        w->result->stamped++;
        offset += next_gap(w, &random);
        due = start + (uint64_t)offset;
        if (now > give_up)
            break;
    }
    for (; now > give_up && due < stop; due = start + (uint64_t)offset) {
        offset += next_gap(w, &random);
        w->result->unsent++;
    }
    w->result->measured_ns = clock_span_ns(w->clock, now - start);
    if (now <= give_up)
        await_due(w, now + gap);
    return 0;
}

int workload_rate_client(struct workload *w) {
    return workload_round_trips(w, workload_exchange, measure);
}
