/* SPDX-License-Identifier: MIT */
/*
 * show.c - what a person sees of a run: cells to be compared stand together, the fastest first, and
 * what could not be measured is there with its reason.
 */
#include "report/show.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Adds a cell of which only what the table shows is known. */
static struct cell_summary *add(struct run *run, const char *key, double p50_ns) {
    struct problem problem;
    run->cells = realloc(run->cells, (run->cell_count + 1) * sizeof *run->cells);
    assert_non_null(run->cells);
    struct cell_summary *cell = &run->cells[run->cell_count++];
    *cell = (struct cell_summary){.status = RECORD_OK, .trials = 5};
    assert_int_equal(cell_parse(key, &cell->cell, &problem), 0);
    strcpy(cell->key, key);
    cell->p50_ns = p50_ns;
    cell->p50_low_ns = 0.95 * p50_ns;
    cell->p50_high_ns = 1.5 * p50_ns;
    cell->p99_ns = NAN;
    cell->per_second = 1e9 / p50_ns;
    cell->bytes_per_second = 2 * (double)cell->cell.size_bytes * cell->per_second;
    cell->cpu_ns = p50_ns;
    cell->switches = 2;
    cell->system_calls = 4;
    cell->times_floor = 12.34;
    cell->flagged = 1;
    return cell;
}

static void add_missing(struct run *run, const char *key, enum record_status status,
                        const char *why) {
    struct cell_summary *cell = add(run, key, NAN);
    cell->status = status;
    cell->trials = 0;
    cell->failed = 1;
    strcpy(cell->why, why);
}

static void make_run(struct run *run) {
    memset(run, 0, sizeof *run);
    run->complete = 1;
    run->environment = json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:s}, s:{s:b}}", "host", "h", "date",
                                 "2026-01-02T03:04:05Z", "cpu", "model", "C", "allowed", "0-1",
                                 "kernel", "release", "6.1", "hypervisor", "present", 0);
    run->options = json_object();
    assert_non_null(run->environment);
}

/* What is shown; the caller frees. Were it inlined, gcc at -O3 would take the stream's memory for
 * the variable that points to it, and warn of its end. */
static __attribute__((noinline)) char *shown(const struct run *run,
                                             const struct show_filter *filter) {
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    assert_non_null(to);
    assert_int_equal(show_part(to, run, filter), 0);
    assert_int_equal(fclose(to), 0);
    return text;
}

/* The texts stand in the output in this order. */
static void expect_order(const char *output, const char *const *texts) {
    const char *at = output;
    for (; *texts != NULL; texts++) {
        const char *found = strstr(at, *texts);
        if (found == NULL) {
            fail_msg("'%s' doesn't follow in:\n%s", *texts, output);
            return;
        }
        at = found + strlen(*texts);
    }
}

static void cells_to_compare_stand_together_the_fastest_first(void **state) {
    (void)state;
    struct run run;
    make_run(&run);
    (void)add(&run, "unix/pingpong/block/cross-core/64B", 50000);
    (void)add(&run, "unix/pingpong/block/same-core/4KiB", 11000);
    (void)add(&run, "pipe/pingpong/spin/cross-core/64B", 860);
    (void)add(&run, "unix/pingpong/block/same-core/64B", 9000);
    (void)add(&run, "pipe/pingpong/block/same-core/4KiB", 6000);
    (void)add(&run, "pipe:bufsize=64K/pingpong/block/same-core/64B", 4400);
    (void)add(&run, "pipe/pingpong/block/same-core/64B", 4500);
    char *text = shown(&run, NULL);
    static const char *const order[] = {
        "pingpong, block, same-core\n",
        "   64B  pipe:bufsize=64K  4.40 us  -5.0 +50%    -  12.3x    227 k/s  4.40 us  2.00   4.00 "
        " "
        "5*\n",
        "   64B  pipe              4.50 us",
        "   64B  unix              9.00 us",
        "\n\n",
        "  4KiB  pipe              6.00 us  -5.0 +50%    -  12.3x  1.37 GB/s  6.00 us",
        "  4KiB  unix              11.0 us",
        "pingpong, block, cross-core\n",
        "  64B  unix       50.0 us",
        "pingpong, spin, cross-core\n",
        "  64B  pipe       860 ns",
        "round trip",
        NULL};
    expect_order(text, order);
    assert_null(strstr(text, "Not measured"));
    assert_null(strstr(text, "INCOMPLETE"));
    free(text);
    run_free(&run);
}

