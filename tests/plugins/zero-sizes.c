/* SPDX-License-Identifier: MIT */
/* zero-sizes.c - it says that its link and its ends need no memory. */
#include "plain.h"

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("zero-sizes"),
    PLAIN_TEXTS,
    PLAIN_OPERATIONS,
    PLAIN_MESSAGES,
};
