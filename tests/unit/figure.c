/* SPDX-License-Identifier: MIT */
/*
 * Tests of the figures' data: to the letter for a known run, gaps with their reasons, several runs
 * side by side, and foreign text made plain.
 */
#include "base/text.h"
#include "made_run.h"
#include "report/figure_runs.h"

#include <errno.h>

enum { FIGURES = 14 }; /* of one wait and placement: one of each kind */

static const struct figure *find(const struct figure_list *list, const char *name) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->figures[i].name, name) == 0)
            return &list->figures[i];
    fail_msg("there is no figure %s", name);
    return NULL;
}

static void data_is_known(void **state) {
    struct problem problem;
    (void)state;
    struct figure_run run;
    struct figure_list list;
    made_small(&run, "small");
    assert_int_equal(figure_make(&run, 1, &list, &problem), 0);
    assert_int_equal(list.count, FIGURES);
    assert_string_equal(find(&list, "latency-block-same-core")->csv,
                        "series,transport_number,run_number,label,key,trials,"
                        "size_bytes,exchanges,min_ns,p50_ns,p50_low_ns,p50_high_ns,p99_ns\n"
                        "1,1,1,\"pipe\",\"pipe/pingpong/block/same-core/64B\",2,"
                        "64,20000,2250,4500,4490,4520,6000\n"
                        "1,1,1,\"pipe\",\"pipe/pingpong/block/same-core/4KiB\",2,"
                        "4096,20000,2500,5000,4990,5020,7000\n"
                        "2,2,1,\"unix\",\"unix/pingpong/block/same-core/64B\",2,"
                        "64,20000,4750,9500,9490,9520,\n");
    assert_string_equal(find(&list, "overview")->csv,
                        "series,transport_number,run_number,label,key,trials,row,row_label,"
                        "value_ns,low_ns,high_ns\n"
                        "1,1,1,\"block same-core\",\"pipe/pingpong/block/same-core/64B\",2,"
                        "1,\"pipe\",4500,4490,4520\n"
                        "1,1,1,\"block same-core\",\"unix/pingpong/block/same-core/64B\",2,"
                        "2,\"unix\",9500,9490,9520\n");
    assert_string_equal(find(&list, "overview")->title, "Round trip by transport, 64 B");
    assert_string_equal(list.caption, "host here, A CPU, Linux 6.1, 2025-11-22");
    figure_free(&list);
    run_free(&run.run);
}

static void figure_without_data_says_why(void **state) {
    struct problem problem;
    (void)state;
    struct figure_run run;
    struct figure_list list;
    made_small(&run, "small");
    assert_int_equal(figure_make(&run, 1, &list, &problem), 0);
    const struct figure *figure = find(&list, "percentiles-block-same-core");
    assert_null(figure->csv);
    assert_string_equal(figure->why, "no histogram in this run");
    figure_free(&list);
    run_free(&run.run);
}

static void percentiles_end_where_the_sample_does(void **state) {
    struct problem problem;
    (void)state;
    struct figure_run run;
    struct figure_list list;
    made_small(&run, "small");
    made_histograms(&run.run);
    assert_int_equal(figure_make(&run, 1, &list, &problem), 0);
    const struct figure *figure = find(&list, "percentiles-block-same-core");
    /* 20 steps a decade up to 99%: beyond lie just 10 of the 1000 */
    assert_int_equal(figure->rows, 41);
    assert_non_null(strstr(figure->csv, ",2,1000,50,2,1,500\n"));
    assert_non_null(strstr(figure->csv, ",2,1000,90,10,1,900\n"));
    const char *last = ",2,1000,99,100,1,990\n";
    assert_string_equal(figure->csv + strlen(figure->csv) - strlen(last), last);
    figure_free(&list);
    run_free(&run.run);
}

static void damaged_histogram_is_named(void **state) {
    struct problem problem;
    (void)state;
    struct figure_run run;
    struct figure_list list;
    made_small(&run, "small");
    run.run.trials[1].histogram = strdup("HISTFAAAA");
    assert_int_equal(figure_make(&run, 1, &list, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "trial 2 (unix/pingpong/block/same-core/64B)"));
    assert_null(list.figures);
    run_free(&run.run);
}

static void run_without_ok_trial_has_reasons_instead(void **state) {
    struct problem problem;
    (void)state;
    struct figure_run run;
    struct figure_list list;
    made_small(&run, "small");
    for (size_t i = 0; i < run.run.cell_count; i++)
        run.run.cells[i].status = RECORD_SKIPPED;
    assert_int_equal(figure_make(&run, 1, &list, &problem), 0);
    assert_int_equal(list.count, FIGURES);
    for (size_t i = 0; i < list.count; i++) {
        assert_null(list.figures[i].csv);
        assert_string_not_equal(list.figures[i].why, "");
        assert_string_equal(list.figures[i].name, list.figures[i].kind->name);
    }
    figure_free(&list);
    run_free(&run.run);
}

