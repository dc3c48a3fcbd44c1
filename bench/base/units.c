/* SPDX-License-Identifier: MIT */
/*
 * units.c - sizes, durations and rates, as people write and read them.
 */
#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BYTES_ALLOWED                                                                            \
    "write a whole number of bytes, alone or with B, K, M or G (also KiB, MiB, GiB; 1K is 1024 " \
    "bytes), as in 64, 4K or 1MiB"
#define SECONDS_ALLOWED \
    "write a number of seconds, or a number with ns, us, ms, s, m or h, as in 0.5, 150ms or 2m"

struct byte_unit {
    const char *name;
    unsigned shift;
};

static const struct byte_unit byte_units[] = {
    {"", 0}, {"B", 0}, {"K", 10}, {"KiB", 10}, {"M", 20}, {"MiB", 20}, {"G", 30}, {"GiB", 30},
};

struct second_unit {
    const char *name;
    double seconds;
};

static const struct second_unit second_units[] = {
    {"", 1}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}, {"m", 60}, {"h", 3600},
};

/* Decimal digits only: strtoull alone would also take blanks and a sign. Returns 0, -EINVAL when
 * there is no digit, -ERANGE beyond 64 bits. */
static int parse_digits(const char *text, uint64_t *number, const char **rest) {
    if (!isdigit((unsigned char)*text))
        return -EINVAL;
    char *end = NULL;
    errno = 0;
    *number = strtoull(text, &end, 10);
    *rest = end;
    return -errno;
}

int units_parse_bytes(const char *text, const char *what, uint64_t *bytes,
                      struct problem *problem) {
    uint64_t number = 0;
    const char *unit = NULL;
    int result = parse_digits(text, &number, &unit);
    if (result == -EINVAL)
        return problem_set(problem, EINVAL, "%s '%.40s' is not a size: " BYTES_ALLOWED, what, text);
    for (size_t i = 0; result == 0 && i < sizeof byte_units / sizeof *byte_units; i++) {
        if (strcasecmp(unit, byte_units[i].name) != 0)
            continue;
        if (number > UINT64_MAX >> byte_units[i].shift) {
            result = -ERANGE;
            break;
        }
        *bytes = number << byte_units[i].shift;
        return 0;
    }
    if (result == -ERANGE)
        return problem_set(problem, EINVAL, "%s '%.40s' does not fit into 64 bits: " BYTES_ALLOWED,
                           what, text);
    return problem_set(problem, EINVAL,
                       "%s '%.40s' ends in '%.40s', which is no unit: " BYTES_ALLOWED, what, text,
                       unit);
}

int units_parse_seconds(const char *text, const char *what, double *seconds,
                        struct problem *problem) {
    /* strtod alone would also take blanks, a sign, "inf", "nan" and hexadecimal digits. */
    bool plain = isdigit((unsigned char)*text) || *text == '.';
    char *unit = NULL;
    double number = plain ? strtod(text, &unit) : 0;
    if (!plain || unit == text || strpbrk(text, "xX"))
        return problem_set(problem, EINVAL, "%s '%.40s' is not a duration: " SECONDS_ALLOWED, what,
                           text);
    for (size_t i = 0; i < sizeof second_units / sizeof *second_units; i++) {
        double scaled = number * second_units[i].seconds;
        if (strcmp(unit, second_units[i].name) != 0)
            continue;
        if (!isfinite(scaled))
            return problem_set(problem, EINVAL,
                               "%s '%.40s' is longer than a number holds: " SECONDS_ALLOWED, what,
                               text);
        *seconds = scaled;
        return 0;
    }
    return problem_set(problem, EINVAL,
                       "%s '%.40s' ends in '%.40s', which is no unit of time: " SECONDS_ALLOWED,
                       what, text, unit);
}

/* "0.5 s", or "24 h". */
static void write_bound(uint64_t ns, char text[32]) {
    const double hour_ns = 3600e9;
    bool hours = (double)ns >= hour_ns;
    (void)snprintf(text, 32, "%g %s", (double)ns / (hours ? hour_ns : 1e9), hours ? "h" : "s");
}

int units_parse_ns(const char *text, const char *what, uint64_t least_ns, uint64_t most_ns,
                   uint64_t *ns, struct problem *problem) {
    double seconds = 0;
    char least[32], most[32];
    int error = units_parse_seconds(text, what, &seconds, problem);
    if (error != 0)
        return error;
    write_bound(least_ns, least);
    write_bound(most_ns, most);
    if (seconds * 1e9 < (double)least_ns || seconds * 1e9 > (double)most_ns)
        return problem_set(problem, EINVAL, "%s: '%.40s' must be from %s to %s", what, text, least,
                           most);
    *ns = (uint64_t)(seconds * 1e9);
    return 0;
}

int units_parse_number(const char *text, const char *what, uint64_t low, uint64_t high,
                       uint64_t *number, struct problem *problem) {
    uint64_t parsed = 0;
    const char *rest = NULL;
    int result = parse_digits(text, &parsed, &rest);
    if (result == -EINVAL || *rest != '\0')
        return problem_set(problem, EINVAL,
                           "%s '%.40s' is not a whole number: write one from %" PRIu64
                           " to %" PRIu64,
                           what, text, low, high);
    if (result != 0 || parsed < low || parsed > high)
        return problem_set(problem, EINVAL,
                           "%s %.40s is out of range: write a whole number from %" PRIu64
                           " to %" PRIu64,
                           what, text, low, high);
    *number = parsed;
    return 0;
}

void units_format_bytes(uint64_t bytes, char *text, size_t room) {
    static const char *const names[] = {"B", "KiB", "MiB", "GiB"};
    size_t unit = 0;
    while (unit + 1 < sizeof names / sizeof *names && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    (void)snprintf(text, room, "%" PRIu64 "%s", bytes, names[unit]);
}

struct scale {
    int exponent; /* of ten */
    const char *name;
};

/* Writes three significant digits in the largest of the scales (ascending) that leaves one digit
 * before the point. The value is rounded before the scale is chosen, so that 999.9 ns becomes
 * "1.00 us" and not "1000 ns". */
static void format_scaled(double value, const struct scale *scales, size_t count, char *text,
                          size_t room) {
    char rounded[32];
    (void)snprintf(rounded, sizeof rounded, "%.2e", value);
    const char *mark = strchr(rounded, 'e');
    if (!isfinite(value) || mark == NULL) {
        (void)snprintf(text, room, "-");
        return;
    }
    int exponent = (int)strtol(mark + 1, NULL, 10);
    size_t best = 0;
    while (best + 1 < count && scales[best + 1].exponent <= exponent)
        best++;
    int decimals = 2 - (exponent - scales[best].exponent);
    (void)snprintf(text, room, "%.*f%s", decimals < 0 ? 0 : decimals,
                   strtod(rounded, NULL) / pow(10, scales[best].exponent), scales[best].name);
}

void units_format_ns(double ns, char *text, size_t room) {
    static const struct scale scales[] = {{0, " ns"}, {3, " us"}, {6, " ms"}, {9, " s"}};
    format_scaled(ns, scales, sizeof scales / sizeof *scales, text, room);
}

void units_format_rate(double per_second, char *text, size_t room) {
    static const struct scale scales[] = {{0, ""}, {3, " k"}, {6, " M"}, {9, " G"}, {12, " T"}};
    format_scaled(per_second, scales, sizeof scales / sizeof *scales, text, room);
}
