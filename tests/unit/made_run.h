/* SPDX-License-Identifier: MIT */
/*
 * made_run.h - made-up runs for the tests of figures and reports.
 */
#ifndef TESTS_MADE_RUN_H
#define TESTS_MADE_RUN_H

#include "report/figure.h"
#include "stats/histlog.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline struct cell made_cell(const char *transport, enum ipc_wait wait,
                                    const char *placement, uint64_t bytes) {
    struct cell cell = {.workload = "pingpong", .wait = wait, .size_bytes = bytes};
    (void)snprintf(cell.transport, sizeof cell.transport, "%s", transport);
    (void)snprintf(cell.placement, sizeof cell.placement, "%s", placement);
    return cell;
}

/* A cell of two trials, 20% below and above its throughput. */
static inline void made_add(struct run *run, struct cell cell, double p50_ns, double p99_ns) {
    struct record trial;
    char key[CELL_KEY_BYTES];
    cell_format(&cell, key);
    for (int i = 0; i < 2; i++) {
        record_init(&trial);
        trial.cell = cell;
        (void)snprintf(trial.key, sizeof trial.key, "%s", key);
        (void)snprintf(trial.started, sizeof trial.started, "2025-11-2%dT10:00:00Z", 3 - i);
        trial.bytes_per_second = (i ? 1.2 : 0.8) * 2e9 * (double)cell.size_bytes / p50_ns;
        assert_int_equal(run_add(run, &trial), 0);
    }
    run->cells = realloc(run->cells, (run->cell_count + 1) * sizeof *run->cells);
    assert_non_null(run->cells);
    struct cell_summary *summary = &run->cells[run->cell_count++];
    *summary = (struct cell_summary){.cell = cell, .status = RECORD_OK, .trials = 2};
    (void)snprintf(summary->key, sizeof summary->key, "%s", key);
    summary->exchanges = 20000;
    summary->min_ns = p50_ns / 2;
    summary->p50_ns = p50_ns;
    summary->p50_low_ns = p50_ns - 10;
    summary->p50_high_ns = p50_ns + 20;
    summary->p99_ns = p99_ns;
    summary->bytes_per_second = 2e9 * (double)cell.size_bytes / p50_ns;
}

static inline json_t *made_environment(const char *host, const char *cpu) {
    return json_pack("{s:s, s:{s:s}, s:{s:s}}", "host", host, "cpu", "model", cpu, "kernel",
                     "release", "6.1");
}

/* Two transports, two sizes, one wait and placement; and a cell that failed. */
static inline void made_small(struct figure_run *of, const char *name) {
    *of = (struct figure_run){.run = {.complete = 1}};
    (void)snprintf(of->name, sizeof of->name, "%s", name);
    of->run.environment = made_environment("here", "A CPU");
    made_add(&of->run, made_cell("unix", IPC_BLOCK, "same-core", 64), 9500, NAN);
    made_add(&of->run, made_cell("pipe", IPC_BLOCK, "same-core", 4096), 5000, 7000);
    made_add(&of->run, made_cell("pipe", IPC_BLOCK, "same-core", 64), 4500, 6000);
    made_add(&of->run, made_cell("shm", IPC_BLOCK, "same-core", 64), 1, 1);
    of->run.cells[3].status = RECORD_FAILED;
}

/* Gives both trials of the first cell a half of 1..1000 ns. */
static inline void made_histograms(struct run *run) {
    struct histogram *histogram = malloc(sizeof *histogram);
    assert_non_null(histogram);
    for (size_t half = 0; half < 2; half++) {
        histogram_reset(histogram);
        for (uint64_t ns = half + 1; ns <= 1000; ns += 2)
            histogram_record(histogram, ns);
        run->trials[half].histogram = histlog_encode(histogram);
        assert_non_null(run->trials[half].histogram);
    }
    free(histogram);
}

#endif
