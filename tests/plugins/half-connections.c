/* SPDX-License-Identifier: MIT */
/* half-connections.c - its ends can meet, but not part. */
#include "plain.h"

static int fits(struct ipc_link *link) {
    return link ? 0 : -EINVAL;
}

static int meet(struct ipc_end *end) {
    return end ? 0 : -EINVAL;
}

static const struct ipc_connections half = {.fits = fits, .connect = meet, .accept = meet};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("half-connections"), PLAIN_TEXTS, PLAIN_SIZES, PLAIN_OPERATIONS, PLAIN_MESSAGES,
    .connections = &half,
};
