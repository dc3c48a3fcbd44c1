/* SPDX-License-Identifier: MIT */
/* odd-channel.c - is no channel, and doesn't say why. */
#include "plain.h"

static const struct ipc_knob knobs[] = {PLAIN_KNOB("field", PLAIN_FIELD), {.name = NULL}};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("odd-channel"), PLAIN_TEXTS,    PLAIN_SIZES,
    PLAIN_OPERATIONS,          PLAIN_MESSAGES, .knobs = knobs,
    .not_a_channel = true,
};