static void each_workload_has_its_figure(void **state) {
    struct problem problem;
    (void)state;
    struct figure_run run;
    struct figure_list list;
    made_small(&run, "small");
    struct cell cell = made_cell("pipe", IPC_SPIN, "cross-core", 64);
    strcpy(cell.workload, "stream");
    made_add(&run.run, cell, NAN, NAN);
    run.run.cells[4].bytes_per_second = 5e8;
    strcpy(cell.workload, "rate:hz=100");
    made_add(&run.run, cell, 3000, 9000);
    strcpy(cell.workload, "rate:hz=10");
    made_add(&run.run, cell, 7000, 9900);
    strcpy(cell.knobs, "bufsize=1M");
    made_add(&run.run, cell, 8000, 9900);
    json_object_set_new(run.run.environment, "floors",
                        json_pack("{s:[{s:i, s:i}]}", "copies", "size_bytes", 64,
                                  "median_bytes_per_second", 1000000000));
    assert_int_equal(figure_make(&run, 1, &list, &problem), 0);
    assert_string_equal(find(&list, "throughput-spin-cross-core")->csv,
                        "series,transport_number,run_number,label,key,trials,"
                        "size_bytes,bytes_per_second,least_bytes_per_second,most_bytes_per_second\n"
                        "1,1,1,\"pipe\",\"pipe/stream/spin/cross-core/64B\",2,64,500000000,,\n"
                        "2,5,1,\"memcpy (floor)\",\"\",,64,1000000000,,\n");
    const char *rate = find(&list, "rate")->csv;
    const char *slow =
        strstr(rate, "1,1,1,\"pipe spin cross-core\",\"pipe/rate:hz=10/spin/cross-core/"
                     "64B\",2,64,10,7000,6990,7020,9900,");
    assert_non_null(slow);
    assert_true(strstr(rate, ",64,100,3000,") > slow);
    assert_non_null(strstr(rate, "\n2,2,1,\"pipe:bufsize=1M spin cross-core\","));
    figure_free(&list);
    run_free(&run.run);
}

static void a_library_stands_beside_its_raw_transport(void **state) {
    struct problem problem;
    (void)state;
    struct figure_run run;
    struct figure_list list;
    made_small(&run, "small");
    made_add(&run.run, made_cell("zeromq-ipc", IPC_BLOCK, "same-core", 64), 38000, NAN);
    made_add(&run.run, made_cell("zeromq-tcp", IPC_BLOCK, "same-core", 64), 38000, NAN);
    assert_int_equal(figure_make(&run, 1, &list, &problem), 0);
    const struct figure *figure = find(&list, "tax"); /* there is no tcp-localhost */
    assert_int_equal(figure->rows, 1);
    assert_non_null(strstr(figure->csv, ",1,\"zeromq-ipc on unix\",4,"));
    figure_free(&list);
    run_free(&run.run);
}

static void the_front_is_what_nobody_beats(void **state) {
    struct problem problem;
    (void)state;
    struct figure_run run;
    struct figure_list list;
    made_small(&run, "small");
    const double cpu_ns[] = {100, NAN, 200};
    made_add(&run.run, made_cell("shm", IPC_SPIN, "cross-core", 64), 500, NAN);
    for (size_t i = 0; i < 3; i++)
        run.run.cells[i].cpu_ns = cpu_ns[i];
    run.run.cells[4].cpu_ns = 150;
    assert_int_equal(figure_make(&run, 1, &list, &problem), 0);
    const char *csv = find(&list, "pareto")->csv;
    assert_non_null(strstr(csv, ",\"unix\",2,100,9500,"));
    assert_non_null(strstr(csv, ",\"shm\",2,150,500,"));
    assert_non_null(strstr(csv, ",\"pipe\",1,200,4500,")); /* within its group */
    figure_free(&list);
    run_free(&run.run);
}

/* A host with caches, nodes and sockets, whatever this one has. */
static void placements_stand_from_near_to_far(void **state) {
    struct problem problem;
    (void)state;
    static const char *const placements[] = {"cross-socket", "smt", "same-l3", "same-core",
                                             "cross-numa"};
    static const char *const order[] = {"1,1,1,\"same-core\"", "2,2,1,\"smt\"", "3,3,1,\"same-l3\"",
                                        "4,4,1,\"cross-numa\"", "5,5,1,\"cross-socket\""};
    struct figure_run run = {.run = {.complete = 1}};
    struct figure_list list;
    run.run.environment = made_environment("here", "A CPU");
    for (size_t i = 0; i < 5; i++) {
        made_add(&run.run, made_cell("pipe", IPC_BLOCK, placements[i], 64), 5000 + (double)i, NAN);
        made_add(&run.run, made_cell("unix", IPC_BLOCK, placements[i], 64), 9000 + (double)i, NAN);
        made_add(&run.run, made_cell("unix", IPC_SPIN, placements[i], 64), 900, NAN);
    }
    assert_int_equal(figure_make(&run, 1, &list, &problem), 0);
    const struct figure *figure = find(&list, "placement");
    assert_int_equal(figure->rows, 10); /* the blocking ones */
    const char *at = figure->csv;
    for (size_t i = 0; i < 5; i++) {
        at = strstr(at, order[i]);
        assert_non_null(at);
    }
    figure_free(&list);
    run_free(&run.run);
}

