/* SPDX-License-Identifier: MIT */
/*
 * duet_result.c - the file of a duet, and every export that is made of one that was accepted.
 */
#include "duet/duet_result.h"
#include "fuzz_json.h"
#include "report/export.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct duet_result result;
    struct problem problem = {""};
    int error = duet_result_load(fuzz_file(data, size), &result, &problem);
    fuzz_judge(error, &problem);
    const struct export_format *format = export_formats;
    for (; error == 0 && format->name != NULL; format++) {
        struct fuzz_print print;
        if (format->write_duet == NULL)
            continue;
        format->write_duet(fuzz_print_begin(&print), &result);
        fuzz_print_end(&print);
    }
    if (error == 0)
        duet_result_free(&result);
    FUZZ_MUST(result.suite.cells == NULL && result.suite.count == 0);
    return 0;
}
