/* SPDX-License-Identifier: MIT */
/*
 * interference.c - one predicate for each flag; NaN compares false, so that the unknown flags
 * nothing.
 */
#include "trial/interference.h"

#include "trial/outcome_crowd.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool on_one_cpu(const struct record *r) {
    return r->placement.client_cpu >= 0 && r->placement.server_cpu == r->placement.client_cpu;
}

static bool stolen(const struct record *r) {
    return r->steal_ns > 0.01 * r->duration_ns;
}

static double cpu_of(const struct record_end *end) {
    return end->user_ns + end->system_ns;
}

static bool crowded(const struct record *r) {
    const struct record_end *server = &r->ends[IPC_SERVER], *client = &r->ends[IPC_CLIENT];
    double used = cpu_of(client) + (record_is_solo(r) ? 0 : cpu_of(server));
    if (r->placement.client_cpu < 0)
        return false;
    if (on_one_cpu(r) || record_is_solo(r))
        return used < 0.95 * r->duration_ns;
    return server->run_wait_ns > 0.02 * r->duration_ns ||
           client->run_wait_ns > 0.02 * r->duration_ns;
}

static bool migrated(const struct record *r) {
    return r->placement.client_cpu >= 0 &&
           (r->ends[IPC_SERVER].migrations > 0 || r->ends[IPC_CLIENT].migrations > 0);
}

static bool faulted(const struct record *r) {
    for (int role = 0; role < IPC_ROLES; role++)
        if (r->ends[role].major_faults > 0 || r->ends[role].minor_faults > 16)
            return true;
    return false;
}

static bool changed(double before, double after, double most) {
    return after > before * most || before > after * most;
}

static bool drifted(const struct record *r) {
    return changed(r->canary_before_ns, r->canary_after_ns, 1.05);
}

static bool moved_apart(const struct record *r) {
    return changed(r->bounce_before_ns, r->bounce_after_ns, 1.5);
}

static const struct {
    const char *word;
    bool (*raised)(const struct record *);
} flags[] = {{"steal", stolen},
             {"neighbour", crowded},
             {"migrated", migrated},
             {"faults", faulted},
             {"frequency", drifted},
             {"distance", moved_apart},
             {"uneven", outcome_crowd_uneven}};

void interference_flag(struct record *record) {
    size_t used = 0;
    record->flags[0] = '\0';
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].raised(record))
            used += (size_t)snprintf(record->flags + used, sizeof record->flags - used, "%s%s",
                                     used ? ", " : "", flags[i].word);
}
