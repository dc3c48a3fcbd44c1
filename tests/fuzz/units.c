/* SPDX-License-Identifier: MIT */
/*
 * units.c - sizes, durations and numbers.
 */
#include "base/units.h"
#include "fuzz.h"

#include <math.h>

static void try_bytes(const char *text) {
    struct problem problem = {""};
    uint64_t bytes = 0, again = 0;
    int error = units_parse_bytes(text, "size", &bytes, &problem);
    fuzz_judge(error, &problem);
    if (error != 0)
        return;
    char canonical[64];
    units_format_bytes(bytes, canonical, sizeof canonical);
    FUZZ_MUST(units_parse_bytes(canonical, "size", &again, &problem) == 0 && again == bytes);
}

static void try_seconds(const char *text) {
    struct problem problem = {""};
    double seconds = -1;
    int error = units_parse_seconds(text, "--time", &seconds, &problem);
    fuzz_judge(error, &problem);
    FUZZ_MUST(error != 0 || (isfinite(seconds) && seconds >= 0));
}

static void try_number(const char *text) {
    struct problem problem = {""};
    uint64_t number = 0;
    int error = units_parse_number(text, "--trials", 3, 200, &number, &problem);
    fuzz_judge(error, &problem);
    FUZZ_MUST(error != 0 || (number >= 3 && number <= 200));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size);
    try_bytes(text);
    try_seconds(text);
    try_number(text);
    free(text);
    return 0;
}
