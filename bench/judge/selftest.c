/* SPDX-License-Identifier: MIT */
/*
 * selftest.c - judges the controls. Whatever is compared ran in the same round, so that the drift
 * of the host falls out; the answer is the median over rounds, with its 95% interval.
 */
#include "judge/selftest.h"

#include "base/units.h"
#include "run/calibration.h"
#include "stats/histlog.h"
#include "stats/stats.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DELAY_SHARE 0.02   /* so far off may a delay come back */
#define NULL_NS     1000.0 /* the harness must cost less */
#define RARE_NS     UINT64_C(500000)
#define RARE_ONE_IN 100.0
#define FLOOR_MOST  20.0

/* Stretches of stamped exchanges begin anywhere in a hundred, so that a trial may see a few
 * delayed ones more or fewer than one in a hundred of those stamped. */
#define RARE_SLACK 3.0
#define RARE_LEAST 10.0 /* delayed exchanges that a trial must expect to carry the share */

/* From so many rounds on, all to one side are no accident: 2 of 2^8 say so. */
#define TIE_ROUNDS     8
#define TIE_CONFIDENCE 0.999

enum { RESAMPLES = 2000 };

/* The checks of the host, which explain what is wrong with the others. */
static const char interference[] = "interference", doctor_name[] = "doctor";

/* A pipe with its default spelled out is the twin of a pipe. */
const struct cell selftest_cells[SELFTEST_CELLS] = {
    [SELFTEST_NULL] = {"null", "", "pingpong", IPC_BLOCK, "same-core", 64},
    [SELFTEST_NO_DELAY] = {"known-delay", "delay=0", "pingpong", IPC_BLOCK, "same-core", 64},
    [SELFTEST_DELAY_200] = {"known-delay", "delay=200", "pingpong", IPC_BLOCK, "same-core", 64},
    [SELFTEST_DELAY_1000] = {"known-delay", "delay=1000", "pingpong", IPC_BLOCK, "same-core", 64},
    [SELFTEST_RARE_DELAY] = {"known-delay", "delay=1000000,one-in=100", "pingpong", IPC_BLOCK,
                             "same-core", 64},
    [SELFTEST_SAME_CORE] = {"pipe", "", "pingpong", IPC_BLOCK, "same-core", 64},
    [SELFTEST_SAME_CORE_TWIN] = {"pipe", "bufsize=0", "pingpong", IPC_BLOCK, "same-core", 64},
    [SELFTEST_CROSS_CORE] = {"pipe", "", "pingpong", IPC_SPIN, "cross-core", 64},
    [SELFTEST_CROSS_CORE_TWIN] = {"pipe", "bufsize=0", "pingpong", IPC_SPIN, "cross-core", 64},
    [SELFTEST_FLOOR] = {"shm", "", "pingpong", IPC_SPIN, "cross-core", 64},
};

const char *const selftest_verdicts[] = {"pass", "skipped", "unfit", "fail", NULL};
const char *const selftest_places[SELFTEST_PLACES] = {"same-core", "cross-core"};

struct judge {
    const struct record *trials;
    size_t rounds;
    struct histogram *histogram; /* scratch */
    struct selftest_report *report;
};

static const struct record *trial(const struct judge *judge, size_t round,
                                  enum selftest_cell cell) {
    return &judge->trials[round * SELFTEST_CELLS + (size_t)cell];
}

/* ---- a check ---- */

static struct selftest_check *begin(const struct judge *judge, const char *name) {
    struct selftest_check *check = &judge->report->checks[judge->report->count++];
    *check = (struct selftest_check){.name = name};
    return check;
}

__attribute__((format(printf, 3, 4))) static void
conclude(struct selftest_check *check, enum selftest_verdict verdict, const char *format, ...) {
    va_list values;
    va_start(values, format);
    (void)vsnprintf(check->why, sizeof check->why, format, values);
    va_end(values);
    check->verdict = verdict;
}

