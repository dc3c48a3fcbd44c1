/* SPDX-License-Identifier: MIT */
/* wrong-name.c - the name of another file. */
#include "plain.h"

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("right-name"), PLAIN_TEXTS, PLAIN_SIZES, PLAIN_OPERATIONS, PLAIN_MESSAGES,
};
