/* SPDX-License-Identifier: MIT */
/*
 * plugin_check.c - reads a transport's table as the work of a stranger: every pointer must lie in a
 * loaded object before it is followed, every list must end, and every knob and preset must parse.
 */
#include "plugin/plugin.h"

#include "plugin/knobs.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* More than any transport needs; what is larger is a field that was never set right. */
#define MOST_STATE_BYTES ((size_t)64 << 20)
#define MOST_ENTRIES     64

const char *const plugin_groups[] = {"core", "kernel", "library", "guest", "control", NULL};

static const char name_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
static const char knob_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";

int plugin_group_rank(const char *group) {
    int rank = 0;
    while (plugin_groups[rank] != NULL && strcmp(plugin_groups[rank], group) != 0)
        rank++;
    return rank;
}

bool plugin_name_fits(const char *name) {
    size_t length = strlen(name);
    return length >= 1 && length <= 31 && strspn(name, name_letters) == length;
}

/* True when the address lies in the program or in a library, where all constants lie. */
static bool is_loaded(const void *address) {
    Dl_info info;
    return address != NULL && dladdr(address, &info) != 0;
}

/* The same for a pointer to a function, given by its place: ISO C converts it only by copying. */
static bool is_function(const void *place) {
    const void *address;
    memcpy(&address, place, sizeof address);
    return is_loaded(address);
}

static bool is_line(const char *text) {
    return is_loaded(text) && text[0] != '\0' && strpbrk(text, "\r\n\t") == NULL;
}

static bool is_group(const char *group) {
    return is_loaded(group) && plugin_groups[plugin_group_rank(group)] != NULL;
}

static int refuse(struct problem *problem, const char *name, const char *field, const char *why) {
    return problem_set(problem, EINVAL, "%s.so: .%s %s; mend its table as transport.h says", name,
                       field, why);
}

static int check_name(const struct ipc_transport *transport, const char *name,
                      struct problem *problem) {
    if (!is_loaded(transport->name) || !plugin_name_fits(transport->name))
        return refuse(problem, name, "name", "is not a name (a-z, 0-9 and -, 1 to 31 bytes)");
    if (strcmp(transport->name, name) != 0)
        return problem_set(problem, EINVAL,
                           "%s.so says that its name is %s; rename the file to %s.so, or the "
                           "transport to %s",
                           name, transport->name, transport->name, name);
    return 0;
}

static int check_words(const struct ipc_transport *transport, const char *name,
                       struct problem *problem) {
    if (!is_line(transport->summary))
        return refuse(problem, name, "summary", "is not one line of text");
    if (!is_group(transport->group))
        return refuse(problem, name, "group",
                      "is none of core, kernel, library, guest and control");
    if (!is_loaded(transport->cost) || transport->cost[0] == '\0')
        return refuse(problem, name, "cost", "does not say what a message costs");
    return 0;
}

static int check_sizes(const struct ipc_transport *transport, const char *name,
                       struct problem *problem) {
    if (transport->link_bytes < sizeof(struct ipc_link) || transport->link_bytes > MOST_STATE_BYTES)
        return refuse(problem, name, "link_bytes",
                      "is not the size of a struct with ipc_link first");
    if (transport->end_bytes < sizeof(struct ipc_end) || transport->end_bytes > MOST_STATE_BYTES)
        return refuse(problem, name, "end_bytes", "is not the size of a struct with ipc_end first");
    return 0;
}

static int check_operations(const struct ipc_transport *transport, const char *name,
                            struct problem *problem) {
    if (!is_function(&transport->setup))
        return refuse(problem, name, "setup", "is missing");
    if (!is_function(&transport->cleanup))
        return refuse(problem, name, "cleanup", "is missing");
    if (transport->probe != NULL && !is_function(&transport->probe))
        return refuse(problem, name, "probe", "is not a function");
    if (transport->limit != NULL && !is_function(&transport->limit))
        return refuse(problem, name, "limit", "is not a function");
    if (transport->attach != NULL && !is_function(&transport->attach))
        return refuse(problem, name, "attach", "is not a function");
    if (transport->detach != NULL && !is_function(&transport->detach))
        return refuse(problem, name, "detach", "is not a function");
    return 0;
}

