/* SPDX-License-Identifier: MIT */
/*
 * judged_run.h - a run of cells with given medians and intervals, for the tests of what is
 * concluded from cells (verdict, claims).
 */
#ifndef TESTS_JUDGED_RUN_H
#define TESTS_JUDGED_RUN_H

#include "run/run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Adds an ok cell of that key; `half` is the half width of its interval, as a share; NaN: none. */
static inline struct cell_summary *judged_add(struct run *run, const char *key, const char *group,
                                              double p50_ns, double half) {
    struct problem problem;
    run->cells = realloc(run->cells, (run->cell_count + 1) * sizeof *run->cells);
    assert_non_null(run->cells);
    struct cell_summary *cell = &run->cells[run->cell_count++];
    *cell = (struct cell_summary){.status = RECORD_OK, .trials = 5};
    assert_int_equal(cell_parse(key, &cell->cell, &problem), 0);
    (void)snprintf(cell->key, sizeof cell->key, "%s", key);
    (void)snprintf(cell->group, sizeof cell->group, "%s", group);
    cell->p50_ns = p50_ns;
    cell->p50_low_ns = p50_ns * (1 - half);
    cell->p50_high_ns = p50_ns * (1 + half);
    cell->cpu_ns = p50_ns * 2;
    return cell;
}

#endif
