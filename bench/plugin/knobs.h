/* SPDX-License-Identifier: MIT */
/*
 * knobs.h - reads "bufsize=1M,nodelay=0" against a transport's table of knobs.
 */
#ifndef BENCH_KNOBS_H
#define BENCH_KNOBS_H

#include "base/problem.h"
#include "transport.h"

/* Stores every knob of the transport in the link: its default, then what the preset sets (may be
 * NULL), then what the user sets (may be empty). 0, or -EINVAL with a sentence: an unknown knob
 * (and the nearest), a value that doesn't fit (and the limits). */
int knobs_apply(const struct ipc_transport *transport, const char *preset, const char *user,
                struct ipc_link *link, struct problem *problem);

/* Has the link the values that such a text sets? False also when the text is wrong. */
bool knobs_hold(const struct ipc_transport *transport, const char *text,
                const struct ipc_link *link);

/* Calls `each` with every knob's name and its value as a user would write it. */
void knobs_each(const struct ipc_transport *transport, const struct ipc_link *link,
                void (*each)(void *context, const char *name, const char *value), void *context);

#endif
