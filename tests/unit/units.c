/* SPDX-License-Identifier: MIT */
/*
 * units.c - sizes, durations, numbers and rates: what is read, what is refused, what is written.
 */
#include "base/units.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <errno.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

struct refusal {
    const char *text;
    const char *says;
};

static void assert_says(const struct problem *problem, const char *what, const char *says) {
    if (strncmp(problem->text, what, strlen(what)) != 0 || strstr(problem->text, says) == NULL)
        fail_msg("'%s' doesn't begin with '%s' and say '%s'", problem->text, what, says);
}

static void bytes_are_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        {"0", 0},
        {"64", 64},
        {"64B", 64},
        {"4K", 4096},
        {"4k", 4096},
        {"4KiB", 4096},
        {"4kib", 4096},
        {"1M", 1048576},
        {"1MiB", 1048576},
        {"2G", UINT64_C(2147483648)},
        {"2GiB", UINT64_C(2147483648)},
        {"007", 7},
        {"18446744073709551615", UINT64_MAX},
        {"17179869183G", UINT64_C(17179869183) << 30},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t bytes = 1;
        struct problem problem;
        assert_int_equal(units_parse_bytes(cases[i].text, "size", &bytes, &problem), 0);
        assert_int_equal(bytes, cases[i].bytes);
    }
}

static void wrong_bytes_are_refused(void **state) {
    (void)state;
    static const struct refusal cases[] = {
        {"", "is not a size"},
        {"K", "is not a size"},
        {"-1", "is not a size"},
        {"+1", "is not a size"},
        {" 1", "is not a size"},
        {"12Q", "'12Q' ends in 'Q', which is no unit"},
        {"1.5K", "ends in '.5K'"},
        {"4 K", "ends in ' K'"},
        {"4KB", "ends in 'KB'"},
        {"4Ki", "ends in 'Ki'"},
        {"64BB", "ends in 'BB'"},
        {"0x10", "ends in 'x10'"},
        {"18446744073709551616", "does not fit into 64 bits"},
        {"17179869184G", "does not fit into 64 bits"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t bytes = 77;
        struct problem problem;
        assert_int_equal(units_parse_bytes(cases[i].text, "buffer", &bytes, &problem), -EINVAL);
        assert_says(&problem, "buffer '", cases[i].says);
        assert_says(&problem, "buffer '", "as in 64, 4K or 1MiB");
        assert_int_equal(bytes, 77);
    }
}

static void a_long_text_leaves_room_for_the_advice(void **state) {
    (void)state;
    char text[4096];
    memset(text, 'x', sizeof text - 1);
    text[0] = '1';
    text[sizeof text - 1] = '\0';
    uint64_t number = 0;
    double seconds = 0;
    struct problem problem;
    assert_int_equal(units_parse_bytes(text, "size", &number, &problem), -EINVAL);
    assert_says(&problem, "size", "1MiB");
    assert_int_equal(units_parse_seconds(text, "time", &seconds, &problem), -EINVAL);
    assert_says(&problem, "time", "150ms");
    assert_int_equal(units_parse_number(text, "seed", 1, 9, &number, &problem), -EINVAL);
    assert_says(&problem, "seed", "from 1 to 9");
}

static void seconds_are_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double seconds;
    } cases[] = {
        {"0", 0},        {"0.5", 0.5}, {".5", 0.5}, {"2", 2},     {"150ms", 0.15}, {"20us", 20e-6},
        {"100ns", 1e-7}, {"1s", 1},    {"2m", 120}, {"1.5m", 90}, {"1e3", 1000},   {"2h", 7200},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        double seconds = -1;
        struct problem problem;
        assert_int_equal(units_parse_seconds(cases[i].text, "time", &seconds, &problem), 0);
        assert_true(fabs(seconds - cases[i].seconds) <= 1e-12 * cases[i].seconds);
    }
}

static void nanoseconds_have_bounds(void **state) {
    (void)state;
    const uint64_t hour = UINT64_C(3600000000000);
    static const struct refusal cases[] = {
        {"0.4ms", "must be from 0.0005 s to 24 h"},
        {"25h", "must be from 0.0005 s to 24 h"},
        {"1e300", "must be from 0.0005 s to 24 h"},
        {"1y", "no unit of time"},
    };
    struct problem problem;
    uint64_t ns = 0;
    assert_int_equal(units_parse_ns("24h", "time", 500000, 24 * hour, &ns, &problem), 0);
    assert_int_equal(ns, 24 * hour);
    assert_int_equal(units_parse_ns("0.5ms", "time", 500000, 24 * hour, &ns, &problem), 0);
    assert_int_equal(ns, 500000);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(units_parse_ns(cases[i].text, "time", 500000, 24 * hour, &ns, &problem),
                         -EINVAL);
        assert_says(&problem, "time", cases[i].says);
        assert_int_equal(ns, 500000);
    }
}

