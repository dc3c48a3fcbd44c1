/* SPDX-License-Identifier: MIT */
/* odd-calls.c - owes more system calls at least than at most. */
#include "plain.h"

static const struct ipc_knob knobs[] = {PLAIN_KNOB("field", PLAIN_FIELD), {.name = NULL}};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("odd-calls"),
    PLAIN_TEXTS,
    PLAIN_SIZES,
    PLAIN_OPERATIONS,
    PLAIN_MESSAGES,
    .knobs = knobs,
    .calls = {.least = 3, .most = 2},
};
