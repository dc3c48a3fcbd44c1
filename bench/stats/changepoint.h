/* SPDX-License-Identifier: MIT */
/*
 * changepoint.h - where a series of numbers changes: E-divisive (Matteson and James, A
 * nonparametric approach for multiple change point analysis of multivariate data, JASA 2014) for
 * one dimension, exponent 1, with a permutation test. Meant for logarithms of latencies. No system
 * calls; the same series gives the same answer.
 */
#ifndef BENCH_CHANGEPOINT_H
#define BENCH_CHANGEPOINT_H

#include <stddef.h>

enum {
    CHANGEPOINT_SEGMENT = 4,     /* the fewest points to each side */
    CHANGEPOINT_SHUFFLES = 1999, /* of the permutation test */
    CHANGEPOINT_WINDOW =
        400,              /* points that are looked at together; longer series overlap by half */
    CHANGEPOINT_MOST = 64 /* changes of one series */
};
#define CHANGEPOINT_P      0.001 /* a change must be less probable than that by chance */
#define CHANGEPOINT_EFFECT 0.02  /* and move the median by at least so much (a share) */

struct changepoint {
    size_t index; /* of the first point after it */
    double p;     /* (shuffles that part as well + 1) / (shuffles + 1) */
    double shift; /* of the median, of the logarithms: after minus before, each over its segment */
};

/* Fills `changes`, which has room for CHANGEPOINT_MOST, in order. Returns how many, or -ENOMEM.
 * `logs` are finite. */
int changepoint_find(const double *logs, size_t count, struct changepoint *changes);

#endif