/* What it says of itself beside its operations. */
static int check_claims(const struct ipc_transport *transport, const char *name,
                        struct problem *problem) {
    const unsigned all = IPC_NETWORK | IPC_OBJECTS | IPC_FOLDER | IPC_MOUNTS;
    if (transport->needs & ~all)
        return refuse(problem, name, "needs", "has a bit that stands for nothing");
    if (transport->one_at_a_time != NULL && !is_line(transport->one_at_a_time))
        return refuse(problem, name, "one_at_a_time", "is not one line of text");
    if (transport->not_a_channel && transport->one_at_a_time == NULL)
        return refuse(problem, name, "not_a_channel", "is set, but .one_at_a_time doesn't say why");
    if (transport->no_flow_control != NULL && !is_line(transport->no_flow_control))
        return refuse(problem, name, "no_flow_control", "is not one line of text");
    if (!(transport->calls.least >= 0) || !(transport->calls.most >= transport->calls.least))
        return refuse(problem, name, "calls", "is not a range of system calls");
    return 0;
}

static int check_messages(const struct ipc_transport *transport, const char *name,
                          struct problem *problem) {
    int ways = 0;
    for (int wait = 0; wait < IPC_WAITS; wait++) {
        const struct ipc_messages *messages = transport->messages[wait];
        if (messages == NULL)
            continue;
        if (!is_loaded(messages) || !is_function(&messages->send) || !is_function(&messages->recv))
            return refuse(problem, name, "messages", "has a table without send or without recv");
        ways++;
    }
    return ways > 0 ? 0 : refuse(problem, name, "messages", "has no table for any way to wait");
}

/* Tables that may be left out, but not left half empty. */
static int check_tables(const struct ipc_transport *transport, const char *name,
                        struct problem *problem) {
    const struct ipc_descriptors *d = transport->descriptors;
    const struct ipc_connections *c = transport->connections;
    if (d != NULL && (!is_loaded(d) || !is_function(&d->in) || !is_function(&d->out)))
        return refuse(problem, name, "descriptors", "is a table without in or without out");
    if (c != NULL && (!is_loaded(c) || !is_function(&c->fits) || !is_function(&c->connect) ||
                      !is_function(&c->accept) || !is_function(&c->hang_up) ||
                      (c->budget != NULL && !is_function(&c->budget))))
        return refuse(problem, name, "connections",
                      "is a table without fits, connect, accept or hang_up");
    return 0;
}

static int check_in_place(const struct ipc_transport *transport, const char *name,
                          struct problem *problem) {
    for (int wait = 0; wait < IPC_WAITS; wait++) {
        const struct ipc_in_place *in_place = transport->in_place[wait];
        if (in_place == NULL)
            continue;
        if (!is_loaded(in_place) || !is_function(&in_place->reserve) ||
            !is_function(&in_place->commit) || !is_function(&in_place->peek) ||
            !is_function(&in_place->release))
            return refuse(problem, name, "in_place",
                          "has a table that lacks one of its four operations");
        if (transport->messages[wait] == NULL)
            return refuse(problem, name, "in_place",
                          "has a table for a way to wait that messages doesn't have");
    }
    return 0;
}

static bool choices_fit(const struct ipc_knob *knob) {
    size_t count = 0;
    if (!is_loaded(knob->choices))
        return false;
    while (count < MOST_ENTRIES && knob->choices[count] != NULL) {
        if (!is_loaded(knob->choices[count]))
            return false;
        count++;
    }
    return count > 0 && count < MOST_ENTRIES;
}

/* What is wrong with a knob whose name is right; NULL when nothing is. */
static const char *knob_fault(const struct ipc_knob *knob, const struct ipc_transport *transport) {
    if ((int)knob->kind < IPC_KNOB_NUMBER || knob->kind > IPC_KNOB_CHOICE)
        return "has a kind that does not exist";
    if (knob->offset < sizeof(struct ipc_link) || knob->offset % sizeof(uint64_t) != 0 ||
        knob->offset > transport->link_bytes - sizeof(uint64_t))
        return "has an offset that is no uint64_t field of the transport's own link";
    if (!is_loaded(knob->fallback) || !is_line(knob->help))
        return "lacks its fallback or its help";
    if (knob->kind <= IPC_KNOB_BYTES && knob->low > knob->high)
        return "has limits the wrong way round";
    return knob->kind == IPC_KNOB_CHOICE && !choices_fit(knob) ? "lacks its choices" : NULL;
}

