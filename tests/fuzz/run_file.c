/* SPDX-License-Identifier: MIT */
/*
 * run_file.c - run files and journals, and the tables that are made of what is accepted.
 */
#include "fuzz.h"
#include "report/show.h"
#include "run/store.h"

#include <sys/mman.h>
#include <unistd.h>

static void show(const struct run *run) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *to = open_memstream(&text, &bytes);
    FUZZ_MUST(to != NULL && show_run(to, run) == 0 && fclose(to) == 0);
    for (size_t i = 0; i < bytes; i++)
        FUZZ_MUST(text[i] == '\n' || plain_bytes(text + i) > 0 || (text[i] & 0x80));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int file = -1;
    char path[64];
    struct run run;
    struct problem problem = {""};
    if (file < 0)
        file = memfd_create("run.json", MFD_CLOEXEC);
    FUZZ_MUST(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    int error = store_load(path, &run, &problem);
    fuzz_judge(error, &problem);
    if (error == 0) {
        FUZZ_MUST(run.cell_count <= run.trial_count);
        show(&run);
        run_free(&run);
    }
    FUZZ_MUST(run.trials == NULL && run.environment == NULL && run.cells == NULL);
    return 0;
}
