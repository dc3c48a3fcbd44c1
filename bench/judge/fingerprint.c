/* SPDX-License-Identifier: MIT */
/*
 * fingerprint.c - the table of facts that make runs comparable.
 */
#include "judge/fingerprint.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a fact stands in a run's environment: in an object of it, or at the top (NULL). */
static const struct fact {
    const char *name, *part, *field;
} facts[] = {
    {"CPU vendor", "cpu", "vendor"},
    {"CPU model", "cpu", "model"},
    {"CPU family", "cpu", "family"},
    {"CPU model number", "cpu", "model_number"},
    {"CPU stepping", "cpu", "stepping"},
    {"microcode", "cpu", "microcode"},
    {"hardware threads", "cpu", "threads"},
    {"cores", "cpu", "cores"},
    {"sockets", "cpu", "sockets"},
    {"online CPUs", "cpu", "online"},
    {"isolated CPUs", "cpu", "isolated"},
    {"usable CPUs", "cpu", "allowed"},
    {"SMT", "cpu", "smt"},
    {"boost", "cpu", "boost"},
    {"frequency driver", "cpu", "frequency_driver"},
    {"frequency governor", "cpu", "frequency_governor"},
    {"idle driver", "cpu", "idle_driver"},
    {"idle governor", "cpu", "idle_governor"},
    {"kernel", "kernel", "release"},
    {"kernel version", "kernel", "version"},
    {"kernel command line", "kernel", "command_line"},
    {"machine", "kernel", "machine"},
    {"clock source", "kernel", "clock_source"},
    {"mitigations", NULL, "mitigations"},
    {"hypervisor", "hypervisor", "name"},
    {"hypervisor's product", "hypervisor", "product"},
    {"CPU quota", NULL, "cpu_quota"},
    {"page size", "memory", "page_bytes"},
    {"huge pages", "memory", "transparent_huge_pages"},
    {"compiler", "build", "compiler"},
    {"compiler flags", "build", "flags"},
    {"C library", "build", "libc"},
};
enum { FACTS = sizeof facts / sizeof *facts };

static json_t *fact_of(const json_t *environment, const struct fact *fact) {
    const json_t *holder =
        fact->part == NULL ? environment : json_object_get(environment, fact->part);
    return json_object_get(holder, fact->field);
}

json_t *fingerprint_facts(const json_t *environment) {
    json_t *found = json_object();
    for (size_t i = 0; i < FACTS && found != NULL; i++) {
        json_t *value = fact_of(environment, &facts[i]);
        if (value != NULL && json_object_set(found, facts[i].name, value) != 0) {
            json_decref(found);
            found = NULL;
        }
    }
    return found;
}

static uint64_t hash_text(uint64_t hash, const char *text) {
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return (hash ^ '\n') * UINT64_C(0x100000001b3);
}

void fingerprint_hash(const json_t *known, char hash[FINGERPRINT_HASH_BYTES]) {
    uint64_t all = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < FACTS; i++) {
        const json_t *value = json_object_get(known, facts[i].name);
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_COMPACT);
        all = hash_text(hash_text(all, facts[i].name), text == NULL ? "" : text);
        free(text);
    }
    (void)snprintf(hash, FINGERPRINT_HASH_BYTES, "%016" PRIx64, all);
}

/* The value as words; of an object only the members that differ from those of the other. */
static void describe(const json_t *value, const json_t *other, char *text, size_t room) {
    if (value == NULL || json_is_null(value)) {
        (void)snprintf(text, room, "%s", value == NULL ? "missing" : "not known");
    } else if (json_is_string(value)) {
        (void)snprintf(text, room, "'%s'", json_string_value(value));
    } else if (json_is_object(value)) {
        const char *name;
        json_t *member;
        size_t used = 0;
        text[0] = '\0';
        json_object_foreach((json_t *)(uintptr_t)value, name, member) {
            if (json_equal(member, json_object_get(other, name)) || used >= room)
                continue;
            used +=
                (size_t)snprintf(text + used, room - used, "%s%s '%s'", used > 0 ? ", " : "", name,
                                 json_is_string(member) ? json_string_value(member) : "not known");
        }
        if (used == 0)
            (void)snprintf(text, room, "without these");
    } else {
        char *dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        (void)snprintf(text, room, "%s", dumped == NULL ? "?" : dumped);
        free(dumped);
    }
}

size_t fingerprint_compare(const json_t *was, const json_t *is,
                           void (*differs)(void *context, const char *fact, const char *was,
                                           const char *is),
                           void *context) {
    size_t count = 0;
    for (size_t i = 0; i < FACTS; i++) {
        const json_t *before = json_object_get(was, facts[i].name);
        const json_t *after = json_object_get(is, facts[i].name);
        if (before != NULL && after != NULL && json_equal(before, after))
            continue;
        char texts[2][512];
        describe(before, after, texts[0], sizeof texts[0]);
        describe(after, before, texts[1], sizeof texts[1]);
        differs(context, facts[i].name, texts[0], texts[1]);
        count++;
    }
    return count;
}

void fingerprint_names(const char **names, size_t most) {
    size_t count = 0;
    for (size_t i = 0; i < FACTS && count + 1 < most; i++)
        names[count++] = facts[i].name;
    names[count] = NULL;
}
