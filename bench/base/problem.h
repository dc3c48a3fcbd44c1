/* SPDX-License-Identifier: MIT */
/*
 * problem.h - what went wrong, as one sentence for the user: what, why, how to mend it. Functions
 * below main.c never print; they fill a problem and return a negative errno.
 */
#ifndef BENCH_PROBLEM_H
#define BENCH_PROBLEM_H

struct problem {
    char text[768];
};

/* Writes the sentence (printf-style, no final newline) and returns -error. What it quotes of others
 * can't steer a terminal: see plain_text. */
__attribute__((format(printf, 3, 4))) int problem_set(struct problem *problem, int error,
                                                      const char *format, ...);

#endif
