/* SPDX-License-Identifier: MIT */
/*
 * ability.h - which workloads a transport can do, by what its structure says. No system calls.
 */
#ifndef BENCH_ABILITY_H
#define BENCH_ABILITY_H

#include "base/problem.h"
#include "plugin/registry.h"
#include "plugin/workload_spec.h"

/* Can the entry's transport, with these knobs as a user sets them, wait so, and do that workload?
 * 0, or -EOPNOTSUPP with a sentence that says why not. The entry must be one that can be used. */
int ability_check(const struct registry_entry *entry, const char *knobs,
                  const struct workload_spec *spec, enum ipc_wait wait, struct problem *problem);

/* Why it allows no more than one message under way in each direction; NULL when it allows more.
 * With presets it is the knobs that decide: see struct ipc_preset. */
const char *ability_one_at_a_time(const struct registry_entry *entry, const char *knobs);

#endif
