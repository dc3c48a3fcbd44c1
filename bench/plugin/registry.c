/* SPDX-License-Identifier: MIT */
/*
 * registry.c - scans the transports folder and makes the list of names: a plug-in's own, or those
 * of its presets, or that of a file which can't be used, with the reason.
 */
#include "plugin/registry.h"

#include "plugin/guard.h"
#include "plugin/guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INSTALLED "../lib/ipcbench/transports"

/* The files of a folder that matter, in the order of their names. */
struct scan {
    const char *folder;
    const char *wanted; /* only what may list this name; NULL: everything */
    struct dirent **files;
    int count;
};

static bool is_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int own_folder(char path[PATH_MAX], struct problem *problem) {
    char link[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", link, sizeof link - 1);
    if (length < 0)
        return problem_set(problem, errno,
                           "can't tell where this program is (%s); name the "
                           "transports folder with --transports",
                           strerror(errno));
    link[length] = '\0';
    (void)snprintf(path, PATH_MAX, "%s", dirname(link));
    return 0;
}

static int default_folder(char *path, size_t room, struct problem *problem) {
    static const char *const places[] = {"transports", INSTALLED};
    char own[PATH_MAX];
    int result = own_folder(own, problem);
    if (result != 0)
        return result;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        int length = snprintf(path, room, "%s/%s", own, places[i]);
        if (length >= 0 && (size_t)length < room && is_folder(path))
            return 0;
    }
    return problem_set(
        problem, ENOENT,
        "there are no transports in %.300s/transports or in %s beside it; build them "
        "with `make`, or name their folder with --transports",
        own, INSTALLED);
}

int registry_folder(const char *given, char *path, size_t room, struct problem *problem) {
    if (given == NULL)
        return default_folder(path, room, problem);
    if (!is_folder(given))
        return problem_set(problem, EINVAL,
                           "--transports %.300s is not a folder; name the one that holds the "
                           "plug-ins (NAME.so)",
                           given);
    int length = snprintf(path, room, "%s", given);
    if (length < 0 || (size_t)length >= room)
        return problem_set(problem, ENAMETOOLONG, "--transports: that path is too long");
    return 0;
}

static bool ends_with(const char *name, const char *ending) {
    size_t length = strlen(name);
    size_t tail = strlen(ending);
    return length > tail && strcmp(name + length - tail, ending) == 0;
}

static int is_plugin_file(const struct dirent *file) {
    return file->d_name[0] != '.' &&
           (ends_with(file->d_name, ".so") || ends_with(file->d_name, ".absent") ||
            ends_with(file->d_name, ".guest"));
}

/* True when the folder holds `stem` with that ending. */
static bool has_file(const struct scan *scan, const char *stem, const char *ending) {
    size_t length = strlen(stem);
    for (int i = 0; i < scan->count; i++) {
        const char *name = scan->files[i]->d_name;
        if (strncmp(name, stem, length) == 0 && strcmp(name + length, ending) == 0)
            return true;
    }
    return false;
}

/* Copies text into one printable line: a stranger's file may hold anything. */
static void copy_line(char *to, size_t room, const char *from) {
    size_t length = 0;
    for (; from[length] != '\0' && length + 1 < room; length++) {
        bool printable = from[length] >= ' ' && from[length] <= '~';
        to[length] = ' ';
        if (printable)
            to[length] = from[length];
    }
    while (length > 0 && to[length - 1] == ' ')
        length--;
    to[length] = '\0';
}

/* A new, empty entry of that name, or NULL without memory. */
static struct registry_entry *add_entry(struct registry *registry, const char *name) {
    struct registry_entry *entries =
        realloc(registry->entries, (registry->count + 1) * sizeof *entries);
    if (entries == NULL)
        return NULL;
    registry->entries = entries;
    struct registry_entry *entry = &entries[registry->count++];
    *entry = (struct registry_entry){.transport = NULL};
    copy_line(entry->name, sizeof entry->name, name);
    return entry;
}

static int add_unusable(struct registry *registry, const char *name, const char *why) {
    struct registry_entry *entry = add_entry(registry, name);
    if (entry == NULL)
        return -ENOMEM;
    copy_line(entry->why, sizeof entry->why, why);
    return 0;
}

