/* SPDX-License-Identifier: MIT */
/*
 * crowd_setup.c - what may stand in the way of many clients: the transport, the host, its ports and
 * its descriptors.
 */
#include "trial/crowd_setup.h"

#include "trial/record.h"
#include "trial/serve_uring.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Why not, and whether it is the host's doing; NULL: nothing is in the way. */
static const char *refusal(const struct ipc_transport *transport, const struct workload_plan *plan,
                           struct ipc_link *first, enum record_status *status) {
    *status = RECORD_NOT_APPLICABLE;
    if (plan->kind == WORKLOAD_CONNECT && transport->connections->fits(first) != 0)
        return first->fault.detail;
    *status = RECORD_SKIPPED;
    bool ring = plan->kind == WORKLOAD_SERVE && plan->design == WORKLOAD_URING;
    return ring ? serve_uring_refusal() : NULL;
}

bool crowd_setup_begin(struct crowd_links *links, const struct ipc_transport *transport,
                       const struct workload_plan *plan, struct ipc_link *first,
                       struct record *record) {
    struct problem problem = {""};
    enum record_status status;
    const char *why = refusal(transport, plan, first, &status);
    if (why != NULL) {
        record_conclude(record, status, "%s: %s", record->cell.transport, why);
        return false;
    }
    int error = crowd_links_make(links, transport, plan, first, &problem);
    if (error)
        record_conclude(record, error == -EMFILE ? RECORD_NOT_APPLICABLE : RECORD_FAILED, "%s: %s",
                        record->cell.transport, problem.text);
    return error == 0;
}

/* How many connections there may be, and whether that is enough for what was asked for. */
static bool within_ports(struct crowd_links *links, const struct workload_plan *plan,
                         struct record *record) {
    const struct ipc_connections *connections = links->transport->connections;
    struct crowd *crowd = links->crowd;
    if (plan->kind != WORKLOAD_CONNECT || connections->budget == NULL)
        return true;
    crowd->budget = connections->budget(links->links[0]);
    uint64_t measured = crowd->budget / 3 * 2; /* the rest is for the warm-up */
    atomic_init(&crowd->ports, (int64_t)measured);
    if (crowd->budget == 0 || plan->exchanges <= measured)
        return true;
    record_conclude(record, RECORD_NOT_APPLICABLE,
                    "%s: each connection keeps a port for a minute (TIME_WAIT), and %" PRIu64
                    " are free for that: ask for less, or for linger=reset, which keeps none",
                    record->cell.transport, measured);
    return false;
}

static void blame(const struct ipc_link *link, size_t clients, int error, struct record *record) {
    bool full = error == -EMFILE || error == -ENFILE;
    const char *name = record->cell.transport;
    if (error == -EEXIST)
        record_conclude(
            record, RECORD_NOT_APPLICABLE,
            "%s: its objects have one number for each trial, so that it has one client only", name);
    else
        record_conclude(record, full ? RECORD_SKIPPED : RECORD_FAILED,
                        "%s: a link for each of %zu clients: setup failed in %s: %s%s", name,
                        clients, link->fault.call ? link->fault.call : "an unnamed call",
                        strerror(-error),
                        full ? "; allow more descriptors (ulimit -n), or take fewer clients" : "");
}

bool crowd_setup_finish(struct crowd_links *links, const struct workload_plan *plan,
                        struct record *record) {
    struct ipc_link *failed = NULL;
    int error = crowd_links_setup(links, &failed);
    if (error)
        blame(failed, plan->clients, error, record);
    return error == 0 && within_ports(links, plan, record);
}
