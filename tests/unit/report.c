/* SPDX-License-Identifier: MIT */
/*
 * Tests of the report's files: what stands in the folder afterwards, also after each failure, and
 * that foreign text stays text. With IPCBENCH_LOOK=DIR set, a made-up run of the default plan's
 * size is drawn into DIR instead, for looking at the pictures; with IPCBENCH_LOOK_BOTH=1, two of
 * them.
 */
#include "report/report.h"
#include "made_large_run.h"
#include "report/figure_runs.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOSTILE "\"'`touch pwned` $(touch pwned)\\n\n<script>&amp; |touch pwned @x {/Bold} %s #"

/* A folder that each test starts with empty, and that goes with it. */
struct scene {
    char folder[PATH_MAX];
    char scripts[PATH_MAX];
    struct problem problem;
};

static int set_up(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    const char *temporary = getenv("TMPDIR");
    (void)snprintf(scene->folder, sizeof scene->folder, "%s/report-XXXXXX",
                   temporary != NULL ? temporary : "/tmp");
    *state = scene;
    return report_scripts("scripts", scene->scripts, sizeof scene->scripts, &scene->problem) != 0 ||
           mkdtemp(scene->folder) == NULL;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk) {
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

static int tear_down(void **state) {
    struct scene *scene = *state;
    int error = nftw(scene->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(scene);
    return error;
}

static const char *search_path(void) {
    const char *path = getenv("PATH");
    return path != NULL ? path : "";
}

static int has_gnuplot(void) {
    char *folders = strdup(search_path()), path[PATH_MAX];
    int found = 0;
    assert_non_null(folders);
    for (char *rest = NULL, *folder = strtok_r(folders, ":", &rest); folder != NULL && !found;
         folder = strtok_r(NULL, ":", &rest)) {
        (void)snprintf(path, sizeof path, "%s/gnuplot", folder);
        found = access(path, X_OK) == 0;
    }
    free(folders);
    return found;
}

static void skip_without_gnuplot(void) {
    if (has_gnuplot())
        return;
    print_message("skipped: gnuplot is not installed; `make setup` installs it\n");
    skip();
}

/* The size of a file in the folder; -1: there is none. */
static long file_bytes(const struct scene *scene, const char *name) {
    char path[PATH_MAX + NAME_MAX];
    struct stat info;
    (void)snprintf(path, sizeof path, "%s/%s", scene->folder, name);
    return lstat(path, &info) == 0 ? (long)info.st_size : -1;
}

static char *read_file(const struct scene *scene, const char *name) {
    char path[PATH_MAX + NAME_MAX];
    long bytes = file_bytes(scene, name);
    assert_true(bytes > 0);
    char *text = calloc(1, bytes > 0 ? (size_t)bytes + 1 : 1);
    (void)snprintf(path, sizeof path, "%s/%s", scene->folder, name);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, (size_t)bytes, file), bytes);
    (void)fclose(file);
    return text;
}

