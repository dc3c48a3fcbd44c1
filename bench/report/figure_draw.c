/* SPDX-License-Identifier: MIT */
/*
 * figure_draw.c - runs gnuplot on one figure. Data and pictures are memory files, which the child
 * inherits and opens again by their number under /proc/self/fd.
 */
#include "report/figure_draw.h"
#include "base/text.h"
#include "base/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_STARTED = 127, DEADLINE_SECONDS = 60 };
enum memory_file { CSV, SVG, PNG, ERRORS, MEMORY_FILES };

static void close_all(const int files[MEMORY_FILES]) {
    for (int i = 0; i < MEMORY_FILES; i++)
        if (files[i] >= 0)
            (void)close(files[i]);
}

/* Makes the memory files (inherited by what is executed next) and fills the data's. */
static int open_all(int files[MEMORY_FILES], const char *csv) {
    for (int i = 0; i < MEMORY_FILES; i++)
        files[i] = -1;
    for (int i = 0; i < MEMORY_FILES; i++) {
        files[i] = memfd_create("figure", 0);
        if (files[i] < 0)
            return -errno;
    }
    return write_all(files[CSV], csv, strlen(csv));
}

/* In the child. The alarm outlives exec, so that a gnuplot that hangs is ended. */
static void become(char *const *arguments, int errors) {
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
        dup2(errors, STDERR_FILENO) < 0)
        _exit(NOT_STARTED);
    (void)alarm(DEADLINE_SECONDS);
    (void)execvp(arguments[0], arguments);
    _exit(NOT_STARTED);
}

/* Runs a program to its end; its wait status, or -errno. */
static int run(char *const *arguments, int errors) {
    pid_t child = fork();
    if (child < 0)
        return -errno;
    if (child == 0)
        become(arguments, errors);
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return status;
}

/* Runs a script of ours. -d: neither the user's nor the host's own settings change a figure. */
static int run_script(const char *scripts, const char *name, const char *const *words, size_t count,
                      int errors) {
    enum { BEFORE = 4, MOST = 8 };
    char script[PATH_MAX + NAME_MAX];
    const char *arguments[BEFORE + MOST + 1] = {"gnuplot", "-d", "-c", script};
    (void)snprintf(script, sizeof script, "%s/%s", scripts, name);
    for (size_t i = 0; i < count && i < MOST; i++)
        arguments[BEFORE + i] = words[i];
    return run((char *const *)(uintptr_t)arguments, errors);
}

static int run_gnuplot(const struct figure *figure, const char *scripts, const char *caption,
                       const int files[MEMORY_FILES]) {
    char paths[ERRORS][32];
    for (int i = 0; i < ERRORS; i++)
        (void)snprintf(paths[i], sizeof paths[i], "/proc/self/fd/%d", files[i]);
    const char *const words[] = {paths[CSV],    paths[SVG],       paths[PNG],
                                 figure->title, figure->subtitle, caption};
    return run_script(scripts, figure->kind->script, words, sizeof words / sizeof *words,
                      files[ERRORS]);
}

/* Reads a memory file whole. */
static int read_all(int fd, char **bytes, size_t *count) {
    struct stat info;
    if (fstat(fd, &info) != 0)
        return -errno;
    size_t size = (size_t)info.st_size, done = 0;
    *bytes = malloc(size + 1);
    if (*bytes == NULL)
        return -ENOMEM;
    while (done < size) {
        ssize_t got = pread(fd, *bytes + done, size - done, (off_t)done);
        if (got < 0 && errno != EINTR)
            return -errno;
        done += got > 0 ? (size_t)got : 0;
    }
    (*bytes)[size] = '\0';
    *count = size;
    return 0;
}

/* The sentence about a gnuplot that ended badly, with the last line that it said: above it stands
 * the source line in which it happened. */
