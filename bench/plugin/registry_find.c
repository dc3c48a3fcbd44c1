/* SPDX-License-Identifier: MIT */
/*
 * registry_find.c - looks a name up, and explains a name that there isn't.
 */
#include "plugin/registry.h"

#include "base/nearest.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The listed names, ended by NULL, allocated; with `module` only the presets of that plug-in. */
static const char **list_names(const struct registry *registry, const char *module) {
    const char **names = calloc(registry->count + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; names != NULL && i < registry->count; i++) {
        const struct registry_entry *entry = &registry->entries[i];
        if (module == NULL || (entry->preset && strcmp(entry->transport->name, module) == 0))
            names[count++] = entry->name;
    }
    return names;
}

/* Somebody named the plug-in where its presets are what is listed. */
static bool say_presets(const struct registry *registry, const char *name,
                        struct problem *problem) {
    const char **presets = list_names(registry, name);
    char text[256] = "";
    size_t used = 0;
    for (size_t i = 0; presets != NULL && presets[i] != NULL && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i > 0 ? " or " : "",
                                 presets[i]);
    free(presets);
    if (used > 0)
        (void)problem_set(problem, EINVAL, "transport '%s' is listed under other names: ask for %s",
                          name, text);
    return used > 0;
}

/* What can't be used lists no presets, but these mostly have its name at their head. */
static const struct registry_entry *unusable_head(const struct registry *registry,
                                                  const char *name) {
    for (size_t i = 0; i < registry->count; i++) {
        const struct registry_entry *entry = &registry->entries[i];
        size_t length = strlen(entry->name);
        if (entry->transport == NULL && strncmp(entry->name, name, length) == 0 &&
            name[length] == '-')
            return entry;
    }
    return NULL;
}

static void say_unknown(const struct registry *registry, const char *name,
                        struct problem *problem) {
    const struct registry_entry *head = unusable_head(registry, name);
    if (head != NULL) {
        (void)problem_set(problem, ENOEXEC, "there is no transport '%s' here: %s", name, head->why);
        return;
    }
    const char **names = list_names(registry, NULL);
    const char *close = names ? nearest(name, names) : NULL;
    (void)problem_set(problem, EINVAL,
                      "there is no transport '%s'%s%s%s; `ipcbench list` shows them", name,
                      close ? "; did you mean '" : "", close ? close : "", close ? "'?" : "");
    free(names);
}

const struct registry_entry *registry_find(const struct registry *registry, const char *name,
                                           struct problem *problem) {
    for (size_t i = 0; i < registry->count; i++) {
        const struct registry_entry *entry = &registry->entries[i];
        if (strcmp(entry->name, name) != 0)
            continue;
        if (entry->transport != NULL)
            return entry;
        (void)problem_set(problem, ENOEXEC, "transport '%s' can't be used: %s", name, entry->why);
        return NULL;
    }
    if (!say_presets(registry, name, problem))
        say_unknown(registry, name, problem);
    return NULL;
}

/* NAME of a path FOLDER/NAME.guest begins the wanted name. */
static bool may_be_of(const struct registry_guest *guest, const char *wanted, char *stem,
                      size_t room) {
    const char *file = strrchr(guest->path, '/');
    (void)snprintf(stem, room, "%s", file != NULL ? file + 1 : guest->path);
    stem[strcspn(stem, ".")] = '\0';
    return strncmp(wanted, stem, strlen(stem)) == 0;
}

static const char *why_not(const struct registry *registry, const char *stem) {
    for (size_t i = 0; i < registry->count; i++)
        if (registry->entries[i].transport == NULL && strcmp(registry->entries[i].name, stem) == 0)
            return registry->entries[i].why;
    return "it gave no answer";
}

int registry_blame(const struct registry *registry, const char *name, struct problem *problem) {
    char stem[NAME_MAX + 1];
    for (const struct registry_guest *guest = registry->guests; guest; guest = guest->next)
        if (guest->error != 0 && guest->error != -EINVAL &&
            may_be_of(guest, name, stem, sizeof stem))
            return problem_set(problem, ECHILD,
                               "the guest '%s', to which '%s' would belong, can't be used: %s",
                               stem, name, why_not(registry, stem));
    for (size_t i = 0; i < registry->count; i++)
        if (strcmp(registry->entries[i].name, name) == 0)
            return registry->entries[i].error != 0 ? registry->entries[i].error
                                                   : -EINVAL; /* registry_find has said why */
    for (size_t i = 0; i < registry->count; i++) {
        const struct registry_entry *entry = &registry->entries[i];
        if (entry->error != 0)
            return problem_set(problem, -entry->error,
                               "there is no transport '%s' among those that can be used: %s", name,
                               entry->why);
    }
    return -EINVAL;
}
