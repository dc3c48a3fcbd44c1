/* SPDX-License-Identifier: MIT */
/*
 * blocks.c - Mann and Whitney's test by counting: how many choices of a group of this size out of
 * all ranks have a sum that is as far out.
 */
#include "stats/blocks.h"

#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_ALL = 2 * BLOCKS_MOST,
    MOST_SUM = MOST_ALL * (MOST_ALL + 1), /* of doubled ranks */
    MOST_DIFFERENCES = BLOCKS_MOST * BLOCKS_MOST
};

static int ascending(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Twice the rank of each of the sorted numbers; equal ones share their middle rank. */
static void double_ranks(const double *sorted, size_t count, size_t *ranks) {
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && !(sorted[next] > sorted[i]);)
            next++;
        for (size_t at = i; at < next; at++)
            ranks[at] = i + 1 + next;
    }
}

static size_t rank_of(const double *sorted, const size_t *ranks, size_t count, double value) {
    size_t at = 0;
    while (at + 1 < count && sorted[at] < value)
        at++;
    return ranks[at];
}

/* shares[s]: the share of the choices of `chosen` out of all ranks that sum up to s. As shares from
 * the start, since the number of choices overflows. NULL without memory. */
static double *share_sums(const size_t *ranks, size_t count, size_t chosen) {
    size_t width = MOST_SUM + 1;
    double *table = calloc((chosen + 1) * width, sizeof *table);
    if (table == NULL)
        return NULL;
    table[0] = 1;
    for (size_t i = 0; i < count; i++)
        for (size_t taken = i + 1 < chosen ? i + 1 : chosen; taken > 0; taken--) {
            double *to = table + taken * width;
            const double *from = to - width;
            for (size_t sum = ranks[i]; sum < width; sum++)
                to[sum] += from[sum - ranks[i]];
        }
    memmove(table, table + chosen * width, width * sizeof *table);
    double all = 0;
    for (size_t sum = 0; sum < width; sum++)
        all += table[sum];
    for (size_t sum = 0; sum < width; sum++)
        table[sum] /= all;
    return table;
}

/* The share of choices whose sum is between the two, both included. */
static double share_between(const double *shares, size_t low, size_t high) {
    double share = 0;
    for (size_t sum = low; sum <= high && sum <= MOST_SUM; sum++)
        share += shares[sum];
    return share;
}

static double test(const double *first, size_t n, const double *second, size_t m, double *least) {
    double sorted[MOST_ALL];
    size_t ranks[MOST_ALL], observed = 0, smallest = 0;
    memcpy(sorted, first, n * sizeof *first);
    memcpy(sorted + n, second, m * sizeof *second);
    qsort(sorted, n + m, sizeof *sorted, ascending);
    double_ranks(sorted, n + m, ranks);
    for (size_t i = 0; i < m; i++)
        observed += rank_of(sorted, ranks, n + m, second[i]);
    for (size_t i = 0; i < m; i++)
        smallest += ranks[i];
    double *shares = share_sums(ranks, n + m, m);
    if (shares == NULL)
        return NAN;
    /* The distribution is not symmetric with ties: the smaller tail counts, doubled. */
    double below = share_between(shares, 0, observed);
    double above = share_between(shares, observed, MOST_SUM);
    *least = fmin(1, 2 * share_between(shares, 0, smallest));
    free(shares);
    return fmin(1, 2 * fmin(below, above));
}

/* How many of the sorted differences to leave out at each end, so that the rest still covers. */
static size_t leave_out(size_t n, size_t m, double confidence, double *coverage) {
    size_t ranks[MOST_ALL], lowest = m * (m + 1), out = 0;
    for (size_t i = 0; i < n + m; i++)
        ranks[i] = 2 * (i + 1);
    double *shares = share_sums(ranks, n + m, m);
    if (shares == NULL)
        return 0;
    double tail = shares[lowest];
    while (2 * (out + 1) < n * m && 2 * (tail + shares[lowest + 2 * (out + 1)]) <= 1 - confidence) {
        out++;
        tail += shares[lowest + 2 * out];
    }
    *coverage = 1 - 2 * tail;
    free(shares);
    return out;
}

struct blocks_shift blocks_compare(const double *first, size_t first_count, const double *second,
                                   size_t second_count, double confidence) {
    struct blocks_shift shift = {NAN, NAN, NAN, NAN, NAN, NAN};
    size_t n = first_count < BLOCKS_MOST ? first_count : BLOCKS_MOST;
    size_t m = second_count < BLOCKS_MOST ? second_count : BLOCKS_MOST;
    double *differences = calloc(MOST_DIFFERENCES, sizeof *differences);
    if (n == 0 || m == 0 || differences == NULL) {
        free(differences);
        return shift;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m; k++)
            differences[i * m + k] = second[k] - first[i];
    size_t count = stats_sort(differences, n * m);
    shift.p = test(first, n, second, m, &shift.least_p);
    size_t out = leave_out(n, m, confidence, &shift.coverage);
    shift.estimate = stats_median(differences, count);
    shift.low = differences[out];
    shift.high = differences[count - 1 - out];
    free(differences);
    return shift;
}

bool blocks_interleaved(const double *first, size_t n, const double *second, size_t m) {
    if (n != m || n == 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        double begin = fmin(first[i], second[i]), end = fmax(first[i], second[i]);
        double before = i == 0 ? -INFINITY : fmax(first[i - 1], second[i - 1]);
        if (!(begin < end) || !(before < begin))
            return false;
    }
    return true;
}
