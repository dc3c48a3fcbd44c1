/* SPDX-License-Identifier: MIT */
/*
 * options.c - the command line of `run`, selections included. Each line of the input is an option's
 * letter and its value ("t" and "pipe:bufsize=1M"); finding options is the C library's affair.
 */
#include "fuzz.h"
#include "run/config.h"

enum { MOST_WORDS = 65 };

static const struct {
    char letter;
    const char *option;
} options[] = {
    {'t', "-t"},       {'w', "-w"},          {'s', "-s"},           {'W', "-W"},
    {'p', "-p"},       {'b', "--budget"},    {'n', "--trials"},     {'i', "--time"},
    {'u', "--warmup"}, {'c', "--precision"}, {'e', "--seed"},       {'m', "--net"},
    {'v', "--verify"}, {'o', "--output"},    {'d', "--transports"},
};

static const char *option_of(char letter) {
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (options[i].letter == letter)
            return options[i].option;
    return "-t";
}

static void judge(const struct config *config) {
    const struct selection *s = &config->selection;
    FUZZ_MUST(s->transport_count <= SELECTION_MAX && s->workload_count <= SELECTION_MAX);
    FUZZ_MUST(s->size_count <= SELECTION_MAX && s->wait_count <= SELECTION_MAX);
    FUZZ_MUST(s->placement_count <= SELECTION_MAX);
    for (size_t i = 0; i < s->size_count; i++)
        FUZZ_MUST(s->sizes[i] >= 1 && s->sizes[i] <= CELL_MAX_SIZE);
    for (size_t i = 0; i < s->workload_count; i++) {
        struct workload_spec spec;
        struct problem problem = {""};
        FUZZ_MUST(workload_spec_parse(s->workloads[i], &spec, &problem) == 0);
    }
    FUZZ_MUST(config->wishes.trials <= PLAN_MAX_TRIALS);
    FUZZ_MUST(config->wishes.precision > 0 && config->wishes.precision <= 1);
    FUZZ_MUST(config->net != NULL && config->verify != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size), *rest = NULL;
    char name[] = "ipcbench run";
    char *words[MOST_WORDS + 1] = {name};
    int count = 1;
    static struct config config;
    struct problem problem = {""};
    for (char *line = strtok_r(text, "\n", &rest); line != NULL && count + 2 <= MOST_WORDS;
         line = strtok_r(NULL, "\n", &rest)) {
        words[count++] = (char *)(uintptr_t)option_of(line[0]);
        words[count++] = line + 1;
    }
    int error = config_parse(count, words, &config, &problem);
    fuzz_judge(error, &problem);
    if (error == 0)
        judge(&config);
    free(text);
    return 0;
}
