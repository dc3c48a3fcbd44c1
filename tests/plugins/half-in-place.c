/* SPDX-License-Identifier: MIT */
/* half-in-place.c - messages can be reserved in place, but not committed. */
#include "plain.h"

static int reserve(struct ipc_end *end, size_t bytes, void **message) {
    *message = NULL;
    return end && bytes ? 0 : -EINVAL;
}

static const struct ipc_in_place half = {.reserve = reserve};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("half-in-place"),       PLAIN_TEXTS, PLAIN_SIZES, PLAIN_OPERATIONS, PLAIN_MESSAGES,
    .in_place = {[IPC_BLOCK] = &half},
};
