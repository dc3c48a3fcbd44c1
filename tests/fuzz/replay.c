/* SPDX-License-Identifier: MIT */
/*
 * replay.c - runs a fuzz target on the inputs of folders, without a fuzzer: each as it is, and cut
 * short in several places. Prints TAP.
 */
#include "fuzz.h"

#include <dirent.h>

enum { CUTS = 8, MOST_BYTES = 1 << 20 };

static uint8_t input[MOST_BYTES];

static size_t read_input(const char *folder, const char *name) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    FUZZ_MUST(file != NULL);
    size_t size = fread(input, 1, sizeof input, file);
    FUZZ_MUST(fclose(file) == 0 && size < sizeof input);
    return size;
}

/* A copy of exactly that size, so that a sanitizer or valgrind sees a read beyond it. */
static void run_one(size_t size) {
    uint8_t *exact = malloc(size > 0 ? size : 1);
    FUZZ_MUST(exact != NULL);
    memcpy(exact, input, size);
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static size_t run_folder(const char *folder) {
    size_t inputs = 0;
    DIR *list = opendir(folder);
    FUZZ_MUST(list != NULL);
    for (struct dirent *item; (item = readdir(list)) != NULL;) {
        if (item->d_name[0] == '.')
            continue;
        (void)fprintf(stderr, "# %s/%s\n", folder, item->d_name);
        size_t size = read_input(folder, item->d_name);
        run_one(size);
        for (size_t cut = 1; cut <= CUTS; cut++)
            run_one(size * cut / (CUTS + 1));
        inputs++;
    }
    (void)closedir(list);
    return inputs;
}

int main(int argc, char **argv) {
    (void)printf("1..%d\n", argc - 1);
    for (int i = 1; i < argc; i++) {
        size_t inputs = run_folder(argv[i]);
        (void)printf("%sok %d - %s: %zu inputs\n", inputs > 0 ? "" : "not ", i, argv[i], inputs);
        (void)fflush(stdout);
    }
    return 0;
}
