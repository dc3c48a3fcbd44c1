/* SPDX-License-Identifier: MIT */
/* no-cleanup.c - it leaves everything behind. */
#include "plain.h"

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("no-cleanup"), PLAIN_TEXTS, PLAIN_SIZES, PLAIN_MESSAGES, .setup = plain_setup,
};
