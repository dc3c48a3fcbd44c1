/* SPDX-License-Identifier: MIT */
/*
 * outcome_crowd.c - phases, clients, and the check by Little's law.
 */
#include "trial/outcome_crowd.h"

#include "trial/crowd_sums.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

void outcome_crowd_close(const struct end_task *task) {
    crowd_sums_close(task->crowd, task->plan.clients, task->clock, task->control);
}

static void record_phases_of(const struct crowd *crowd, struct record_crowd *to) {
    to->has_phases = 1;
    for (int i = 0; i < RECORD_PHASES; i++) {
        struct histogram *h = (struct histogram *)(uintptr_t)&crowd->phases[i];
        h->max_ns = HISTOGRAM_MAX_NS; /* which its many writers don't keep */
        to->phases[i] = (struct record_phase){
            .mean_ns = histogram_mean(h),
            .p50_ns = histogram_carries(h, 50) ? (double)histogram_percentile(h, 50) : NAN,
            .p99_ns = histogram_carries(h, 99) ? (double)histogram_percentile(h, 99) : NAN};
    }
}

static void record_clients_of(const struct end_task *task, const struct record *record,
                              struct record_crowd *to) {
    double exchanges[CROWD_MOST];
    size_t count = task->plan.clients;
    to->count = (double)count;
    if (task->plan.kind == WORKLOAD_SERVE)
        (void)snprintf(to->design, sizeof to->design, "%s", workload_designs[task->plan.design]);
    to->least_exchanges = INFINITY;
    to->most_exchanges = 0;
    for (size_t i = 0; i < count; i++) {
        exchanges[i] = (double)task->crowd->clients[i].result.stamped;
        to->least_exchanges = fmin(to->least_exchanges, exchanges[i]);
        to->most_exchanges = fmax(to->most_exchanges, exchanges[i]);
    }
    to->fairness = crowd_sums_fairness(exchanges, count);
    to->little = crowd_sums_little(record->per_second, record->mean_ns, count);
}

/* More requests under way than there are clients: something was counted that didn't happen. */
static void check_little(struct record *record) {
    const struct record_crowd *crowd = &record->crowd;
    if (crowd->little > 1.01)
        record_conclude(
            record, RECORD_FAILED,
            "%s: Little's law is broken: %.0f clients, but rate x mean latency is %.2f; "
            "latencies or exchanges were counted wrong",
            record->cell.transport, crowd->count, crowd->little * crowd->count);
}

void outcome_crowd_record(const struct end_task *task, struct record *record) {
    char text[64];
    if (task->plan.kind == WORKLOAD_CONNECT)
        record_phases_of(task->crowd, &record->crowd);
    record_clients_of(task, record, &record->crowd);
    check_little(record);
    if (task->crowd->budget == 0)
        return;
    (void)snprintf(text, sizeof text, "%" PRIu64 "%s", task->crowd->budget / 3 * 2,
                   atomic_load(&task->crowd->ports) <= 0 ? ", all used: so the trial ended early"
                                                         : "");
    record_add_fact(record->facts, &record->fact_count, "ports", text);
}

bool outcome_crowd_uneven(const struct record *record) {
    return record->crowd.count > 0 &&
           record->crowd.little < 1 - crowd_sums_tolerance(record->mean_ns, record->duration_ns);
}
