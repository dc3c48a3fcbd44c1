/* SPDX-License-Identifier: MIT */
/*
 * hostfiles.c - reads files of /proc and /sys, one or as many as a pattern matches.
 */
#include "host/hostfiles.h"

#include "base/fields.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 4096
#define TEXT_BYTES 16384 /* the first CPU of /proc/cpuinfo fits easily */

bool hostfiles_read(const char *root, const char *path, char *text, size_t room) {
    char full[PATH_MAX];
    (void)snprintf(full, sizeof full, "%s%s", root, path);
    FILE *file = fopen(full, "re");
    if (file == NULL)
        return false;
    size_t length = fread(text, 1, room - 1, file);
    bool failed = ferror(file) != 0;
    (void)fclose(file);
    text[length] = '\0';
    return !failed;
}

static bool read_line(const char *root, const char *path, char line[LINE_BYTES]) {
    if (!hostfiles_read(root, path, line, LINE_BYTES))
        return false;
    line[strcspn(line, "\n")] = '\0';
    return true;
}

json_t *hostfiles_line(const char *root, const char *path) {
    char line[LINE_BYTES];
    return read_line(root, path, line) ? fields_text(line) : json_null();
}

/* Where the value stands in a line "name : value", or NULL when it is another line. */
static char *value_in(char *line, const char *name) {
    size_t length = strlen(name);
    if (strncmp(line, name, length) != 0)
        return NULL;
    char *colon = line + length + strspn(line + length, " \t");
    return *colon == ':' ? colon + 1 + strspn(colon + 1, " \t") : NULL;
}

json_t *hostfiles_value(const char *root, const char *path, const char *name) {
    char text[TEXT_BYTES];
    char *rest = NULL;
    if (!hostfiles_read(root, path, text, sizeof text))
        return json_null();
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        const char *value = value_in(line, name);
        if (value != NULL)
            return fields_text(value);
    }
    return json_null();
}

json_t *hostfiles_chosen(const char *root, const char *path) {
    char line[LINE_BYTES];
    char *open = read_line(root, path, line) ? strchr(line, '[') : NULL;
    char *close = open == NULL ? NULL : strchr(open, ']');
    if (close == NULL)
        return json_null();
    *close = '\0';
    return fields_text(open + 1);
}

/* Calls `each` with every file that matches. */
static void each_match(const char *root, const char *pattern,
                       void (*each)(void *context, const char *path), void *context) {
    char full[PATH_MAX];
    glob_t found;
    (void)snprintf(full, sizeof full, "%s%s", root, pattern);
    if (glob(full, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++)
        each(context, found.gl_pathv[i]);
    globfree(&found);
}

static void add_named(void *files, const char *path) {
    (void)json_object_set_new(files, strrchr(path, '/') + 1, hostfiles_line("", path));
}

json_t *hostfiles_named(const char *root, const char *pattern) {
    json_t *files = json_object();
    each_match(root, pattern, add_named, files);
    if (files != NULL && json_object_size(files) > 0)
        return files;
    json_decref(files);
    return json_null();
}

static void add_value(void *values, const char *path) {
    char line[LINE_BYTES];
    if (read_line("", path, line))
        (void)json_object_set_new(values, line, json_null());
}

/* The distinct first lines, as the keys of an object. */
static json_t *distinct(const char *root, const char *pattern) {
    json_t *values = json_object();
    each_match(root, pattern, add_value, values);
    return values;
}

json_t *hostfiles_joined(const char *root, const char *pattern) {
    char line[LINE_BYTES] = "";
    const char *value;
    json_t *unused;
    json_t *values = distinct(root, pattern);
    json_object_foreach(values, value, unused) {
        size_t used = strlen(line);
        (void)snprintf(line + used, sizeof line - used, "%s%s", used ? ", " : "", value);
    }
    json_decref(values);
    return line[0] == '\0' ? json_null() : fields_text(line);
}

static json_t *count_or_null(size_t count) {
    return count == 0 ? json_null() : json_integer((json_int_t)count);
}

static void count_one(void *count, const char *path) {
    (void)path;
    ++*(size_t *)count;
}

json_t *hostfiles_count(const char *root, const char *pattern) {
    size_t count = 0;
    each_match(root, pattern, count_one, &count);
    return count_or_null(count);
}

json_t *hostfiles_count_distinct(const char *root, const char *pattern) {
    json_t *values = distinct(root, pattern);
    size_t count = json_object_size(values);
    json_decref(values);
    return count_or_null(count);
}
