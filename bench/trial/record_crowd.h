/* SPDX-License-Identifier: MIT */
/*
 * record_crowd.h - the parts of a record, and of a cell's summary, that only some workloads have:
 * the phases of a connection for each exchange, and many clients.
 */
#ifndef BENCH_RECORD_CROWD_H
#define BENCH_RECORD_CROWD_H

#include "base/problem.h"

#include <jansson.h>
#include <stddef.h>

enum { RECORD_PHASES = 3 };
extern const char *const record_phases[]; /* "connect", "exchange", "close", NULL */

struct record_phase {
    double mean_ns, p50_ns, p99_ns;
};

struct record_crowd {
    int has_phases; /* 0: null in JSON */
    struct record_phase phases[RECORD_PHASES];
    double count;                           /* of clients; 0: `clients` is null in JSON */
    char design[16];                        /* of the server; empty: null */
    double fairness;                        /* Jain's index of the clients' exchanges */
    double least_exchanges, most_exchanges; /* of one client */
    double little;                          /* rate x mean latency / count */
};

/* Adds "phases" and "clients". 0 or -ENOMEM. */
int record_crowd_to_json(const struct record_crowd *crowd, json_t *json);

/* 0, or -EINVAL with a problem that names the field. */
int record_crowd_from_json(const json_t *json, struct record_crowd *crowd, struct problem *problem);

#endif
