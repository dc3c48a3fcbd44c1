/* SPDX-License-Identifier: MIT */
/*
 * claims.c - the HOWTO's claims as a table, and the rules that answer them.
 */
#include "judge/claims.h"

#include "base/fields.h"
#include "judge/claims_gather.h"
#include "judge/verdict.h"
#include "stats/stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RESAMPLES = 1000, SEED = 1, PAIRS_FOR_AN_INTERVAL = 3 };

const char *const claims_answers[] = {"cannot tell", "supported", "refuted", NULL};

const struct claims_kind claims_kinds[CLAIMS] = {
    {.name = "other-ipc-is-faster",
     .says = "Sockets are not the fastest form of IPC on a platform.",
     .criterion =
         "at equal wait, placement and size the best mechanism that is no socket beats the "
         "best socket: no pair the other way, and as many wins as ties or more",
     .measure = "ipcbench run -t core,kernel",
     .left = "the best that is no socket",
     .right = "the best socket",
     .rule = CLAIMS_FASTEST,
     .gather = claims_gather_sockets},
    {.name = "pipes-or-shared-memory",
     .says = "For fast IPC on one machine, look into pipes or shared memory.",
     .criterion = "at equal wait, placement and size the best of pipes and shared memory beats the "
                  "best of all else: no pair the other way, and as many wins as ties or more",
     .measure = "ipcbench run -t core,kernel",
     .left = "the best of pipes and shared memory",
     .right = "the best of all else",
     .rule = CLAIMS_FASTEST,
     .gather = claims_gather_pipes_and_memory},
    {.name = "localhost-shortcut",
     .says = "Binding to localhost takes a shortcut and is quite a bit faster than the public "
             "address.",
     .criterion = "quite a bit is 10% or more: the public address takes 1.1 times as long, the 95% "
                  "interval of the median over all pairs lying wholly above",
     .measure = "ipcbench run -t tcp-localhost,tcp-public",
     .left = "tcp-localhost",
     .right = "tcp-public",
     .rule = CLAIMS_TIMES,
     .threshold = 1.1,
     .shows_route = true,
     .gather = claims_gather_addresses},
    {.name = "connection-for-one-exchange",
     .says = "A client socket that serves one exchange pays for its connection.",
     .criterion = "connecting for each exchange takes at least 1.5 times as long as an exchange on "
                  "a standing connection",
     .measure = "ipcbench run -t unix,tcp-localhost -w pingpong,connect -s 64",
     .left = "standing connection",
     .right = "connection for each",
     .rule = CLAIMS_TIMES,
     .threshold = 1.5,
     .gather = claims_gather_connections},
    {.name = "select-serves-fastest",
     .says = "Of the ways to serve many clients (a thread each, a process each, non-blocking "
             "sockets with select) the fastest uses select.",
     .criterion = "with equally many clients select serves more exchanges a second than a thread "
                  "each and than a process each: no pair the other way, and as many wins as ties "
                  "or more",
     .measure = "ipcbench run -t unix,tcp-localhost -s 64 "
                "-w serve:clients=16,design=select,serve:clients=16,design=thread,"
                "serve:clients=16,design=process",
     .left = "select",
     .right = "a thread or a process each",
     .rule = CLAIMS_FASTEST,
     .gather = claims_gather_servers},
    {.name = "multiprocessing-costs",
     .says = "multiprocessing is the higher-level API: its convenience has a price.",
     .criterion = "multiprocessing takes at least 1.1 times as long as the same mechanism from C, "
                  "the 95% interval of the median over all pairs lying wholly above",
     .measure = "ipcbench run -t core,python-pipe,python-queue,python-shm",
     .left = "the mechanism in C",
     .right = "multiprocessing on it",
     .rule = CLAIMS_TIMES,
     .threshold = 1.1,
     .gather = claims_gather_multiprocessing},
};

static void count_outcomes(struct claim *claim) {
    for (size_t i = 0; i < claim->count; i++) {
        enum contest_outcome outcome = claim->pairs[i].outcome;
        claim->left_faster += outcome == CONTEST_LEFT;
        claim->right_faster += outcome == CONTEST_RIGHT;
        claim->ties += outcome == CONTEST_TIE;
        claim->unknown += outcome == CONTEST_UNKNOWN;
    }
}

/* The median ratio over the pairs, with an interval where they are enough for one. 0 or -ENOMEM. */
static int sum_up_times(struct claim *claim) {
    double *values = calloc(2 * claim->count + RESAMPLES, sizeof *values);
    if (values == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < claim->count; i++)
        values[i] = claim->pairs[i].times;
    size_t known = stats_sort(values, claim->count);
    struct stats_interval interval =
        stats_median_interval(values, known, RESAMPLES, SEED, values + claim->count);
    claim->times = stats_median(values, known);
    claim->times_low = known < PAIRS_FOR_AN_INTERVAL ? NAN : interval.low;
    claim->times_high = known < PAIRS_FOR_AN_INTERVAL ? NAN : interval.high;
    free(values);
    return 0;
}

static enum claims_answer answer_fastest(const struct claim *claim) {
    size_t wins = claim->left_faster, losses = claim->right_faster;
    if (wins > 0 && losses == 0 && wins >= claim->ties)
        return CLAIMS_SUPPORTED;
    return losses > 0 && wins == 0 && losses >= claim->ties ? CLAIMS_REFUTED : CLAIMS_CANNOT_TELL;
}

