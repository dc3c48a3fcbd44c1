/* SPDX-License-Identifier: MIT */
/*
 * sweep.h - removes what earlier trials left that were killed with all their processes: the objects
 * that bear the name or the key of a trial (see NAMES in transport.h) whose process is dead, and
 * nothing else.
 */
#ifndef BENCH_SWEEP_H
#define BENCH_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Sweeps /dev/shm, /dev/mqueue, the folder of the trials' folders, and the SysV queues, semaphore
 * sets and segments. Only what belongs to the calling user. Returns how many things it removed;
 * what can't be removed is left without a word, since nothing depends on it. */
size_t sweep(void);

/* The process of a trial's name, "ipcbench-PID-RANDOM" with or without a suffix; 0: not a name of
 * that kind. */
pid_t sweep_process(const char *name);

/* The process of a SysV key that ipc_key_of() of helper.h made; 0: not of that kind. */
pid_t sweep_process_of_key(key_t key);

#endif
