/* SPDX-License-Identifier: MIT */
/*
 * claims_gather.h - which pairs of cells each claim is held against. Each function adds the pairs
 * of one claim, and returns 0 or -ENOMEM.
 */
#ifndef BENCH_CLAIMS_GATHER_H
#define BENCH_CLAIMS_GATHER_H

#include "judge/claims.h"

/* For each wait, placement and size of ping-pong: the best of one kind against the best of the
 * others, among the kernel's own mechanisms: what a library makes of them is another matter. */
int claims_gather_sockets(const struct run *run, struct claim *claim);
int claims_gather_pipes_and_memory(const struct run *run, struct claim *claim);

/* The loopback address against the other one. */
int claims_gather_addresses(const struct run *run, struct claim *claim);

/* An exchange on a standing connection against a connection for each. */
int claims_gather_connections(const struct run *run, struct claim *claim);

/* select against a thread and against a process for each client. */
int claims_gather_servers(const struct run *run, struct claim *claim);

/* The mechanism in C against multiprocessing upon it. */
int claims_gather_multiprocessing(const struct run *run, struct claim *claim);

#endif
