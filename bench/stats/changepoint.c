/* SPDX-License-Identifier: MIT */
/*
 * changepoint.c - E-divisive, segment by segment. In one dimension the sums of distances to each
 * side of a split follow from ranks: a Fenwick tree over them gives all splits of n points in
 * O(n log n), which is what makes thousands of shuffles cheap.
 */
#include "stats/changepoint.h"

#include "stats/stats.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Room for one window; `rank` is each point's place from 1 among the sorted `values`. */
struct work {
    double *values, *sorted;
    size_t *rank;
    double *sums, *counts; /* the tree of the points to the left, by rank */
    size_t count;
};

static void tree_add(struct work *work, size_t rank, double value) {
    for (; rank <= work->count; rank += rank & (~rank + 1)) {
        work->sums[rank] += value;
        work->counts[rank] += 1;
    }
}

/* The sum of distances from `value`, of that rank, to the points in the tree, which hold `total`.
 */
static double tree_distance(const struct work *work, size_t rank, double value, size_t points,
                            double total) {
    double sum = 0, count = 0;
    for (; rank > 0; rank -= rank & (~rank + 1)) {
        sum += work->sums[rank];
        count += work->counts[rank];
    }
    return value * count - sum + (total - sum) - value * ((double)points - count);
}

/* The sums of distances of one point to all points of the window, from the sorted values. */
static void distances_to_all(const struct work *work, double *all) {
    double before = 0, after = 0;
    for (size_t i = 0; i < work->count; i++)
        after += work->sorted[i];
    for (size_t i = 0; i < work->count; i++) {
        double value = work->sorted[i];
        after -= value;
        all[i + 1] = value * (double)i - before + after - value * (double)(work->count - i - 1);
        before += value;
    }
}

/* The greatest statistic of all splits that leave CHANGEPOINT_SEGMENT points to each side, and
 * where it is. `all` holds each rank's sum of distances to all points. */
static double best_split(struct work *work, const double *all, size_t *where) {
    size_t n = work->count;
    double left = 0, between = 0, total_left = 0, whole = 0, best = -INFINITY;
    memset(work->sums, 0, (n + 1) * sizeof *work->sums);
    memset(work->counts, 0, (n + 1) * sizeof *work->counts);
    for (size_t i = 1; i <= n; i++)
        whole += all[i] / 2;
    for (size_t i = 0; i + CHANGEPOINT_SEGMENT < n; i++) {
        size_t rank = work->rank[i];
        double value = work->values[i];
        double to_left = tree_distance(work, rank, value, i, total_left);
        left += to_left;
        between += all[rank] - 2 * to_left;
        tree_add(work, rank, value);
        total_left += value;
        double m = (double)(i + 1), k = (double)(n - i - 1);
        if (i + 1 < CHANGEPOINT_SEGMENT)
            continue;
        double right = whole - left - between;
        double energy =
            2 * between / (m * k) - 2 * left / (m * (m - 1)) - 2 * right / (k * (k - 1));
        double statistic = m * k / (m + k) * energy;
        if (statistic > best) {
            best = statistic;
            *where = i + 1;
        }
    }
    return best;
}

static void swap(struct work *work, size_t a, size_t b) {
    double value = work->values[a];
    size_t rank = work->rank[a];
    work->values[a] = work->values[b];
    work->rank[a] = work->rank[b];
    work->values[b] = value;
    work->rank[b] = rank;
}

/* The p of a split: how many shuffles part as well. Gives up, with a p that is too large, as soon
 * as it can't come below CHANGEPOINT_P any more. */
static double shuffled_p(struct work *work, const double *all, double statistic) {
    uint64_t state = work->count;
    size_t as_good = 0, unused = 0;
    for (size_t shuffle = 0; shuffle < CHANGEPOINT_SHUFFLES; shuffle++) {
        for (size_t i = work->count - 1; i > 0; i--)
            swap(work, i, stats_random_below(&state, i + 1));
        as_good += best_split(work, all, &unused) >= statistic;
        if ((double)(as_good + 1) / (CHANGEPOINT_SHUFFLES + 1) >= CHANGEPOINT_P)
            break;
    }
    return (double)(as_good + 1) / (CHANGEPOINT_SHUFFLES + 1);
}

