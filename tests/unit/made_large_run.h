/* SPDX-License-Identifier: MIT */
/*
 * made_large_run.h - a made-up run of the default plan's size with plausible values, for looking at
 * the pictures without measuring. The same each time.
 */
#ifndef TESTS_MADE_LARGE_RUN_H
#define TESTS_MADE_LARGE_RUN_H

#include "made_run.h"

/* What a round trip may cost: the median in ns at small sizes, and what each byte adds. */
struct plausible {
    const char *transport;
    double block_same_ns, block_cross_ns, spin_ns, byte_ns;
};

static const struct plausible plausible[] = {
    {"null", 30, 30, NAN, 0.02},
    {"pipe", 4450, 50000, 860, 0.35},
    {"shm", 4700, 59000, 72, 0.12},
    {"tcp-localhost", 13800, 61000, 7600, 0.45},
    {"tcp-public", 14200, 61500, 7700, 0.45},
    {"unix", 9500, 50500, 3400, 0.5},
};

/* Uniform in [0, 1), from a seed: the pictures are the same each time. */
static inline double uniform(uint64_t *seed) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*seed >> 11) / 9007199254740992.0;
}

/* Some scatter, a heavier tail for one exchange in 50, and a rare long wait. */
static inline double sample(double base, uint64_t *seed) {
    double ns = base * (0.95 + 0.1 * uniform(seed));
    if (uniform(seed) < 0.02)
        ns *= 1.2 + 2 * uniform(seed);
    if (uniform(seed) < 0.0005)
        ns += 200000 * uniform(seed);
    return ns;
}

static inline void add_plausible(struct run *run, struct cell cell, double base, uint64_t seed) {
    struct record trial;
    struct histogram *histogram = malloc(sizeof *histogram);
    assert_non_null(histogram);
    histogram_reset(histogram);
    double drift = 0.97 + 0.06 * uniform(&seed), sum = 0;
    for (int i = 0; i < 10000; i++) {
        double ns = sample(base * drift, &seed);
        histogram_record(histogram, (uint64_t)ns);
        sum += ns;
    }
    record_init(&trial);
    trial.cell = cell;
    cell_format(&cell, trial.key);
    (void)snprintf(trial.started, sizeof trial.started, "2025-11-23T10:00:00Z");
    trial.stamped = trial.exchanges = 10000;
    trial.mean_ns = sum / 10000;
    trial.min_ns = (double)histogram->min_ns;
    trial.p50_ns = (double)histogram_percentile(histogram, 50);
    trial.p99_ns = (double)histogram_percentile(histogram, 99);
    trial.per_second = 1e9 / trial.mean_ns;
    trial.bytes_per_second = 2 * (double)cell.size_bytes * trial.per_second;
    trial.histogram = histlog_encode(histogram);
    free(histogram);
    assert_int_equal(run_add(run, &trial), 0);
}

/* The base cost of a cell, NaN where it makes no sense. */
static inline double plausible_ns(const struct plausible *of, enum ipc_wait wait, int cross) {
    if (wait == IPC_BLOCK)
        return cross ? of->block_cross_ns : of->block_same_ns;
    if (wait == IPC_SPIN)
        return cross ? of->spin_ns : NAN;
    return strcmp(of->transport, "shm") != 0 ? NAN : cross ? 75 : of->block_same_ns * 1.3;
}

static inline void made_large(struct run *run, double scale) {
    static const uint64_t sizes[] = {8, 64, 1024, 4096, 65536};
    uint64_t seed = 1;
    for (size_t t = 0; t < sizeof plausible / sizeof *plausible; t++)
        for (int point = 0; point < IPC_WAITS * 2 * 5 * 3; point++) {
            enum ipc_wait wait = (enum ipc_wait)(point / 30);
            int cross = point / 15 % 2;
            uint64_t bytes = sizes[point / 3 % 5];
            double base = plausible_ns(&plausible[t], wait, cross);
            if (!isnan(base))
                add_plausible(run,
                              made_cell(plausible[t].transport, wait,
                                        cross ? "cross-core" : "same-core", bytes),
                              scale * (base + plausible[t].byte_ns * (double)bytes), ++seed);
        }
    run->complete = 1;
    assert_int_equal(run_summarise(run), 0);
}

#endif
