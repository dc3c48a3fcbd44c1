/* SPDX-License-Identifier: MIT */
/* far-knob.c - a knob that lies beyond the end of the link. */
#include "plain.h"

static const struct ipc_knob knobs[] = {PLAIN_KNOB("field", sizeof(struct plain_link)),
                                        {.name = NULL}};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("far-knob"), PLAIN_TEXTS,    PLAIN_SIZES,
    PLAIN_OPERATIONS,       PLAIN_MESSAGES, .knobs = knobs,
};
