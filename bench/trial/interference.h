/* SPDX-License-Identifier: MIT */
/*
 * interference.h - says of a trial's record what else was going on while it ran. No system calls.
 */
#ifndef BENCH_INTERFERENCE_H
#define BENCH_INTERFERENCE_H

#include "trial/record.h"

/* Fills record->flags, words with ", " between them, from the figures of an ok trial:
 *
 *   steal      the hypervisor gave more than 1% of the time to others
 *
 *   neighbour  on one CPU: something else took more than 5% of it; on two: an end that was ready to
 *              run waited for its CPU for more than 2% of the time
 *
 *   migrated   an end that was pinned was moved all the same
 *
 *   faults     a major page fault, or more than 16 minor ones: the ends were not warm
 *
 *   frequency  the fixed work took 5% more or less afterwards than before
 *
 *   distance   the bare cache line took 1.5 times as long, or as short, afterwards as before: a
 *              hypervisor moved the CPUs
 *
 *   uneven     of many clients some stood still while others were at work (Little's law)
 *
 * What isn't known raises no flag. */
void interference_flag(struct record *record);

#endif
