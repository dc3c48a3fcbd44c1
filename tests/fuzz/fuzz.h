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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* The input as a file, in memory; its path. */
static inline const char *fuzz_file(const uint8_t *data, size_t size) {
    static int file = -1;
    static char path[64];
    if (file < 0)
        file = memfd_create("input", MFD_CLOEXEC);
    FUZZ_MUST(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return path;
}

/* What was printed can be shown: `begin` opens a stream, and `end` checks and frees its text. */
struct fuzz_print {
    FILE *to;
    char *text;
    size_t bytes;
};

static inline FILE *fuzz_print_begin(struct fuzz_print *print) {
    print->to = open_memstream(&print->text, &print->bytes);
    FUZZ_MUST(print->to != NULL);
    return print->to;
}

static inline void fuzz_print_end(struct fuzz_print *print) {
    FUZZ_MUST(fclose(print->to) == 0);
    for (const char *at = print->text, *line = at; *at != '\0';) {
        bool blank = *at == '\n' || *at == '\t' || strncmp(at, "\r\n", 2) == 0; /* CSV: RFC 4180 */
        size_t bytes = blank ? 1 : plain_bytes(at);
        if (bytes == 0)
            (void)fprintf(stderr, "not plain: %.*s\n", (int)strcspn(line, "\n"), line);
        FUZZ_MUST(bytes > 0);
        line = *at == '\n' ? at + 1 : line;
        at += bytes;
    }
    free(print->text);
}

/* A refusal has its sentence, on one line that can be printed, and a success has none. */
static inline void fuzz_judge(int error, const struct problem *problem) {
    FUZZ_MUST(error <= 0);
    FUZZ_MUST((error < 0) == (problem->text[0] != '\0'));
    for (const char *at = problem->text; *at != '\0'; at += plain_bytes(at))
        FUZZ_MUST(plain_bytes(at) > 0);
}

#endif
