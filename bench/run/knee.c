/* SPDX-License-Identifier: MIT */
/*
 * knee.c - the search for the rate at which an open loop saturates.
 */
#include "run/knee.h"

#include "plugin/workload_spec.h"
#include "stats/stats.h"

#include <math.h>

void knee_begin(struct knee *knee, uint64_t low_hz) {
    *knee = (struct knee){.try_hz = low_hz, .low_hz = low_hz, .low_p99_ns = NAN};
}

bool knee_keeps_up(uint64_t hz, const struct knee_seen *seen, double low_p99_ns) {
    double shortfall = KNEE_SHORTFALL;
    if (seen->poisson && seen->requests > 0)
        shortfall += 3 / sqrt(seen->requests);
    bool carried = seen->per_second >= (double)hz * (1 - shortfall); /* false of NaN */
    if (isnan(low_p99_ns))
        return carried && !isnan(seen->p99_ns);
    return carried && seen->p99_ns <= KNEE_TAIL * low_p99_ns;
}

static uint64_t next_rate(const struct knee *knee) {
    if (knee->missed_hz == 0) {
        uint64_t higher = knee->kept_hz * KNEE_STEP;
        return higher < WORKLOAD_MOST_HZ ? higher : WORKLOAD_MOST_HZ;
    }
    return (uint64_t)llround(sqrt((double)knee->kept_hz * (double)knee->missed_hz));
}

/* Notes a p99 at the low rate; with the last of them their median is known. */
static void note_reference(struct knee *knee, double p99_ns) {
    knee->references_ns[knee->reference_count++] = p99_ns;
    if (knee->reference_count < KNEE_REFERENCES)
        return;
    (void)stats_sort(knee->references_ns, KNEE_REFERENCES);
    knee->low_p99_ns = stats_median(knee->references_ns, KNEE_REFERENCES);
}

/* Nothing is left to halve, or there is nowhere to go. */
static bool is_over(const struct knee *knee) {
    if (knee->kept_hz == 0 || knee->trials >= KNEE_MOST_TRIALS)
        return true;
    if (knee->missed_hz == 0)
        return knee->kept_hz >= WORKLOAD_MOST_HZ;
    return (double)knee->missed_hz <= KNEE_RESOLUTION * (double)knee->kept_hz ||
           knee->missed_hz - knee->kept_hz <= 1;
}

void knee_note(struct knee *knee, const struct knee_seen *seen) {
    bool kept = knee_keeps_up(knee->try_hz, seen, knee->low_p99_ns);
    knee->trials++;
    if (!kept && !knee->doubted && knee->trials < KNEE_MOST_TRIALS) {
        knee->doubted = true;
        return;
    }
    knee->doubted = false;
    if (kept && isnan(knee->low_p99_ns)) {
        note_reference(knee, seen->p99_ns);
        if (isnan(knee->low_p99_ns))
            return;
    }
    if (kept)
        knee->kept_hz = knee->try_hz;
    else
        knee->missed_hz = knee->try_hz;
    knee->done = is_over(knee);
    if (!knee->done)
        knee->try_hz = next_rate(knee);
}
