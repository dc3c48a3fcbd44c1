/* SPDX-License-Identifier: MIT */
/*
 * verdict.c - the best choice, the runner-up, and who ties.
 */
#include "judge/verdict.h"

#include "base/fields.h"
#include "base/text.h"
#include "base/units.h"

#include <math.h>
#include <string.h>

const struct verdict_question verdict_questions[VERDICT_QUESTIONS] = {
    {64, true, true, "64 B, I can burn a core"},
    {64, false, true, "64 B, I can't: two cores"},
    {64, false, false, "64 B, I can't: both ends on one CPU"},
    {4096, true, true, "4 KiB, I can burn a core"},
    {4096, false, true, "4 KiB, I can't: two cores"},
    {4096, false, false, "4 KiB, I can't: both ends on one CPU"},
};

struct wanted {
    const struct verdict_question *question;
    const char *placement;
    const struct cell_summary *except; /* whose transport is left out; NULL: none */
};

static bool same_transport(const struct cell *a, const struct cell *b) {
    return strcmp(a->transport, b->transport) == 0 && strcmp(a->knobs, b->knobs) == 0;
}

static bool is_candidate(const struct cell_summary *cell, const void *context) {
    const struct wanted *wanted = context;
    return contest_admits(cell) && strcmp(cell->cell.workload, "pingpong") == 0 &&
           cell->cell.size_bytes == wanted->question->size_bytes &&
           strcmp(cell->cell.placement, wanted->placement) == 0 &&
           (wanted->question->burn || cell->cell.wait == IPC_BLOCK) &&
           (wanted->except == NULL || !same_transport(&cell->cell, &wanted->except->cell));
}

/* The first of the places where somebody ran; those on two cores from near to far, hyperthreads of
 * one core at last. */
static const struct cell_summary *find_best(const struct run *run, struct wanted *wanted) {
    static const char *const two[] = {"cross-core", "same-l3",      "cross-l3",
                                      "cross-numa", "cross-socket", "smt"};
    if (!wanted->question->two_cores) {
        wanted->placement = "same-core";
        return contest_best(run, is_candidate, wanted);
    }
    const struct cell_summary *best = NULL;
    for (size_t i = 0; i < sizeof two / sizeof *two && best == NULL; i++) {
        wanted->placement = two[i];
        best = contest_best(run, is_candidate, wanted);
    }
    return best;
}

static bool first_of_transport(const struct run *run, size_t index, const struct wanted *wanted) {
    for (size_t i = 0; i < index; i++)
        if (is_candidate(&run->cells[i], wanted) &&
            same_transport(&run->cells[i].cell, &run->cells[index].cell))
            return false;
    return true;
}

/* The transport's fastest candidate. */
struct of_transport {
    const struct wanted *wanted;
    const struct cell_summary *like;
};

static bool is_of_transport(const struct cell_summary *cell, const void *context) {
    const struct of_transport *of = context;
    return is_candidate(cell, of->wanted) && same_transport(&cell->cell, &of->like->cell);
}

static void collect_ties(const struct run *run, const struct wanted *wanted,
                         struct verdict *verdict) {
    verdict->cheapest = verdict->best;
    for (size_t i = 0; i < run->cell_count; i++) {
        if (!is_candidate(&run->cells[i], wanted) || !first_of_transport(run, i, wanted))
            continue;
        verdict->candidates++;
        struct of_transport of = {wanted, &run->cells[i]};
        const struct cell_summary *cell = contest_best(run, is_of_transport, &of);
        if (cell == NULL || same_transport(&cell->cell, &verdict->best->cell))
            continue;
        if (contest_between(run, verdict->best, cell).outcome != CONTEST_TIE)
            continue;
        if (cell->cpu_ns < verdict->cheapest->cpu_ns)
            verdict->cheapest = cell;
        if (verdict->tied_count < VERDICT_MOST_TIED)
            verdict->tied[verdict->tied_count++] = cell;
    }
    if (verdict->tied_count == 0)
        verdict->cheapest = NULL;
}

static void answer(const struct run *run, struct verdict *verdict) {
    struct wanted wanted = {verdict->question, NULL, NULL};
    verdict->best = find_best(run, &wanted);
    if (verdict->best == NULL)
        return;
    verdict->placement = verdict->best->cell.placement;
    collect_ties(run, &wanted, verdict);
    wanted.except = verdict->best;
    const struct cell_summary *second = contest_best(run, is_candidate, &wanted);
    if (second != NULL)
        verdict->runner_up = contest_between(run, verdict->best, second);
}

void verdict_make(const struct run *run, struct verdict verdicts[VERDICT_QUESTIONS]) {
    for (size_t i = 0; i < VERDICT_QUESTIONS; i++) {
        verdicts[i] = (struct verdict){.question = &verdict_questions[i]};
        answer(run, &verdicts[i]);
    }
}

void verdict_name(const struct cell *cell, char *text, size_t room) {
    char name[sizeof cell->transport + sizeof cell->knobs + 1];
    (void)snprintf(name, sizeof name, "%s%s%s", cell->transport, cell->knobs[0] ? ":" : "",
                   cell->knobs);
    text_plain(name, text, room);
}

