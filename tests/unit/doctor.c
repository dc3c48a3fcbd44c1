/* SPDX-License-Identifier: MIT */
/*
 * doctor.c - on a made-up host that is fine, nothing is found; what isn't there is unknown; the
 * gravest finding decides.
 */
#include "doctor_tree.h"

#include "command/commands.h"
#include "within.h"

#include <net/if.h>
#include <sched.h>
#include <sys/wait.h>

static void on_a_fine_host_nothing_is_found(void **state) {
    struct doctor_report report;
    examine(*state, &fine_answers, &report);
    for (size_t i = 0; i < report.count; i++) {
        /* No time passed between two looks at one file. */
        bool timed = strcmp(report.findings[i].name, "busy CPUs") == 0;
        expect(&report, report.findings[i].name, timed ? DOCTOR_UNKNOWN : DOCTOR_OK, "", "");
    }
    assert_int_equal(doctor_overall(&report), DOCTOR_OK);
    assert_string_equal(report.cpus, "0-1");
    expect(&report, "mitigations", DOCTOR_OK,
           "2 mitigated, 0 vulnerable, 1 not affected; with PTI, retpolines", "");
}

/* A host of which nothing can be read is neither praised nor blamed, but for the program itself. */
static void what_is_not_there_is_unknown(void **state) {
    (void)state;
    struct doctor_report report;
    assert_int_equal(doctor_examine("/nonexistent", &report), 0);
    for (size_t i = 0; i < report.count; i++)
        if (strcmp(report.findings[i].name, "build of ipcbench") != 0)
            expect(&report, report.findings[i].name, DOCTOR_UNKNOWN, "not ", "");
    assert_string_equal(report.cpus, "");
}

static void garbage_in_the_files_does_no_harm(void **state) {
    static char long_text[40000];
    memset(long_text, 0xff, sizeof long_text - 1);
    for (int round = 0; round < 2; round++) {
        struct doctor_report report;
        for (int i = 0; i < FILES; i++)
            put(*state, &(struct file){fine[i].path, (i + round) % 2 ? long_text : ""});
        assert_int_equal(doctor_examine(*state, &report), 0);
        json_t *json = doctor_to_json(&report);
        assert_non_null(json);
        json_decref(json);
    }
}

static void the_gravest_finding_decides(void **state) {
    (void)state;
    static const struct {
        enum doctor_verdict verdicts[3], overall;
        const char *fit;
    } sums[] = {
        {{DOCTOR_OK, DOCTOR_OK, DOCTOR_OK}, DOCTOR_OK, "fit"},
        {{DOCTOR_OK, DOCTOR_UNKNOWN, DOCTOR_OK}, DOCTOR_OK, "fit"},
        {{DOCTOR_UNKNOWN, DOCTOR_WARNING, DOCTOR_OK}, DOCTOR_WARNING, "warnings"},
        {{DOCTOR_UNFIT, DOCTOR_WARNING, DOCTOR_OK}, DOCTOR_UNFIT, "unfit"},
    };
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        struct doctor_report report = {.count = 3};
        for (int finding = 0; finding < 3; finding++)
            report.findings[finding] = (struct doctor_finding){
                .name = "name", .effect = "effect", .verdict = sums[i].verdicts[finding]};
        json_t *json = doctor_to_json(&report);
        assert_int_equal(doctor_overall(&report), sums[i].overall);
        assert_string_equal(json_string_value(json_object_get(json, "fit")), sums[i].fit);
        json_decref(json);
    }
}

static void json_holds_every_finding(void **state) {
    struct doctor_report report;
    put(*state, &(struct file){CPUS "cpufreq/boost", "1\n"});
    examine(*state, &fine_answers, &report);
    json_t *json = doctor_to_json(&report), *checks = json_object_get(json, "checks");
    assert_int_equal(json_object_size(json), 2);
    assert_int_equal(json_array_size(checks), report.count);
    for (size_t i = 0; i < report.count; i++) {
        const json_t *check = json_array_get(checks, i);
        bool turbo = strcmp(report.findings[i].name, "turbo") == 0;
        assert_int_equal(json_object_size(check), 5);
        assert_string_equal(json_string_value(json_object_get(check, "name")),
                            report.findings[i].name);
        assert_string_equal(json_string_value(json_object_get(check, "found")),
                            report.findings[i].found);
        assert_true(strlen(json_string_value(json_object_get(check, "effect"))) > 20);
        assert_int_equal(json_is_string(json_object_get(check, "mend")), turbo);
        if (turbo)
            assert_string_equal(json_string_value(json_object_get(check, "verdict")), "warning");
    }
    json_decref(json);
}

static void text_begins_with_what_is_gravest(void **state) {
    struct doctor_report report;
    put(*state, &(struct file){CPUS "cpufreq/boost", "1\n"});
    put(*state, &(struct file){CLOCK "current_clocksource", "acpi_pm\n"});
    examine(*state, &fine_answers, &report);
    char *text = print(&report);
    static const char *const order[] = {
        "This host is unfit to be measured now: 1 unfit, 1 warning, ",
        "\nUnfit\n  clock source        acpi_pm\n    effect: ",
        "    mend:   " SET_TSC "\n",
        "\nWarnings\n  turbo               on\n",
        "\nUnknown\n  busy CPUs           not visible",
        "\nOk\n  frequency governor  performance"};
    const char *at = text;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const char *next = strstr(at, order[i]);
        if (next == NULL)
            fail_msg("'%s' is missing or in the wrong place in:\n%s", order[i], text);
        else
            at = next;
    }
    free(text);
}

static void names_differ_and_no_check_is_left_out(void **state) {
    struct doctor_report report;
    examine(*state, &fine_answers, &report);
    assert_within(report.count, 20, DOCTOR_ROOM - 1);
    for (size_t i = 0; i < report.count; i++)
        assert_ptr_equal(find(&report, report.findings[i].name), &report.findings[i]);
}

static void this_host_is_examined_and_left_as_it_was(void **state) {
    (void)state;
    struct doctor_report report;
    assert_int_equal(doctor_examine("", &report), 0);
    assert_int_not_equal(find(&report, "software events")->verdict, DOCTOR_UNKNOWN);
    assert_int_not_equal(find(&report, "namespaces")->verdict, DOCTOR_UNKNOWN);
    assert_int_not_equal(find(&report, "usable CPUs")->verdict, DOCTOR_UNKNOWN);
    assert_int_not_equal(find(&report, "busy CPUs")->verdict, DOCTOR_UNKNOWN);
    cpu_set_t mask;
    assert_int_equal(sched_getaffinity(0, sizeof mask, &mask), 0);
    assert_int_equal(atoi(find(&report, "usable CPUs")->found), CPU_COUNT(&mask));
    assert_true(report.cpus[0] != '\0');
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(if_nametoindex("ipcbench0"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_TREE(on_a_fine_host_nothing_is_found),
        cmocka_unit_test(what_is_not_there_is_unknown),
        WITH_TREE(garbage_in_the_files_does_no_harm),
        cmocka_unit_test(the_gravest_finding_decides),
        WITH_TREE(json_holds_every_finding),
        WITH_TREE(text_begins_with_what_is_gravest),
        WITH_TREE(names_differ_and_no_check_is_left_out),
        cmocka_unit_test(this_host_is_examined_and_left_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
