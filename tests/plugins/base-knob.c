/* SPDX-License-Identifier: MIT */
/* base-knob.c - a knob that would overwrite what the harness keeps in the link. */
#include "plain.h"

static const struct ipc_knob knobs[] = {PLAIN_KNOB("field", 8), {.name = NULL}};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("base-knob"), PLAIN_TEXTS,    PLAIN_SIZES,
    PLAIN_OPERATIONS,        PLAIN_MESSAGES, .knobs = knobs,
};
