/* SPDX-License-Identifier: MIT */
/*
 * calibration.h - what this host allows, as plain numbers: the clock, the floors of one CPU, and
 * those of each pair of CPUs; and the floor of a cell, which follows from them. docs/method.md,
 * "Floors", gives the reasons. No system calls: calibrate.h measures.
 */
#ifndef BENCH_CALIBRATION_H
#define BENCH_CALIBRATION_H

#include "base/problem.h"
#include "host/floor.h"
#include "host/topology.h"
#include "plugin/cell.h"
#include "trial/record.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The sizes whose copies are timed: from the L1 cache to memory. */
enum { CALIBRATION_SIZES = 8 };
extern const size_t calibration_sizes[CALIBRATION_SIZES];

#define CALIBRATION_PAIRS 64 /* at most */

struct calibration_copy {
    size_t size_bytes;
    struct floor_sample bytes_per_second; /* bytes copied: each is read once and written once */
};

/* What is not possible at a placement is not known (NaN): a bounce or a line on one CPU or
 * unpinned, a switch on two CPUs or unpinned. */
struct calibration_pair {
    struct placement placement;
    struct floor_sample bounce_ns; /* a cache line, there and back */
    struct floor_sample line_ns;   /* a cache line of 64 bytes, one way, with many under way */
    struct floor_sample wakeup_ns; /* one wake-up of a sleeping thread */
    struct floor_sample switch_ns; /* one switch between two threads */
};

struct calibration {
    char clock[16];
    double clock_hz, clock_cost_ns, clock_quantum_ns;
    struct floor_sample system_call_ns;
    struct calibration_copy copies[CALIBRATION_SIZES]; /* by size, ascending */
    size_t copy_count;
    struct calibration_pair pairs[CALIBRATION_PAIRS]; /* no two of one name */
    size_t pair_count;
    double took_ns; /* all of it together */
};

/* Nothing known, no copies, no pairs. */
void calibration_init(struct calibration *calibration);

/* The floors of the mean round trip of a cell. NaN where the calibration doesn't tell. */
struct calibration_floor {
    double hard_ns;     /* impossible below: such a result is wrong */
    double expected_ns; /* what a transport without any cost of its own would take at that wait;
                           results are shown as multiples of it. Luck can undercut it */
};

/* How much of a floor is hard: the host may have become that much faster since it was measured (a
 * higher clock rate, a virtual CPU that has moved). */
#define CALIBRATION_HARD_SHARE 0.5
/* What a line is wherever lines are counted. */
#define CALIBRATION_LINE_BYTES 64.0

/* And no bounce is harder than this, in ns: about half of the fastest that two cores of one cache
 * are known to do. A virtual machine's CPUs were seen to come eight times as near for the length of
 * a trial, and to be apart again before and after it. */
#define CALIBRATION_HARD_BOUNCE_NS 25.0

/* `solo`: the transport has no server, and nothing to wait for; then there is no floor. */
struct calibration_floor calibration_floor_ns(const struct calibration *calibration,
                                              const struct cell *cell, bool solo);

/* The calibration at the moment of a trial: with what the trial's own ends found (the lesser of the
 * two) in place of the bounce of its placement, and lines in proportion, since a virtual machine's
 * CPUs may have moved. */
struct calibration calibration_at(const struct calibration *calibration,
                                  const struct record *record);

/* The floor of that trial, at that moment. */
struct calibration_floor calibration_floor_of(const struct calibration *at,
                                              const struct record *record);

/* A new reference, or NULL without memory. */
json_t *calibration_to_json(const struct calibration *calibration);

/* Fills a calibration from JSON, in which every field must be, of the right type and possible. 0,
 * or -EINVAL with a problem that names the field; then nothing is known. */
int calibration_from_json(const json_t *json, struct calibration *calibration,
                          struct problem *problem);

#endif
