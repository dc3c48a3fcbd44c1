/* SPDX-License-Identifier: MIT */
/* twins.c - nothing is wrong with this one, which is listed under two other names. */
#include "plain.h"

static const struct ipc_knob knobs[] = {PLAIN_KNOB("field", PLAIN_FIELD), {.name = NULL}};
static const struct ipc_preset presets[] = {{"castor", "field=1", "the first twin"},
                                            {"pollux", "field=9", "the second twin"},
                                            {.name = NULL}};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("twins"), PLAIN_TEXTS,    PLAIN_SIZES,        PLAIN_OPERATIONS,
    PLAIN_MESSAGES,      .knobs = knobs, .presets = presets,
};
