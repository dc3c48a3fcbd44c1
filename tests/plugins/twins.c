/* SPDX-License-Identifier: MIT */
/* twins.c - nothing is wrong with this one, which is listed under two other names. */
#include "plain.h"

static const struct ipc_knob knobs[] = {PLAIN_KNOB("field", PLAIN_FIELD), {.name = NULL}};
static const struct ipc_preset presets[] = {
    {.name = "castor", .knobs = "field=1", .summary = "the first twin"},
    {.name = "pollux", .knobs = "field=9", .summary = "the second twin"},
    {.name = NULL}};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("twins"), PLAIN_TEXTS,    PLAIN_SIZES,        PLAIN_OPERATIONS,
    PLAIN_MESSAGES,      .knobs = knobs, .presets = presets,
};