static int add_usable(struct registry *registry, const struct ipc_transport *transport,
                      const struct ipc_preset *preset) {
    struct registry_entry *entry = add_entry(registry, preset ? preset->name : transport->name);
    if (entry == NULL)
        return -ENOMEM;
    entry->transport = transport;
    entry->preset = preset;
    copy_line(entry->summary, sizeof entry->summary, preset ? preset->summary : transport->summary);
    copy_line(entry->group, sizeof entry->group,
              preset && preset->group ? preset->group : transport->group);
    return 0;
}

/* A name must mean one thing: a file's name belongs to that file, and a preset's name to the first
 * file that has it. */
static int check_clash(const struct scan *scan, const struct registry *registry,
                       const struct ipc_transport *transport, const struct ipc_preset *preset,
                       struct problem *problem) {
    if (strcmp(preset->name, transport->name) != 0 &&
        (has_file(scan, preset->name, ".so") || has_file(scan, preset->name, ".absent")))
        return problem_set(problem, EEXIST,
                           "%s.so: its preset '%s' has the name of another transport in this "
                           "folder; rename the preset",
                           transport->name, preset->name);
    for (size_t i = 0; i < registry->count; i++)
        if (registry->entries[i].preset && strcmp(registry->entries[i].name, preset->name) == 0)
            return problem_set(problem, EEXIST,
                               "%s.so: its preset '%s' is also a preset of %s.so; rename one of "
                               "the two",
                               transport->name, preset->name, registry->entries[i].transport->name);
    return 0;
}

static int check_clashes(const struct scan *scan, const struct registry *registry,
                         const struct ipc_transport *transport, struct problem *problem) {
    int result = 0;
    for (const struct ipc_preset *preset = transport->presets;
         result == 0 && preset && preset->name; preset++)
        result = check_clash(scan, registry, transport, preset, problem);
    return result;
}

/* Takes over a loaded plug-in and lists it: its presets where it has some, else itself. */
static int keep_plugin(struct registry *registry, struct plugin *plugin) {
    struct plugin *plugins =
        realloc(registry->plugins, (registry->plugin_count + 1) * sizeof *plugins);
    if (plugins == NULL) {
        plugin_unload(plugin);
        return -ENOMEM;
    }
    registry->plugins = plugins;
    registry->plugins[registry->plugin_count++] = *plugin;
    const struct ipc_preset *preset = plugin->transport->presets;
    if (preset == NULL)
        return add_usable(registry, plugin->transport, NULL);
    int result = 0;
    for (; result == 0 && preset->name != NULL; preset++)
        result = add_usable(registry, plugin->transport, preset);
    return result;
}

/* The other errors say what is wrong with a file. */
static bool is_of_host(int error) {
    return error != -EINVAL && error != -ENOEXEC && error != -EACCES && error != -EPERM;
}

static int add_plugin(const struct scan *scan, const char *path, const char *stem,
                      struct registry *registry) {
    struct plugin plugin;
    struct problem why = {""};
    int error = plugin_load(path, stem, &plugin, &why);
    if (error != 0 && add_unusable(registry, stem, why.text) != 0)
        return -ENOMEM;
    if (error != 0) {
        registry->entries[registry->count - 1].error = is_of_host(error) ? error : 0;
        return 0;
    }
    if (check_clashes(scan, registry, plugin.transport, &why) == 0)
        return keep_plugin(registry, &plugin);
    plugin_unload(&plugin);
    return add_unusable(registry, stem, why.text);
}

static int list_guest(struct registry *registry, const struct registry_guest *guest, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct guest *one = &guest->list[i];
        if (one->why[0] != '\0') {
            if (add_unusable(registry, one->name, one->why) != 0)
                return -ENOMEM;
            continue;
        }
        if (add_usable(registry, &one->transport, NULL) != 0)
            return -ENOMEM;
        registry->entries[registry->count - 1].guest_path = guest->path;
        registry->entries[registry->count - 1].guest = one;
    }
    return 0;
}

static int add_guest(const char *path, const char *stem, struct registry *registry) {
    struct problem why = {""};
    size_t count = 0;
    struct registry_guest *guest = calloc(1, sizeof *guest);
    char *own_path = strdup(path);
    if (guest == NULL || own_path == NULL) {
        free(guest);
        free(own_path);
        return -ENOMEM;
    }
    *guest = (struct registry_guest){.next = registry->guests, .path = own_path};
    registry->guests = guest;
    guest->error = guest_describe(path, &guest->list, &count, &why);
    if (guest->error != 0)
        return add_unusable(registry, stem, why.text);
    return list_guest(registry, guest, count);
}

