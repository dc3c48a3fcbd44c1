/* SPDX-License-Identifier: MIT */
/* half-descriptors.c - it says what to read from, but not what to write to. */
#include "plain.h"

static int in(const struct ipc_end *end) {
    return end ? 0 : -1;
}

static const struct ipc_descriptors half = {.in = in};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("half-descriptors"), PLAIN_TEXTS, PLAIN_SIZES, PLAIN_OPERATIONS, PLAIN_MESSAGES,
    .descriptors = &half,
};