/* Do the cells have their trials? If not, says so: one that failed, a host that can't. */
static bool complete(const struct judge *judge, struct selftest_check *check,
                     enum selftest_cell first, enum selftest_cell second) {
    for (size_t i = 0; i < 2 * judge->rounds; i++) {
        const struct record *record = trial(judge, i / 2, i % 2 == 0 ? first : second);
        if (record->status == RECORD_OK)
            continue;
        enum selftest_verdict verdict =
            record->status == RECORD_SKIPPED ? SELFTEST_SKIPPED : SELFTEST_FAIL;
        (void)snprintf(check->found, sizeof check->found, "a trial that %s",
                       verdict == SELFTEST_FAIL ? "failed" : "was skipped");
        conclude(check, verdict, "%s", record->why);
        return false;
    }
    if (judge->rounds == 0) {
        (void)snprintf(check->found, sizeof check->found, "no trial");
        conclude(check, SELFTEST_UNFIT, "No trial was finished; give it more time with --budget.");
    }
    return judge->rounds > 0;
}

/* ---- numbers over rounds ---- */

struct over_rounds {
    double values[SELFTEST_ROUNDS]; /* ascending */
    size_t count;                   /* that are known */
    double median;
    struct stats_interval interval;
};

static void sum_up(struct over_rounds *numbers, size_t count) {
    double scratch[SELFTEST_ROUNDS + RESAMPLES];
    numbers->count = stats_sort(numbers->values, count);
    numbers->median = stats_median(numbers->values, numbers->count);
    numbers->interval =
        stats_median_interval(numbers->values, numbers->count, RESAMPLES, 1, scratch);
}

static double mean_of(const struct record *record) {
    return record->mean_ns;
}

static double p50_of(const struct record *record) {
    return record->p50_ns;
}

static double times_floor(const struct record *record) {
    return record->mean_ns / record->floor_ns;
}

static void collect(const struct judge *judge, enum selftest_cell cell,
                    double (*figure)(const struct record *), struct over_rounds *numbers) {
    for (size_t round = 0; round < judge->rounds; round++)
        numbers->values[round] = figure(trial(judge, round, cell));
    sum_up(numbers, judge->rounds);
}

static void subtract(const struct judge *judge, enum selftest_cell cell, enum selftest_cell from,
                     double (*figure)(const struct record *), struct over_rounds *numbers) {
    for (size_t round = 0; round < judge->rounds; round++)
        numbers->values[round] =
            figure(trial(judge, round, cell)) - figure(trial(judge, round, from));
    sum_up(numbers, judge->rounds);
}

/* Is the median from `low` to `high`? Where it isn't, but its interval reaches there, that can't
 * be told. */
static enum selftest_verdict place(const struct over_rounds *numbers, double low, double high) {
    if (numbers->median >= low && numbers->median <= high)
        return SELFTEST_PASS;
    bool beyond = numbers->interval.low > high || numbers->interval.high < low;
    return beyond ? SELFTEST_FAIL : SELFTEST_UNFIT;
}

static const char *too_wide(enum selftest_verdict verdict) {
    return verdict == SELFTEST_UNFIT
               ? " The rounds are too few, or scatter too much, to call that wrong."
               : "";
}

static double quantum_of(const struct judge *judge, enum selftest_cell cell) {
    double quantum_ns = trial(judge, 0, cell)->clock_quantum_ns;
    return quantum_ns > 0 ? quantum_ns : 0;
}

/* ---- the controls ---- */

static void judge_delay(const struct judge *judge, const char *name, enum selftest_cell cell,
                        double delay_ns) {
    struct selftest_check *check = begin(judge, name);
    struct over_rounds added;
    double slack_ns = DELAY_SHARE * delay_ns;
    if (judge->rounds > 0)
        slack_ns = fmax(slack_ns, quantum_of(judge, cell));
    (void)snprintf(check->expected, sizeof check->expected, "%.0f +- %.1f ns", delay_ns, slack_ns);
    if (!complete(judge, check, SELFTEST_NO_DELAY, cell))
        return;
    subtract(judge, cell, SELFTEST_NO_DELAY, mean_of, &added);
    (void)snprintf(check->found, sizeof check->found, "%.1f ns", added.median);
    enum selftest_verdict verdict = place(&added, delay_ns - slack_ns, delay_ns + slack_ns);
    conclude(check, verdict,
             "A delay of %.0f ns came back as %.1f ns (95%% interval %.1f to %.1f), where %.1f ns "
             "more or less is right.%s",
             delay_ns, added.median, added.interval.low, added.interval.high, slack_ns,
             too_wide(verdict));
}

