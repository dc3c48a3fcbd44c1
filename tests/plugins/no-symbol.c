/* SPDX-License-Identifier: MIT */
/* no-symbol.c - some other library, which exports nothing that ipcbench knows. */
#include "helper.h"

IPC_EXPORT int no_symbol_answer(void);

int no_symbol_answer(void) {
    return 42;
}
