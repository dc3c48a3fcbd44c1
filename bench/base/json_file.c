/* SPDX-License-Identifier: MIT */
/*
 * json_file.c - open, measure, read, scan, parse, make plain: in this order.
 */
#include "base/json_file.h"

#include "base/json_scan.h"
#include "base/plain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_BYTES   ((off_t)256 << 20)
#define PARSE_FLAGS (JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK)

static int unreadable(const char *path, const struct json_file_kind *kind, int error,
                      struct problem *problem) {
    const char *hint = error == ENOENT ? kind->hint : NULL;
    return problem_set(problem, error, "can't read %s: %s%s%s", path, strerror(error),
                       hint != NULL ? "; " : "", hint != NULL ? hint : "");
}

/* Refuses what isn't a file of a sensible size. */
static int check_file(const char *path, const struct json_file_kind *kind, const struct stat *info,
                      struct problem *problem) {
    if (S_ISDIR(info->st_mode))
        return problem_set(problem, EINVAL, "%s is a folder; name a %s in it", path, kind->name);
    if (!S_ISREG(info->st_mode))
        return problem_set(problem, EINVAL, "%s is not a regular file; name a %s", path,
                           kind->name);
    if (info->st_size == 0)
        return problem_set(problem, EINVAL, "%s is empty, so it is no %s", path, kind->name);
    if (info->st_size > MAX_BYTES)
        return problem_set(problem, EINVAL, "%s is larger than 256 MiB, which no %s is", path,
                           kind->name);
    return 0;
}

static int read_all(int fd, struct json_file *file) {
    size_t done = 0;
    while (done < file->length) {
        ssize_t got = read(fd, file->text + done, file->length - done);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return -errno;
        done += got > 0 ? (size_t)got : 0;
    }
    file->length = done;
    file->text[done] = '\0';
    return 0;
}

static int read_text(const char *path, const struct json_file_kind *kind, int fd,
                     struct json_file *file, struct problem *problem) {
    struct stat info;
    if (fstat(fd, &info) != 0)
        return unreadable(path, kind, errno, problem);
    int error = check_file(path, kind, &info, problem);
    if (error != 0)
        return error;
    file->length = (size_t)info.st_size;
    file->text = malloc(file->length + 1);
    if (file->text == NULL)
        return unreadable(path, kind, ENOMEM, problem);
    error = read_all(fd, file);
    return error == 0 ? 0 : unreadable(path, kind, -error, problem);
}

static int slurp(const char *path, const struct json_file_kind *kind, struct json_file *file,
                 struct problem *problem) {
    /* Not to hang on a FIFO. */
    int fd = (int)TEMP_FAILURE_RETRY(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd < 0)
        return unreadable(path, kind, errno, problem);
    int error = read_text(path, kind, fd, file, problem);
    (void)close(fd);
    return error;
}

static int check_amount(const char *path, const struct json_file_kind *kind,
                        const struct json_file *file, struct problem *problem) {
    int error = json_scan(file->text, file->length);
    if (error == -ELOOP)
        return problem_set(problem, EINVAL,
                           "%s is no %s: it is nested deeper than %d levels, which none is", path,
                           kind->name, JSON_SCAN_MAX_DEPTH);
    if (error == -E2BIG)
        return problem_set(problem, EINVAL,
                           "%s holds more than %zu values, which no %s does; split it into several",
                           path, JSON_SCAN_MAX_VALUES, kind->name);
    return error;
}

static int not_json(const char *path, const struct json_file_kind *kind, const json_error_t *where,
                    struct problem *problem) {
    if (json_error_code(where) == json_error_premature_end_of_input)
        return problem_set(problem, EINVAL,
                           "%s is cut off at line %d, column %d: its end is missing, so use "
                           "another %s",
                           path, where->line, where->column, kind->name);
    return problem_set(problem, EINVAL,
                       "%s is damaged or no %s: it is not JSON at line %d, column %d (%s)", path,
                       kind->name, where->line, where->column, where->text);
}

int json_file_plain(const char *path, json_t *json, struct problem *problem) {
    int error = plain_json(json);
    if (error == -ENOMEM)
        return problem_set(problem, ENOMEM, "can't read %s: %s", path, strerror(ENOMEM));
    if (error != 0)
        return problem_set(problem, EINVAL, "%s is damaged: a field's name is not printable", path);
    return 0;
}

int json_file_read(const char *path, const struct json_file_kind *kind, struct json_file *file,
                   struct problem *problem) {
    json_error_t where;
    *file = (struct json_file){0};
    int error = slurp(path, kind, file, problem);
    if (error == 0)
        error = check_amount(path, kind, file, problem);
    if (error != 0)
        return error;
    file->value = json_loadb(file->text, file->length, PARSE_FLAGS, &where);
    if (file->value == NULL)
        return not_json(path, kind, &where, problem);
    file->value_end = (size_t)where.position;
    return json_file_plain(path, file->value, problem);
}

void json_file_free(struct json_file *file) {
    json_decref(file->value);
    free(file->text);
    *file = (struct json_file){0};
}