static void a_stream_shows_its_rate(void **state) {
    (void)state;
    struct run run;
    make_run(&run);
    (void)add(&run, "pipe/pingpong/spin/cross-core/64B", 860);
    for (int i = 0; i < 2; i++) {
        const char *key = i ? "pipe/stream/spin/cross-core/64B" : "unix/stream/spin/cross-core/64B";
        struct cell_summary *cell = add(&run, key, NAN);
        cell->mean_ns = i ? 250 : 400;
        cell->per_second = 1e9 / cell->mean_ns;
        cell->per_second_low = 0.95 * cell->per_second;
        cell->per_second_high = 20 * cell->per_second;
        cell->bytes_per_second = 64 * cell->per_second;
        cell->cpu_ns = 2 * cell->mean_ns;
    }
    char *text = shown(&run, NULL);
    static const char *const order[] = {"pingpong, spin, cross-core\n",
                                        "stream, spin, cross-core\n",
                                        "rate     interval   payload  floor     CPU",
                                        "  64B  pipe       4.00 M/s  -5.0 +>999%  256 MB/s  12.3x  "
                                        "500 ns  2.00   4.00  5*",
                                        "  64B  unix       2.50 M/s",
                                        "p50 and p99: a round trip",
                                        "stream: rate:",
                                        NULL};
    expect_order(text, order);
    free(text);
    run_free(&run);
}

static void an_open_loop_has_a_legend_of_its_own(void **state) {
    (void)state;
    struct run run;
    make_run(&run);
    (void)add(&run, "pipe/rate:hz=200/block/same-core/64B", 90000);
    char *text = shown(&run, NULL);
    static const char *const order[] = {"rate:hz=200, block, same-core\n", "  64B  pipe",
                                        "a request, from when it was due", "what was carried",
                                        NULL};
    expect_order(text, order);
    assert_null(strstr(text, "without time stamps"));
    free(text);
    (void)add(&run, "pipe/pingpong/block/same-core/64B", 9000);
    text = shown(&run, NULL);
    static const char *const both[] = {"a round trip", "without time stamps",
                                       "rate (open loops):", NULL};
    expect_order(text, both);
    free(text);
    run_free(&run);
}

static void workloads_ascend_by_their_numbers(void **state) {
    (void)state;
    static const char *const keys[] = {
        "pipe/rate:hz=1000/block/same-core/64B",
        "pipe/rate:hz=200,arrivals=poisson/block/same-core/64B",
        "pipe/rate:hz=200/block/same-core/64B",
        "unix/serve:clients=64,design=poll/block/same-core/64B",
        "unix/serve:clients=16,design=poll/block/same-core/64B",
        "unix/serve:clients=4,design=poll/block/same-core/64B",
        "unix/pingpong/block/same-core/64B",
    };
    static const char *const order[] = {"\npingpong,",
                                        "\nrate:hz=200, block",
                                        "\nrate:hz=200,arrivals=poisson,",
                                        "\nrate:hz=1000,",
                                        "\nserve:clients=4,",
                                        "\nserve:clients=16,",
                                        "\nserve:clients=64,",
                                        NULL};
    struct run run;
    make_run(&run);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        (void)add(&run, keys[i], 9000);
    char *text = shown(&run, NULL);
    expect_order(text, order);
    free(text);
    run_free(&run);
}

static void what_is_missing_stands_below_once_for_each_reason(void **state) {
    (void)state;
    struct run run;
    make_run(&run);
    add(&run, "pipe/pingpong/block/same-core/8B", 4000)->failed = 2;
    add_missing(&run, "null/pingpong/park/same-core/8B", RECORD_NOT_APPLICABLE, "null can't park");
    add_missing(&run, "null/pingpong/park/same-core/64B", RECORD_NOT_APPLICABLE, "null can't park");
    add_missing(&run, "unix/pingpong/block/same-core/8B", RECORD_FAILED, "read() said no");
    add_missing(&run, "unix/pingpong/block/same-core/64B", RECORD_FAILED, "the deadline passed");
    char *text = shown(&run, NULL);
    static const char *const order[] = {"5 of 7*\n",
                                        "Not measured: 4 cells\n",
                                        "  failed: read() said no\n",
                                        "    unix/pingpong/block/same-core/8B\n",
                                        "  failed: the deadline passed\n",
                                        "    unix/pingpong/block/same-core/64B\n",
                                        "  not applicable: null can't park\n",
                                        "    null/pingpong/park/same-core/8B, "
                                        "null/pingpong/park/same-core/64B\n",
                                        NULL};
    expect_order(text, order);
    assert_ptr_equal(strstr(text, "can't park"), strrchr(text, '\'') - strlen("can"));
    free(text);
    run_free(&run);
}

/* Adds a trial that ended so. */
static void add_trial(struct run *run, enum record_purpose purpose, enum record_status status,
                      const char *flags) {
    struct record trial;
    record_init(&trial);
    trial.purpose = purpose;
    trial.status = status;
    strcpy(trial.flags, flags);
    assert_int_equal(run_add(run, &trial), 0);
}

static void trials_that_were_not_possible_are_none_that_failed(void **state) {
    (void)state;
    struct run run;
    make_run(&run);
    (void)add(&run, "pipe/pingpong/block/same-core/64B", 4500);
    for (int i = 0; i < 3; i++)
        add_trial(&run, RECORD_TIMING, RECORD_OK, i == 0 ? "steal" : "");
    add_trial(&run, RECORD_COUNTING, RECORD_OK, "steal");
    add_trial(&run, RECORD_TIMING, RECORD_NOT_APPLICABLE, "");
    add_trial(&run, RECORD_TIMING, RECORD_NOT_APPLICABLE, "");
    add_trial(&run, RECORD_TIMING, RECORD_SKIPPED, "");
    char *text = shown(&run, NULL);
    assert_non_null(strstr(text, "trials  6 of 1 cells: 3 ok (1 of these with interference), "
                                 "1 skipped, 2 not applicable\n"));
    free(text);
    add_trial(&run, RECORD_COUNTING, RECORD_FAILED, "");
    text = shown(&run, NULL);
    assert_non_null(strstr(text, "interference), 1 failed, 1 skipped, 2 not applicable\n"));
    free(text);
    run_free(&run);
}