static bool knob_repeats(const struct ipc_knob *knobs, size_t at) {
    for (size_t i = 0; i < at; i++)
        if (strcmp(knobs[i].name, knobs[at].name) == 0)
            return true;
    return false;
}

static int check_knobs(const struct ipc_transport *transport, const char *name,
                       struct problem *problem) {
    const struct ipc_knob *knobs = transport->knobs;
    if (knobs != NULL && !is_loaded(knobs))
        return refuse(problem, name, "knobs", "is not a table");
    for (size_t i = 0; knobs != NULL && knobs[i].name != NULL; i++) {
        if (i >= MOST_ENTRIES || !is_loaded(knobs[i].name) || knobs[i].name[0] == '\0' ||
            knobs[i].name[strspn(knobs[i].name, knob_letters)] != '\0')
            return refuse(problem, name, "knobs",
                          "has an entry without a proper name, or no NULL name at its end");
        const char *fault = knob_fault(&knobs[i], transport);
        if (fault == NULL && knob_repeats(knobs, i))
            fault = "is there twice";
        if (fault != NULL)
            return problem_set(problem, EINVAL, "%s.so: knob '%s' %s; mend it as transport.h says",
                               name, knobs[i].name, fault);
    }
    return 0;
}

static bool preset_fits(const struct ipc_preset *presets, size_t at) {
    const struct ipc_preset *preset = &presets[at];
    if (at >= MOST_ENTRIES || !is_loaded(preset->name) || !plugin_name_fits(preset->name) ||
        !is_loaded(preset->knobs) || !is_line(preset->summary) ||
        (preset->group != NULL && !is_group(preset->group)))
        return false;
    if (preset->one_at_a_time != NULL && !is_line(preset->one_at_a_time))
        return false;
    if (preset->calls != NULL &&
        (!is_loaded(preset->calls) || !(preset->calls->most >= preset->calls->least)))
        return false;
    for (size_t i = 0; i < at; i++)
        if (strcmp(presets[i].name, preset->name) == 0)
            return false;
    return true;
}

static int check_presets(const struct ipc_transport *transport, const char *name,
                         struct problem *problem) {
    const struct ipc_preset *presets = transport->presets;
    if (presets == NULL)
        return 0;
    if (!is_loaded(presets) || presets[0].name == NULL)
        return refuse(problem, name, "presets", "is not a table with at least one preset");
    for (size_t i = 0; presets[i].name != NULL; i++)
        if (!preset_fits(presets, i))
            return refuse(problem, name, "presets",
                          "has an entry without a name of its own, knobs, summary or a group that "
                          "exists, or no NULL name at its end");
    return 0;
}

/* Sets the knobs as a trial would, into a link that is thrown away. */
static int check_values(const struct ipc_transport *transport, const char *name,
                        struct problem *problem) {
    struct problem inner = {""};
    struct ipc_link *link = calloc(1, transport->link_bytes);
    if (link == NULL)
        return problem_set(problem, ENOMEM, "%s.so: no memory for its link", name);
    const char *preset = "default";
    int result = knobs_apply(transport, NULL, "", link, &inner);
    for (size_t i = 0; result == 0 && transport->presets && transport->presets[i].name; i++) {
        preset = transport->presets[i].name;
        result = knobs_apply(transport, transport->presets[i].knobs, "", link, &inner);
    }
    free(link);
    return result == 0 ? 0
                       : problem_set(problem, EINVAL, "%s.so: its %s values don't fit: %s", name,
                                     preset, inner.text);
}

int plugin_check(const struct ipc_transport *transport, const char *name, struct problem *problem) {
    static int (*const checks[])(const struct ipc_transport *, const char *, struct problem *) = {
        check_name,     check_words,  check_sizes, check_operations, check_claims, check_messages,
        check_in_place, check_tables, check_knobs, check_presets,    check_values,
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        int result = checks[i](transport, name, problem);
        if (result != 0)
            return result;
    }
    return 0;
}
