/* SPDX-License-Identifier: MIT */
/*
 * launch_arguments.c - a request as the words of `ipcbench trial`, and the record of a request that
 * is not run.
 */
#include "run/launch_arguments.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void add_option(struct launch_arguments *arguments, const char *option, const char *value) {
    if (value == NULL)
        return;
    arguments->list[arguments->count++] = option;
    arguments->list[arguments->count++] = value;
}

static void print_seconds(char *text, size_t room, uint64_t ns) {
    (void)snprintf(text, room, "%.6f", (double)ns / 1e9);
}

/* How long: in exchanges, or in time. */
static void add_lengths(const struct launch_request *request, struct launch_arguments *arguments) {
    char *time = arguments->time, *warmup = arguments->warmup;
    bool counted = request->exchanges > 0;
    if (counted) {
        (void)snprintf(time, sizeof arguments->time, "%" PRIu64, request->exchanges);
        (void)snprintf(warmup, sizeof arguments->warmup, "%" PRIu64, request->warmup_exchanges);
    } else {
        print_seconds(time, sizeof arguments->time, request->time_ns);
        print_seconds(warmup, sizeof arguments->warmup, request->warmup_ns);
    }
    add_option(arguments, counted ? "--exchanges" : "--time", time);
    add_option(arguments, counted ? "--warmup-exchanges" : "--warmup", warmup);
}

void launch_arguments_make(const struct launch_request *request,
                           struct launch_arguments *arguments) {
    cell_format(request->cell, arguments->key);
    print_seconds(arguments->deadline, sizeof arguments->deadline, request->deadline_ns);
    (void)snprintf(arguments->seed, sizeof arguments->seed, "%llu",
                   (unsigned long long)request->seed);
    memset(arguments->list, 0, sizeof arguments->list);
    arguments->count = 0;
    arguments->list[arguments->count++] = "ipcbench";
    arguments->list[arguments->count++] = "trial";
    arguments->list[arguments->count++] = arguments->key;
    add_lengths(request, arguments);
    add_option(arguments, "--deadline", arguments->deadline);
    add_option(arguments, "--seed", arguments->seed);
    add_option(arguments, "--net", request->net);
    add_option(arguments, "--verify", request->verify);
    add_option(arguments, "--transports", request->transports);
    if (request->purpose == RECORD_COUNTING)
        arguments->list[arguments->count++] = "--count";
}

/* The command that repeats the trial. */
static void join(const struct launch_arguments *arguments, char *text, size_t room) {
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < arguments->count && used + 1 < room; i++) {
        int more = snprintf(text + used, room - used, "%s%s", i > 0 ? " " : "", arguments->list[i]);
        used += more > 0 ? (size_t)more : 0;
    }
}

void launch_stand_in(const struct launch_request *request, enum record_status status,
                     const char *why, struct record *record) {
    struct launch_arguments arguments;
    struct tm utc;
    time_t now = time(NULL);
    launch_arguments_make(request, &arguments);
    record_init(record);
    memcpy(record->key, arguments.key, sizeof record->key);
    record->cell = *request->cell;
    record->placement = *request->placement;
    record->status = status;
    record->seed = request->seed;
    (void)snprintf(record->why, sizeof record->why, "%s", why);
    (void)snprintf(record->verify, sizeof record->verify, "%s", request->verify);
    if (gmtime_r(&now, &utc) != NULL)
        (void)strftime(record->started, sizeof record->started, "%Y-%m-%dT%H:%M:%SZ", &utc);
    join(&arguments, record->command, sizeof record->command);
}
