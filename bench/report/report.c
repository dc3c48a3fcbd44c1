/* SPDX-License-Identifier: MIT */
/*
 * report.c - the files of a report.
 */
#include "report/report.h"
#include "base/write_all.h"
#include "report/figure_draw.h"
#include "report/figure_rows.h"
#include "report/page.h"

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

/* Writes a new file aside, then renames it. What a killed report left there goes first, and nothing
 * that somebody else puts there is written to. Not synced: a report can be made again. */
static int write_file(int folder, const char *name, const char *suffix, const char *bytes,
                      size_t count, struct problem *problem) {
    char file[NAME_MAX + 1], aside[NAME_MAX + 1];
    (void)snprintf(file, sizeof file, "%s%s", name, suffix);
    (void)snprintf(aside, sizeof aside, ".%s%s.part", name, suffix);
    (void)unlinkat(folder, aside, 0);
    int fd = openat(folder, aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
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

/* The table of all cells, as the page has it. */
static int write_cells(const struct report *report, int folder, struct problem *problem) {
    char *csv = NULL;
    size_t bytes = 0;
    FILE *to = open_memstream(&csv, &bytes);
    if (to == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for the cells");
    figure_rows_cells(report->runs, report->run_count, to);
    int full = ferror(to);
    int error = fclose(to) != 0 || full
                    ? problem_set(problem, ENOMEM, "there is no memory for the cells")
                    : write_file(folder, "cells", ".csv", csv, bytes, problem);
    free(csv);
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
    if (error == 0) { /* the page shows it too */
        figure->svg = made.svg;
        figure->svg_bytes = made.svg_bytes;
        made.svg = NULL;
    }
    figure_draw_free(&made);
    return error;
}

/* Reads a text of the scripts' folder; the caller frees. NULL with a problem. */
static char *read_text(const char *scripts, const char *name, struct problem *problem) {
    char path[PATH_MAX + NAME_MAX], *text = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", scripts, name);
    FILE *file = fopen(path, "re");
    size_t room = 0;
    ssize_t length = file != NULL ? getdelim(&text, &room, '\0', file) : -1;
    if (length < 0) {
        (void)problem_set(problem, EIO, "can't read %s: %s", path, strerror(errno));
        free(text);
        text = NULL;
    }
    if (file != NULL)
        (void)fclose(file);
    return text;
}

static int write_page(const struct report *report, const struct page_dress *dress, int folder,
                      struct problem *problem) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *to = open_memstream(&text, &bytes);
    if (to == NULL)
        return problem_set(problem, ENOMEM, "there is no memory for the page");
    int error = page_write(to, report->runs, report->run_count, report->figures, report->history,
                           dress, problem);
    int full = ferror(to);
    if ((fclose(to) != 0 || full) && error == 0)
        error = problem_set(problem, ENOMEM, "there is no memory for the page");
    if (error == 0)
        error = write_file(folder, "index", ".html", text, bytes, problem);
    free(text);
    return error;
}

static int dress_and_write_page(const struct report *report, int folder, struct problem *problem) {
    char *style = read_text(report->scripts, "report.css", problem);
    char *script = style != NULL ? read_text(report->scripts, "report.js", problem) : NULL;
    int error = script != NULL ? 0 : -EIO;
    if (error == 0)
        error = write_page(report, &(struct page_dress){style, script}, folder, problem);
    free(style);
    free(script);
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

/* Without gnuplot the page still comes, with its data and without pictures. */
static int draw_all(const struct report *report, int folder, struct problem *problem) {
    struct figure_list *list = report->figures;
    int error = 0;
    for (size_t i = 0; i < list->count && error == 0; i++) {
        if (list->figures[i].csv == NULL)
            continue;
        if (report->each != NULL)
            report->each(report->context, &list->figures[i]);
        error = write_pictures(&list->figures[i], report->scripts, list->caption, folder, problem);
    }
    return error;
}

int report_write(const struct report *report, struct problem *problem) {
    int folder = open_folder(report->folder, problem);
    if (folder < 0)
        return folder;
    struct problem undrawn = {""};
    int error = write_cells(report, folder, problem), draw_error = 0;
    if (error == 0)
        error = write_data(report->figures, folder, problem);
    if (error == 0)
        draw_error = draw_all(report, folder, &undrawn);
    if (error == 0 && (draw_error == 0 || draw_error == -ENOPKG))
        error = dress_and_write_page(report, folder, problem);
    if (error == 0 && draw_error != 0)
        error = problem_set(problem, -draw_error, "%s", undrawn.text);
    (void)close(folder);
    return error;
}
