/* SPDX-License-Identifier: MIT */
/*
 * run_file.c - run files and journals, and all that is made of one that was accepted: tables,
 * exports, the parts of a page, and its comparison with itself.
 */
#include "fuzz_json.h"
#include "judge/compare.h"
#include "report/compare_print.h"
#include "report/export.h"
#include "report/page.h"
#include "report/show.h"
#include "run/knee_search.h"
#include "run/store.h"

static void show(const struct run *run) {
    struct fuzz_print print;
    FUZZ_MUST(show_run(fuzz_print_begin(&print), run) == 0);
    knee_search_show(print.to, run);
    fuzz_print_end(&print);
    json_t *knees = knee_search_to_json(run);
    FUZZ_MUST(knees != NULL);
    json_decref(knees);
}

static void export_all(const struct run *run) {
    struct export_input input;
    struct problem problem = {""};
    FUZZ_MUST(export_choose(run, NULL, 0, &input, &problem) == 0);
    for (const struct export_format *format = export_formats; format->name != NULL; format++) {
        struct fuzz_print print;
        problem.text[0] = '\0';
        int error = format->write(fuzz_print_begin(&print), &input, &problem);
        fuzz_judge(error, &problem);
        fuzz_print_end(&print);
    }
    export_free(&input);
}

static void page(const struct run *run) {
    static void (*const parts[])(FILE *, const struct run *) = {
        page_verdict, page_knees, page_losses, page_missing, page_environment};
    struct fuzz_print print;
    (void)fuzz_print_begin(&print);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        parts[i](print.to, run);
    FUZZ_MUST(page_trust(print.to, run) == 0);
    FUZZ_MUST(page_claims(print.to, run) == 0);
    FUZZ_MUST(page_evidence(print.to, run, "run") == 0);
    fuzz_print_end(&print);
}

/* Nothing regresses against itself. */
static void compare(const struct run *run) {
    static const char *const nothing[] = {NULL};
    struct compare_side side = {run, 1};
    struct compare compare;
    struct fuzz_print print;
    struct problem problem = {""};
    int error = compare_runs(&side, &side, nothing, NULL, &compare, &problem);
    fuzz_judge(error, &problem);
    if (error == 0) {
        FUZZ_MUST(compare.verdict != COMPARE_REGRESSION);
        FUZZ_MUST(compare_print(fuzz_print_begin(&print), &compare, NULL) == 0);
        FUZZ_MUST(compare_print_json(print.to, &compare, NULL) == 0);
        fuzz_print_end(&print);
    }
    compare_free(&compare);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct run run;
    struct problem problem = {""};
    int error = store_load(fuzz_file(data, size), &run, &problem);
    fuzz_judge(error, &problem);
    if (error == 0) {
        FUZZ_MUST(run.cell_count <= run.trial_count);
        show(&run);
        export_all(&run);
        page(&run);
        compare(&run);
        run_free(&run);
    }
    FUZZ_MUST(run.trials == NULL && run.environment == NULL && run.cells == NULL);
    return 0;
}
