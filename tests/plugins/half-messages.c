/* SPDX-License-Identifier: MIT */
/* half-messages.c - it can send, but not receive. */
#include "plain.h"

static const struct ipc_messages half = {.send = plain_send};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("half-messages"),      PLAIN_TEXTS, PLAIN_SIZES, PLAIN_OPERATIONS,
    .messages = {[IPC_SPIN] = &half},
};
