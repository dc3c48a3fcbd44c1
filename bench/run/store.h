/* SPDX-License-Identifier: MIT */
/*
 * store.h - run files. A run file appears whole or not at all; while a run goes on, its finished
 * trials stand in a journal beside it (RUN.json.journal, JSON lines), which survives a kill of the
 * run and can be shown like a run file.
 */
#ifndef BENCH_STORE_H
#define BENCH_STORE_H

#include "base/problem.h"
#include "run/run.h"

#define STORE_SCHEMA "ipcbench-run-1"

struct store; /* an open journal */

/* Makes the folder if its parent exists, checks that both files can be written, refuses to
 * overwrite a run file, starts the journal. 0 or -errno with a problem. */
int store_begin(const char *path, const json_t *environment, const json_t *options,
                struct store **store, struct problem *problem);

/* Takes up a run that was interrupted: `path` is its run file or its journal, which must belong to
 * this user and to no run that still goes on. Reads it into `run` as store_load does, and opens the
 * journal for further trials, made anew from the run file where only that is left; a last line that
 * was cut goes. Where nothing is to be resumed, because the run is complete, *store is NULL. 0 or
 * -errno with a problem. */
int store_resume(const char *path, struct run *run, struct store **store, struct problem *problem);

/* Appends a finished trial to the journal and syncs it. */
int store_append(struct store *store, const struct record *record, struct problem *problem);

/* Writes the run file (without a name, fsync, link; or aside and rename), removes the journal,
 * frees the store. On failure the journal stays, and the problem says where it is. run->cells must
 * be made; its environment and options, where not NULL, stand in for those of the beginning. */
int store_finish(struct store *store, const struct run *run, struct problem *problem);

/* Gives up without a run file: removes the journal if it holds no trial; frees the store. */
void store_abandon(struct store *store);

/* Reads a run file or a journal into `run`, summaries included (made anew from the trials).
 * run->complete is 0 for a journal, and where options.interrupted is true. Refuses what is not one
 * of ours, is damaged, or is of another schema, with one sentence; `run` is then empty.
 * -EPROTOTYPE: it is what a duet found. */
int store_load(const char *path, struct run *run, struct problem *problem);

#endif
