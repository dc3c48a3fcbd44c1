/* SPDX-License-Identifier: MIT */
/* code-symbol.c - the symbol is a function. */
__attribute__((visibility("default"))) int ipc_transport(void);

int ipc_transport(void) {
    return 1;
}
