/* SPDX-License-Identifier: MIT */
/*
 * crowd_member.c - what a member of a crowd is made of, and whose fault is whose.
 */
#include "trial/crowd_crew.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *zeroed(size_t bytes) {
    size_t room = (bytes + IPC_ALIGN - 1) / IPC_ALIGN * IPC_ALIGN;
    void *memory = aligned_alloc(IPC_ALIGN, room);
    return memory ? memset(memory, 0, room) : NULL;
}

/* A message of another client's is explained as one. */
static int explain(struct workload *w, uint64_t sequence) {
    const struct crowd_member *member = crowd_member_of(w);
    struct ipc_fault *fault = &w->end->fault;
    size_t other = payload_owner(w->incoming, w->buffer, sequence, member->crew->count);
    fault->call = "verify";
    if (other == member->index || other >= member->crew->count)
        return payload_explain(w->incoming, w->buffer, sequence, fault->detail,
                               sizeof fault->detail);
    (void)snprintf(fault->detail, sizeof fault->detail,
                   "message %llu was mixed up: one of client %zu came in its place",
                   (unsigned long long)sequence, other);
    return -EBADMSG;
}

/* The first member's facts stand for all. */
static void note_nothing(void *notes, const char *name, const char *value) {
    (void)notes;
    (void)name;
    (void)value;
}

static void fill_end(struct crowd_member *member) {
    const struct end_task *task = member->crew->task;
    const struct ipc_end *carrier = member->crew->carrier;
    struct ipc_end *end = member->end;
    end->link = task->links[task->link_count > 1 ? member->index : 0];
    end->role = member->crew->role;
    end->note = member->index == 0 ? carrier->note : note_nothing;
    end->notes = carrier->notes;
}

/* Makes what a member needs: an end, payloads that tell it from all others, a buffer. 0 or -ENOMEM.
 */
static int make(struct crowd_member *member) {
    struct crowd_crew *crew = member->crew;
    const struct end_task *task = crew->task;
    int out = crew->role == IPC_CLIENT ? 0 : 1;
    struct workload *w = &member->workload;
    member->end = zeroed(task->transport->end_bytes);
    w->buffer = zeroed(task->size_bytes);
    int error = member->end && w->buffer ? 0 : -ENOMEM;
    if (!error)
        error =
            payload_make(&member->outgoing, task->size_bytes, task->seed, out, task->verify_full);
    if (!error)
        error = payload_make(&member->incoming, task->size_bytes, task->seed, 1 - out,
                             task->verify_full);
    if (error)
        return error;
    fill_end(member);
    payload_own(&member->outgoing, member->index);
    payload_own(&member->incoming, member->index);
    w->plan = &task->plan;
    w->clock = task->clock;
    w->end = member->end;
    w->messages = task->transport->messages[task->link->wait];
    w->connections = task->transport->connections;
    w->outgoing = &member->outgoing;
    w->incoming = &member->incoming;
    w->turn = &member->shared->turn;
    w->histogram = &task->control->histogram;
    w->result = &member->shared->result;
    w->explain = explain;
    w->context = member;
    return 0;
}

void crowd_member_free(struct crowd_member *member) {
    payload_free(&member->outgoing);
    payload_free(&member->incoming);
    free(member->workload.buffer);
    free(member->end);
    member->workload.buffer = NULL;
    member->end = NULL;
}

int crowd_blame(struct crowd_member *member, int error) {
    static const struct ipc_fault no_memory = {.call = "malloc"};
    const struct ipc_fault *fault = member->end ? &member->end->fault : &no_memory;
    struct ipc_fault *to = &member->crew->carrier->fault;
    if (error == 0)
        return 0;
    to->call = fault->call;
    if (member->crew->count == 1)
        (void)snprintf(to->detail, sizeof to->detail, "%s", fault->detail);
    else
        (void)snprintf(to->detail, sizeof to->detail, "client %zu of %zu%s%.150s", member->index,
                       member->crew->count, fault->detail[0] ? ": " : "", fault->detail);
    return error;
}

int crowd_member_attach(struct crowd_member *member) {
    const struct ipc_transport *transport = member->crew->task->transport;
    int error = make(member);
    return error || transport->attach == NULL ? error : transport->attach(member->end);
}

int crowd_member_detach(struct crowd_member *member) {
    const struct ipc_transport *transport = member->crew->task->transport;
    return transport->detach ? transport->detach(member->end) : 0;
}
