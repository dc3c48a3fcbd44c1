/* SPDX-License-Identifier: MIT */
/*
 * commands.h - what a command of ipcbench looks like to main.c, and the exit codes of all of them.
 */
#ifndef BENCH_COMMANDS_H
#define BENCH_COMMANDS_H

#include "base/problem.h"

/* Exit codes; each command's --help lists those that it uses. */
enum command_exit {
    COMMAND_DONE = 0,
    COMMAND_FAILED = 1,       /* something failed, or regressed */
    COMMAND_USAGE = 2,        /* wrong usage or input */
    COMMAND_UNFIT = 3,        /* cannot tell, or this machine is unfit */
    COMMAND_SKIPPED = 77,     /* not possible on this host */
    COMMAND_INTERRUPTED = 130 /* SIGINT, SIGTERM or SIGHUP; what was finished is kept */
};

/* A command parses its own arguments with argp (argv[0] is "ipcbench NAME"), writes data to stdout
 * and progress to stderr, and returns an exit code. When it leaves a text in `problem`, main.c
 * prints it to stderr as "ipcbench NAME: TEXT". */
int command_list(int argc, char **argv, struct problem *problem);      /* command_list.c */
int command_run(int argc, char **argv, struct problem *problem);       /* command_run.c */
int command_trial(int argc, char **argv, struct problem *problem);     /* command_trial.c */
int command_show(int argc, char **argv, struct problem *problem);      /* command_show.c */
int command_report(int argc, char **argv, struct problem *problem);    /* command_report.c */
int command_compare(int argc, char **argv, struct problem *problem);   /* command_compare.c */
int command_history(int argc, char **argv, struct problem *problem);   /* command_history.c */
int command_export(int argc, char **argv, struct problem *problem);    /* command_export.c */
int command_doctor(int argc, char **argv, struct problem *problem);    /* command_doctor.c */
int command_calibrate(int argc, char **argv, struct problem *problem); /* command_calibrate.c */
int command_selftest(int argc, char **argv, struct problem *problem);  /* command_selftest.c */
int command_duet(int argc, char **argv, struct problem *problem);      /* command_duet.c */

/* The exit code for a negative errno: -EINVAL is wrong usage, -EINTR is interrupted, the rest
 * failed. */
int command_exit_code(int error);

#endif
