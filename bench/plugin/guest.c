/* SPDX-License-Identifier: MIT */
/*
 * guest.c - reads a guest's description of itself as the work of a stranger.
 */
#include "plugin/guest.h"

#include "base/capture.h"
#include "plugin/cell.h"
#include "plugin/plugin.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { MOST_TRANSPORTS = 32, MOST_BYTES = 65536 };
#define DEADLINE_NS UINT64_C(10000000000)

static int never_send(struct ipc_end *end, const void *message, size_t bytes) {
    (void)message;
    (void)bytes;
    end->fault.call = "a guest's send";
    return -ENOSYS;
}

static int never_recv(struct ipc_end *end, void *message, size_t bytes) {
    (void)message;
    (void)bytes;
    end->fault.call = "a guest's recv";
    return -ENOSYS;
}

/* What can wait must have a table. */
static const struct ipc_messages never = {never_send, never_recv};

static int copy_text(const json_t *json, const char *key, char *to, size_t room,
                     struct problem *problem) {
    const char *text = json_string_value(json_object_get(json, key));
    if (text == NULL || text[0] == '\0' || strpbrk(text, "\r\n\t") != NULL || strlen(text) >= room)
        return problem_set(
            problem, EINVAL,
            "its \"%s\" is not one line of 1 to %zu bytes; mend what `describe` prints", key,
            room - 1);
    memcpy(to, text, strlen(text) + 1);
    return 0;
}

/* One word of a list of waits, as its number; -EINVAL with a problem. */
static int read_wait(const json_t *word, const char *key, struct problem *problem) {
    return json_is_string(word)
               ? cell_parse_word(json_string_value(word), "wait", cell_waits, problem)
               : problem_set(problem, EINVAL, "its \"%s\" are not words", key);
}

static int read_waits(const json_t *list, struct guest *guest, struct problem *problem) {
    size_t index;
    const json_t *word;
    json_array_foreach(list, index, word) {
        int wait = read_wait(word, "waits", problem);
        if (wait < 0)
            return wait;
        guest->transport.messages[wait] = &never;
    }
    return json_array_size(list) > 0 ? 0
                                     : problem_set(problem, EINVAL,
                                                   "it names no way to wait; list "
                                                   "\"block\" or \"spin\"");
}

/* May be left out: not every guest streams. */
static int read_streams(const json_t *list, struct guest *guest, struct problem *problem) {
    size_t index;
    const json_t *word;
    json_array_foreach(list, index, word) {
        int wait = read_wait(word, "streams", problem);
        if (wait < 0)
            return wait;
        if (guest->transport.messages[wait] == NULL)
            return problem_set(problem, EINVAL,
                               "it streams by '%s', which is not among its \"waits\"",
                               cell_waits[wait]);
        guest->streams[wait] = true;
    }
    return 0;
}

static int read_needs(const json_t *list, struct guest *guest, struct problem *problem) {
    static const struct {
        const char *word;
        unsigned need;
    } needs[] = {{"network", IPC_NETWORK},
                 {"objects", IPC_OBJECTS},
                 {"folder", IPC_FOLDER},
                 {"mounts", IPC_MOUNTS}};
    size_t index;
    const json_t *word;
    json_array_foreach(list, index, word) {
        const char *text = json_is_string(word) ? json_string_value(word) : "";
        size_t at = 0;
        while (at < sizeof needs / sizeof *needs && strcmp(needs[at].word, text) != 0)
            at++;
        if (at == sizeof needs / sizeof *needs)
            return problem_set(
                problem, EINVAL,
                "it needs '%.40s', which is none of network, objects, folder and mounts", text);
        guest->transport.needs |= needs[at].need;
    }
    return 0;
}

static int read_largest(const json_t *json, struct guest *guest, struct problem *problem) {
    if (json == NULL || json_is_null(json))
        return 0;
    if (!json_is_integer(json) || json_integer_value(json) < 1)
        return problem_set(problem, EINVAL, "its \"max_bytes\" is neither null nor a size");
    guest->transport.max_bytes = (size_t)json_integer_value(json);
    return 0;
}

