/* SPDX-License-Identifier: MIT */
/*
 * list_json.c - the transports as an array of JSON objects. What is not known of a plug-in that
 * can't be loaded is null.
 */
#include "report/list.h"

#include "base/fields.h"
#include "plugin/cell.h"

#include <errno.h>
#include <string.h>

static const char *const kind_names[] = {"number", "bytes", "flag", "choice"};

static json_t *text_or_null(const char *text) {
    return text != NULL && text[0] != '\0' ? fields_text(text) : json_null();
}

static json_t *dump_choices(const struct ipc_knob *knob) {
    if (knob->kind != IPC_KNOB_CHOICE)
        return json_null();
    json_t *array = json_array();
    for (size_t i = 0; knob->choices[i] != NULL; i++)
        (void)json_array_append_new(array, fields_text(knob->choices[i]));
    return array;
}

static json_t *dump_limit(const struct ipc_knob *knob, uint64_t limit) {
    bool limited = knob->kind == IPC_KNOB_NUMBER || knob->kind == IPC_KNOB_BYTES;
    return limited ? json_integer(limit > INT64_MAX ? INT64_MAX : (json_int_t)limit) : json_null();
}

static void dump_knob(void *context, const struct ipc_knob *knob, const char *value) {
    json_t *array = context;
    (void)json_array_append_new(
        array, json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "name", fields_text(knob->name),
                         "kind", kind_names[knob->kind], "default", fields_text(value), "low",
                         dump_limit(knob, knob->low), "high", dump_limit(knob, knob->high),
                         "choices", dump_choices(knob), "help", fields_text(knob->help)));
}

static json_t *dump_knobs(const struct registry_entry *entry) {
    json_t *array = json_array();
    if (entry->transport != NULL)
        list_defaults(entry, dump_knob, array);
    return array;
}

static json_t *dump_waits(const struct ipc_transport *transport, bool in_place) {
    json_t *array = json_array();
    for (int wait = 0; transport != NULL && wait < IPC_WAITS; wait++)
        if (in_place ? transport->in_place[wait] != NULL : transport->messages[wait] != NULL)
            (void)json_array_append_new(array, json_string(cell_waits[wait]));
    return array;
}

/* What one message owes when both ends block; null where that is a library's affair, or the
 * transport can't block. */
static json_t *dump_calls(const struct registry_entry *entry) {
    const struct ipc_transport *transport = entry->transport;
    if (transport == NULL || transport->calls.uncounted || transport->messages[IPC_BLOCK] == NULL)
        return json_null();
    const struct ipc_calls *calls = &transport->calls;
    if (entry->preset != NULL && entry->preset->calls != NULL)
        calls = entry->preset->calls;
    return json_pack("{s:f, s:f}", "least", calls->least, "most", calls->most);
}

static json_t *dump_item(const struct list_item *item) {
    const struct registry_entry *entry = item->entry;
    const struct ipc_transport *transport = entry->transport;
    return json_pack(
        "{s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name",
        fields_text(entry->name), "group", text_or_null(entry->group), "summary",
        text_or_null(entry->summary), "available", (int)item->available, "why",
        text_or_null(item->available ? NULL : item->why), "module",
        fields_text(transport ? transport->name : entry->name), "waits",
        dump_waits(transport, false), "in_place", dump_waits(transport, true), "max_bytes",
        item->max_bytes ? json_integer((json_int_t)item->max_bytes) : json_null(), "cost",
        text_or_null(transport ? transport->cost : NULL), "not_a_channel",
        text_or_null(transport && transport->not_a_channel ? transport->one_at_a_time : NULL),
        "system_calls", dump_calls(entry), "knobs", dump_knobs(entry));
}

int list_dump(const struct list_item *items, size_t count, struct problem *problem) {
    json_t *array = json_array();
    int failed = array == NULL;
    for (size_t i = 0; i < count; i++)
        failed |= json_array_append_new(array, dump_item(&items[i]));
    if (!failed && json_dumpf(array, stdout, JSON_INDENT(2) | FIELDS_DUMP) == 0)
        (void)fputs("\n", stdout);
    json_decref(array);
    return failed ? problem_set(problem, ENOMEM, "no memory for the list as JSON") : 0;
}
