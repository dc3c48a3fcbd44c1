/* SPDX-License-Identifier: MIT */
/*
 * compare_print.h - a comparison as a table, and as JSON.
 */
#ifndef BENCH_COMPARE_PRINT_H
#define BENCH_COMPARE_PRINT_H

#include "judge/compare.h"

#include <stdio.h>

/* 0 or -ENOMEM. */
int compare_print(FILE *to, const struct compare *compare, const char *reference);
int compare_print_json(FILE *to, const struct compare *compare, const char *reference);

#endif
