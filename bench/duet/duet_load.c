/* SPDX-License-Identifier: MIT */
/*
 * duet_load.c - two registries, and a copy where both found the same file.
 */
#include "duet/duet_load.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

/* Puts which build it is before what is wrong with it. */
static int of_side(const char *side, struct problem *problem) {
    struct problem inner = *problem;
    return problem_set(problem, EINVAL, "%s: %.700s", side, inner.text);
}

static int load_side(const char *side, const char *folder, const char *name, struct duet_load *load,
                     struct problem *problem) {
    int error = registry_open_for(folder, name, &load->registry, problem);
    const struct registry_entry *entry =
        error ? NULL : registry_find(&load->registry, name, problem);
    if (entry == NULL)
        return of_side(side, problem);
    if (entry->guest_path != NULL)
        return problem_set(problem, EINVAL,
                           "%s is a guest: a program that brings both its ends can't take turns "
                           "with another",
                           name);
    load->transport = entry->transport;
    load->preset_knobs = entry->preset != NULL ? entry->preset->knobs : NULL;
    return 0;
}

/* A file in memory with the same bytes; a descriptor or -errno. */
static int copy_file(const char *path) {
    int from = open(path, O_RDONLY | O_CLOEXEC);
    int to = from < 0 ? -1 : memfd_create("ipcbench-copy", MFD_CLOEXEC);
    ssize_t moved = to < 0 ? -1 : 1;
    while (moved > 0)
        moved = sendfile(to, from, NULL, 1 << 30);
    int error = moved < 0 ? -errno : 0;
    if (from >= 0)
        (void)close(from);
    if (error == 0)
        return to;
    if (to >= 0)
        (void)close(to);
    return error;
}

static int load_copy(const char *folder, struct duet_load *load, struct problem *problem) {
    char path[PATH_MAX], alias[64];
    const char *stem = load->transport->name;
    (void)snprintf(path, sizeof path, "%s/%s.so", folder, stem);
    int fd = copy_file(path);
    if (fd < 0)
        return problem_set(problem, EINVAL, "can't copy %.300s: %s", path, strerror(-fd));
    (void)snprintf(alias, sizeof alias, "/proc/self/fd/%d", fd);
    int error = plugin_load(alias, stem, &load->copy, problem);
    (void)close(fd);
    if (error == 0)
        load->transport = load->copy.transport;
    return error;
}

int duet_load(const char *const folders[2], const char *name, struct duet_load loads[2],
              struct problem *problem) {
    memset(loads, 0, 2 * sizeof *loads);
    int error = load_side("base", folders[0], name, &loads[0], problem);
    if (!error)
        error = load_side("head", folders[1], name, &loads[1], problem);
    if (!error && loads[0].transport == loads[1].transport)
        error = load_copy(folders[1], &loads[1], problem);
    return error;
}

void duet_unload(struct duet_load loads[2]) {
    for (int side = 0; side < 2; side++) {
        plugin_unload(&loads[side].copy);
        registry_close(&loads[side].registry);
    }
}