void verdict_times(double times, char *text, size_t room) {
    if (isnan(times) || isinf(times))
        (void)snprintf(text, room, "not known");
    else
        (void)snprintf(text, room, times < 9.995 ? "%.2f" : times < 99.5 ? "%.1f" : "%.0f", times);
}

void verdict_cost(const struct contest_cost *cost, char *text, size_t room) {
    char ns[32], low[32], high[32];
    units_format_ns(cost->ns, ns, sizeof ns);
    units_format_ns(cost->low_ns, low, sizeof low);
    units_format_ns(cost->high_ns, high, sizeof high);
    if (isnan(cost->low_ns) || isnan(cost->high_ns))
        (void)snprintf(text, room, "%s (one trial: no interval)", ns);
    else
        (void)snprintf(text, room, "%s (%s to %s)", ns, low, high);
}

static void say_ties(const struct verdict *verdict, char *text, size_t room) {
    size_t used = (size_t)snprintf(text, room, "ties with ");
    for (size_t i = 0; i < verdict->tied_count && used < room; i++) {
        char name[64];
        verdict_name(&verdict->tied[i]->cell, name, sizeof name);
        bool waits = verdict->question->burn; /* else all of them block */
        used += (size_t)snprintf(text + used, room - used, "%s%s%s%s", i > 0 ? ", " : "", name,
                                 waits ? " by " : "",
                                 waits ? cell_waits[verdict->tied[i]->cell.wait] : "");
    }
    if (verdict->cheapest == verdict->best || used >= room || verdict->cheapest == NULL)
        return;
    char name[64], cpu[32];
    verdict_name(&verdict->cheapest->cell, name, sizeof name);
    units_format_ns(verdict->cheapest->cpu_ns, cpu, sizeof cpu);
    (void)snprintf(text + used, room - used, "; least CPU: %s, %s", name, cpu);
}

void verdict_lead(const struct verdict *verdict, char *text, size_t room) {
    const struct contest *next = &verdict->runner_up;
    char name[64], cost[112], times[32], low[32], high[32];
    if (next->right == NULL) {
        (void)snprintf(text, room, "no other transport was measured here");
        return;
    }
    if (verdict->tied_count > 0) {
        say_ties(verdict, text, room);
        return;
    }
    verdict_name(&next->right->cell, name, sizeof name);
    verdict_cost(&next->right_cost, cost, sizeof cost);
    verdict_times(next->times, times, sizeof times);
    verdict_times(next->times_low, low, sizeof low);
    verdict_times(next->times_high, high, sizeof high);
    if (next->outcome == CONTEST_UNKNOWN)
        (void)snprintf(text, room, "cannot tell by how much: next is %s, %s, %s", name,
                       cell_waits[next->right->cell.wait], cost);
    else
        (void)snprintf(text, room, "next is %s, %s, %s: %s times as long (%s to %s)", name,
                       cell_waits[next->right->cell.wait], cost, times, low, high);
}

void verdict_say(const struct verdict *verdict, char *text, size_t room) {
    char name[64], cost[112], lead[512];
    if (verdict->best == NULL) {
        (void)snprintf(text, room, "no answer: this run has no such cell that is ok");
        return;
    }
    struct contest_cost best = verdict->runner_up.left_cost;
    if (verdict->runner_up.right == NULL)
        best = (struct contest_cost){verdict->best->p50_ns, verdict->best->p50_low_ns,
                                     verdict->best->p50_high_ns};
    verdict_name(&verdict->best->cell, name, sizeof name);
    verdict_cost(&best, cost, sizeof cost);
    verdict_lead(verdict, lead, sizeof lead);
    (void)snprintf(text, room, "%s, %s, %s; %s", name, cell_waits[verdict->best->cell.wait], cost,
                   lead);
}

static json_t *key_or_null(const struct cell_summary *cell) {
    return cell != NULL ? fields_text(cell->key) : json_null();
}

static json_t *one_to_json(const struct verdict *verdict) {
    char text[1024];
    const struct contest *next = &verdict->runner_up;
    bool known = next->right != NULL;
    json_t *tied = json_array();
    for (size_t i = 0; i < verdict->tied_count; i++)
        (void)json_array_append_new(tied, fields_text(verdict->tied[i]->key));
    verdict_say(verdict, text, sizeof text);
    return json_pack("{s:s, s:I, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "question",
                     verdict->question->asks, "size_bytes",
                     (json_int_t)verdict->question->size_bytes, "burn", verdict->question->burn,
                     "two_cores", verdict->question->two_cores, "best", key_or_null(verdict->best),
                     "runner_up", key_or_null(next->right), "times",
                     fields_number(known ? next->times : NAN), "times_low",
                     fields_number(known ? next->times_low : NAN), "times_high",
                     fields_number(known ? next->times_high : NAN), "tied", tied, "least_cpu",
                     key_or_null(verdict->cheapest), "answer", text);
}

json_t *verdict_to_json(const struct verdict verdicts[VERDICT_QUESTIONS]) {
    json_t *all = json_array();
    for (size_t i = 0; i < VERDICT_QUESTIONS && all != NULL; i++)
        if (json_array_append_new(all, one_to_json(&verdicts[i])) != 0) {
            json_decref(all);
            return NULL;
        }
    return all;
}
