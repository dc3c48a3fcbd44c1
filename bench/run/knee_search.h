/* SPDX-License-Identifier: MIT */
/*
 * knee_search.h - the search for a knee as a cell of a plan, "pipe/rate:hz=1000,search=knee/...":
 * its trials are those of ordinary cells, one for each rate. No system calls.
 */
#ifndef BENCH_KNEE_SEARCH_H
#define BENCH_KNEE_SEARCH_H

#include "plugin/cell.h"
#include "run/knee.h"
#include "run/run.h"

#include <stdio.h>

/* Is it a search, rather than a cell that can be measured? */
bool knee_search_is(const struct cell *cell);

/* Where such a search begins. */
void knee_search_begin(const struct cell *search, struct knee *knee);

/* The cell that its next trial measures, and its key. */
void knee_search_next(const struct cell *search, const struct knee *knee, struct cell *next,
                      char key[CELL_KEY_BYTES]);

/* Notes a trial of that cell, whose figures count as a run file keeps them. One that failed did not
 * keep up; what is not possible here says nothing. */
void knee_search_note(struct knee *knee, const struct record *trial);

/* Writes the searches of a run's plan one by one, each with what it found as a sentence. Returns
 * their number. */
typedef void knee_search_writer(FILE *to, bool first, const char *key, const char *found);
size_t knee_search_each(const struct run *run, FILE *to, knee_search_writer *write);

/* The searches of a run's plan and what they found: as lines of text; as a new array, of objects
 * with `key`, `done`, `kept_hz`, `missed_hz` (null: none) and `low_p99_ns`, or NULL without memory.
 */
void knee_search_show(FILE *to, const struct run *run);
json_t *knee_search_to_json(const struct run *run);

#endif
