/* SPDX-License-Identifier: MIT */
/* preset-clash.c - right by itself, but its preset is named like the plug-in sound.c. */
#include "plain.h"

static const struct ipc_preset presets[] = {
    {.name = "sound", .knobs = "", .summary = "an impostor"}, {.name = NULL}};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("preset-clash"), PLAIN_TEXTS,    PLAIN_SIZES,
    PLAIN_OPERATIONS,           PLAIN_MESSAGES, .presets = presets,
};
