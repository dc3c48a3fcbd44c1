/* SPDX-License-Identifier: MIT */
/*
 * trust.c - adds up what interfered with a run.
 */
#include "judge/trust.h"

#include "stats/stats.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const trust_answers[] = {"cannot tell", "yes", "with care", "no", NULL};

static bool is_called(const struct trust_flag *flag, const char *name, size_t length) {
    return strlen(flag->name) == length && memcmp(flag->name, name, length) == 0;
}

static void count_flag(struct trust *trust, const char *name, size_t length) {
    size_t i = 0;
    while (i < trust->flag_count && !is_called(&trust->flags[i], name, length))
        i++;
    if (i == TRUST_FLAGS || length >= sizeof trust->flags[i].name)
        return;
    if (i == trust->flag_count) {
        trust->flag_count++;
        (void)snprintf(trust->flags[i].name, sizeof trust->flags[i].name, "%.*s", (int)length,
                       name);
    }
    trust->flags[i].trials++;
}

static void count_flags(struct trust *trust, const char *flags) {
    while (*flags != '\0') {
        size_t length = strcspn(flags, ", ");
        if (length > 0)
            count_flag(trust, flags, length);
        flags += length;
        flags += strspn(flags, ", ");
    }
}

static void count_trials(const struct run *run, struct trust *trust) {
    double steal_ns = 0, used_ns = 0;
    for (size_t i = 0; i < run->trial_count; i++) {
        const struct record *trial = &run->trials[i];
        if (trial->purpose != RECORD_TIMING || trial->status == RECORD_SKIPPED ||
            trial->status == RECORD_NOT_APPLICABLE)
            continue;
        trust->trials++;
        trust->failed += trial->status == RECORD_FAILED;
        if (trial->status != RECORD_OK)
            continue;
        trust->flagged += trial->flags[0] != '\0';
        count_flags(trust, trial->flags);
        if (!isnan(trial->steal_ns) && !isnan(trial->duration_ns)) {
            bool two = trial->placement.server_cpu != trial->placement.client_cpu;
            steal_ns += trial->steal_ns;
            used_ns += trial->duration_ns * (two ? 2 : 1);
        }
    }
    trust->steal_share = used_ns > 0 ? steal_ns / used_ns : NAN;
}

static void ask_doctor(const struct run *run, struct trust *trust) {
    const json_t *doctor = json_object_get(run->environment, "doctor");
    const char *fit = json_string_value(json_object_get(doctor, "fit"));
    trust->fit = fit != NULL ? fit : "not known";
    size_t i;
    const json_t *check;
    json_array_foreach(json_object_get(doctor, "checks"), i, check) {
        const char *verdict = json_string_value(json_object_get(check, "verdict"));
        trust->warnings +=
            verdict != NULL && (strcmp(verdict, "warning") == 0 || strcmp(verdict, "unfit") == 0);
    }
}

static bool is_known(const struct trust *trust, const char *placement) {
    for (size_t i = 0; i < trust->place_count; i++)
        if (strcmp(trust->places[i].placement, placement) == 0)
            return true;
    return trust->place_count == TRUST_PLACES;
}

static void add_place(const struct run *run, const char *placement, double *values,
                      struct trust *trust) {
    size_t count = 0;
    for (size_t i = 0; i < run->cell_count; i++) {
        const struct cell_summary *cell = &run->cells[i];
        if (cell->status == RECORD_OK && strcmp(cell->cell.placement, placement) == 0 &&
            strcmp(cell->group, "control") != 0)
            values[count++] = cell->p50_high_ns / cell->p50_low_ns - 1;
    }
    count = stats_sort(values, count);
    trust->places[trust->place_count++] =
        (struct trust_place){placement, count, stats_median(values, count)};
}

static enum trust_answer answer(const struct trust *trust) {
    size_t valid = trust->trials - trust->failed;
    if (valid == 0)
        return TRUST_CANNOT_TELL;
    if (strcmp(trust->fit, "unfit") == 0 || 3 * trust->flagged > valid)
        return TRUST_NO;
    if (trust->warnings > 0 || 10 * trust->flagged > valid || trust->failed > 0)
        return TRUST_WITH_CARE;
    return TRUST_YES;
}

int trust_make(const struct run *run, struct trust *trust) {
    double *values = calloc(run->cell_count + 1, sizeof *values);
    *trust = (struct trust){.steal_share = NAN};
    if (values == NULL)
        return -ENOMEM;
    count_trials(run, trust);
    ask_doctor(run, trust);
    for (size_t i = 0; i < run->cell_count; i++)
        if (run->cells[i].status == RECORD_OK && !is_known(trust, run->cells[i].cell.placement))
            add_place(run, run->cells[i].cell.placement, values, trust);
    trust->answer = answer(trust);
    free(values);
    return 0;
}

/* ---- in words ---- */

static void say_share(FILE *to, double share) {
    if (isnan(share))
        (void)fputs("not known", to);
    else
        (void)fprintf(to, "%.*f%%", share < 0.1 ? 1 : 0, 100 * share);
}

static void say_flags(FILE *to, const struct trust *trust) {
    for (size_t i = 0; i < trust->flag_count; i++)
        (void)fprintf(to, "%s%s %zu", i > 0 ? ", " : " (", trust->flags[i].name,
                      trust->flags[i].trials);
    (void)fputs(trust->flag_count > 0 ? ")" : "", to);
}

static void say_places(FILE *to, const struct trust *trust) {
    for (size_t i = 0; i < trust->place_count; i++) {
        (void)fprintf(to, "%s%s ", i > 0 ? ", " : "", trust->places[i].placement);
        say_share(to, trust->places[i].smallest);
    }
    (void)fputs(trust->place_count == 0 ? "not known" : "", to);
}

char *trust_say(const struct trust *trust) {
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    if (to == NULL)
        return NULL;
    (void)fprintf(to, "doctor: %s, %zu finding%s. ", trust->fit, trust->warnings,
                  trust->warnings == 1 ? "" : "s");
    (void)fprintf(to, "Trials: %zu, of which %zu failed and %zu were interfered with",
                  trust->trials, trust->failed, trust->flagged);
    say_flags(to, trust);
    (void)fputs(". Steal: ", to);
    say_share(to, trust->steal_share);
    (void)fputs(". Smallest difference visible between two cells: ", to);
    say_places(to, trust);
    (void)fputc('.', to);
    if (fclose(to) == 0)
        return text;
    free(text);
    return NULL;
}
