/* SPDX-License-Identifier: MIT */
/*
 * record.h - the record of one trial: everything that was measured and everything that is needed to
 * repeat it; to JSON and back (results/schema.json says the form, results/README.md the meaning).
 * A number that is not known is NaN here and null in JSON, never a guess.
 */
#ifndef BENCH_RECORD_H
#define BENCH_RECORD_H

#include "base/problem.h"
#include "host/topology.h"
#include "plugin/cell.h"
#include "trial/record_crowd.h"

#include <jansson.h>

enum record_status {
    RECORD_OK,
    RECORD_FAILED,         /* it should have worked */
    RECORD_SKIPPED,        /* not possible on this host */
    RECORD_NOT_APPLICABLE, /* this transport can't carry that size, or wait that way */
    RECORD_STATUSES
};
/* Why a trial ran: to time, or to count system calls, which spoils the timing. */
enum record_purpose { RECORD_TIMING, RECORD_COUNTING };
extern const char *const record_purposes[]; /* "timing", "counting" */

extern const char *const record_statuses[]; /* "ok", "failed", "skipped", "not applicable" */

#define RECORD_FACTS 40
/* The fact of a trial whose transport is not a channel: why not (see transport.h). */
#define RECORD_NOT_A_CHANNEL "not_a_channel"

/* A fact that a transport noted, or a knob's value. */
struct record_fact {
    char name[48];
    char value[160];
};

/* What one end used during the measured part of the trial, warm-up excluded. */
struct record_end {
    double user_ns, system_ns;
    double voluntary_switches, involuntary_switches;
    double minor_faults, major_faults;
    double migrations;
    double run_wait_ns;         /* ready to run, but waiting for the CPU */
    double first_cpu, last_cpu; /* CPU numbers, at the start and at the end */
};

struct record {
    char key[CELL_KEY_BYTES];
    struct cell cell;
    char group[16]; /* the transport's: "core", "control", ...; empty: not known */
    enum record_purpose purpose;
    enum record_status status;
    char why[768];              /* a sentence, unless ok */
    struct placement placement; /* CPUs asked for */

    /* what was run */
    double exchanges;        /* measured: stamped ones and those in unstamped batches */
    double stamped;          /* of these, how many stand in the histogram */
    double warmup_exchanges; /* not measured */
    double warmup_ns;
    double duration_ns; /* of the measured part */
    double lost;        /* of a stream that may lose messages: sent in that time, and never came */
    uint64_t seed;      /* of the trial's own randomness: the payload */
    char verify[16];    /* "full" or "window": see payload.h */
    char started[32];   /* ISO 8601, UTC */
    char command[512];  /* repeats the trial */

    /* latency of a round trip, ns */
    double mean_ns; /* of the unstamped batches: free of the clock's cost */
    double stamped_mean_ns;
    double min_ns, p50_ns, p90_ns, p99_ns, p999_ns,
        max_ns;              /* NaN where the sample can't carry it */
    double per_second;       /* exchanges, from mean_ns */
    double bytes_per_second; /* payload bytes in both directions */
    char *histogram;         /* histlog text; owned by the record; NULL when there is none */

    struct record_crowd crowd; /* of workloads with phases, or with many clients */

    /* cost and interference */
    double cpu_ns;       /* user and system time of both ends for each exchange */
    double system_calls; /* of both ends for each exchange; only of a trial that counts */
    double instructions, cycles, cache_misses; /* likewise, of any trial */
    struct record_end ends[IPC_ROLES];
    double steal_ns; /* of the CPUs used, during the measured part */

    /* the machine around it: the time of a bare cache line bounced between the two CPUs, and of a
     * fixed piece of work on the client's, before and after */
    double bounce_before_ns, bounce_after_ns;
    double canary_before_ns, canary_after_ns;
    double floor_ns; /* what this trial's CPUs allow for such a cell (calibration.h, expected); NaN
                        where `run` did not tell */
    char flags[96];  /* what interfered, see interference.h; empty: nothing seen */

    /* instrument */
    char clock[16];
    double clock_hz, clock_cost_ns, clock_quantum_ns;

    struct record_fact knobs[RECORD_FACTS];
    size_t knob_count;
    struct record_fact
        facts[RECORD_FACTS]; /* what was read back: buffer sizes, addresses, routes */
    size_t fact_count;
};

/* All numbers unknown, status ok, everything else empty. */
void record_init(struct record *record);
void record_free(struct record *record);

/* Sets the record's status and its sentence (printf-style). */
__attribute__((format(printf, 3, 4))) void
record_conclude(struct record *record, enum record_status status, const char *format, ...);

/* Had the trial one end only? Told by what is not known of the other. */
bool record_is_solo(const struct record *record);

/* A new reference, or NULL without memory. */
json_t *record_to_json(const struct record *record);

/* Fills a record from JSON of the schema; checks every type, length and word. 0, or -EINVAL with a
 * problem that names the field. On failure the record is freed and empty. */
int record_from_json(const json_t *json, struct record *record, struct problem *problem);

/* The key of a cell and its parts as fields of `json`, as trials and cells both have them: 0 or
 * -ENOMEM; and back, from the key, with which the parts must agree: 0 or -EINVAL with a problem. */
int record_cell_to_json(const char *key, const struct cell *cell, json_t *json);
int record_cell_from_json(const json_t *json, char key[CELL_KEY_BYTES], struct cell *cell,
                          struct problem *problem);

/* Appends a fact (or knob) to a list; silently full beyond RECORD_FACTS. A fact that is there with
 * the same value is not added again; with another value it is added as "NAME (2)" and so on. */
void record_add_fact(struct record_fact *list, size_t *count, const char *name, const char *value);

/* The same for the facts of a record, which `record` points to: the `note` of a link. */
void record_note_fact(void *record, const char *name, const char *value);

/* The value of a trial's fact, or NULL. */
const char *record_fact(const struct record *record, const char *name);

#endif
