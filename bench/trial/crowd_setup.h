/* SPDX-License-Identifier: MIT */
/*
 * crowd_setup.h - a trial's setup of many clients, before and after that of its first link; the
 * record says why where it can't be.
 */
#ifndef BENCH_CROWD_SETUP_H
#define BENCH_CROWD_SETUP_H

#include "trial/crowd_links.h"
#include "trial/record.h"

/* False when the record has its verdict already. `first` has its knobs and has been probed. */
bool crowd_setup_begin(struct crowd_links *links, const struct ipc_transport *transport,
                       const struct workload_plan *plan, struct ipc_link *first,
                       struct record *record);
bool crowd_setup_finish(struct crowd_links *links, const struct workload_plan *plan,
                        struct record *record);

#endif
