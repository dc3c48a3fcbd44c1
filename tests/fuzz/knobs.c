/* SPDX-License-Identifier: MIT */
/*
 * knobs.c - the options of a plug-in: every kind of them, what is accepted can be printed, and
 * means the same when it is read again.
 */
#include "plugin/knobs.h"
#include "fuzz.h"

struct link {
    struct ipc_link base;
    uint64_t number, bytes, flag, choice;
};

static const char *const colours[] = {"red", "green", "blue", NULL};

static const struct ipc_knob table[] = {
    {"number", IPC_KNOB_NUMBER, offsetof(struct link, number), "4", 2, 1000, NULL, "a number"},
    {"bytes", IPC_KNOB_BYTES, offsetof(struct link, bytes), "64K", 1, 1 << 30, NULL, "a size"},
    {"flag", IPC_KNOB_FLAG, offsetof(struct link, flag), "0", 0, 1, NULL, "a flag"},
    {"choice", IPC_KNOB_CHOICE, offsetof(struct link, choice), "red", 0, 0, colours, "a word"},
    {0}};

static const struct ipc_transport transport = {
    .abi = IPC_ABI, .name = "fuzz", .knobs = table, .link_bytes = sizeof(struct link)};

struct line {
    char text[256];
};

static void add(void *context, const char *name, const char *value) {
    struct line *line = context;
    size_t used = strlen(line->text);
    (void)snprintf(line->text + used, sizeof line->text - used, "%s%s=%s", used > 0 ? "," : "",
                   name, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size);
    struct link link = {.number = 0}, again = {.number = 0};
    struct problem problem = {""};
    int error = knobs_apply(&transport, "flag=1", text, &link.base, &problem);
    fuzz_judge(error, &problem);
    if (error == 0) {
        struct line line = {""};
        FUZZ_MUST(link.number >= 2 && link.number <= 1000 && link.flag <= 1 && link.choice <= 2);
        FUZZ_MUST(link.bytes >= 1 && link.bytes <= 1 << 30);
        knobs_each(&transport, &link.base, add, &line);
        FUZZ_MUST(knobs_apply(&transport, NULL, line.text, &again.base, &problem) == 0);
        FUZZ_MUST(again.number == link.number && again.bytes == link.bytes);
        FUZZ_MUST(again.flag == link.flag && again.choice == link.choice);
    }
    free(text);
    return 0;
}
