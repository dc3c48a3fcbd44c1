/* SPDX-License-Identifier: MIT */
/* other-twins.c - right by itself, but a preset of twins.c has the same name. */
#include "plain.h"

static const struct ipc_preset presets[] = {
    {.name = "castor", .knobs = "", .summary = "an impostor"}, {.name = NULL}};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("other-twins"), PLAIN_TEXTS,    PLAIN_SIZES,
    PLAIN_OPERATIONS,          PLAIN_MESSAGES, .presets = presets,
};
