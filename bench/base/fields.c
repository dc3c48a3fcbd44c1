/* SPDX-License-Identifier: MIT */
/*
 * fields.c - a writer and a reader for each kind of field; the rest walks tables.
 */
#include "base/fields.h"

#include "base/plain.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(enum field_kind) == sizeof(int),
               "a word's enum is read and written as an int");

json_t *fields_number(double value) {
    if (!isfinite(value))
        return json_null();
    double steps = fabs(value) < 1 ? 1e6 : 1e3;
    double rounded = fabs(value) < 1e12 ? round(value * steps) / steps : round(value);
    if (fabs(rounded) <= 9007199254740992.0 && rounded == trunc(rounded))
        return json_integer((json_int_t)rounded);
    return json_real(rounded);
}

json_t *fields_text(const char *text) {
    char *copy = strdup(text);
    if (copy == NULL)
        return NULL;
    plain_text(copy);
    json_t *plain = json_string(copy);
    free(copy);
    return plain;
}

json_t *fields_text_or_null(const char *text) {
    return text == NULL ? json_null() : fields_text(text);
}

static json_t *write_number(const struct field *field, const void *from) {
    (void)field;
    double value;
    memcpy(&value, from, sizeof value);
    return fields_number(value);
}

static int read_number(const struct field *field, const json_t *json, void *to) {
    (void)field;
    double value = json_is_null(json) ? NAN : json_number_value(json);
    if (!(json_is_null(json) || json_is_number(json)) || value < 0)
        return -EINVAL;
    memcpy(to, &value, sizeof value);
    return 0;
}

static json_t *write_count(const struct field *field, const void *from) {
    (void)field;
    size_t value;
    memcpy(&value, from, sizeof value);
    return json_integer((json_int_t)value);
}

static int read_count(const struct field *field, const json_t *json, void *to) {
    (void)field;
    if (!json_is_integer(json) || json_integer_value(json) < 0)
        return -EINVAL;
    size_t value = (size_t)json_integer_value(json);
    memcpy(to, &value, sizeof value);
    return 0;
}

static json_t *write_cpu(const struct field *field, const void *from) {
    (void)field;
    int value;
    memcpy(&value, from, sizeof value);
    return value < 0 ? json_null() : json_integer(value);
}

static int read_cpu(const struct field *field, const json_t *json, void *to) {
    (void)field;
    json_int_t number = json_is_null(json) ? -1 : json_integer_value(json);
    if (!json_is_null(json) && (!json_is_integer(json) || number < 0 || number > INT32_MAX))
        return -EINVAL;
    int value = (int)number;
    memcpy(to, &value, sizeof value);
    return 0;
}

static json_t *write_seed(const struct field *field, const void *from) {
    (void)field;
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return json_sprintf("%" PRIu64, value);
}

static int read_seed(const struct field *field, const json_t *json, void *to) {
    (void)field;
    const char *digits = json_string_value(json);
    if (digits == NULL || digits[0] == '\0' || strspn(digits, "0123456789") != strlen(digits))
        return -EINVAL;
    errno = 0;
    uint64_t value = strtoull(digits, NULL, 10);
    if (errno != 0)
        return -EINVAL;
    memcpy(to, &value, sizeof value);
    return 0;
}

static json_t *write_text(const struct field *field, const void *from) {
    (void)field;
    return fields_text(from);
}

static int read_text(const struct field *field, const json_t *json, void *to) {
    if (!json_is_string(json) || json_string_length(json) >= field->room)
        return -EINVAL;
    memcpy(to, json_string_value(json), json_string_length(json) + 1);
    return 0;
}

static json_t *write_text_or_null(const struct field *field, const void *from) {
    const char *text = from;
    return text[0] == '\0' ? json_null() : write_text(field, from);
}

static int read_text_or_null(const struct field *field, const json_t *json, void *to) {
    if (!json_is_null(json))
        return json_string_length(json) == 0 ? -EINVAL : read_text(field, json, to);
    *(char *)to = '\0';
    return 0;
}

static json_t *write_word(const struct field *field, const void *from) {
    int index;
    memcpy(&index, from, sizeof index);
    return json_string(field->words[index]);
}

static int read_word(const struct field *field, const json_t *json, void *to) {
    for (int i = 0; json_is_string(json) && field->words[i] != NULL; i++)
        if (strcmp(field->words[i], json_string_value(json)) == 0) {
            memcpy(to, &i, sizeof i);
            return 0;
        }
    return -EINVAL;
}

static const struct kind {
    const char *must_be;
    json_t *(*write)(const struct field *field, const void *from);
    int (*read)(const struct field *field, const json_t *json, void *to);
} kinds[] = {
    [FIELD_NUMBER] = {"a number that isn't negative, or null", write_number, read_number},
    [FIELD_NUMBER_LATER] = {"a number that isn't negative, or null", write_number, read_number},
    [FIELD_COUNT] = {"a whole number that isn't negative", write_count, read_count},
    [FIELD_CPU] = {"a CPU's number, or null", write_cpu, read_cpu},
    [FIELD_SEED] = {"a string of digits below 2^64", write_seed, read_seed},
    [FIELD_TEXT] = {"a string, and not longer than ours", write_text, read_text},
    [FIELD_TEXT_OR_NULL] = {"null or a string that is neither empty nor longer than ours",
                            write_text_or_null, read_text_or_null},
    [FIELD_WORD] = {"one of the words that the schema lists", write_word, read_word},
};

int fields_to_json(const struct field *fields, const void *from, json_t *json) {
    for (const struct field *field = fields; field->name != NULL; field++) {
        const char *member = (const char *)from + field->offset;
        if (json_object_set_new(json, field->name, kinds[field->kind].write(field, member)) != 0)
            return -ENOMEM;
    }
    return 0;
}

/* Names them in one sentence, as far as it has room. */
static int say_missing(const struct field *fields, const json_t *json, struct problem *problem) {
    char names[300] = "";
    size_t used = 0;
    for (const struct field *field = fields; field->name != NULL && used < sizeof names; field++)
        if (json_object_get(json, field->name) == NULL && field->kind != FIELD_NUMBER_LATER)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s'%s'",
                                     used > 0 ? ", " : "", field->name);
    return problem_set(problem, ENOKEY, "%s %s missing", names,
                       strchr(names, ',') != NULL ? "are" : "is");
}

int fields_from_json(const struct field *fields, const json_t *json, void *to,
                     struct problem *problem) {
    for (const struct field *field = fields; field->name != NULL; field++) {
        const json_t *value = json_object_get(json, field->name);
        const struct kind *kind = &kinds[field->kind];
        if (value == NULL && field->kind == FIELD_NUMBER_LATER)
            continue;
        if (value == NULL)
            return say_missing(fields, json, problem);
        if (kind->read(field, value, (char *)to + field->offset) != 0)
            return problem_set(problem, EINVAL, "'%s' must be %s", field->name, kind->must_be);
    }
    return 0;
}