static void write_text(const struct scene *scene, const char *name, const char *text) {
    char path[PATH_MAX + NAME_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", scene->folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static size_t files_seen;
static int count_one(const char *path, const struct stat *info, int kind, struct FTW *walk) {
    (void)path, (void)info, (void)walk;
    files_seen += kind == FTW_F;
    return 0;
}

static size_t count_files(const struct scene *scene) {
    files_seen = 0;
    assert_int_equal(nftw(scene->folder, count_one, 8, FTW_PHYS), 0);
    return files_seen;
}

static void write_small(struct scene *scene, const char *scripts, int expected) {
    struct figure_run run;
    struct figure_list list;
    made_small(&run, "small");
    made_histograms(&run.run);
    assert_int_equal(figure_make(&run, 1, &list, &scene->problem), 0);
    assert_int_equal(report_write(&(struct report){.runs = &run,
                                                   .run_count = 1,
                                                   .figures = &list,
                                                   .scripts = scripts,
                                                   .folder = scene->folder},
                                  &scene->problem),
                     expected);
    figure_free(&list);
    run_free(&run.run);
}

static const char *const names[] = {"overview", "latency-block-same-core",
                                    "percentiles-block-same-core"};
enum { NAMES = sizeof names / sizeof *names, PAGE_AND_CELLS = 2 };

/* Whether every figure has, or has not, a file of that suffix that isn't empty. */
static void assert_files(const struct scene *scene, const char *suffix, int there) {
    for (size_t i = 0; i < NAMES; i++) {
        char name[NAME_MAX];
        (void)snprintf(name, sizeof name, "%s%s", names[i], suffix);
        long bytes = file_bytes(scene, name);
        assert_true(there ? bytes > 0 : bytes == -1);
    }
}

static void pictures_are_drawn(void **state) {
    struct scene *scene = *state;
    skip_without_gnuplot();
    write_small(scene, scene->scripts, 0);
    assert_files(scene, ".csv", 1);
    assert_files(scene, ".svg", 1);
    assert_files(scene, ".png", 1);
    assert_int_equal(count_files(scene), 3 * NAMES + PAGE_AND_CELLS); /* nothing else is left */
    char *png = read_file(scene, "overview.png");
    assert_memory_equal(png, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\xb0\0\0", 22);
    char *svg = read_file(scene, "overview.svg");
    assert_non_null(strstr(svg, "host here, A CPU, Linux 6.1, 2025-11-22"));
    assert_non_null(strstr(svg, "left is better"));
    assert_non_null(strstr(svg, "</svg>"));
    free(png);
    free(svg);
}

static void without_gnuplot_the_data_stays(void **state) {
    struct scene *scene = *state;
    write_text(scene, "overview.svg", "of an older run");
    char *path = strdup(search_path());
    assert_int_equal(setenv("PATH", scene->folder, 1), 0);
    write_small(scene, scene->scripts, -ENOPKG);
    assert_int_equal(setenv("PATH", path, 1), 0);
    free(path);
    assert_non_null(strstr(scene->problem.text, "make setup"));
    assert_files(scene, ".csv", 1);
    assert_int_equal(count_files(scene), NAMES + PAGE_AND_CELLS);
    char *page = read_file(scene, "index.html");
    assert_non_null(strstr(page, "There is no picture, since gnuplot is not installed."));
    free(page);
}

static void script_that_fails_is_quoted(void **state) {
    struct scene *scene = *state;
    skip_without_gnuplot();
    write_text(scene, "times.gp", "set output ARG2\nnonsense here\n");
    write_small(scene, scene->folder, -EIO);
    assert_non_null(strstr(scene->problem.text, "times.gp"));
    assert_non_null(strstr(scene->problem.text, "invalid command"));
    assert_files(scene, ".csv", 1);
    assert_int_equal(count_files(scene), NAMES + 2); /* the script, and the cells */
}

static void folder_that_cannot_be_is_refused(void **state) {
    struct scene *scene = *state;
    char folder[PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s", scene->folder);
    write_text(scene, "file", "x");
    (void)snprintf(scene->folder + strlen(folder), 16, "/file");
    write_small(scene, scene->scripts, -ENOTDIR);
    assert_non_null(strstr(scene->problem.text, scene->folder));
    (void)snprintf(scene->folder + strlen(folder), 16, "/no/such");
    write_small(scene, scene->scripts, -ENOENT);
    (void)snprintf(scene->folder, sizeof scene->folder, "%s", folder);
    assert_int_equal(count_files(scene), 1);
}

static void hostile_text_stays_text(void **state) {
    struct scene *scene = *state;
    skip_without_gnuplot();
    struct figure_run runs[2] = {{.run = {.complete = 1}}, {.run = {.complete = 1}}};
    struct figure_list list;
    const char *const paths[] = {HOSTILE ".json", "-e system('touch pwned').json"};
    figure_runs_name(runs, paths, 2);
    for (int i = 0; i < 2; i++) {
        runs[i].run.environment = made_environment(HOSTILE, HOSTILE);
        made_add(&runs[i].run, made_cell("`touch pwned`<script>", IPC_SPIN, "`touch pwned`", 64),
                 100, 200);
        made_add(&runs[i].run, made_cell("|touch pwned", IPC_SPIN, "../$(pwned)", 64), 100, 200);
        runs[i].run.cells[0].crowd = (struct record_crowd){.has_phases = 1, .count = 3};
        strcpy(runs[i].run.cells[0].crowd.design, "<script>");
    }
    assert_int_equal(figure_make(runs, 2, &list, &scene->problem), 0);
    char *before = getcwd(NULL, 0);
    assert_int_equal(chdir(scene->folder), 0);
    int error = report_write(&(struct report){.runs = runs,
                                              .run_count = 2,
                                              .figures = &list,
                                              .scripts = scene->scripts,
                                              .folder = "."},
                             &scene->problem);
    assert_int_equal(chdir(before), 0);
    assert_string_equal(scene->problem.text, "");
    assert_int_equal(error, 0);
    assert_int_equal(count_files(scene), 3 * 5 + PAGE_AND_CELLS); /* no "pwned" among them */
    assert_true(file_bytes(scene, "latency-spin------pwned-.svg") > 0);
    char *svg = read_file(scene, "overview.svg");
    assert_null(strstr(svg, "<script"));
    assert_non_null(strstr(svg, "'`touch pwned` $(touch pwned)\\n?&lt;script>"));
    for (size_t i = 0; i < list.count; i++)
        if (list.figures[i].csv != NULL)
            for (const char *at = list.figures[i].csv; *at != '\0'; at++)
                assert_true(*at == '\n' || (*at >= 0x20 && *at < 0x7f));
    char *page = read_file(scene, "index.html");
    const char *script = strstr(page, "<script>"); /* ours, at the end */
    assert_non_null(strstr(page, "&lt;script&gt;&amp;amp; |touch pwned"));
    assert_true(script != NULL && strncmp(script, "<script>// SPDX", 15) == 0);
    assert_null(strstr(script + 1, "<script"));
    assert_null(strstr(page, "Placement in numbers")); /* none of the machine's classes */
    assert_non_null(strstr(page, "aria-label=\"connections in numbers\""));
    assert_non_null(strstr(page, "aria-label=\"servers in numbers\""));
    free(page);
    free(svg);
    free(before);
    figure_free(&list);
    run_free(&runs[0].run);
    run_free(&runs[1].run);
}

/* A host with caches and sockets, whatever this one has. */
static void placements_stand_in_a_table(void **state) {
    struct scene *scene = *state;
    static const char *const placements[] = {"cross-socket", "same-core", "smt"};
    struct figure_run run = {.name = "big", .run = {.complete = 1}};
    struct figure_list list;
    run.run.environment = made_environment("here", "A CPU");
    for (size_t i = 0; i < 3; i++)
        made_add(&run.run, made_cell("pipe", IPC_BLOCK, placements[i], 64), 3000 + (double)i, NAN);
    made_add(&run.run, made_cell("unix", IPC_BLOCK, "smt", 64), 7000, NAN);
    assert_int_equal(figure_make(&run, 1, &list, &scene->problem), 0);
    const struct report report = {.runs = &run,
                                  .run_count = 1,
                                  .figures = &list,
                                  .scripts = scene->scripts,
                                  .folder = scene->folder};
    int error = report_write(&report, &scene->problem);
    assert_true(error == 0 || error == -ENOPKG); /* a table needs no gnuplot */
    char *page = read_file(scene, "index.html");
    const char *table = strstr(page, "Placement in numbers");
    assert_non_null(table);
    assert_non_null(strstr(table, "<th scope=col class=num>same-core</th><th scope=col "
                                  "class=num>smt</th><th scope=col class=num>cross-socket</th>"));
    assert_non_null(strstr(table, "<th scope=row>pipe</th><td>block</td><td class=num "
                                  "data-value=\"3001\">"));
    assert_non_null(strstr(table, "<th scope=row>unix</th><td>block</td><td class=num "
                                  "data-value=\"\">-</td><td class=num data-value=\"7000\">"));
    free(page);
    figure_free(&list);
    run_free(&run.run);
}

static void large_runs_can_be_looked_at(void **state) {
    struct scene *scene = *state;
    const char *folder = getenv("IPCBENCH_LOOK");
    static const char *const paths[] = {"before.json", "after.json"};
    const char *both = getenv("IPCBENCH_LOOK_BOTH");
    size_t count = both != NULL ? 2 : 1;
    struct figure_run runs[2] = {0};
    struct figure_list list;
    figure_runs_name(runs, paths, count);
    for (size_t i = 0; i < count; i++) {
        made_large(&runs[i].run, i == 0 ? 1 : 1.3);
        runs[i].run.environment = made_environment("build-host-17", "AMD EPYC 9R14 96-Core");
    }
    assert_int_equal(figure_make(runs, count, &list, &scene->problem), 0);
    int error = report_write(&(struct report){.runs = runs,
                                              .run_count = count,
                                              .figures = &list,
                                              .scripts = scene->scripts,
                                              .folder = folder},
                             &scene->problem);
    assert_string_equal(scene->problem.text, "");
    assert_int_equal(error, 0);
    figure_free(&list);
    for (size_t i = 0; i < count; i++)
        run_free(&runs[i].run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(placements_stand_in_a_table, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pictures_are_drawn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_gnuplot_the_data_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(script_that_fails_is_quoted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(folder_that_cannot_be_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hostile_text_stays_text, set_up, tear_down),
    };
    const struct CMUnitTest looks[] = {
        cmocka_unit_test_setup_teardown(large_runs_can_be_looked_at, set_up, tear_down),
    };
    if (getenv("IPCBENCH_LOOK") != NULL)
        return cmocka_run_group_tests_name("look", looks, NULL, NULL);
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
