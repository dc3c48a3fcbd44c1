/* SPDX-License-Identifier: MIT */
/*
 * list.c - the transports as text: a line or two for each, under the heading of its group.
 */
#include "report/list.h"

#include "base/units.h"
#include "plugin/cell.h"
#include "plugin/knobs.h"
#include "plugin/probe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A probe makes a few system calls; this is for one that hangs. */
#define PROBE_DEADLINE_MS 5000
#define INDENT            6

/* The transport's own limit, or the host's where that is less. */
static size_t largest(const struct ipc_transport *transport, size_t limit) {
    size_t own = transport->max_bytes;
    return own == 0 || (limit != 0 && limit < own) ? limit : own;
}

static void probe(const struct registry_entry *entry, struct list_item *item) {
    struct problem why = {""};
    size_t limit = 0;
    *item = (struct list_item){.entry = entry};
    if (entry->transport != NULL) {
        item->available = probe_entry(entry, PROBE_DEADLINE_MS, &limit, &why);
        item->max_bytes = largest(entry->transport, limit);
    }
    (void)snprintf(item->why, sizeof item->why, "%s", entry->transport ? why.text : entry->why);
}

void list_probe(const struct registry *registry, struct list_item *items) {
    for (size_t i = 0; i < registry->count; i++)
        probe(&registry->entries[i], &items[i]);
}

/* knobs_each tells names; whoever lists knobs wants the rest of the table too. */
struct default_call {
    const struct ipc_knob *next; /* knobs_each goes through the table in order */
    void (*each)(void *context, const struct ipc_knob *knob, const char *value);
    void *context;
};

static void pass_default(void *context, const char *name, const char *value) {
    struct default_call *call = context;
    (void)name;
    call->each(call->context, call->next++, value);
}

void list_defaults(const struct registry_entry *entry,
                   void (*each)(void *context, const struct ipc_knob *knob, const char *value),
                   void *context) {
    struct problem none = {""};
    struct default_call call = {entry->transport->knobs, each, context};
    struct ipc_link *link = calloc(1, entry->transport->link_bytes);
    if (link != NULL && knobs_apply(entry->transport, entry->preset ? entry->preset->knobs : NULL,
                                    "", link, &none) == 0)
        knobs_each(entry->transport, link, pass_default, &call);
    free(link);
}

/* Prints words from `column` on, and further lines from `indent` on, within LIST_COLUMNS. */
static void print_words(int column, int indent, const char *text) {
    while (*text != '\0') {
        int length = (int)strcspn(text, " \n");
        if (length > 0 && column > indent && column + 1 + length > LIST_COLUMNS) {
            (void)printf("\n%*s", indent, "");
            column = indent;
        } else if (length > 0 && column > indent) {
            column += printf(" ");
        }
        column += printf("%.*s", length, text);
        text += length;
        text += strspn(text, " \n");
    }
    (void)printf("\n");
}

/* A line "      label words", wrapped under the words. */
static void print_labelled(const char *label, const char *text) {
    int start = printf("%*s%s ", INDENT, "", label);
    print_words(start, start, text);
}

static void format_limits(const struct ipc_knob *knob, char *text, size_t room) {
    char low[32];
    char high[32];
    size_t used = 0;
    if (knob->kind == IPC_KNOB_FLAG) {
        (void)snprintf(text, room, "0 or 1");
    } else if (knob->kind == IPC_KNOB_NUMBER) {
        (void)snprintf(text, room, "%" PRIu64 " to %" PRIu64, knob->low, knob->high);
    } else if (knob->kind == IPC_KNOB_BYTES) {
        units_format_bytes(knob->low, low, sizeof low);
        units_format_bytes(knob->high, high, sizeof high);
        (void)snprintf(text, room, "%s to %s", low, high);
    } else {
        for (size_t i = 0; knob->choices[i] != NULL && used < room; i++)
            used += (size_t)snprintf(text + used, room - used, "%s%s", i > 0 ? ", " : "",
                                     knob->choices[i]);
    }
}

static void print_knob(void *context, const struct ipc_knob *knob, const char *value) {
    char limits[256];
    char text[1024];
    (void)context;
    format_limits(knob, limits, sizeof limits);
    (void)snprintf(text, sizeof text, "%s=%s (%s): %s", knob->name, value, limits, knob->help);
    print_labelled("knob", text);
}

static void print_details(const struct registry_entry *entry) {
    print_labelled("cost", entry->transport->cost);
    if (entry->preset != NULL) {
        char text[1024];
        (void)snprintf(text, sizeof text, "%s:%s", entry->transport->name, entry->preset->knobs);
        print_labelled("same as", text);
    }
    list_defaults(entry, print_knob, NULL);
}

static void format_waits(const struct ipc_transport *transport, char text[32]) {
    text[0] = '\0';
    for (int wait = 0; wait < IPC_WAITS; wait++) {
        size_t used = strlen(text);
        if (transport->messages[wait] != NULL)
            (void)snprintf(text + used, 32 - used, "%s%s", used > 0 ? " " : "", cell_waits[wait]);
    }
}

static void print_usable(const struct list_item *item, int width, bool verbose) {
    const struct registry_entry *entry = item->entry;
    char waits[32];
    char most[32] = "any";
    format_waits(entry->transport, waits);
    if (item->max_bytes > 0)
        units_format_bytes(item->max_bytes, most, sizeof most);
    int start = printf("  %-*s  %-15s  %-7s  ", width, entry->name, waits, most);
    print_words(start, start, entry->summary);
    if (entry->transport->not_a_channel)
        print_labelled("not a channel:", entry->transport->one_at_a_time);
    if (!item->available)
        print_labelled("not here:", item->why);
    if (verbose)
        print_details(entry);
}

static int widest_name(const struct list_item *items, size_t count) {
    int width = (int)strlen("name");
    for (size_t i = 0; i < count; i++)
        if ((int)strlen(items[i].entry->name) > width)
            width = (int)strlen(items[i].entry->name);
    return width;
}

static void print_heading(const struct registry_entry *entry, const char *previous) {
    if (previous == NULL || strcmp(previous, entry->group) != 0)
        (void)printf("%s%s\n", previous ? "\n" : "", entry->group[0] ? entry->group : "not usable");
}

void list_print(const struct list_item *items, size_t count, bool verbose) {
    int width = widest_name(items, count);
    const char *group = NULL;
    (void)printf("  %-*s  %-15s  %-7s  summary\n", width, "name", "waits", "largest");
    for (size_t i = 0; i < count; i++) {
        const struct registry_entry *entry = items[i].entry;
        print_heading(entry, group);
        group = entry->group;
        if (entry->transport != NULL) {
            print_usable(&items[i], width, verbose);
            continue;
        }
        int start = printf("  %-*s  ", width, entry->name);
        print_words(start, start, items[i].why);
    }
}
