/* SPDX-License-Identifier: MIT */
/*
 * selftest_print.c - what the controls found, as text and as JSON.
 */
#include "judge/selftest.h"

#include "base/fields.h"
#include "base/table.h"

#include <math.h>

/* ---- to JSON ---- */

static const struct field check_fields[] = {
    FIELD(FIELD_TEXT, struct selftest_check, found),
    FIELD(FIELD_TEXT, struct selftest_check, expected),
    {"verdict", FIELD_WORD, offsetof(struct selftest_check, verdict), sizeof(enum selftest_verdict),
     selftest_verdicts},
    FIELD(FIELD_TEXT, struct selftest_check, why),
    {0},
};

static json_t *check_to_json(const struct selftest_check *check) {
    json_t *json = json_pack("{s:s}", "name", check->name);
    if (json != NULL && fields_to_json(check_fields, check, json) == 0)
        return json;
    json_decref(json);
    return NULL;
}

static const char *word(enum selftest_verdict verdict) {
    static const char *const words[SELFTEST_VERDICTS] = {
        [SELFTEST_PASS] = "fit",
        [SELFTEST_SKIPPED] = "fit",
        [SELFTEST_UNFIT] = "unfit",
        [SELFTEST_FAIL] = "failed",
    };
    return words[verdict];
}

json_t *selftest_to_json(const struct selftest_report *report) {
    json_t *checks = json_array(), *smallest = json_object();
    int error = 0;
    for (size_t i = 0; i < report->count; i++)
        error |= json_array_append_new(checks, check_to_json(&report->checks[i]));
    for (int i = 0; i < SELFTEST_PLACES; i++)
        error |=
            json_object_set_new(smallest, selftest_places[i], fields_number(report->smallest[i]));
    json_t *json =
        json_pack("{s:s, s:I, s:o, s:o}", "verdict", word(report->verdict), "rounds",
                  (json_int_t)report->rounds, "smallest_difference", smallest, "checks", checks);
    if (error == 0)
        return json;
    json_decref(json);
    return NULL;
}

/* ---- as text ---- */

static int print_checks(FILE *to, const struct selftest_report *report) {
    static const struct table_column columns[] = {
        {"control", false}, {"found", false}, {"expected", false}, {"verdict", false}};
    struct table table;
    table_init(&table, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < report->count; i++) {
        const struct selftest_check *check = &report->checks[i];
        table_add(&table, check->name);
        table_add(&table, check->found);
        table_add(&table, check->expected);
        table_add(&table, selftest_verdicts[check->verdict]);
    }
    int error = table_print(&table, to, "  ");
    table_free(&table);
    return error;
}

static void print_reasons(FILE *to, const struct selftest_report *report) {
    for (size_t i = 0; i < report->count; i++) {
        const struct selftest_check *check = &report->checks[i];
        char first[64];
        (void)snprintf(first, sizeof first, "%s: ", check->name);
        if (check->verdict != SELFTEST_PASS)
            table_wrap(to, first, "  ", check->why);
    }
}

static void print_smallest(FILE *to, const struct selftest_report *report) {
    for (int i = 0; i < SELFTEST_PLACES; i++)
        if (!isnan(report->smallest[i]))
            (void)fprintf(to, "The smallest difference that this host can see now, %s: %.2g%%\n",
                          selftest_places[i], 100 * report->smallest[i]);
}

int selftest_print(FILE *to, const struct selftest_report *report) {
    static const char *const sentences[SELFTEST_VERDICTS] = {
        [SELFTEST_PASS] = "This host can be measured now",
        [SELFTEST_SKIPPED] = "This host can be measured now",
        [SELFTEST_UNFIT] = "This host is unfit to be measured now",
        [SELFTEST_FAIL] = "A control failed: numbers from here are not to be believed",
    };
    (void)fprintf(to, "%s (%zu round%s of trials).\n\n", sentences[report->verdict], report->rounds,
                  report->rounds == 1 ? "" : "s");
    int error = print_checks(to, report);
    (void)fputc('\n', to);
    print_reasons(to, report);
    print_smallest(to, report);
    return error;
}
