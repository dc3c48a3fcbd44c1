/* SPDX-License-Identifier: MIT */
/*
 * fingerprint.c - every fact counts, nothing else does, and a difference says what was and what is.
 */
#include "judge/fingerprint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char environment[] =
    "{\"date\": \"2026-01-01T00:00:00Z\", \"host\": \"a\", \"load_average\": [1, 2, 3],"
    " \"cpu\": {\"vendor\": \"v\", \"model\": \"m\", \"family\": \"1\", \"model_number\": \"2\","
    " \"stepping\": \"3\", \"microcode\": \"0x1\", \"threads\": 2, \"cores\": 2, \"sockets\": 1,"
    " \"online\": \"0-1\", \"isolated\": \"\", \"allowed\": \"0-1\", \"smt\": \"on\","
    " \"boost\": null, \"frequency_driver\": null, \"frequency_governor\": \"performance\","
    " \"idle_driver\": null, \"idle_governor\": null},"
    " \"kernel\": {\"release\": \"6.1\", \"version\": \"#1\", \"command_line\": \"quiet\","
    " \"machine\": \"x86_64\", \"clock_source\": \"tsc\"},"
    " \"mitigations\": {\"mds\": \"Not affected\", \"retbleed\": \"Vulnerable\"},"
    " \"hypervisor\": {\"present\": true, \"name\": \"KVM\", \"product\": null},"
    " \"cpu_quota\": null, \"memory\": {\"page_bytes\": 4096, \"total_bytes\": 5,"
    " \"transparent_huge_pages\": \"madvise\"},"
    " \"build\": {\"commit\": \"1\", \"compiler\": \"gcc\", \"flags\": \"-O2\", \"libc\": \"g\"}}";

static json_t *parse(const char *text) {
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

static void note(void *context, const char *fact, const char *was, const char *is) {
    char *all = context;
    (void)snprintf(all + strlen(all), 1000 - strlen(all), "%s was %s, is %s\n", fact, was, is);
}

/* What differs when a value of `part` (NULL: the top) is replaced, NULL: taken away. */
static void assert_difference(const char *part, const char *field, const char *value,
                              const char *said) {
    json_t *before = parse(environment), *after = parse(environment);
    json_t *holder = part == NULL ? after : json_object_get(after, part);
    if (value == NULL)
        (void)json_object_del(holder, field);
    else
        (void)json_object_set_new(holder, field, json_loads(value, JSON_DECODE_ANY, NULL));
    json_t *was = fingerprint_facts(before), *is = fingerprint_facts(after);
    char text[1000] = "", hashes[2][FINGERPRINT_HASH_BYTES];
    assert_int_equal(fingerprint_compare(was, is, note, text), said[0] != '\0');
    assert_string_equal(text, said);
    fingerprint_hash(was, hashes[0]);
    fingerprint_hash(is, hashes[1]);
    assert_int_equal(strlen(hashes[0]), FINGERPRINT_HASH_BYTES - 1);
    assert_int_equal(strcmp(hashes[0], hashes[1]) != 0, said[0] != '\0');
    json_decref(was);
    json_decref(is);
    json_decref(before);
    json_decref(after);
}

static void what_changes_daily_is_left_out(void **state) {
    (void)state;
    assert_difference(NULL, "date", "\"2027-01-01T00:00:00Z\"", "");
    assert_difference(NULL, "host", "\"b\"", "");
    assert_difference(NULL, "load_average", "[9]", "");
    assert_difference("build", "commit", "\"2\"", "");
    assert_difference("memory", "total_bytes", "6", "");
}

static void a_difference_says_what_was_and_is(void **state) {
    (void)state;
    assert_difference("cpu", "microcode", "\"0x2\"", "microcode was '0x1', is '0x2'\n");
    assert_difference("kernel", "clock_source", "\"hpet\"", "clock source was 'tsc', is 'hpet'\n");
    assert_difference("cpu", "threads", "4", "hardware threads was 2, is 4\n");
    assert_difference("cpu", "frequency_governor", "null",
                      "frequency governor was 'performance', is not known\n");
    assert_difference("build", "flags", NULL, "compiler flags was '-O2', is missing\n");
}

static void of_the_mitigations_only_the_changed_are_named(void **state) {
    (void)state;
    assert_difference(NULL, "mitigations",
                      "{\"mds\": \"Not affected\", \"retbleed\": \"Mitigation: IBPB\"}",
                      "mitigations was retbleed 'Vulnerable', is retbleed 'Mitigation: IBPB'\n");
    assert_difference(NULL, "mitigations", "{\"mds\": \"Not affected\"}",
                      "mitigations was retbleed 'Vulnerable', is without these\n");
}

/* A fact that neither file has is missing all the same, and never passes. */
static void what_is_missing_in_both_differs(void **state) {
    (void)state;
    json_t *empty = json_object();
    json_t *facts = fingerprint_facts(empty);
    const char *names[64];
    char text[1000] = "";
    fingerprint_names(names, 64);
    size_t count = 0;
    while (names[count] != NULL)
        count++;
    assert_true(count > 20);
    assert_int_equal(fingerprint_compare(facts, facts, note, text), count);
    json_decref(facts);
    json_decref(empty);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_changes_daily_is_left_out),
        cmocka_unit_test(a_difference_says_what_was_and_is),
        cmocka_unit_test(of_the_mitigations_only_the_changed_are_named),
        cmocka_unit_test(what_is_missing_in_both_differs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
