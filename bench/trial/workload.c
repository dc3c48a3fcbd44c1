/* SPDX-License-Identifier: MIT */
/*
 * workload.c - which code is which workload's, and what all of them begin with.
 */
#include "trial/workload_steps.h"

struct ends {
    int (*client)(struct workload *workload);
    int (*server)(struct workload *workload);
};

static const struct ends ends[WORKLOAD_KINDS] = {
    [WORKLOAD_PINGPONG] = {workload_pingpong_client, workload_pingpong_server},
    [WORKLOAD_RATE] = {workload_rate_client, workload_pingpong_server},
    [WORKLOAD_TWICE] = {workload_twice_client, workload_twice_server},
    [WORKLOAD_STREAM] = {workload_stream_client, workload_stream_server},
    [WORKLOAD_SERVE] = {workload_serve_client, workload_pingpong_server},
    [WORKLOAD_CONNECT] = {.client = workload_connect_client}, /* its server has no members */
};

/* A stream that may lose messages. */
static const struct ends lossy = {workload_lossy_client, workload_lossy_server};

static const struct ends *ends_of(const struct workload_plan *plan) {
    return plan->lossy ? &lossy : &ends[plan->kind];
}

int workload_reject(struct workload *w, uint64_t sequence) {
    struct ipc_fault *fault = &w->end->fault;
    if (w->explain)
        return w->explain(w, sequence);
    fault->call = "verify";
    return payload_explain(w->incoming, w->buffer, sequence, fault->detail, sizeof fault->detail);
}

static void begin(struct workload *w) {
    w->sequence = 0;
    w->credits = 0;
    payload_stamp(w->outgoing, 0);
}

int workload_client(struct workload *w) {
    begin(w);
    *w->result = (struct workload_result){0};
    return ends_of(w->plan)->client(w);
}

int workload_server(struct workload *w) {
    begin(w);
    return ends_of(w->plan)->server(w);
}
