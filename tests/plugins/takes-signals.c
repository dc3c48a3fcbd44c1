/* SPDX-License-Identifier: MIT */
/* takes-signals.c - its constructor takes SIGTERM for itself, as some libraries' do, and just then
 * one comes, where the variable TAKES_SIGNALS is set. */
#include "plain.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void leave(int number) {
    (void)number;
    _exit(1);
}

__attribute__((constructor)) static void take_signals(void) {
    const struct sigaction mine = {.sa_handler = leave};
    (void)sigaction(SIGTERM, &mine, NULL);
    if (getenv("TAKES_SIGNALS") != NULL)
        (void)raise(SIGTERM);
}

IPC_EXPORT const struct ipc_transport ipc_transport = {
    PLAIN_NAME("takes-signals"), PLAIN_TEXTS, PLAIN_SIZES, PLAIN_OPERATIONS, PLAIN_MESSAGES,
};
