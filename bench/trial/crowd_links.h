/* SPDX-License-Identifier: MIT */
/*
 * crowd_links.h - in the trial's parent: may the transport have so many clients, and what a crowd
 * needs before both ends start: the further links, and what they share.
 */
#ifndef BENCH_CROWD_LINKS_H
#define BENCH_CROWD_LINKS_H

#include "trial/crowd.h"

/* What a further link calls its own. */
struct crowd_names {
    char name[64], folder[128];
};

/* All of it; zeroed: nothing. */
struct crowd_links {
    const struct ipc_transport *transport;
    struct crowd *crowd; /* shared by both ends */
    struct ipc_link **links;
    size_t count, ready;       /* links, and how many of them setup has seen */
    struct crowd_names *names; /* of each link; the first has its own elsewhere */
    void *untouched;           /* the first link before its setup */
    int *reserved;
    size_t reserved_count;
};

/* Can the transport do this workload at all, at this wait and size? NULL, or why not. No system
 * calls.
 */
const char *crowd_links_refusal(const struct ipc_transport *transport,
                                const struct workload_plan *plan, enum ipc_wait wait,
                                uint64_t size_bytes);

/* Before the first setup: memory, and the descriptors that select will want. -EMFILE: there can't
 * be so many; the sentence says why. `first` has its knobs. 0 or -errno. */
int crowd_links_make(struct crowd_links *links, const struct ipc_transport *transport,
                     const struct workload_plan *plan, struct ipc_link *first,
                     struct problem *problem);

/* After the first link's setup: that of all others, each with a name, a token and a folder of its
 * own, and else as the first was when crowd_links_make saw it. On failure *failed is the link whose
 * fault says why. */
int crowd_links_setup(struct crowd_links *links, struct ipc_link **failed);

/* Cleans up and frees all but the first link. */
void crowd_links_free(struct crowd_links *links);

#endif
