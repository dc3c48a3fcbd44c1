/* SPDX-License-Identifier: MIT */
/* small-symbol.c - the symbol is the ABI's number alone. */
#include <stdint.h>

__attribute__((visibility("default"))) extern const uint32_t ipc_transport;
const uint32_t ipc_transport = 3;
