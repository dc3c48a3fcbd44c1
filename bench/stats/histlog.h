/* SPDX-License-Identifier: MIT */
/*
 * histlog.h - a histogram as text: HdrHistogram's V2 encoding, deflated, in base64, as its tools in
 * Java, JavaScript, Python, Go, Rust and C read it.
 * Source of the format: HdrHistogram/HdrHistogram, AbstractHistogram.java, encodeIntoByteBuffer
 * and encodeIntoCompressedByteBuffer; ZigZagEncoding.java for the counts.
 */
#ifndef BENCH_HISTLOG_H
#define BENCH_HISTLOG_H

#include "base/problem.h"
#include "stats/histogram.h"

/* The text, allocated (the caller frees), or NULL without memory. */
char *histlog_encode(const struct histogram *histogram);

/* Reads what histlog_encode wrote, or another tool with the same 3 digits, lowest value 1 and no
 * value beyond ours. 0, -ENOMEM, or -EINVAL with a problem; then the histogram is empty. Exact sum,
 * min and max are not in the format: the sum is taken from the middle of each bucket, min from the
 * lowest value of its bucket and max from the highest. Never trusts a length in the text: it takes
 * less than 1 MiB for any text, and refuses what is cut short, inflates to more than a histogram
 * has, counts beyond the largest value or more than 2^53 values, or is written longer than needed.
 */
int histlog_decode(const char *text, struct histogram *histogram, struct problem *problem);

#endif