/* The reason that the build left where a plug-in's library is missing. */
static int add_absent(const char *path, const char *stem, struct registry *registry) {
    char text[sizeof((struct registry_entry *)NULL)->why] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        (void)close(fd);
    if (length <= 0 || strspn(text, " \n") == strlen(text))
        return add_unusable(registry, stem, "not built, and its .absent file does not say why");
    return add_unusable(registry, stem, text);
}

static int add_file(const struct scan *scan, const char *file, struct registry *registry) {
    char path[PATH_MAX];
    char stem[NAME_MAX + 1];
    bool absent = ends_with(file, ".absent"), guest = ends_with(file, ".guest");
    (void)snprintf(stem, sizeof stem, "%.*s", (int)(strrchr(file, '.') - file), file);
    int length = snprintf(path, sizeof path, "%s/%s", scan->folder, file);
    if (length < 0 || (size_t)length >= sizeof path)
        return add_unusable(registry, stem, "its path is too long; move it nearer to the root");
    struct problem why = {""};
    if (!absent && guard_path(path, false, &why) != 0)
        return add_unusable(registry, stem, why.text);
    if (guest)
        return add_guest(path, stem, registry);
    if (!absent)
        return add_plugin(scan, path, stem, registry);
    /* Left over from before the library was installed. */
    return has_file(scan, stem, ".so") || has_file(scan, stem, ".guest")
               ? 0
               : add_absent(path, stem, registry);
}

static int compare_entries(const void *left, const void *right) {
    const struct registry_entry *a = left;
    const struct registry_entry *b = right;
    int rank = plugin_group_rank(a->group) - plugin_group_rank(b->group);
    return rank != 0 ? rank : strcmp(a->name, b->name);
}

/* A preset's name mostly begins with that of its plug-in. */
static bool may_list(const char *file, const char *wanted) {
    size_t stem = strcspn(file, ".");
    return wanted == NULL || strncmp(file, wanted, stem) == 0;
}

static int add_files(const struct scan *scan, struct registry *registry, struct problem *problem) {
    for (int i = 0; i < scan->count; i++) {
        if (may_list(scan->files[i]->d_name, scan->wanted) &&
            add_file(scan, scan->files[i]->d_name, registry) != 0) {
            registry_close(registry);
            (void)problem_set(problem, ENOMEM, "no memory for the list of transports");
            return -ENOMEM;
        }
    }
    if (registry->count == 0)
        return problem_set(problem, ENOENT,
                           "there is no transport (NAME.so) in %.300s; build them with `make`, or "
                           "name another folder with --transports",
                           scan->folder);
    qsort(registry->entries, registry->count, sizeof *registry->entries, compare_entries);
    return 0;
}

/* Only the files that may list `name`; NULL: all. */
static int open_some(const char *folder, const char *name, struct registry *registry,
                     struct problem *problem) {
    *registry = (struct registry){.entries = NULL};
    struct scan scan = {.folder = folder, .wanted = name};
    int trust = guard_path(folder, true, problem);
    if (trust != 0)
        return trust;
    scan.count = scandir(folder, &scan.files, is_plugin_file, alphasort);
    if (scan.count < 0)
        return problem_set(problem, errno, "can't read the transports folder %.300s: %s", folder,
                           strerror(errno));
    int result = add_files(&scan, registry, problem);
    for (int i = 0; i < scan.count; i++)
        free(scan.files[i]);
    free(scan.files);
    return result;
}

int registry_open(const char *folder, struct registry *registry, struct problem *problem) {
    return open_some(folder, NULL, registry, problem);
}

int registry_open_for(const char *folder, const char *name, struct registry *registry,
                      struct problem *problem) {
    struct problem none = {""};
    if (open_some(folder, name, registry, &none) == 0) {
        if (registry_find(registry, name, &none) != NULL)
            return 0;
        registry_close(registry);
    }
    return registry_open(folder, registry, problem);
}

void registry_close(struct registry *registry) {
    for (size_t i = 0; i < registry->plugin_count; i++)
        plugin_unload(&registry->plugins[i]);
    while (registry->guests != NULL) {
        struct registry_guest *guest = registry->guests;
        registry->guests = guest->next;
        free(guest->path);
        free(guest->list);
        free(guest);
    }
    free(registry->plugins);
    free(registry->entries);
    *registry = (struct registry){.entries = NULL};
}
