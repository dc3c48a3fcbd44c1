/* SPDX-License-Identifier: MIT */
/* odd-needs.c - asks for surroundings that do not exist. */
#include "plain.h"

static const struct ipc_knob knobs[] = {PLAIN_KNOB("field", PLAIN_FIELD), {.name = NULL}};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("odd-needs"), PLAIN_TEXTS,    PLAIN_SIZES,       PLAIN_OPERATIONS,
    PLAIN_MESSAGES,          .knobs = knobs, .needs = 1u << 20,
};
