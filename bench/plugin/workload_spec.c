/* SPDX-License-Identifier: MIT */
/*
 * workload_spec.c - reads and writes a workload's name and settings. The settings are a table of
 * knobs like a transport's, so that they are written, checked and refused alike.
 */
#include "plugin/workload_spec.h"

#include "plugin/cell.h"
#include "plugin/knobs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What the knobs are stored in. */
struct settings {
    struct ipc_link base;
    uint64_t hz, arrivals, search, depth, inplace, clients, design;
};

const char *const workload_designs[] = {
    [WORKLOAD_THREAD] = "thread", [WORKLOAD_PROCESS] = "process", [WORKLOAD_SELECT] = "select",
    [WORKLOAD_POLL] = "poll",     [WORKLOAD_EPOLL] = "epoll",     [WORKLOAD_URING] = "io-uring",
    [WORKLOAD_DESIGNS] = NULL};

static const char *const arrivals[] = {"constant", "poisson", NULL};
static const char *const searches[] = {"no", "knee", NULL};
static const char *const inplaces[] = {"no", "handover", "consume", NULL};

static const struct ipc_knob rate_knobs[] = {
    {.name = "hz",
     .kind = IPC_KNOB_NUMBER,
     .offset = offsetof(struct settings, hz),
     .fallback = "1000",
     .low = 1,
     .high = WORKLOAD_MOST_HZ,
     .help = "requests a second"},
    {.name = "arrivals",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct settings, arrivals),
     .fallback = "constant",
     .choices = arrivals,
     .help = "all gaps alike, or random ones of a Poisson process"},
    {.name = "search",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct settings, search),
     .fallback = "no",
     .choices = searches,
     .help = "from hz upwards for the rate at which it saturates, in many trials (`run` only)"},
    {.name = NULL}};

static const struct ipc_knob stream_knobs[] = {
    {.name = "depth",
     .kind = IPC_KNOB_NUMBER,
     .offset = offsetof(struct settings, depth),
     .fallback = "0",
     .high = WORKLOAD_MOST_DEPTH,
     .help = "messages under way at most; 0 leaves that to the transport's own flow control"},
    {.name = "inplace",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct settings, inplace),
     .fallback = "no",
     .choices = inplaces,
     .help = "without copies: messages handed over in place, or produced and consumed there"},
    {.name = NULL}};

static const struct ipc_knob serve_knobs[] = {
    {.name = "clients",
     .kind = IPC_KNOB_NUMBER,
     .offset = offsetof(struct settings, clients),
     .fallback = "64",
     .low = 1,
     .high = WORKLOAD_MOST_CLIENTS,
     .help = "clients of the one server, each with one request under way"},
    {.name = "design",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct settings, design),
     .fallback = "epoll",
     .choices = workload_designs,
     .help = "the server: a thread or a process for each client, or one thread that watches all"},
    {.name = NULL}};

static const struct ipc_knob connect_knobs[] = {
    {.name = "clients",
     .kind = IPC_KNOB_NUMBER,
     .offset = offsetof(struct settings, clients),
     .fallback = "1",
     .low = 1,
     .high = WORKLOAD_MOST_CLIENTS,
     .help = "clients that connect at a time; the server takes one after the other"},
    {.name = NULL}};

/* To knobs.c a workload is something that has a name and knobs. */
static const struct ipc_transport kinds[WORKLOAD_KINDS] = {
    [WORKLOAD_PINGPONG] = {.name = "pingpong"},
    [WORKLOAD_RATE] = {.name = "rate", .knobs = rate_knobs},
    [WORKLOAD_TWICE] = {.name = "write-write-read"},
    [WORKLOAD_STREAM] = {.name = "stream", .knobs = stream_knobs},
    [WORKLOAD_SERVE] = {.name = "serve", .knobs = serve_knobs},
    [WORKLOAD_CONNECT] = {.name = "connect", .knobs = connect_knobs},
};

int workload_spec_parse(const char *text, struct workload_spec *spec, struct problem *problem) {
    char word[WORKLOAD_SPEC_BYTES];
    struct settings settings = {.hz = 0};
    size_t length = strcspn(text, ":");
    if (strlen(text) >= sizeof word)
        return problem_set(problem, EINVAL, "workload '%.60s' is longer than %zu characters", text,
                           sizeof word - 1);
    memcpy(word, text, length);
    word[length] = '\0';
    int kind = cell_parse_word(word, "workload", cell_workloads, problem);
    if (kind < 0)
        return kind;
    if (text[length] == ':' && text[length + 1] == '\0')
        return problem_set(problem, EINVAL,
                           "workload '%s' has nothing after the colon: write NAME=VALUE,... there, "
                           "or leave the colon out",
                           text);
    const char *knobs = text[length] == ':' ? text + length + 1 : "";
    int error = knobs_apply(&kinds[kind], NULL, knobs, &settings.base, problem);
    *spec = (struct workload_spec){.kind = (enum workload_kind)kind,
                                   .hz = settings.hz,
                                   .arrivals = (enum workload_arrivals)settings.arrivals,
                                   .search = (enum workload_search)settings.search,
                                   .depth = settings.depth,
                                   .inplace = (enum workload_inplace)settings.inplace,
                                   .clients = settings.clients,
                                   .design = (enum workload_design)settings.design};
    return error;
}

static void format_stream(const struct workload_spec *spec, char text[WORKLOAD_SPEC_BYTES]) {
    char depth[40] = "", inplace[40] = "";
    if (spec->depth > 0)
        (void)snprintf(depth, sizeof depth, ":depth=%" PRIu64, spec->depth);
    if (spec->inplace != WORKLOAD_COPIED)
        (void)snprintf(inplace, sizeof inplace, "%cinplace=%s", depth[0] ? ',' : ':',
                       inplaces[spec->inplace]);
    (void)snprintf(text, WORKLOAD_SPEC_BYTES, "stream%.20s%.20s", depth, inplace);
}

void workload_spec_format(const struct workload_spec *spec, char text[WORKLOAD_SPEC_BYTES]) {
    if (spec->kind == WORKLOAD_RATE)
        (void)snprintf(text, WORKLOAD_SPEC_BYTES, "rate:hz=%" PRIu64 "%s%s%s", spec->hz,
                       spec->arrivals ? ",arrivals=" : "",
                       spec->arrivals ? arrivals[spec->arrivals] : "",
                       spec->search ? ",search=knee" : "");
    else if (spec->kind == WORKLOAD_STREAM)
        format_stream(spec, text);
    else if (spec->kind == WORKLOAD_SERVE)
        (void)snprintf(text, WORKLOAD_SPEC_BYTES, "serve:clients=%" PRIu64 ",design=%s",
                       spec->clients, workload_designs[spec->design]);
    else if (spec->kind == WORKLOAD_CONNECT && spec->clients > 1)
        (void)snprintf(text, WORKLOAD_SPEC_BYTES, "connect:clients=%" PRIu64, spec->clients);
    else
        (void)snprintf(text, WORKLOAD_SPEC_BYTES, "%s", kinds[spec->kind].name);
}

enum workload_kind workload_spec_kind(const char *text) {
    struct workload_spec spec = {.kind = WORKLOAD_PINGPONG};
    struct problem none = {""};
    (void)workload_spec_parse(text, &spec, &none);
    return spec.kind;
}

uint64_t workload_spec_gap_ns(const char *text) {
    struct workload_spec spec = {.kind = WORKLOAD_PINGPONG};
    struct problem none = {""};
    (void)workload_spec_parse(text, &spec, &none);
    return spec.kind == WORKLOAD_RATE ? UINT64_C(1000000000) / spec.hz : 0;
}