static double count_slow(const struct histogram *histogram) {
    uint64_t slow = 0;
    for (uint32_t i = histogram_index(RARE_NS); i < HISTOGRAM_COUNTS; i++)
        slow += histogram->counts[i];
    return (double)slow;
}

struct rare {
    struct over_rounds excess;   /* slow exchanges of a trial beyond those expected */
    double slow, stamped, least; /* over all trials; the fewest that a trial expects */
};

/* Adds to what is there. 0, or a negative errno with a problem when a histogram can't be read. */
static int count_rare(const struct judge *judge, struct rare *rare, struct problem *problem) {
    for (size_t round = 0; round < judge->rounds; round++) {
        const char *text = trial(judge, round, SELFTEST_RARE_DELAY)->histogram;
        if (text == NULL)
            return problem_set(problem, EINVAL, "the trial has no histogram");
        int error = histlog_decode(text, judge->histogram, problem);
        if (error)
            return error;
        double slow = count_slow(judge->histogram), stamped = (double)judge->histogram->total;
        rare->slow += slow;
        rare->stamped += stamped;
        rare->least = fmin(rare->least, stamped / RARE_ONE_IN);
        rare->excess.values[round] = slow - stamped / RARE_ONE_IN;
    }
    sum_up(&rare->excess, judge->rounds);
    return 0;
}

static void conclude_rare(const struct judge *judge, struct selftest_check *check,
                          const struct rare *rare) {
    struct over_rounds shift;
    subtract(judge, SELFTEST_RARE_DELAY, SELFTEST_NO_DELAY, p50_of, &shift);
    /* Both are a multiple of the step, rounded down to whole ns. */
    double step_ns = quantum_of(judge, SELFTEST_NO_DELAY) + 1;
    enum selftest_verdict share = place(&rare->excess, -RARE_SLACK, RARE_SLACK);
    enum selftest_verdict median = place(&shift, -step_ns, step_ns);
    if (rare->least < RARE_LEAST && share != SELFTEST_FAIL)
        share = SELFTEST_UNFIT;
    enum selftest_verdict verdict = share > median ? share : median;
    (void)snprintf(check->found, sizeof check->found, "%.2f%% slow, p50 %+.0f ns",
                   100 * rare->slow / rare->stamped, shift.median);
    conclude(check, verdict,
             "%.0f of %.0f stamped exchanges were above 0.5 ms; a trial had %+.1f of them beyond "
             "one in 100 (3 are allowed), and its p50 moved by %+.1f ns (%.0f are allowed).%s",
             rare->slow, rare->stamped, rare->excess.median, shift.median, step_ns,
             too_wide(verdict));
}

static void judge_rare(const struct judge *judge) {
    struct selftest_check *check = begin(judge, "rare delay");
    struct problem problem = {""};
    struct rare rare = {.least = INFINITY};
    (void)snprintf(check->expected, sizeof check->expected, "1%% slow, p50 as without");
    if (!complete(judge, check, SELFTEST_NO_DELAY, SELFTEST_RARE_DELAY))
        return;
    if (count_rare(judge, &rare, &problem) == 0) {
        conclude_rare(judge, check, &rare);
        return;
    }
    (void)snprintf(check->found, sizeof check->found, "no histogram");
    conclude(check, SELFTEST_FAIL, "The histogram can't be read: %s.", problem.text);
}

static bool holds(struct stats_interval interval, double slack, double value) {
    return interval.low - slack <= value && interval.high + slack >= value;
}

static enum selftest_verdict tie_verdict(const struct over_rounds *ratio, double step) {
    struct stats_interval far = stats_order_interval(ratio->values, ratio->count, TIE_CONFIDENCE);
    if (holds(ratio->interval, step, 1) || holds(far, step, 1))
        return SELFTEST_PASS;
    return ratio->count >= TIE_ROUNDS ? SELFTEST_FAIL : SELFTEST_UNFIT;
}

/* The twins are one program under two names: a winner among them is an error, and how far their
 * ratio scatters is what this host can't see. */
