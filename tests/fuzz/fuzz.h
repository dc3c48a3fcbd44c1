/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what the fuzz targets share. Each file NAME.c here is a target for one parser: libFuzzer
 * runs it (`make fuzz T=NAME SECONDS=600`), and replay.c runs the inputs in corpus/NAME without any
 * fuzzer, as part of `make check`.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/plain.h"
#include "base/problem.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process when what must hold doesn't: a fuzzer takes that for a finding. */
#define FUZZ_MUST(condition)                                                                 \
    do {                                                                                     \
        if (!(condition)) {                                                                  \
            (void)fprintf(stderr, "%s:%d: must hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                         \
        }                                                                                    \
    } while (0)

/* The input as a text, allocated. */
static inline char *fuzz_text(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    FUZZ_MUST(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

/* A refusal has its sentence, on one line that can be printed, and a success has none. */
static inline void fuzz_judge(int error, const struct problem *problem) {
    FUZZ_MUST(error <= 0);
    FUZZ_MUST((error < 0) == (problem->text[0] != '\0'));
    for (const char *at = problem->text; *at != '\0'; at += plain_bytes(at))
        FUZZ_MUST(plain_bytes(at) > 0);
}

#endif
