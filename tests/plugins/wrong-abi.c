/* SPDX-License-Identifier: MIT */
/* wrong-abi.c - built against another transport.h. */
#include "plain.h"

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = 7,
    .name = "wrong-abi",
    PLAIN_TEXTS,
    PLAIN_SIZES,
    PLAIN_OPERATIONS,
    PLAIN_MESSAGES,
};
