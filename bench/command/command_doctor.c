/* SPDX-License-Identifier: MIT */
/*
 * command_doctor.c - `ipcbench doctor`: what on this host would spoil the numbers, and what mends
 * it.
 */
#include "command/commands.h"

#include "base/fields.h"
#include "host/doctor.h"

#include <argp.h>
#include <errno.h>
#include <stdbool.h>

/* Beyond the characters, so that it has no short name. */
enum { OPTION_JSON = 256 };

static const struct argp_option options[] = {
    {"json", OPTION_JSON, NULL, 0, "Print JSON: whether this host is fit, and an array of checks",
     0},
    {0}};

static const char documentation[] =
    "Looks for what on this host would spoil the numbers, and says for each thing what it does to "
    "them and which command mends it. Takes about a second, in which it watches what other "
    "programs do; changes nothing."
    "\v"
    "Example: ipcbench doctor\n"
    "         ipcbench doctor --json | jq -r '.checks[].mend // empty'\n\n"
    "A check is ok, a warning, unfit, or unknown where this host doesn't tell; unknown counts "
    "neither way.\n\n"
    "Exit codes: 0 fit; 1 fit with warnings, or failed; 2 wrong usage; 3 unfit.";

static error_t take(int key, char *text, struct argp_state *state) {
    bool *json = state->input;
    switch (key) {
    case OPTION_JSON:
        *json = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "there is no argument to give ('%s')", text);
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* main.c checks the stream. */
static int exit_code(const struct doctor_report *report) {
    static const int codes[DOCTOR_VERDICTS] = {[DOCTOR_OK] = COMMAND_DONE,
                                               [DOCTOR_WARNING] = COMMAND_FAILED,
                                               [DOCTOR_UNFIT] = COMMAND_UNFIT};
    return codes[doctor_overall(report)];
}

static int print_json(const struct doctor_report *report, struct problem *problem) {
    json_t *json = doctor_to_json(report);
    if (json == NULL) {
        (void)problem_set(problem, ENOMEM, "no memory for the findings as JSON");
        return COMMAND_FAILED;
    }
    if (json_dumpf(json, stdout, JSON_INDENT(2) | FIELDS_DUMP) == 0)
        (void)fputs("\n", stdout);
    json_decref(json);
    return exit_code(report);
}

int command_doctor(int argc, char **argv, struct problem *problem) {
    static const struct argp parser = {.options = options, .parser = take, .doc = documentation};
    struct doctor_report report;
    bool json = false;
    if (argp_parse(&parser, argc, argv, 0, NULL, &json) != 0)
        return COMMAND_USAGE;
    if (doctor_examine("", &report) != 0) {
        (void)problem_set(problem, ENOMEM, "no memory to examine this host");
        return COMMAND_FAILED;
    }
    if (json)
        return print_json(&report, problem);
    doctor_print(stdout, &report);
    return exit_code(&report);
}
