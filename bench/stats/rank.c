/* SPDX-License-Identifier: MIT */
/*
 * rank.c - signed ranks, Walsh averages, Holm, Clopper and Pearson.
 */
#include "stats/rank.h"

#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SUM = RANK_MOST * (RANK_MOST + 1), MOST_WALSH = MOST_SUM / 2 };

/* ---- Wilcoxon's signed ranks; doubled, so that the middle of two ranks is a whole number ---- */

struct ranked {
    double size;
    int sign;
};

static int by_size(const void *left, const void *right) {
    double a = ((const struct ranked *)left)->size;
    double b = ((const struct ranked *)right)->size;
    return (a > b) - (a < b);
}

static size_t rank_all(const double *values, size_t count, struct ranked *list, size_t *doubled) {
    size_t used = 0;
    for (size_t i = 0; i < count && used < RANK_MOST; i++)
        if (values[i] < 0 || values[i] > 0)
            list[used++] = (struct ranked){fabs(values[i]), values[i] > 0 ? 1 : -1};
    qsort(list, used, sizeof *list, by_size);
    for (size_t i = 0, next; i < used; i = next) {
        for (next = i; next < used && !(list[next].size > list[i].size);)
            next++;
        for (size_t at = i; at < next; at++)
            doubled[at] = i + 1 + next; /* of ranks i + 1 to next */
    }
    return used;
}

/* ways[s]: in how many of the 2^count choices of signs the positive doubled ranks sum up to s. */
static size_t count_ways(const size_t *doubled, size_t count, double *ways) {
    size_t total = 0;
    memset(ways, 0, (MOST_SUM + 1) * sizeof *ways);
    ways[0] = 1;
    for (size_t i = 0; i < count; i++) {
        total += doubled[i];
        for (size_t sum = total; sum >= doubled[i]; sum--)
            ways[sum] += ways[sum - doubled[i]];
    }
    return total;
}

double rank_signed_p(const double *values, size_t count) {
    struct ranked list[RANK_MOST] = {{0}};
    size_t doubled[RANK_MOST] = {0}, positive = 0;
    double ways[MOST_SUM + 1], below = 0;
    size_t used = rank_all(values, count, list, doubled);
    size_t total = count_ways(doubled, used, ways);
    for (size_t i = 0; i < used; i++)
        positive += list[i].sign > 0 ? doubled[i] : 0;
    size_t least = positive < total - positive ? positive : total - positive;
    for (size_t sum = 0; sum <= least; sum++)
        below += ways[sum];
    return fmin(1, 2 * ldexp(below, -(int)used));
}

/* ---- Hodges and Lehmann ---- */

/* How many Walsh averages to leave out at each side, and what the interval then covers. */
static size_t left_out(size_t count, double confidence, double *coverage) {
    size_t doubled[RANK_MOST];
    double ways[MOST_SUM + 1];
    for (size_t i = 0; i < count; i++)
        doubled[i] = 2 * (i + 1);
    (void)count_ways(doubled, count, ways);
    double one = ldexp(1, -(int)count), below = ways[0] * one;
    size_t out = 0;
    while (2 * (below + ways[2 * (out + 1)] * one) <= 1 - confidence)
        below += ways[2 * ++out] * one;
    *coverage = fmax(0, 1 - 2 * below);
    return out;
}

struct rank_shift rank_shift_of(const double *values, size_t count, double confidence) {
    double walsh[MOST_WALSH];
    size_t pairs = 0;
    if (count == 0)
        return (struct rank_shift){NAN, NAN, NAN, NAN};
    count = count < RANK_MOST ? count : RANK_MOST;
    for (size_t i = 0; i < count; i++)
        for (size_t j = i; j < count; j++)
            walsh[pairs++] = (values[i] + values[j]) / 2;
    (void)stats_sort(walsh, pairs);
    struct rank_shift shift = {.estimate = stats_median(walsh, pairs)};
    size_t out = left_out(count, confidence, &shift.coverage);
    shift.low = walsh[out];
    shift.high = walsh[pairs - 1 - out];
    return shift;
}

/* ---- Holm ---- */

struct hypothesis {
    double p;
    size_t index;
};

static int by_p(const void *left, const void *right) {
    double a = ((const struct hypothesis *)left)->p;
    double b = ((const struct hypothesis *)right)->p;
    return (a > b) - (a < b);
}

void rank_holm(const double *p, size_t count, double *adjusted) {
    struct hypothesis *list = calloc(count + 1, sizeof *list);
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        adjusted[i] = isnan(p[i]) ? NAN : 1; /* without memory nothing is rejected */
        if (list != NULL && !isnan(p[i]))
            list[known++] = (struct hypothesis){p[i], i};
    }
    if (list != NULL)
        qsort(list, known, sizeof *list, by_p);
    double worst = 0;
    for (size_t i = 0; i < known; i++) {
        worst = fmax(worst, fmin(1, list[i].p * (double)(known - i)));
        adjusted[list[i].index] = worst;
    }
    free(list);
}

/* ---- Clopper and Pearson ---- */

/* The chance of at most `hits` among `count` at that share. */
static double at_most(size_t hits, size_t count, double share) {
    double n = (double)count, sum = 0;
    if (share <= 0 || hits >= count)
        return 1;
    if (share >= 1)
        return 0;
    for (size_t i = 0; i <= hits; i++) {
        double k = (double)i;
        sum += exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(share) +
                   (n - k) * log1p(-share));
    }
    return fmin(1, sum);
}

/* The share at which at most `hits` have that chance. */
static double share_at(size_t hits, size_t count, double chance) {
    enum { HALVINGS = 60 };
    double low = 0, high = 1;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (low + high) / 2;
        if (at_most(hits, count, middle) > chance)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

struct rank_bounds rank_share(size_t hits, size_t count, double confidence) {
    double tail = (1 - confidence) / 2;
    if (count == 0)
        return (struct rank_bounds){0, 1};
    return (struct rank_bounds){.low = hits == 0 ? 0 : share_at(hits - 1, count, 1 - tail),
                                .high = hits >= count ? 1 : share_at(hits, count, tail)};
}
