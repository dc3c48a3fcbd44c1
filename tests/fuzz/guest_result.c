/* SPDX-License-Identifier: MIT */
/*
 * guest_result.c - what a guest prints after a trial. Whatever it is, it becomes a record that can
 * be written and read again.
 */
#include "fuzz.h"
#include "trial/guest_trial.h"

static void describe(struct record *record, const struct trial_options *options) {
    record_init(record);
    cell_format(&options->cell, record->key);
    record->cell = options->cell;
    (void)snprintf(record->verify, sizeof record->verify, "window");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct record record, again;
    struct trial_options options = {.placement = {.server_cpu = 0, .client_cpu = 0}};
    struct problem problem = {""};
    char *text = fuzz_text(data, size);
    FUZZ_MUST(cell_parse("guest/pingpong/block/same-core/64B", &options.cell, &problem) == 0);
    describe(&record, &options);
    FUZZ_MUST(guest_trial_read(text, &options, 1e9, &record) == 0);
    json_t *json = record_to_json(&record);
    FUZZ_MUST(json != NULL);
    int error = record_from_json(json, &again, &problem);
    if (error != 0)
        (void)fprintf(stderr, "%s\n", problem.text);
    FUZZ_MUST(error == 0);
    json_decref(json);
    record_free(&record);
    record_free(&again);
    free(text);
    return 0;
}
