/* SPDX-License-Identifier: MIT */
/* dead-pointer.c - a text that lies in no memory. */
#include "plain.h"

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("dead-pointer"),
    .summary = (const char *)64,
    .group = "core",
    .cost = "nothing",
    PLAIN_SIZES,
    PLAIN_OPERATIONS,
    PLAIN_MESSAGES,
};
