/* SPDX-License-Identifier: MIT */
/*
 * ability.c - one check for each workload that not every transport can do.
 */
#include "trial/ability.h"

#include "plugin/cell.h"
#include "plugin/guest.h"
#include "plugin/knobs.h"
#include "trial/crowd_links.h"

#include <errno.h>
#include <stdlib.h>

/* The clause of the first preset whose settings the link has. */
static const char *clause_of_preset(const struct ipc_transport *transport,
                                    const struct ipc_link *link) {
    const struct ipc_preset *preset = transport->presets;
    while (preset->name != NULL &&
           (preset->one_at_a_time == NULL || !knobs_hold(transport, preset->knobs, link)))
        preset++;
    return preset->one_at_a_time;
}

const char *ability_one_at_a_time(const struct registry_entry *entry, const char *knobs) {
    const struct ipc_transport *transport = entry->transport;
    struct problem none = {""};
    const char *clause = NULL;
    if (transport->presets == NULL)
        return transport->one_at_a_time;
    struct ipc_link *link = calloc(1, transport->link_bytes);
    if (link != NULL && knobs_apply(transport, entry->preset ? entry->preset->knobs : NULL, knobs,
                                    link, &none) == 0)
        clause = clause_of_preset(transport, link);
    free(link);
    return clause != NULL ? clause : transport->one_at_a_time;
}

static int check_stream(const struct registry_entry *entry, const char *single,
                        const struct workload_spec *spec, enum ipc_wait wait,
                        struct problem *problem) {
    const char *lossy = entry->transport->no_flow_control;
    if (single != NULL)
        return problem_set(problem, EOPNOTSUPP, "%s can't stream: %s", entry->name, single);
    if (lossy != NULL && spec->depth == 0)
        return problem_set(problem, EOPNOTSUPP,
                           "%s has no flow control (%s), so that a stream needs a depth, as in "
                           "stream:depth=8",
                           entry->name, lossy);
    if (spec->inplace != WORKLOAD_COPIED && entry->transport->in_place[wait] == NULL)
        return problem_set(problem, EOPNOTSUPP, "%s can't hand messages over in place: it copies",
                           entry->name);
    return 0;
}

/* Of the sizes only the trial knows. */
static int check_crowd(const struct registry_entry *entry, const struct workload_spec *spec,
                       enum ipc_wait wait, struct problem *problem) {
    enum { ANY_BYTES = 8 };
    const struct workload_plan plan = {
        .kind = spec->kind, .clients = spec->clients, .design = spec->design};
    char workload[WORKLOAD_SPEC_BYTES];
    const char *why = crowd_links_refusal(entry->transport, &plan, wait, ANY_BYTES);
    workload_spec_format(spec, workload);
    return why ? problem_set(problem, EOPNOTSUPP, "%s can't do %s: %s", entry->name, workload, why)
               : 0;
}

static int check_guest(const struct registry_entry *entry, const struct workload_spec *spec,
                       enum ipc_wait wait, struct problem *problem) {
    bool plain =
        spec->kind == WORKLOAD_STREAM && spec->depth == 0 && spec->inplace == WORKLOAD_COPIED;
    if (spec->kind == WORKLOAD_PINGPONG || (plain && entry->guest->streams[wait]))
        return 0;
    return problem_set(
        problem, EOPNOTSUPP, "%s is a guest, and its program runs nothing but %s when it has to %s",
        entry->name, entry->guest->streams[wait] ? "pingpong and a plain stream" : "pingpong",
        cell_waits[wait]);
}

int ability_check(const struct registry_entry *entry, const char *knobs,
                  const struct workload_spec *spec, enum ipc_wait wait, struct problem *problem) {
    if (entry->transport->messages[wait] == NULL)
        return problem_set(problem, EOPNOTSUPP,
                           "%s can't %s: `ipcbench list` shows how each can wait", entry->name,
                           cell_waits[wait]);
    if (entry->guest != NULL)
        return check_guest(entry, spec, wait, problem);
    const char *single = ability_one_at_a_time(entry, knobs);
    if (spec->kind == WORKLOAD_TWICE && single != NULL)
        return problem_set(problem, EOPNOTSUPP, "%s can't carry two messages at a time: %s",
                           entry->name, single);
    if (spec->clients > 0)
        return check_crowd(entry, spec, wait, problem);
    return spec->kind == WORKLOAD_STREAM ? check_stream(entry, single, spec, wait, problem) : 0;
}