static int explain(const struct figure *figure, const char *script, int status, int errors,
                   struct problem *problem) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_STARTED)
        return problem_set(problem, ENOPKG,
                           "gnuplot is not installed, so the figures stay without pictures; "
                           "`make setup` installs it, or `apt-get install gnuplot-nox`");
    if (WIFSIGNALED(status))
        return problem_set(problem, EIO, "gnuplot was ended by signal %d while it drew %s",
                           WTERMSIG(status), figure->name);
    char *said = NULL, last[256] = "nothing was said";
    size_t bytes = 0;
    if (read_all(errors, &said, &bytes) == 0)
        for (char *rest = NULL, *line = strtok_r(said, "\n", &rest); line != NULL;
             line = strtok_r(NULL, "\n", &rest))
            text_plain(line + strspn(line, " \t"), last, sizeof last);
    free(said);
    return problem_set(problem, EIO, "gnuplot could not draw %s with %s: %s", figure->name, script,
                       last);
}

static int draw(const struct figure *figure, const char *scripts, const char *caption,
                const int files[MEMORY_FILES], struct figure_pictures *pictures,
                struct problem *problem) {
    int status = run_gnuplot(figure, scripts, caption, files);
    if (status < 0)
        return problem_set(problem, -status, "can't start gnuplot: %s", strerror(-status));
    int error = read_all(files[SVG], &pictures->svg, &pictures->svg_bytes);
    if (error == 0)
        error = read_all(files[PNG], &pictures->png, &pictures->png_bytes);
    if (error != 0)
        return problem_set(problem, -error, "can't read the pictures of %s: %s", figure->name,
                           strerror(-error));
    if (status != 0 || pictures->svg_bytes == 0 || pictures->png_bytes == 0)
        return explain(figure, figure->kind->script, status, files[ERRORS], problem);
    return 0;
}

/* close_all must follow, also after a failure. */
static int open_files(const struct figure *figure, int files[MEMORY_FILES],
                      struct problem *problem) {
    int error = open_all(files, figure->csv);
    if (error == 0)
        return 0;
    return problem_set(problem, -error, "can't make a memory file for %s: %s", figure->name,
                       strerror(-error));
}

int figure_draw(const struct figure *figure, const char *scripts, const char *caption,
                struct figure_pictures *pictures, struct problem *problem) {
    int files[MEMORY_FILES];
    *pictures = (struct figure_pictures){NULL, NULL, 0, 0};
    int error = open_files(figure, files, problem);
    if (error == 0)
        error = draw(figure, scripts, caption, files, pictures, problem);
    close_all(files);
    if (error != 0)
        figure_draw_free(pictures);
    return error;
}

/* By size where the data has sizes; else by percentile. */
static int draw_text(const struct figure *figure, const char *scripts, unsigned columns,
                     const int files[MEMORY_FILES], char **text, struct problem *problem) {
    static const char script[] = "curves.gp";
    bool by_size = strcmp(figure->kind->name, "latency") == 0;
    char data[32], out[32], wide[16];
    (void)snprintf(data, sizeof data, "/proc/self/fd/%d", files[CSV]);
    (void)snprintf(out, sizeof out, "/proc/self/fd/%d", files[SVG]);
    (void)snprintf(wide, sizeof wide, "%u", columns);
    const char *const words[] = {data,
                                 out,
                                 wide,
                                 figure->title,
                                 by_size ? "size_bytes" : "beyond",
                                 by_size ? "p50_ns" : "value_ns"};
    size_t bytes = 0;
    int status = run_script(scripts, script, words, sizeof words / sizeof *words, files[ERRORS]);
    if (status < 0)
        return problem_set(problem, -status, "can't start gnuplot: %s", strerror(-status));
    int error = read_all(files[SVG], text, &bytes);
    if (error != 0)
        return problem_set(problem, -error, "can't read the curves of %s: %s", figure->name,
                           strerror(-error));
    return status != 0 || bytes == 0 ? explain(figure, script, status, files[ERRORS], problem) : 0;
}

int figure_draw_text(const struct figure *figure, const char *scripts, unsigned columns,
                     char **text, struct problem *problem) {
    int files[MEMORY_FILES];
    *text = NULL;
    int error = open_files(figure, files, problem);
    if (error == 0)
        error = draw_text(figure, scripts, columns, files, text, problem);
    close_all(files);
    return error;
}

void figure_draw_free(struct figure_pictures *pictures) {
    free(pictures->svg);
    free(pictures->png);
    *pictures = (struct figure_pictures){NULL, NULL, 0, 0};
}
