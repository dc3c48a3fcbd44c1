/* SPDX-License-Identifier: MIT */
/*
 * probe.h - asks a transport whether this host may run it, without trusting its answer to come: the
 * question is put in a child process, which may enter a network namespace, crash or hang.
 */
#ifndef BENCH_PROBE_H
#define BENCH_PROBE_H

#include "problem.h"
#include "registry.h"

#include <stdbool.h>

/* True when the transport of a usable entry, with its default knobs or its preset, can run here;
 * else `why` holds one sentence. A transport that needs a network is asked inside the network that
 * a trial would use (NETWORK_AUTO). Without an answer within `deadline_ms` the child is killed. */
bool probe_entry(const struct registry_entry *entry, int deadline_ms, struct problem *why);

#endif
