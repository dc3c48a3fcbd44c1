/* SPDX-License-Identifier: MIT */
/* wrong-group.c - a group that does not exist. */
#include "plain.h"

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("wrong-group"),
    .summary = "a plug-in for tests",
    .group = "kernal",
    .cost = "nothing",
    PLAIN_SIZES,
    PLAIN_OPERATIONS,
    PLAIN_MESSAGES,
};