static void wrong_seconds_are_refused(void **state) {
    (void)state;
    static const struct refusal cases[] = {
        {"", "is not a duration"},
        {"-1", "is not a duration"},
        {"inf", "is not a duration"},
        {"nan", "is not a duration"},
        {" 1", "is not a duration"},
        {"0x10", "is not a duration"},
        {".", "is not a duration"},
        {"ms", "is not a duration"},
        {"5d", "ends in 'd', which is no unit of time"},
        {"1 s", "ends in ' s'"},
        {"1,5", "ends in ',5'"},
        {"1e400", "is longer than a number holds"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        double seconds = 77;
        struct problem problem;
        assert_int_equal(units_parse_seconds(cases[i].text, "budget", &seconds, &problem), -EINVAL);
        assert_says(&problem, "budget '", cases[i].says);
        assert_says(&problem, "budget '", "as in 0.5, 150ms or 2m");
        assert_true(seconds == 77);
    }
}

static void numbers_are_read_within_limits(void **state) {
    (void)state;
    uint64_t number = 0;
    struct problem problem;
    assert_int_equal(units_parse_number("1", "seed", 1, 9, &number, &problem), 0);
    assert_int_equal(number, 1);
    assert_int_equal(units_parse_number("9", "seed", 1, 9, &number, &problem), 0);
    assert_int_equal(number, 9);
    assert_int_equal(
        units_parse_number("18446744073709551615", "seed", 0, UINT64_MAX, &number, &problem), 0);
    assert_int_equal(number, UINT64_MAX);
}

static void wrong_numbers_are_refused(void **state) {
    (void)state;
    static const struct refusal cases[] = {
        {"0", "seed 0 is out of range"},
        {"10", "seed 10 is out of range"},
        {"99999999999999999999", "is out of range"},
        {"-1", "is not a whole number"},
        {"1.0", "is not a whole number"},
        {"1K", "is not a whole number"},
        {"", "is not a whole number"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t number = 77;
        struct problem problem;
        assert_int_equal(units_parse_number(cases[i].text, "seed", 1, 9, &number, &problem),
                         -EINVAL);
        assert_says(&problem, "seed ", cases[i].says);
        assert_says(&problem, "seed ", "from 1 to 9");
        assert_int_equal(number, 77);
    }
}

static void sizes_are_written_exactly(void **state) {
    (void)state;
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0B"},
        {1, "1B"},
        {64, "64B"},
        {1023, "1023B"},
        {1024, "1KiB"},
        {1536, "1536B"},
        {4096, "4KiB"},
        {4097, "4097B"},
        {1048576, "1MiB"},
        {1049600, "1025KiB"},
        {UINT64_C(1) << 31, "2GiB"},
        {UINT64_C(1) << 40, "1024GiB"},
        {UINT64_MAX, "18446744073709551615B"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[24];
        uint64_t back = 0;
        struct problem problem;
        units_format_bytes(cases[i].bytes, text, sizeof text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(units_parse_bytes(text, "size", &back, &problem), 0);
        assert_int_equal(back, cases[i].bytes);
    }
}

static void times_are_written_with_three_digits(void **state) {
    (void)state;
    const struct {
        double ns;
        const char *text;
    } cases[] = {
        {57.34, "57.3 ns"},    {4449, "4.45 us"},     {1.2e6, "1.20 ms"},  {0, "0.00 ns"},
        {0.85, "0.850 ns"},    {0.0123, "0.0123 ns"}, {999.4, "999 ns"},   {999.6, "1.00 us"},
        {9.996, "10.0 ns"},    {99.96, "100 ns"},     {999999, "1.00 ms"}, {6.87e10, "68.7 s"},
        {1.2345e12, "1230 s"}, {-4449, "-4.45 us"},   {NAN, "-"},          {INFINITY, "-"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[32];
        units_format_ns(cases[i].ns, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

static void rates_are_written_with_three_digits(void **state) {
    (void)state;
    const struct {
        double per_second;
        const char *text;
    } cases[] = {
        {12, "12.0"},      {850e3, "850 k"}, {1.25e6, "1.25 M"}, {3.2e9, "3.20 G"},
        {999.9, "1.00 k"}, {0.5, "0.500"},   {4e13, "40.0 T"},   {NAN, "-"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[32];
        units_format_rate(cases[i].per_second, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

static void a_short_room_is_never_overrun(void **state) {
    (void)state;
    char text[4] = "zzz";
    units_format_ns(4449, text, 3);
    assert_string_equal(text, "4.");
    assert_int_equal(text[3], '\0');
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_read),
        cmocka_unit_test(wrong_bytes_are_refused),
        cmocka_unit_test(a_long_text_leaves_room_for_the_advice),
        cmocka_unit_test(seconds_are_read),
        cmocka_unit_test(nanoseconds_have_bounds),
        cmocka_unit_test(wrong_seconds_are_refused),
        cmocka_unit_test(numbers_are_read_within_limits),
        cmocka_unit_test(wrong_numbers_are_refused),
        cmocka_unit_test(sizes_are_written_exactly),
        cmocka_unit_test(times_are_written_with_three_digits),
        cmocka_unit_test(rates_are_written_with_three_digits),
        cmocka_unit_test(a_short_room_is_never_overrun),
    };
    return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
