/* SPDX-License-Identifier: MIT */
/*
 * plain.h - what a right transport has, in pieces, so that each plug-in beside this file can leave
 * one out or get one wrong. None of them is ever asked to move a message.
 */
#ifndef PLAIN_H
#define PLAIN_H

#include "helper.h"

#define PLAIN_UNUSED __attribute__((unused))

static PLAIN_UNUSED int plain_setup(struct ipc_link *link) {
    return link ? 0 : -EINVAL;
}

static PLAIN_UNUSED void plain_cleanup(struct ipc_link *link) {
    (void)link;
}

static PLAIN_UNUSED int plain_send(struct ipc_end *end, const void *message, size_t bytes) {
    return end && message && bytes ? 0 : -EINVAL;
}

static PLAIN_UNUSED int plain_recv(struct ipc_end *end, void *message, size_t bytes) {
    return end && message && bytes ? 0 : -EINVAL;
}

static const PLAIN_UNUSED struct ipc_messages plain_table = {plain_send, plain_recv};

struct plain_link {
    struct ipc_link base;
    uint64_t field;
};

/* The pieces: designated initialisers, with commas between. */
#define PLAIN_NAME(text) .abi = IPC_ABI, .name = text
#define PLAIN_TEXTS      .summary = "a plug-in for tests", .group = "control", .cost = "nothing"
#define PLAIN_SIZES      .link_bytes = sizeof(struct plain_link), .end_bytes = sizeof(struct ipc_end)
#define PLAIN_OPERATIONS .setup = plain_setup, .cleanup = plain_cleanup
#define PLAIN_MESSAGES   .messages = {[IPC_BLOCK] = &plain_table}

/* A number from 1 to 9 at `where` in the link. */
#define PLAIN_KNOB(text, where)                                                            \
    {                                                                                      \
        .name = text, .kind = IPC_KNOB_NUMBER, .offset = where, .fallback = "5", .low = 1, \
        .high = 9, .help = "a number"                                                      \
    }

#define PLAIN_FIELD offsetof(struct plain_link, field)

#endif
