/* SPDX-License-Identifier: MIT */
/*
 * show_answers.h - what a run says in short, as text for a terminal: the verdict, whether it can
 * be trusted, and the HOWTO's claims. The report's first screen has the same with its evidence.
 */
#ifndef BENCH_SHOW_ANSWERS_H
#define BENCH_SHOW_ANSWERS_H

#include "run/run.h"

#include <stdio.h>

/* Prints the questions and the claims that this run has cells for, and how far it can be trusted. 0
 * or -ENOMEM. */
int show_answers(FILE *to, const struct run *run);

#endif
