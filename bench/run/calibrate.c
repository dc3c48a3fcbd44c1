/* SPDX-License-Identifier: MIT */
/*
 * calibrate.c - asks floor.h for each number of a calibration.
 */
#include "run/calibrate.h"

#include "base/clock.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { AGAIN = 3 }; /* before a result is called impossible */

static void note_clock(struct calibration *calibration) {
    struct clock clock;
    clock_calibrate(&clock);
    (void)snprintf(calibration->clock, sizeof calibration->clock, "%s", clock_name(&clock));
    calibration->clock_hz = clock.hz;
    calibration->clock_cost_ns = clock.cost_ns;
    calibration->clock_quantum_ns = clock.quantum_ns;
}

/* The clock, a system call and copies, on the CPU of "same-core"; forgets what the calibration
 * held.
 */
static int measure_host(const struct topology *topology, struct calibration *calibration,
                        struct problem *problem) {
    struct placement place;
    calibration_init(calibration);
    int error = topology_place(topology, "same-core", &place, problem);
    if (error)
        return error;
    note_clock(calibration);
    error = floor_system_call(place.client_cpu, &calibration->system_call_ns, problem);
    for (size_t i = 0; i < CALIBRATION_SIZES && !error; i++) {
        struct calibration_copy *copy = &calibration->copies[i];
        copy->size_bytes = calibration_sizes[i];
        error = floor_copy(place.client_cpu, copy->size_bytes, &copy->bytes_per_second, problem);
        calibration->copy_count += !error;
    }
    return error;
}

/* What that placement allows. */
static int measure_pair(const struct placement *place, struct calibration_pair *pair,
                        struct problem *problem) {
    bool pinned = place->server_cpu >= 0 && place->client_cpu >= 0;
    bool one_cpu = pinned && place->server_cpu == place->client_cpu;
    int error = floor_wakeups(place->server_cpu, place->client_cpu, &pair->wakeup_ns, problem);
    if (!error && one_cpu)
        error = floor_switches(place->client_cpu, &pair->switch_ns, problem);
    if (!error && pinned && !one_cpu)
        error = floor_bounces(place->server_cpu, place->client_cpu, &pair->bounce_ns, problem);
    if (!error && pinned && !one_cpu)
        error = floor_lines(place->server_cpu, place->client_cpu, &pair->line_ns, problem);
    return error;
}

static struct floor_sample lower(struct floor_sample before, struct floor_sample now) {
    return isnan(before.best) || now.best < before.best ? now : before;
}

static int measure_again(struct calibration_pair *pair, struct problem *problem) {
    struct calibration_pair now = *pair;
    int error = measure_pair(&pair->placement, &now, problem);
    if (error)
        return error;
    pair->bounce_ns = lower(pair->bounce_ns, now.bounce_ns);
    pair->line_ns = lower(pair->line_ns, now.line_ns);
    pair->wakeup_ns = lower(pair->wakeup_ns, now.wakeup_ns);
    pair->switch_ns = lower(pair->switch_ns, now.switch_ns);
    return 0;
}

static int add_pair(const struct placement *placement, struct calibration *calibration,
                    struct problem *problem) {
    if (calibration->pair_count == CALIBRATION_PAIRS)
        return problem_set(problem, ENOSPC, "a calibration holds at most %d placements",
                           CALIBRATION_PAIRS);
    struct calibration_pair *room = &calibration->pairs[calibration->pair_count], pair = *room;
    pair.placement = *placement;
    int error = measure_pair(placement, &pair, problem);
    if (!error) {
        *room = pair;
        calibration->pair_count++;
    }
    return error;
}

int calibrate_pair(const struct placement *placement, struct calibration *calibration,
                   struct problem *problem) {
    struct calibration_pair *pair = NULL;
    for (size_t i = 0; i < calibration->pair_count && pair == NULL; i++)
        if (strcmp(calibration->pairs[i].placement.name, placement->name) == 0)
            pair = &calibration->pairs[i];
    if (pair == NULL)
        return add_pair(placement, calibration, problem);
    if (pair->placement.server_cpu != placement->server_cpu ||
        pair->placement.client_cpu != placement->client_cpu)
        return problem_set(problem, EEXIST, "the placement %s was calibrated on other CPUs",
                           placement->name);
    return measure_again(pair, problem);
}

/* Is it below the floor, as far as that is known? */
static bool below_floor(const struct calibration *calibration, const struct cell *cell, bool solo,
                        double mean_ns) {
    return mean_ns < calibration_floor_ns(calibration, cell, solo).hard_ns;
}

int calibrate_judge(const struct placement *placement, const struct cell *cell, bool solo,
                    double mean_ns, struct calibration *calibration, bool *possible,
                    struct problem *problem) {
    int error = 0;
    for (int i = 0; i < AGAIN && !error && below_floor(calibration, cell, solo, mean_ns); i++)
        error = calibrate_pair(placement, calibration, problem);
    *possible = !below_floor(calibration, cell, solo, mean_ns);
    return error;
}

int calibrate(const struct topology *topology, const struct placement *placements, size_t count,
              struct calibration *calibration, struct problem *problem) {
    uint64_t before_ns = clock_system_ns();
    int error = measure_host(topology, calibration, problem);
    for (size_t i = 0; i < count && !error; i++)
        if (placements[i].related[0] != '\0')
            error = calibrate_pair(&placements[i], calibration, problem);
    calibration->took_ns = (double)(clock_system_ns() - before_ns);
    return error;
}
