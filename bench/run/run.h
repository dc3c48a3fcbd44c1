/* SPDX-License-Identifier: MIT */
/*
 * run.h - a run in memory: the environment, the options, the trials in the order in which they ran,
 * and the cells that they add up to.
 */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include "trial/record.h"

/* What the trials of one cell say together. A trial counts once, however many exchanges it had: the
 * figures are medians over the ok trials that know theirs, except where a line says otherwise. NaN:
 * not known. */
struct cell_summary {
    char key[CELL_KEY_BYTES];
    struct cell cell;
    char group[16];            /* the transport's */
    bool not_a_channel;        /* likewise: see transport.h */
    enum record_status status; /* ok when at least one trial is; else that of its last trial */
    char why[768];             /* unless ok */
    size_t trials;             /* that are ok */
    size_t failed;             /* that are not */
    size_t flagged;            /* ok trials that carry a flag: see interference.h */
    double exchanges;          /* behind the percentiles (stamped), in all ok trials together */
    double mean_ns;
    /* A percentile is a median over trials when every ok trial carries it (see histogram_carries).
     * Else it is that of all their histograms added up, when these carry it together; else NaN, as
     * also when a trial came without a histogram that can be read. */
    double p50_ns, p90_ns, p99_ns, p999_ns;
    double min_ns, max_ns; /* the least and the greatest of all trials */
    /* 95% interval of the median trial's p50: stats_median_interval, which says what it is worth
     * for few trials; not below 0. NaN with one trial, or where p50_ns isn't a median over trials.
     * It knows nothing of what all trials share, such as the quantum of the clock. */
    double p50_low_ns, p50_high_ns;
    double per_second, bytes_per_second;
    double per_second_low, per_second_high; /* 95% interval of the former, likewise */
    struct record_crowd crowd; /* of phases and clients: likewise medians over trials */
    double lost;               /* of all ok trials together: see record.h */
    double lost_share;         /* of what they sent */
    double cpu_ns;
    double switches;     /* voluntary and involuntary, of both ends, for each exchange */
    double system_calls; /* of both ends, for each exchange; from the counting trial */
    double floor_ns;     /* what the trials' CPUs allowed, see record.h */
    double times_floor;  /* mean_ns as a multiple of it */
};

struct run {
    json_t *environment; /* owned */
    json_t *options;     /* owned: what `run` was asked for, seed and plan included */
    struct record *trials;
    size_t trial_count;
    struct cell_summary *cells; /* in the order of each cell's first trial */
    size_t cell_count;
    int complete; /* 0: read from the journal of a run that was interrupted */
};

/* Appends a trial and takes over the record's contents, which is empty afterwards. 0, or -ENOMEM;
 * then the record stays the caller's. */
int run_add(struct run *run, struct record *record);

/* Makes run->cells from run->trials, in order of each cell's first trial; replaces those of an
 * earlier call. The same trials give the same summary. 0, or -ENOMEM; then there are no cells. */
int run_summarise(struct run *run);

/* The trial that stands in the cell's figures: of this key, ok, and for timing. */
bool run_counts(const struct record *trial, const struct cell_summary *cell);

/* A text of the environment, "not known" when it has none. `part` NULL: at the top. */
const char *run_environment(const struct run *run, const char *part, const char *name);

/* Seconds since the epoch of a date as run files write it; -1 for another text. */
long long run_seconds(const char *date);

/* Frees what the run owns and leaves it empty. */
void run_free(struct run *run);

#endif
