/* SPDX-License-Identifier: MIT */
/*
 * task.c - the names of an end's stages, and its last words.
 */
#include "trial/task.h"

#include <stdio.h>

const char *const task_stages[END_STAGES + 1] = {
    "while starting",  "while attaching", "while warming up", "while measuring",
    "while finishing", "while detaching", "after its work",   NULL};

void task_blame(struct control *control, enum ipc_role role, int error,
                const struct ipc_fault *fault) {
    struct end_report *report = &control->ends[role];
    int nobody = 0;
    if (atomic_exchange(&report->failed, 1) != 0)
        return;
    report->error = error;
    (void)snprintf(report->call, sizeof report->call, "%s",
                   fault->call ? fault->call : "an unnamed call");
    (void)snprintf(report->detail, sizeof report->detail, "%s", fault->detail);
    atomic_compare_exchange_strong(&control->first_failed, &nobody, (int)role + 1);
}
