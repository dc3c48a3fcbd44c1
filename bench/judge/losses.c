/* SPDX-License-Identifier: MIT */
/*
 * losses.c - how many, and what share.
 */
#include "judge/losses.h"

#include <math.h>
#include <stdio.h>

bool losses_has(const struct cell_summary *cell) {
    return cell->lost > 0; /* false of NaN */
}

/* Neither 0% nor 100% where that isn't so. */
static int decimals(double percent) {
    double edge = fmin(percent, 100 - percent);
    return edge >= 1 ? 0 : edge >= 0.01 ? 2 : 6;
}

void losses_say(const struct cell_summary *cell, char *text, size_t room) {
    double percent = 100 * cell->lost_share;
    (void)snprintf(text, room, "%.0f message%s lost, %.*f%% of those sent", cell->lost,
                   cell->lost == 1 ? "" : "s", decimals(percent), percent);
}