static void one_placement_is_nothing_to_compare(void **state) {
    struct problem problem;
    (void)state;
    struct figure_run run;
    struct figure_list list;
    made_small(&run, "small");
    assert_int_equal(figure_make(&run, 1, &list, &problem), 0);
    const struct figure *figure = find(&list, "placement");
    assert_null(figure->csv);
    assert_non_null(strstr(figure->why, "one placement only"));
    figure_free(&list);
    run_free(&run.run);
}

static void many_series_leave_the_core_and_the_fastest(void **state) {
    struct problem problem;
    (void)state;
    struct figure_run run = {.run = {.complete = 1}};
    struct figure_list list;
    run.run.environment = made_environment("here", "A CPU");
    for (int i = 0; i < 20; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "lib%02d", i);
        made_add(&run.run, made_cell(name, IPC_BLOCK, "same-core", 64), 20000 - 100 * i, NAN);
        strcpy(run.run.cells[i].group, i == 0 ? "core" : "library");
    }
    assert_int_equal(figure_make(&run, 1, &list, &problem), 0);
    const struct figure *figure = find(&list, "latency-block-same-core");
    assert_int_equal(figure->rows, 14);
    assert_non_null(strstr(figure->csv, "\"lib00\""));
    assert_non_null(strstr(figure->csv, "\"lib07\""));
    assert_null(strstr(figure->csv, "\"lib06\""));
    assert_non_null(strstr(figure->subtitle, "core and fastest, 14 of 20"));
    figure_free(&list);
    run_free(&run.run);
}

static void runs_stand_side_by_side(void **state) {
    struct problem problem;
    (void)state;
    struct figure_run runs[2];
    struct figure_list list;
    made_small(&runs[0], "before");
    made_small(&runs[1], "after");
    assert_int_equal(figure_make(runs, 2, &list, &problem), 0);
    const char *csv = find(&list, "latency-block-same-core")->csv;
    const char *const rows[] = {"\n1,1,1,\"pipe of before\",", "\n2,1,2,\"pipe of after\",",
                                "\n3,2,1,\"unix of before\",", "\n4,2,2,\"unix of after\","};
    for (size_t i = 0; i < 4; i++) {
        csv = strstr(csv, rows[i]); /* in this order */
        assert_non_null(csv);
    }
    assert_string_equal(list.caption, "before: host here, A CPU, Linux 6.1, 2025-11-22\n"
                                      "after: host here, A CPU, Linux 6.1, 2025-11-22");
    figure_free(&list);
    run_free(&runs[0].run);
    run_free(&runs[1].run);
}

static void names_of_runs_are_unique(void **state) {
    (void)state;
    struct figure_run runs[4] = {0};
    const char *const paths[] = {"a/run.json", "b/run.json", "run.json.journal", "c/\"\n.json"};
    figure_runs_name(runs, paths, 4);
    assert_string_equal(runs[0].name, "run");
    assert_string_equal(runs[1].name, "run (2)");
    assert_string_equal(runs[2].name, "run (3)");
    assert_string_equal(runs[3].name, "'?");
}

static void foreign_text_becomes_plain(void **state) {
    (void)state;
    char text[12];
    text_plain("a\tb\"c\xff\xc0\x80", text, sizeof text);
    assert_string_equal(text, "a?b'c???");
    text_plain("\xe2\x80\xae"
               "x\x7f",
               text, sizeof text);
    assert_string_equal(text, "???x?");
    text_plain("12345678901", text, sizeof text);
    assert_string_equal(text, "12345678901");
    text_plain("123456\xc3\xbc\xc3\xbc\xc3\xbc", text, sizeof text);
    assert_string_equal(text, "123456\xc3\xbc...");
    text_file("../A b,0", text, sizeof text);
    assert_string_equal(text, "-----b-0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_is_known),
        cmocka_unit_test(figure_without_data_says_why),
        cmocka_unit_test(percentiles_end_where_the_sample_does),
        cmocka_unit_test(damaged_histogram_is_named),
        cmocka_unit_test(run_without_ok_trial_has_reasons_instead),
        cmocka_unit_test(each_workload_has_its_figure),
        cmocka_unit_test(a_library_stands_beside_its_raw_transport),
        cmocka_unit_test(the_front_is_what_nobody_beats),
        cmocka_unit_test(placements_stand_from_near_to_far),
        cmocka_unit_test(one_placement_is_nothing_to_compare),
        cmocka_unit_test(many_series_leave_the_core_and_the_fastest),
        cmocka_unit_test(runs_stand_side_by_side),
        cmocka_unit_test(names_of_runs_are_unique),
        cmocka_unit_test(foreign_text_becomes_plain),
    };
    return cmocka_run_group_tests_name("figure", tests, NULL, NULL);
}