static void judge_tie(const struct judge *judge, const char *name, enum selftest_cell cell,
                      double *smallest) {
    struct selftest_check *check = begin(judge, name);
    enum selftest_cell twin = cell + 1;
    struct over_rounds ratio, p50;
    (void)snprintf(check->expected, sizeof check->expected, "1 within the interval");
    if (!complete(judge, check, cell, twin))
        return;
    for (size_t i = 0; i < judge->rounds; i++)
        ratio.values[i] = p50_of(trial(judge, i, twin)) / p50_of(trial(judge, i, cell));
    sum_up(&ratio, judge->rounds);
    collect(judge, cell, p50_of, &p50);
    double step = quantum_of(judge, cell) / p50.median;
    enum selftest_verdict verdict = tie_verdict(&ratio, step);
    if (ratio.count >= 2)
        *smallest = fmax((ratio.interval.high - ratio.interval.low) / 2, step);
    (void)snprintf(check->found, sizeof check->found, "%.4f (%.4f to %.4f)", ratio.median,
                   ratio.interval.low, ratio.interval.high);
    conclude(check, verdict,
             "The same transport under two names differed by the factor %.4f over %zu rounds "
             "(95%% interval %.4f to %.4f); one step of the clock is %.4f.%s",
             ratio.median, ratio.count, ratio.interval.low, ratio.interval.high, step,
             too_wide(verdict));
}

static void judge_null(const struct judge *judge) {
    struct selftest_check *check = begin(judge, "null");
    struct over_rounds mean;
    (void)snprintf(check->expected, sizeof check->expected, "below %.0f ns", NULL_NS);
    if (!complete(judge, check, SELFTEST_NULL, SELFTEST_NULL))
        return;
    collect(judge, SELFTEST_NULL, mean_of, &mean);
    (void)snprintf(check->found, sizeof check->found, "%.1f ns", mean.median);
    enum selftest_verdict verdict = place(&mean, 0, NULL_NS);
    conclude(check, verdict, "The harness itself costs %.1f ns for each exchange.%s", mean.median,
             too_wide(verdict));
}

static void judge_floor(const struct judge *judge) {
    struct selftest_check *check = begin(judge, "floor");
    struct over_rounds times;
    (void)snprintf(check->expected, sizeof check->expected, "%.1f to %.0f x the floor",
                   CALIBRATION_HARD_SHARE, FLOOR_MOST);
    if (!complete(judge, check, SELFTEST_FLOOR, SELFTEST_FLOOR))
        return;
    collect(judge, SELFTEST_FLOOR, times_floor, &times);
    (void)snprintf(check->found, sizeof check->found, "%.2f x", times.median);
    enum selftest_verdict verdict = place(&times, CALIBRATION_HARD_SHARE, FLOOR_MOST);
    conclude(check, verdict,
             "A round trip through shared memory took %.2f times what a bare cache line takes "
             "between the two CPUs, and its copies.%s",
             times.median, too_wide(verdict));
}

/* ---- all of it ---- */

static enum selftest_verdict overall(const struct selftest_report *report) {
    enum selftest_verdict gravest = SELFTEST_PASS;
    for (size_t i = 0; i < report->count; i++) {
        const struct selftest_check *check = &report->checks[i];
        bool of_host = check->name == interference || check->name == doctor_name;
        if (of_host && check->verdict == SELFTEST_UNFIT)
            return SELFTEST_UNFIT;
        if (check->verdict != SELFTEST_SKIPPED && check->verdict > gravest)
            gravest = check->verdict;
    }
    return gravest;
}

int selftest_judge(const struct record *trials, size_t rounds, const struct doctor_report *doctor,
                   struct selftest_report *report) {
    struct histogram *histogram = malloc(sizeof *histogram);
    const struct judge judge = {trials, rounds, histogram, report};
    if (histogram == NULL)
        return -ENOMEM;
    *report = (struct selftest_report){.rounds = rounds, .smallest = {NAN, NAN}};
    judge_delay(&judge, "delay of 200 ns", SELFTEST_DELAY_200, 200);
    judge_delay(&judge, "delay of 1 us", SELFTEST_DELAY_1000, 1000);
    judge_rare(&judge);
    judge_tie(&judge, "tie same-core", SELFTEST_SAME_CORE, &report->smallest[0]);
    judge_tie(&judge, "tie cross-core", SELFTEST_CROSS_CORE, &report->smallest[1]);
    judge_null(&judge);
    judge_floor(&judge);
    selftest_judge_interference(trials, rounds * SELFTEST_CELLS, begin(&judge, interference));
    selftest_judge_doctor(doctor, begin(&judge, doctor_name));
    report->verdict = overall(report);
    free(histogram);
    return 0;
}
