/* SPDX-License-Identifier: MIT */
/*
 * report.c - the files of a report.
 */
#include "report.h"
#include "figure_draw.h"
#include "write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What every script loads: a folder without it holds no scripts of ours. */
#define REPORT_STYLE "style.gp"

static int holds_scripts(const char *folder, const char *below, char *path, size_t room) {
    char joined[PATH_MAX], resolved[PATH_MAX];
    int length = snprintf(joined, sizeof joined, "%s%s/" REPORT_STYLE, folder, below);
    if (length < 0 || (size_t)length >= sizeof joined || realpath(joined, resolved) == NULL)
        return 0;
    length = snprintf(path, room, "%s", dirname(resolved));
    return length >= 0 && (size_t)length < room;
}

int report_scripts(const char *given, char *path, size_t room, struct problem *problem) {
    if (given != NULL)
        return holds_scripts(given, "", path, room)
                   ? 0
                   : problem_set(problem, ENOENT,
                                 "there are no figure scripts in %s: it has no " REPORT_STYLE,
                                 given);
    static const char *const beside[] = {"/../scripts", "/../share/ipcbench/scripts"};
    char executable[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", executable, sizeof executable - 1);
    executable[length > 0 ? length : 0] = '\0';
    const char *folder = dirname(executable);
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        if (holds_scripts(folder, beside[i], path, room))
            return 0;
    return problem_set(problem, ENOENT,
                       "the figure scripts are neither in %s%s nor in %s%s; name their folder "
                       "with --scripts",
                       folder, beside[0], folder, beside[1]);
}

/* Writes aside, then renames. Not synced: a report can be made again from its run. */
static int write_file(int folder, const char *name, const char *suffix, const char *bytes,
                      size_t count, struct problem *problem) {
    char file[NAME_MAX + 1], aside[NAME_MAX + 1];
    (void)snprintf(file, sizeof file, "%s%s", name, suffix);
    (void)snprintf(aside, sizeof aside, ".%s%s.part", name, suffix);
    int fd = openat(folder, aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    int error = fd < 0 ? -errno : write_all(fd, bytes, count);
    if (fd >= 0 && close(fd) != 0 && error == 0)
        error = -errno;
    if (error == 0 && renameat(folder, aside, folder, file) != 0)
        error = -errno;
    if (error == 0)
        return 0;
    if (fd >= 0)
        (void)unlinkat(folder, aside, 0);
    return problem_set(problem, -error, "can't write %s into the report's folder: %s", file,
                       strerror(-error));
}

static void remove_picture(int folder, const char *name, const char *suffix) {
    char file[NAME_MAX + 1];
    (void)snprintf(file, sizeof file, "%s%s", name, suffix);
    (void)unlinkat(folder, file, 0);
}

static int write_data(const struct figure_list *list, int folder, struct problem *problem) {
    int error = 0;
    for (size_t i = 0; i < list->count && error == 0; i++) {
        const struct figure *figure = &list->figures[i];
        if (figure->csv == NULL)
            continue;
        error = write_file(folder, figure->name, ".csv", figure->csv, strlen(figure->csv), problem);
        remove_picture(folder, figure->name, ".svg");
        remove_picture(folder, figure->name, ".png");
    }
    return error;
}

static int write_pictures(struct figure *figure, const char *scripts, const char *caption,
                          int folder, struct problem *problem) {
    struct figure_pictures made;
    int error = figure_draw(figure, scripts, caption, &made, problem);
    if (error == 0)
        error = write_file(folder, figure->name, ".svg", made.svg, made.svg_bytes, problem);
    if (error == 0)
        error = write_file(folder, figure->name, ".png", made.png, made.png_bytes, problem);
    figure->drawn = error == 0;
    figure_draw_free(&made);
    return error;
}

static int open_folder(const char *path, struct problem *problem) {
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return problem_set(problem, errno, "can't make the folder %s: %s%s", path, strerror(errno),
                           errno == ENOENT ? "; make the folder above it first" : "");
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return problem_set(problem, errno, "can't open the folder %s: %s", path, strerror(errno));
    return folder;
}

int report_write(struct figure_list *list, const char *scripts, const char *folder,
                 void (*each)(void *context, const struct figure *figure), void *context,
                 struct problem *problem) {
    int to = open_folder(folder, problem);
    if (to < 0)
        return to;
    int error = write_data(list, to, problem);
    for (size_t i = 0; i < list->count && error == 0; i++) {
        if (list->figures[i].csv == NULL)
            continue;
        if (each != NULL)
            each(context, &list->figures[i]);
        error = write_pictures(&list->figures[i], scripts, list->caption, to, problem);
    }
    (void)close(to);
    return error;
}
