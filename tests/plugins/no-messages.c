/* SPDX-License-Identifier: MIT */
/* no-messages.c - it can't wait in any way. */
#include "plain.h"

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("no-messages"),
    PLAIN_TEXTS,
    PLAIN_SIZES,
    PLAIN_OPERATIONS,
};
