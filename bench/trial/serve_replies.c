/* SPDX-License-Identifier: MIT */
/*
 * serve_replies.c - makes the list of a server's clients.
 */
#include "trial/serve_replies.h"

#include "helper.h"

int serve_replies_make(struct crowd_crew *crew, bool nonblocking, struct serve_reply **replies) {
    const struct ipc_descriptors *descriptors = crew->task->transport->descriptors;
    int error = 0;
    *replies = calloc(crew->count, sizeof **replies);
    if (*replies == NULL)
        return ipc_fail_with(&crew->carrier->fault, "malloc", ENOMEM);
    for (size_t i = 0; i < crew->count && error == 0; i++) {
        struct crowd_member *member = &crew->members[i];
        struct serve_reply *reply = &(*replies)[i];
        *reply = (struct serve_reply){.member = member,
                                      .in = descriptors->in(member->end),
                                      .out = descriptors->out(member->end)};
        payload_stamp(member->workload.outgoing, 0);
        if (nonblocking)
            error = ipc_nonblock(reply->in, &member->end->fault);
        if (nonblocking && error == 0)
            error = ipc_nonblock(reply->out, &member->end->fault);
        if (error)
            (void)crowd_blame(member, error);
    }
    return error;
}

void serve_release_low(const struct end_task *task) {
    for (size_t i = 0; i < task->reserved_count; i++)
        (void)close(task->reserved[i]);
}
