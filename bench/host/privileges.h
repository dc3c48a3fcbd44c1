/* SPDX-License-Identifier: MIT */
/*
 * privileges.h - what root may do that no trial needs, this program and all that it starts give up
 * as they begin.
 */
#ifndef BENCH_PRIVILEGES_H
#define BENCH_PRIVILEGES_H

/* Gives up every capability but those that namespaces, locked memory, large buffers, counting and
 * files of others need, and forbids that a program which is started gains any
 * (no_new_privs). Nothing to be reported: what can't be given up wasn't there. */
void privileges_drop(void);

/* What an end of a trial gives up of the rest, once its parent has made everything: it keeps what
 * counting, reading its peer's memory, locked memory and large buffers need. Each thread that
 * is started from here on has no more. */
void privileges_drop_for_end(void);

#endif
