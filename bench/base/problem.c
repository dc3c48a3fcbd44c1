/* SPDX-License-Identifier: MIT */
/*
 * problem.c - formats the sentence that explains a failure.
 */
#include "base/problem.h"

#include "base/plain.h"

#include <stdarg.h>
#include <stdio.h>

int problem_set(struct problem *problem, int error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem->text, sizeof problem->text, format, arguments);
    va_end(arguments);
    plain_text(problem->text);
    return -error;
}
