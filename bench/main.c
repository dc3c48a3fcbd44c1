/* SPDX-License-Identifier: MIT */
/*
 * main.c - picks the command, runs it, and says what went wrong: nothing below prints a failure or
 * exits.
 */
#include "base/nearest.h"
#include "base/stop.h"
#include "command/commands.h"
#include "host/privileges.h"

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef IPCBENCH_VERSION
#define IPCBENCH_VERSION "0.1.0"
#endif

struct command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv, struct problem *problem);
    bool interruptible; /* a signal that asks to stop is answered by exit code 130 */
};

static const struct command commands[] = {
    {"list", "transports: what each is, can do here, or why it can't", command_list, false},
    {"doctor", "what on this host would spoil the numbers, and what mends it", command_doctor,
     false},
    {"calibrate", "the floors: what this machine itself allows", command_calibrate, false},
    {"selftest", "the controls: can this host be measured now?", command_selftest, true},
    {"run", "many trials in random order, into one run file", command_run, true},
    {"trial", "one trial", command_trial, true},
    {"duet", "two builds against each other: the gate for CI", command_duet, true},
    {"show", "the tables of a run file", command_show, false},
    {"report", "the figures of run files", command_report, false},
    {"compare", "stored runs against stored runs", command_compare, false},
    {"history", "the trend over many runs, with change points", command_history, false},
    {"export", "a run file in other tools' formats", command_export, false},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

int command_exit_code(int error) {
    if (error == 0)
        return COMMAND_DONE;
    if (error == -EINVAL || error == -ENOKEY) /* a file without a field is wrong input, too */
        return COMMAND_USAGE;
    return error == -EINTR ? COMMAND_INTERRUPTED : COMMAND_FAILED;
}

static void help(FILE *to) {
    (void)fprintf(to, "Usage: ipcbench COMMAND [OPTION...]\n"
                      "Compares the ways in which two processes on one machine can talk.\n\n");
    for (int i = 0; i < COMMANDS; i++)
        (void)fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].summary);
    (void)fprintf(to, "\nExample: ipcbench run -t pipe,unix -s 64,4K -o results/mine.json\n"
                      "`ipcbench COMMAND --help` explains one command.\n"
                      "Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 cannot tell, "
                      "77 skipped, 130 interrupted.\n");
}

static int unknown(const char *name) {
    const char *names[COMMANDS + 1] = {0};
    for (int i = 0; i < COMMANDS; i++)
        names[i] = commands[i].name;
    const char *close = nearest(name, names);
    (void)fprintf(stderr,
                  "ipcbench: there is no command '%s'%s%s%s; `ipcbench --help` lists them\n", name,
                  close ? "; did you mean '" : "", close ? close : "", close ? "'?" : "");
    return COMMAND_USAGE;
}

static int run_command(const struct command *command, int argc, char **argv) {
    char title[64];
    (void)snprintf(title, sizeof title, "ipcbench %s", command->name);
    argv[0] = title;
    argp_err_exit_status = COMMAND_USAGE;
    struct problem problem = {""};
    if (command->interruptible)
        stop_at_once();
    int code = command->run(argc, argv, &problem);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        (void)fprintf(stderr, "%s: can't write to standard output: %s\n", title, strerror(errno));
        return COMMAND_FAILED;
    }
    if (problem.text[0] != '\0')
        (void)fprintf(stderr, "%s: %s\n", title, problem.text);
    return code;
}

int main(int argc, char **argv) {
    privileges_drop();
    (void)signal(SIGCHLD, SIG_DFL); /* else the kernel would reap what we wait for */
    if (argc < 2) {
        help(stderr);
        return COMMAND_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        help(stdout);
        return COMMAND_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)puts("ipcbench " IPCBENCH_VERSION);
        return COMMAND_DONE;
    }
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return run_command(&commands[i], argc - 1, argv + 1);
    return unknown(argv[1]);
}
