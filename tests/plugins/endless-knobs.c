/* SPDX-License-Identifier: MIT */
/* endless-knobs.c - the list of knobs has no end of its own: the memory behind it is not a knob. */
#include "plain.h"

static const struct {
    struct ipc_knob knob;
    uint64_t behind[64];
} list = {PLAIN_KNOB("field", PLAIN_FIELD), {42, 42, 42, 42, 42, 42, 42, 42, 42, 42}};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("endless-knobs"), PLAIN_TEXTS, PLAIN_SIZES, PLAIN_OPERATIONS, PLAIN_MESSAGES,
    .knobs = &list.knob,
};