static int read_one(const json_t *json, struct guest *guest, struct problem *problem) {
    const json_t *absent = json_object_get(json, "absent");
    int error = copy_text(json, "name", guest->name, sizeof guest->name, problem);
    if (error == 0 && !plugin_name_fits(guest->name))
        error = problem_set(problem, EINVAL, "'%s' is no name (a-z, 0-9 and -)", guest->name);
    if (error == 0)
        error = copy_text(json, "summary", guest->summary, sizeof guest->summary, problem);
    if (error == 0)
        error = copy_text(json, "cost", guest->cost, sizeof guest->cost, problem);
    if (error == 0)
        error = read_waits(json_object_get(json, "waits"), guest, problem);
    if (error == 0)
        error = read_streams(json_object_get(json, "streams"), guest, problem);
    if (error == 0)
        error = read_needs(json_object_get(json, "needs"), guest, problem);
    if (error == 0)
        error = read_largest(json_object_get(json, "max_bytes"), guest, problem);
    if (error == 0 && absent != NULL && !json_is_null(absent))
        error = copy_text(json, "absent", guest->why, sizeof guest->why, problem);
    guest->transport.abi = IPC_ABI;
    guest->transport.name = guest->name;
    guest->transport.summary = guest->summary;
    guest->transport.cost = guest->cost;
    guest->transport.group = "guest";
    guest->transport.calls.uncounted = true;
    guest->transport.link_bytes = sizeof(struct ipc_link);
    guest->transport.end_bytes = sizeof(struct ipc_end);
    return error;
}

static int read_list(const json_t *json, struct guest **list, size_t *count,
                     struct problem *problem) {
    const json_t *protocol = json_object_get(json, "protocol");
    const json_t *transports = json_object_get(json, "transports");
    *count = json_array_size(transports);
    if (!json_is_integer(protocol) || json_integer_value(protocol) != GUEST_PROTOCOL)
        return problem_set(problem, EINVAL,
                           "it doesn't speak protocol %d; see docs/adding-a-guest.md",
                           GUEST_PROTOCOL);
    if (*count == 0 || *count > MOST_TRANSPORTS)
        return problem_set(problem, EINVAL, "it describes %zu transports instead of 1 to %d",
                           *count, MOST_TRANSPORTS);
    *list = calloc(*count, sizeof **list);
    if (*list == NULL)
        return problem_set(problem, ENOMEM, "no memory for its transports");
    int error = 0;
    for (size_t i = 0; i < *count && error == 0; i++)
        error = read_one(json_array_get(transports, i), &(*list)[i], problem);
    if (error) {
        free(*list);
        *list = NULL;
    }
    return error;
}

/* What is wrong with how it ended; 0 when nothing is. */
static int judge_end(const struct capture *capture, struct problem *problem) {
    const char *complaint = capture->complaint;
    if (capture->late)
        return problem_set(problem, ETIMEDOUT, "`describe` was not over after %d s",
                           (int)(DEADLINE_NS / 1000000000));
    if (capture->flooded)
        return problem_set(problem, E2BIG, "`describe` printed more than %d bytes", MOST_BYTES);
    if (!WIFEXITED(capture->status) || WEXITSTATUS(capture->status) != 0)
        return problem_set(problem, ECHILD, "`describe` ended with wait status %#x%s%s",
                           (unsigned)capture->status, complaint[0] ? ": " : "", complaint);
    return 0;
}

int guest_read(const char *text, struct guest **list, size_t *count, struct problem *problem) {
    json_error_t wrong;
    *list = NULL;
    json_t *json = json_loads(text, 0, &wrong);
    if (json == NULL)
        return problem_set(problem, EINVAL, "`describe` printed no JSON (%s)", wrong.text);
    int error = read_list(json, list, count, problem);
    json_decref(json);
    return error;
}

int guest_describe(const char *path, struct guest **list, size_t *count, struct problem *problem) {
    const char *const words[] = {path, "describe", NULL};
    const struct capture_request request = {
        .words = words, .most_bytes = MOST_BYTES, .deadline_ns = DEADLINE_NS, .stop_fd = -1};
    struct capture capture;
    *list = NULL;
    int error = capture_run(&request, &capture, problem);
    if (error == 0)
        error = judge_end(&capture, problem);
    if (error == 0)
        error = guest_read(capture.output, list, count, problem);
    capture_free(&capture);
    return error;
}