static int by_value(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Equal values get ranks of their own, in order: which is which makes no difference to a sum. */
static void rank_all(struct work *work) {
    memcpy(work->sorted, work->values, work->count * sizeof *work->sorted);
    qsort(work->sorted, work->count, sizeof *work->sorted, by_value);
    for (size_t i = 0; i < work->count; i++) {
        const double *at =
            bsearch(&work->values[i], work->sorted, work->count, sizeof *at, by_value);
        size_t rank = (size_t)(at - work->sorted) + 1;
        work->rank[i] = rank;
    }
}

static double median_of(struct work *work, const double *logs, size_t count) {
    memcpy(work->sorted, logs, count * sizeof *logs);
    return stats_median(work->sorted, stats_sort(work->sorted, count));
}

/* The change of one segment, if it has one: true, and where and how probable. */
static bool find_one(struct work *work, const double *logs, size_t count, double *all,
                     struct changepoint *found) {
    if (count < 2 * CHANGEPOINT_SEGMENT)
        return false;
    work->count = count;
    memcpy(work->values, logs, count * sizeof *logs);
    rank_all(work);
    distances_to_all(work, all);
    found->index = 0;
    double statistic = best_split(work, all, &found->index);
    if (!(statistic > 0))
        return false;
    found->p = shuffled_p(work, all, statistic * (1 - 1e-12));
    size_t index = found->index;
    found->shift = median_of(work, logs + index, count - index) - median_of(work, logs, index);
    return found->p < CHANGEPOINT_P && fabs(expm1(found->shift)) >= CHANGEPOINT_EFFECT;
}

struct found {
    struct changepoint *changes;
    size_t count;
};

/* Splits a segment, and then its halves. */
static void divide(struct work *work, const double *logs, size_t begin, size_t end, double *all,
                   struct found *found) {
    struct changepoint one;
    if (found->count == CHANGEPOINT_MOST || !find_one(work, logs + begin, end - begin, all, &one))
        return;
    one.index += begin;
    divide(work, logs, begin, one.index, all, found);
    if (found->count < CHANGEPOINT_MOST)
        found->changes[found->count++] = one;
    divide(work, logs, one.index, end, all, found);
}

/* From the last change that is certain, so that a change at a window's edge is whole in the next.
 */
static void walk(struct work *work, const double *logs, size_t count, double *all,
                 struct found *found) {
    size_t begin = 0;
    while (begin < count) {
        size_t end = count - begin < CHANGEPOINT_WINDOW ? count : begin + CHANGEPOINT_WINDOW;
        size_t before = found->count;
        divide(work, logs, begin, end, all, found);
        if (end == count)
            return;
        size_t half = begin + CHANGEPOINT_WINDOW / 2;
        while (found->count > before && found->changes[found->count - 1].index >= half)
            found->count--;
        begin = found->count > before ? found->changes[found->count - 1].index : half;
    }
}

/* A median over the whole segment to each side says more than that of a window. A change that is
 * too small by that measure is none. */
static void settle(struct work *work, const double *logs, size_t count, struct found *found) {
    size_t kept = 0;
    for (size_t i = 0; i < found->count; i++) {
        size_t begin = kept > 0 ? found->changes[kept - 1].index : 0;
        size_t index = found->changes[i].index;
        size_t end = i + 1 < found->count ? found->changes[i + 1].index : count;
        struct changepoint change = found->changes[i];
        change.shift = median_of(work, logs + index, end - index) -
                       median_of(work, logs + begin, index - begin);
        if (fabs(expm1(change.shift)) >= CHANGEPOINT_EFFECT)
            found->changes[kept++] = change;
    }
    found->count = kept;
}

int changepoint_find(const double *logs, size_t count, struct changepoint *changes) {
    struct work work = {.values = calloc(count + 1, sizeof(double)),
                        .sorted = calloc(count + 1, sizeof(double)),
                        .rank = calloc(count + 1, sizeof(size_t)),
                        .sums = calloc(count + 2, sizeof(double)),
                        .counts = calloc(count + 2, sizeof(double))};
    double *all = calloc(count + 2, sizeof *all);
    struct found found = {changes, 0};
    int error = 0;
    if (work.values == NULL || work.sorted == NULL || work.rank == NULL || work.sums == NULL ||
        work.counts == NULL || all == NULL) {
        error = -ENOMEM;
    } else {
        walk(&work, logs, count, all, &found);
        settle(&work, logs, count, &found);
    }
    free(all);
    free(work.counts);
    free(work.sums);
    free(work.rank);
    free(work.sorted);
    free(work.values);
    return error != 0 ? error : (int)found.count;
}
