/* SPDX-License-Identifier: MIT */
/*
 * record.c - what a trial prints. A record that is accepted is written as one that is accepted.
 */
#include "trial/record.h"
#include "fuzz_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct record record, again;
    struct problem problem = {""};
    json_t *json = json_loadb((const char *)data, size, 0, NULL);
    if (json == NULL)
        return 0;
    int error = record_from_json(json, &record, &problem);
    json_decref(json);
    fuzz_judge(error, &problem);
    if (error != 0)
        return 0;
    json = record_to_json(&record);
    FUZZ_MUST(json != NULL);
    FUZZ_MUST(record_from_json(json, &again, &problem) == 0);
    FUZZ_MUST(again.fact_count == record.fact_count && again.status == record.status);
    json_decref(json);
    record_free(&record);
    record_free(&again);
    return 0;
}
