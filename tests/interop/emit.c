/* SPDX-License-Identifier: MIT */
/*
 * emit.c - the C side of the interop test. Without arguments it makes histograms, writes each as
 * one JSON object a line, with the text and what our own functions say of it. With `read` it takes
 * texts from stdin, one a line, and writes the same of what our decoder makes of them.
 */
#include "stats/histlog.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 1 << 20 };

/* Numbers are written as strings where JSON readers would round them. */
static void write_numbers(const struct histogram *h) {
    static const double percents[] = {50, 90, 99, 99.9};
    printf("\"total\": \"%" PRIu64 "\", \"min\": %" PRIu64 ", \"max\": %" PRIu64, h->total,
           h->min_ns, h->max_ns);
    printf(", \"mean\": %.17g, \"percentiles\": {", h->total ? histogram_mean(h) : 0);
    for (size_t i = 0; i < sizeof percents / sizeof *percents; i++)
        printf("%s\"%g\": %" PRIu64, i ? ", " : "", percents[i],
               histogram_percentile(h, percents[i]));
    printf("}, \"counts\": [");
    const char *comma = "";
    for (uint32_t i = 0; i < HISTOGRAM_COUNTS; i++) {
        if (h->counts[i] == 0)
            continue;
        printf("%s[%" PRIu64 ", %" PRIu64 ", \"%" PRIu64 "\"]", comma, histogram_lowest(i),
               histogram_value(i), h->counts[i]);
        comma = ", ";
    }
    printf("]");
}

static int write_made(const char *name, const struct histogram *histogram) {
    char *text = histlog_encode(histogram);
    if (text == NULL)
        return 1;
    printf("{\"name\": \"%s\", \"text\": \"%s\", ", name, text);
    write_numbers(histogram);
    printf("}\n");
    free(text);
    return 0;
}

static void make_nothing(struct histogram *histogram) {
    (void)histogram;
}

static void make_zero(struct histogram *histogram) {
    histogram_record(histogram, 0);
}

static void make_one_value(struct histogram *histogram) {
    histogram_record(histogram, 4450);
}

static void make_largest(struct histogram *histogram) {
    histogram_record(histogram, HISTOGRAM_MAX_NS);
    histogram_record(histogram, UINT64_MAX);
}

/* Runs of no zero, one, two, and lengths around those at which a run takes one more byte. */
static void make_zero_runs(struct histogram *histogram) {
    static const uint32_t runs[] = {0, 1, 2, 3, 62, 63, 64, 65, 0, 0, 1, 8190, 8191, 8192, 5000};
    uint32_t index = 0;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        index += runs[i];
        histogram_record(histogram, histogram_lowest(index++));
    }
}

static void make_bucket_edges(struct histogram *histogram) {
    for (uint64_t ns = 1; ns <= HISTOGRAM_MAX_NS / 2; ns *= 2) {
        histogram_record(histogram, ns - 1);
        histogram_record(histogram, ns);
        histogram_record(histogram, ns + 1);
    }
}

/* More than 32 bits of counts, in counts of every length; the total is 2^43 - 1. */
static void make_huge_total(struct histogram *histogram) {
    for (unsigned bit = 0; bit < 43; bit++) {
        uint64_t ns = 100 + 37 * bit;
        histogram_record(histogram, ns);
        histogram->counts[histogram_index(ns)] = UINT64_C(1) << bit;
        histogram->total += (UINT64_C(1) << bit) - 1;
        histogram->sum_ns += ((UINT64_C(1) << bit) - 1) * ns;
    }
}

/* 100,000 values around 5 us with a long tail. xorshift64* and Box-Muller: any fixed source would
 * do, since JavaScript is told the counts. */
static void make_lognormal(struct histogram *histogram) {
    uint64_t state = UINT64_C(88172645463325252);
    double uniform[2];
    for (int i = 0; i < 100000; i++) {
        for (int j = 0; j < 2; j++) {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            uniform[j] = ((double)((state * UINT64_C(2685821657736338717)) >> 11) + 0.5) /
                         9007199254740992.0;
        }
        double normal = sqrt(-2 * log(uniform[0])) * cos(2 * acos(-1) * uniform[1]);
        histogram_record(histogram, (uint64_t)exp(log(5000) + 0.8 * normal));
    }
}

static const struct {
    const char *name;
    void (*make)(struct histogram *histogram);
} makers[] = {
    {"nothing", make_nothing},         {"zero", make_zero},
    {"one value", make_one_value},     {"the largest value", make_largest},
    {"runs of zeros", make_zero_runs}, {"edges of buckets", make_bucket_edges},
    {"a huge total", make_huge_total}, {"100000 lognormal values", make_lognormal},
};

static int write_all(struct histogram *histogram) {
    int result = 0;
    for (size_t i = 0; i < sizeof makers / sizeof *makers && result == 0; i++) {
        histogram_reset(histogram);
        makers[i].make(histogram);
        result = write_made(makers[i].name, histogram);
    }
    return result;
}

static int read_all(struct histogram *histogram) {
    static char line[LINE_BYTES];
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct problem problem;
        line[strcspn(line, "\n")] = '\0';
        if (histlog_decode(line, histogram, &problem) != 0) {
            (void)fprintf(stderr, "emit: %s\n", problem.text);
            return 1;
        }
        printf("{");
        write_numbers(histogram);
        printf("}\n");
    }
    return 0;
}

int main(int argc, char **argv) {
    struct histogram *histogram = malloc(sizeof *histogram);
    if (histogram == NULL)
        return 1;
    int result =
        argc > 1 && strcmp(argv[1], "read") == 0 ? read_all(histogram) : write_all(histogram);
    free(histogram);
    return result;
}
