/* SPDX-License-Identifier: MIT */
/*
 * guest_result.c - what a guest prints after a trial, of round trips or of a stream. Whatever it
 * is, it becomes a record that can be written and read again.
 */
#include "fuzz_json.h"
#include "trial/guest_trial.h"

static void describe(struct record *record, const struct trial_options *options) {
    record_init(record);
    cell_format(&options->cell, record->key);
    record->cell = options->cell;
    (void)snprintf(record->verify, sizeof record->verify, "window");
}

static void read_as(const char *key, const char *text) {
    static struct record record, again;
    struct trial_options options = {.placement = {.server_cpu = 0, .client_cpu = 0}};
    struct problem problem = {""};
    FUZZ_MUST(cell_parse(key, &options.cell, &problem) == 0);
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
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size);
    read_as("guest/pingpong/block/same-core/64B", text);
    read_as("guest/stream/block/same-core/64B", text);
    free(text);
    return 0;
}
