/* SPDX-License-Identifier: MIT */
/* odd-name.c - a name that could not stand in a key. */
#include "plain.h"

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("Odd/Name"), PLAIN_TEXTS, PLAIN_SIZES, PLAIN_OPERATIONS, PLAIN_MESSAGES,
};
