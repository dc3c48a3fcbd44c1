/* SPDX-License-Identifier: MIT */
/* bad-preset.c - a preset sets its knob beyond the limit. */
#include "plain.h"

static const struct ipc_knob knobs[] = {PLAIN_KNOB("field", PLAIN_FIELD), {.name = NULL}};
static const struct ipc_preset presets[] = {
    {.name = "too-far", .knobs = "field=10", .summary = "beyond"}, {.name = NULL}};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("bad-preset"), PLAIN_TEXTS,    PLAIN_SIZES,        PLAIN_OPERATIONS,
    PLAIN_MESSAGES,           .knobs = knobs, .presets = presets,
};
