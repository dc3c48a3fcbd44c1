/* SPDX-License-Identifier: MIT */
/*
 * probe.h - asks a transport whether this host may run it, without trusting its answer to come: the
 * question is put in a child process, which may enter a network namespace, crash or hang.
 */
#ifndef BENCH_PROBE_H
#define BENCH_PROBE_H

#include "base/problem.h"
#include "plugin/registry.h"

#include <stdbool.h>

/* True when the transport of a usable entry, with its default knobs or its preset, can run here;
 * else `why` holds one sentence. It is asked in the surroundings that a trial would have. `limit`
 * is the largest message that this host lets it carry, where it says so; else 0. Without an answer
 * within `deadline_ms` the child is killed. */
bool probe_entry(const struct registry_entry *entry, int deadline_ms, size_t *limit,
                 struct problem *why);

#endif
