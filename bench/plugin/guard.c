/* SPDX-License-Identifier: MIT */
/*
 * guard.c - owners and modes of a path, from its end up to the root.
 */
#include "plugin/guard.h"

#include "base/others.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_LINKS = 40 }; /* as in the kernel's own walk */

static bool owns(const char *path, uid_t owner) {
    struct stat status;
    return stat(path, &status) == 0 && status.st_uid == owner;
}

static bool is_trusted(uid_t owner) {
    return owner == 0 || owner == geteuid() || owns("/", owner) || owns("/proc/self/exe", owner);
}

static int check_owner(const char *path, const struct stat *status, struct problem *problem) {
    if (is_trusted(status->st_uid))
        return 0;
    return problem_set(problem, EINVAL,
                       "%.300s belongs to user %u, who could put other code there; copy the "
                       "plug-ins to a folder of your own",
                       path, (unsigned)status->st_uid);
}

static int check_mode(const char *path, const struct stat *status, bool strict,
                      struct problem *problem) {
    bool sticky = S_ISDIR(status->st_mode) && (status->st_mode & S_ISVTX);
    if (!others_write(status, geteuid()) || (sticky && !strict))
        return 0;
    return problem_set(problem, EINVAL,
                       "others can write to %.300s, and so put other code there; mend it with "
                       "`chmod go-w`, or copy the plug-ins to a folder of your own",
                       path);
}

/* A walk along a path, link by link: who may write to a folder on the way, or owns a link, decides
 * where it leads. */
struct walk {
    char done[PATH_MAX]; /* no link is in it; empty: the root */
    char rest[PATH_MAX]; /* from `at` on */
    size_t at;
    char last[PATH_MAX];        /* the component at hand, with what is done */
    struct stat folder, status; /* of `done`, and of `last` */
    int links;
    bool strict;
    bool too_long; /* to be checked, though the kernel may get there */
};

/* Takes the next component off the rest. False: there is none. */
static bool next_component(struct walk *w) {
    const char *from = w->rest + w->at + strspn(w->rest + w->at, "/");
    size_t length = strcspn(from, "/");
    char name[NAME_MAX + 1] = "";
    if (length == 0)
        return false;
    (void)snprintf(name, sizeof name, "%.*s", (int)length, from);
    w->at = (size_t)(from - w->rest) + length;
    if (strcmp(name, "..") == 0) {
        char *slash = strrchr(w->done, '/');
        *(slash != NULL ? slash : w->done) = '\0';
    }
    bool moves = strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
    int room =
        snprintf(w->last, sizeof w->last, "%s%s%s", w->done, moves ? "/" : "", moves ? name : "");
    w->too_long = room < 0 || (size_t)room >= sizeof w->last;
    return !w->too_long;
}

/* Puts where the link leads before the rest. False: the walk ends here. */
static bool follow_link(struct walk *w) {
    char target[PATH_MAX], rest[PATH_MAX];
    ssize_t length = readlink(w->last, target, sizeof target - 1);
    if (length < 0 || ++w->links > MOST_LINKS)
        return false; /* the kernel would give up, too */
    target[length] = '\0';
    if (target[0] == '/')
        w->done[0] = '\0';
    int whole = snprintf(rest, sizeof rest, "%s/%s", target, w->rest + w->at);
    memcpy(w->rest, rest, sizeof rest);
    w->at = 0;
    w->too_long = whole < 0 || (size_t)whole >= sizeof rest;
    return !w->too_long;
}

static bool is_end(const struct walk *w) {
    const char *rest = w->rest + w->at;
    return rest[strspn(rest, "/")] == '\0';
}

/* 1: the walk is over, since there is nothing there. */
static int step(struct walk *w, struct problem *problem) {
    const char *path = w->last[0] != '\0' ? w->last : "/";
    w->folder = w->status;
    if (lstat(path, &w->status) != 0)
        return 1;
    int error = check_owner(path, &w->status, problem);
    if (error == 0 && S_ISLNK(w->status.st_mode)) {
        w->status = w->folder;
        return follow_link(w) ? 0 : 1;
    }
    if (error == 0)
        error = check_mode(path, &w->status, w->strict && is_end(w), problem);
    memcpy(w->done, w->last, sizeof w->last);
    return error;
}

int guard_path(const char *path, bool strict, struct problem *problem) {
    struct walk w = {.strict = strict};
    char here[PATH_MAX] = "";
    if (path[0] != '/' && getcwd(here, sizeof here) == NULL)
        return 0;
    int whole = snprintf(w.rest, sizeof w.rest, "%s/%s", here, path);
    if (whole < 0 || (size_t)whole >= sizeof w.rest)
        return 0;
    int error = step(&w, problem); /* the root */
    while (error == 0 && next_component(&w))
        error = step(&w, problem);
    if (w.too_long)
        return problem_set(problem, EINVAL,
                           "%.300s is reached by a path of more than %d bytes, too long to check; "
                           "move it nearer to the root",
                           path, PATH_MAX - 1);
    if (error != 0)
        return error < 0 ? error : 0;
    if (S_ISDIR(w.status.st_mode))
        return 0;
    char *slash = strrchr(w.done, '/');
    *(slash != NULL && slash != w.done ? slash : w.done + 1) = '\0';
    return check_mode(w.done, &w.folder, true, problem); /* it may load what lies beside it */
}
