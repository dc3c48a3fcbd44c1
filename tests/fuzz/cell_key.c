/* SPDX-License-Identifier: MIT */
/*
 * cell_key.c - keys of cells: what is accepted has a canonical form that means the same.
 */
#include "fuzz.h"
#include "plugin/cell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size);
    struct cell cell, again;
    struct problem problem = {""};
    int error = cell_parse(text, &cell, &problem);
    fuzz_judge(error, &problem);
    if (error == 0) {
        char key[CELL_KEY_BYTES], second[CELL_KEY_BYTES];
        cell_format(&cell, key);
        FUZZ_MUST(cell_parse(key, &again, &problem) == 0);
        cell_format(&again, second);
        FUZZ_MUST(strcmp(key, second) == 0);
        FUZZ_MUST(cell.size_bytes >= 1 && cell.size_bytes <= CELL_MAX_SIZE);
        FUZZ_MUST(again.size_bytes == cell.size_bytes && again.wait == cell.wait);
    }
    free(text);
    return 0;
}