static void many_cells_with_one_reason_are_counted(void **state) {
    (void)state;
    struct run run;
    make_run(&run);
    for (int i = 0; i < 7; i++) {
        char key[CELL_KEY_BYTES];
        (void)snprintf(key, sizeof key, "mq/pingpong/block/same-core/%dB", 10 + i);
        add_missing(&run, key, RECORD_SKIPPED, "this kernel has none");
    }
    char *text = shown(&run, NULL);
    static const char *const order[] = {"No cell was measured.", "skipped: this kernel has none",
                                        "same-core/12B and 4 more\n", NULL};
    expect_order(text, order);
    free(text);
    run_free(&run);
}

static void a_filter_leaves_the_rest_out(void **state) {
    (void)state;
    struct run run;
    static const struct show_filter spin_near = {"spin", "same-core"}, pair = {NULL, "0,3"},
                                    park = {"park", NULL};
    make_run(&run);
    (void)add(&run, "shm/pingpong/spin/cross-core/64B", 80);
    (void)add(&run, "tcp/pingpong/spin/same-core/64B", 9000);
    (void)add(&run, "unix/pingpong/block/0,3/64B", 9000);
    char *text = shown(&run, &spin_near);
    assert_non_null(strstr(text, "tcp"));
    assert_null(strstr(text, "shm"));
    assert_null(strstr(text, "unix"));
    free(text);
    text = shown(&run, &pair);
    assert_non_null(strstr(text, "pingpong, block, 0,3\n"));
    assert_null(strstr(text, "tcp"));
    free(text);
    text = shown(&run, &park);
    assert_non_null(strstr(text, "No cell is of that kind."));
    free(text);
    run_free(&run);
}

static void what_is_not_known_to_the_precision_is_marked(void **state) {
    (void)state;
    struct run run;
    make_run(&run);
    (void)add(&run, "pipe/pingpong/block/same-core/64B", 4500); /* its interval is 55% wide */
    (void)json_object_set_new(run.options, "precision", json_real(0.27));
    char *text = shown(&run, NULL);
    assert_non_null(strstr(text, "-5.0 +50%~"));
    free(text);
    (void)json_object_set_new(run.options, "precision", json_real(0.28));
    text = shown(&run, NULL);
    assert_non_null(strstr(text, "-5.0 +50% "));
    free(text);
    run_free(&run);
}

static void an_incomplete_run_of_an_unknown_host_says_so(void **state) {
    (void)state;
    struct run run;
    make_run(&run);
    json_decref(run.environment);
    run.environment = json_object();
    run.complete = 0;
    char *text = shown(&run, NULL);
    static const char *const order[] = {"host    not known, not known\n", "hypervisor not known",
                                        "INCOMPLETE", NULL};
    expect_order(text, order);
    free(text);
    run_free(&run);
}

static void answers_stand_at_the_end_of_what_is_shown_whole(void **state) {
    (void)state;
    struct run run;
    make_run(&run);
    strcpy(add(&run, "unix/pingpong/block/same-core/64B", 20000)->group, "core");
    strcpy(add(&run, "pipe/pingpong/block/same-core/64B", 4500)->group, "core");
    char *text = shown(&run, NULL);
    static const char *const order[] = {
        "n: trials",
        "\nWhich one?",
        "  64 B, I can't: both ends on one CPU: pipe, block, 4.50 us",
        "next is unix",
        "\nCan I trust this machine? cannot tell: doctor: not known, 0 findings. Trials: 0,",
        "same-core 58%. No trial",
        "\nWhat Python's",
        "  supported: Sockets are not the fastest",
        NULL};
    expect_order(text, order);
    free(text);
    text = shown(&run, &(struct show_filter){.wait = "block"});
    assert_null(strstr(text, "Which one?"));
    assert_null(strstr(text, "Can I trust"));
    free(text);
    run_free(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_to_compare_stand_together_the_fastest_first),
        cmocka_unit_test(a_stream_shows_its_rate),
        cmocka_unit_test(an_open_loop_has_a_legend_of_its_own),
        cmocka_unit_test(workloads_ascend_by_their_numbers),
        cmocka_unit_test(what_is_missing_stands_below_once_for_each_reason),
        cmocka_unit_test(trials_that_were_not_possible_are_none_that_failed),
        cmocka_unit_test(many_cells_with_one_reason_are_counted),
        cmocka_unit_test(a_filter_leaves_the_rest_out),
        cmocka_unit_test(what_is_not_known_to_the_precision_is_marked),
        cmocka_unit_test(an_incomplete_run_of_an_unknown_host_says_so),
        cmocka_unit_test(answers_stand_at_the_end_of_what_is_shown_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
