/* SPDX-License-Identifier: MIT */
/*
 * crowd_sums.c - sums over clients.
 */
#include "trial/crowd_sums.h"

#include <math.h>

double crowd_sums_fairness(const double *exchanges, size_t count) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        sum += exchanges[i];
        squares += exchanges[i] * exchanges[i];
    }
    return squares > 0 ? sum * sum / ((double)count * squares) : NAN;
}

double crowd_sums_little(double per_second, double mean_ns, size_t count) {
    return per_second * mean_ns / 1e9 / (double)count;
}

double crowd_sums_tolerance(double mean_ns, double duration_ns) {
    return fmin(0.05 + 2 * mean_ns / duration_ns, 1);
}

void crowd_sums_close(const struct crowd *crowd, size_t count, const struct clock *clock,
                      struct control *control) {
    struct workload_result *result = &control->result;
    struct histogram *h = &control->histogram;
    uint64_t first = UINT64_MAX, last = 0, least = UINT64_MAX, most = 0;
    *result = (struct workload_result){0};
    for (size_t i = 0; i < count; i++) {
        const struct crowd_client *client = &crowd->clients[i];
        result->warmup_exchanges += client->result.warmup_exchanges;
        result->stamped += client->result.stamped;
        if (client->result.warmup_ns > result->warmup_ns)
            result->warmup_ns = client->result.warmup_ns;
        if (client->result.stamped == 0)
            continue;
        first = client->first_ticks < first ? client->first_ticks : first;
        last = client->last_ticks > last ? client->last_ticks : last;
        least = client->min_ns < least ? client->min_ns : least;
        most = client->max_ns > most ? client->max_ns : most;
    }
    result->measured_ns = last > first ? clock_span_ns(clock, last - first) : 0;
    h->min_ns = h->total > 0 ? least : 0;
    h->max_ns = most;
}
