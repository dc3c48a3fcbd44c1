/* SPDX-License-Identifier: MIT */
/*
 * environment.h - what this host and this build are, as JSON, since it is part of every result:
 * CPU, kernel, governor, mitigations, hypervisor, libc, compiler, flags, commit. What can't be
 * known is null.
 */
#ifndef BENCH_ENVIRONMENT_H
#define BENCH_ENVIRONMENT_H

#include <jansson.h>

/* A new reference, or NULL without memory. */
json_t *environment_collect(void);

/* The same with `root` in front of every path below /proc and /sys, for tests ("": this host). What
 * is not read from a file (the processor's own name for its hypervisor, page size, machine) is
 * left out or taken from this host. */
json_t *environment_collect_from(const char *root);

#endif