/* Few pairs: every one must say the same by its own interval. */
static enum claims_answer answer_each(const struct claim *claim) {
    size_t above = 0, below = 0;
    for (size_t i = 0; i < claim->count; i++) {
        above += claim->pairs[i].times_low > claim->kind->threshold;
        below += claim->pairs[i].times_high < claim->kind->threshold;
    }
    if (claim->count > 0 && above == claim->count)
        return CLAIMS_SUPPORTED;
    return claim->count > 0 && below == claim->count ? CLAIMS_REFUTED : CLAIMS_CANNOT_TELL;
}

static enum claims_answer answer_times(const struct claim *claim) {
    if (isnan(claim->times_low))
        return answer_each(claim);
    if (claim->times_low > claim->kind->threshold)
        return CLAIMS_SUPPORTED;
    return claim->times_high < claim->kind->threshold ? CLAIMS_REFUTED : CLAIMS_CANNOT_TELL;
}

/* The route that a trial of the cell noted; NULL: none did. */
static const char *route_of(const struct run *run, const struct cell_summary *cell) {
    for (size_t i = 0; i < run->trial_count; i++) {
        const struct record *trial = &run->trials[i];
        for (size_t f = 0; f < trial->fact_count && strcmp(trial->key, cell->key) == 0; f++)
            if (strcmp(trial->facts[f].name, "route") == 0)
                return trial->facts[f].value;
    }
    return NULL;
}

static int answer(const struct run *run, struct claim *claim) {
    int error = claim->kind->gather(run, claim);
    if (error == 0)
        error = sum_up_times(claim);
    if (error != 0)
        return error;
    count_outcomes(claim);
    claim->answer =
        claim->kind->rule == CLAIMS_FASTEST ? answer_fastest(claim) : answer_times(claim);
    if (claim->kind->shows_route && claim->count > 0) {
        claim->left_route = route_of(run, claim->pairs[0].left);
        claim->right_route = route_of(run, claim->pairs[0].right);
    }
    return 0;
}

int claims_make(const struct run *run, struct claim claims[CLAIMS]) {
    int error = 0;
    for (size_t i = 0; i < CLAIMS; i++)
        claims[i] = (struct claim){.kind = &claims_kinds[i]};
    for (size_t i = 0; i < CLAIMS && error == 0; i++)
        error = answer(run, &claims[i]);
    if (error != 0)
        claims_free(claims);
    return error;
}

void claims_free(struct claim claims[CLAIMS]) {
    for (size_t i = 0; i < CLAIMS; i++) {
        free(claims[i].pairs);
        claims[i].pairs = NULL;
        claims[i].count = 0;
    }
}

static void say_times(const struct claim *claim, char *text, size_t room) {
    char times[32], low[32], high[32];
    verdict_times(claim->times, times, sizeof times);
    verdict_times(claim->times_low, low, sizeof low);
    verdict_times(claim->times_high, high, sizeof high);
    int used = snprintf(text, room, "%s takes %s times as long", claim->kind->right, times);
    if (used < 0 || (size_t)used >= room)
        return;
    if (isnan(claim->times_low))
        (void)snprintf(text + used, room - (size_t)used, " (%zu pair%s)", claim->count,
                       claim->count == 1 ? "" : "s");
    else
        (void)snprintf(text + used, room - (size_t)used,
                       " (%s to %s, the median of %zu pairs); the mark is %.1f", low, high,
                       claim->count, claim->kind->threshold);
}

void claims_say(const struct claim *claim, char *text, size_t room) {
    if (claim->count == 0)
        (void)snprintf(text, room, "no pair of cells to hold it against; measure with `%s`",
                       claim->kind->measure);
    else if (claim->kind->rule == CLAIMS_TIMES)
        say_times(claim, text, room);
    else
        (void)snprintf(text, room, "%s is faster in %zu of %zu pairs, slower in %zu, tied in %zu%s",
                       claim->kind->left, claim->left_faster, claim->count, claim->right_faster,
                       claim->ties, claim->unknown > 0 ? ", unknown in the others" : "");
}

static json_t *pair_to_json(const struct contest *pair) {
    static const char *const outcomes[] = {"unknown", "tie", "left", "right"};
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s}", "left", fields_text(pair->left->key),
                     "right", fields_text(pair->right->key), "times", fields_number(pair->times),
                     "times_low", fields_number(pair->times_low), "times_high",
                     fields_number(pair->times_high), "faster", outcomes[pair->outcome]);
}

static json_t *one_to_json(const struct claim *claim) {
    char text[512];
    claims_say(claim, text, sizeof text);
    json_t *pairs = json_array();
    for (size_t i = 0; i < claim->count; i++)
        (void)json_array_append_new(pairs, pair_to_json(&claim->pairs[i]));
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name", claim->kind->name,
        "claim", claim->kind->says, "answer", claims_answers[claim->answer], "criterion",
        claim->kind->criterion, "because", text, "times", fields_number(claim->times), "times_low",
        fields_number(claim->times_low), "times_high", fields_number(claim->times_high),
        "left_route", fields_text_or_null(claim->left_route), "right_route",
        fields_text_or_null(claim->right_route), "pairs", pairs);
}

json_t *claims_to_json(const struct claim claims[CLAIMS]) {
    json_t *all = json_array();
    for (size_t i = 0; i < CLAIMS && all != NULL; i++)
        if (json_array_append_new(all, one_to_json(&claims[i])) != 0) {
            json_decref(all);
            return NULL;
        }
    return all;
}
