/* SPDX-License-Identifier: MIT */
/*
 * duet_limits.c - a file of limits, applied to a suite of two cells and a canary.
 */
#include "duet/duet_limits.h"
#include "fuzz_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct duet_cell cells[] = {
        {.key = "pipe/pingpong/block/same-core/64B"},
        {.key = "unix/stream/spin/cross-core/4KiB"},
        {.key = "pipe/pingpong/block/same-core/64B", .canary = true}};
    struct duet_suite suite = {cells, sizeof cells / sizeof *cells};
    struct problem problem = {""};
    int error = duet_limits_apply(fuzz_file(data, size), &suite, &problem);
    fuzz_judge(error, &problem);
    for (size_t i = 0; error == 0 && i < suite.count; i++) {
        const struct duet_limits *limits = &cells[i].limits;
        FUZZ_MUST(limits->alarm > 0 && limits->alarm <= 10);
        FUZZ_MUST(limits->tolerance > 0 && limits->tolerance <= 10);
        FUZZ_MUST(!cells[i].canary || (limits->gated && limits->reason[0] == '\0'));
        FUZZ_MUST(memchr(limits->reason, '\0', sizeof limits->reason) != NULL);
    }
    return 0;
}
