/* SPDX-License-Identifier: MIT */
/*
 * guest_trial.c - the request as JSON, the result from JSON.
 */
#include "trial/guest_trial.h"

#include "base/capture.h"
#include "base/clock.h"
#include "host/surroundings.h"
#include "plugin/guest.h"
#include "plugin/registry.h"
#include "stats/histlog.h"
#include "stats/histogram.h"
#include "trial/interference.h"
#include "trial/outcome.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define MOST_BYTES ((size_t)16 << 20) /* of a result: a histogram is some 100 KiB */

#define MOST_EXCHANGES 1e15 /* in the time that a trial has */

/* ---- the request ---- */

static json_t *token_text(const uint8_t token[16]) {
    char text[33];
    for (int i = 0; i < 16; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", token[i]);
    return json_string(text);
}

static json_t *text_or_null(const char *text) {
    return text ? json_string(text) : json_null();
}

static bool is_stream(const struct trial_options *o) {
    return strcmp(o->cell.workload, "stream") == 0;
}

static char *make_request(const struct trial_options *o, const struct ipc_link *link) {
    const struct ipc_network *network = link->network;
    json_t *json =
        json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:[i,i], s:s, s:o, s:o, s:o}",
                  "protocol", GUEST_PROTOCOL, "transport", o->cell.transport, "workload",
                  is_stream(o) ? "stream" : "pingpong", "wait", cell_waits[o->cell.wait], "bytes",
                  (json_int_t)o->cell.size_bytes, "exchanges", (json_int_t)o->exchanges, "time_ns",
                  (json_int_t)o->time_ns, "warmup_exchanges", (json_int_t)o->warmup_exchanges,
                  "warmup_ns", (json_int_t)o->warmup_ns, "seed", (json_int_t)o->seed, "cpus",
                  o->placement.server_cpu, o->placement.client_cpu, "name", link->name, "token",
                  token_text(link->token), "folder", text_or_null(link->folder), "public_ipv4",
                  text_or_null(network ? network->public_ipv4 : NULL));
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

/* ---- the result ---- */

static double number(const json_t *json, const char *key) {
    const json_t *value = json_object_get(json, key);
    double known = json_is_number(value) ? json_number_value(value) : NAN;
    return known >= 0 ? known : NAN;
}

static void read_end(const json_t *json, struct record_end *end) {
    static const struct {
        const char *key;
        size_t offset;
    } fields[] = {{"user_ns", offsetof(struct record_end, user_ns)},
                  {"system_ns", offsetof(struct record_end, system_ns)},
                  {"voluntary_switches", offsetof(struct record_end, voluntary_switches)},
                  {"involuntary_switches", offsetof(struct record_end, involuntary_switches)},
                  {"minor_faults", offsetof(struct record_end, minor_faults)},
                  {"major_faults", offsetof(struct record_end, major_faults)},
                  {"first_cpu", offsetof(struct record_end, first_cpu)},
                  {"last_cpu", offsetof(struct record_end, last_cpu)}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        double value = number(json, fields[i].key);
        memcpy((char *)end + fields[i].offset, &value, sizeof value);
    }
}

/* Pairs of a round trip's length in ns and how often it was seen. What is wrong, or NULL. */
static const char *read_histogram(const json_t *pairs, struct histogram *histogram) {
    size_t index;
    const json_t *pair;
    if (!json_is_array(pairs) || json_array_size(pairs) == 0)
        return "its \"histogram\" is no list of pairs";
    json_array_foreach(pairs, index, pair) {
        json_int_t ns = json_integer_value(json_array_get(pair, 0));
        json_int_t count = json_integer_value(json_array_get(pair, 1));
        if (json_array_size(pair) != 2 || ns < 1 || count < 1)
            return "its \"histogram\" holds what is no pair of two numbers above 0";
        histogram_record_many(histogram, (uint64_t)ns, (uint64_t)count);
    }
    return NULL;
}

/* Without a histogram (NULL): a stream. */
static void read_figures(const json_t *json, const struct histogram *h, struct record *r) {
    double cpu_ns = 0;
    r->exchanges = h ? (double)h->total : number(json, "exchanges");
    r->stamped = h ? r->exchanges : 0;
    r->duration_ns = number(json, "measured_ns");
    r->warmup_exchanges = number(json, "warmup_exchanges");
    r->warmup_ns = number(json, "warmup_ns");
    r->mean_ns = r->duration_ns / r->exchanges;
    if (h != NULL)
        outcome_latency(h, r);
    r->per_second = 1e9 / r->mean_ns;
    r->bytes_per_second = r->per_second * (h ? 2 : 1) * (double)r->cell.size_bytes;
    for (int role = 0; role < IPC_ROLES; role++)
        cpu_ns += r->ends[role].user_ns + r->ends[role].system_ns;
    r->cpu_ns = cpu_ns / r->exchanges;
    (void)snprintf(r->clock, sizeof r->clock, "guest");
}

static void read_facts(const json_t *facts, struct record *record) {
    const char *name;
    const json_t *value;
    json_object_foreach((json_t *)(uintptr_t)facts, name, value) {
        if (json_is_string(value))
            record_add_fact(record->facts, &record->fact_count, name, json_string_value(value));
    }
}

/* What doesn't agree with itself, with the request or with our own clock; NULL when all does. */
static const char *find_lie(const json_t *json, const struct trial_options *o, double wall_ns,
                            const struct record *r) {
    const int cpus[IPC_ROLES] = {o->placement.server_cpu, o->placement.client_cpu};
    double exchanges = number(json, "exchanges");
    bool timed = !is_stream(o);
    if (!(exchanges >= 1) || exchanges != floor(exchanges) || exchanges > MOST_EXCHANGES)
        return "its \"exchanges\" are no number above 0";
    if (timed && exchanges != r->exchanges)
        return "its \"exchanges\" are not as many as its \"histogram\" counts";
    if (o->exchanges > 0 && exchanges != (double)o->exchanges)
        return "it made another number of exchanges than it was asked for";
    if (!(r->duration_ns > 0) || r->duration_ns > wall_ns)
        return "its \"measured_ns\" is more than the trial took";
    if (timed && (r->stamped_mean_ns > 1.02 * r->mean_ns || r->stamped_mean_ns < 0.5 * r->mean_ns))
        return "its \"histogram\" does not add up to its \"measured_ns\"";
    for (int role = 0; role < IPC_ROLES; role++)
        if (cpus[role] >= 0 &&
            (r->ends[role].first_cpu != cpus[role] || r->ends[role].last_cpu != cpus[role]))
            return "an end did not run on the CPU that it was asked to be pinned to";
    return NULL;
}

static int keep_histogram(const struct histogram *histogram, struct record *record) {
    record->histogram = histlog_encode(histogram);
    return record->histogram ? 0 : -ENOMEM;
}

static int read_result(const json_t *json, const struct trial_options *o, double wall_ns,
                       struct histogram *histogram, struct record *record) {
    const json_t *ends = json_object_get(json, "ends");
    const json_t *said = json_object_get(json, "error");
    const char *name = o->cell.transport;
    if (json_is_string(said)) {
        record_conclude(record, RECORD_FAILED, "%s: %.600s", name, json_string_value(said));
        return 0;
    }
    bool timed = !is_stream(o);
    const char *wrong =
        timed ? read_histogram(json_object_get(json, "histogram"), histogram) : NULL;
    if (wrong == NULL) {
        read_end(json_object_get(ends, "server"), &record->ends[IPC_SERVER]);
        read_end(json_object_get(ends, "client"), &record->ends[IPC_CLIENT]);
        read_facts(json_object_get(json, "facts"), record);
        read_figures(json, timed ? histogram : NULL, record);
        wrong = find_lie(json, o, wall_ns, record);
    }
    if (wrong != NULL) {
        record_conclude(record, RECORD_FAILED, "%s: the guest's result can't be believed: %s", name,
                        wrong);
        return 0;
    }
    interference_flag(record);
    return timed ? keep_histogram(histogram, record) : 0;
}

int guest_trial_read(const char *text, const struct trial_options *options, double wall_ns,
                     struct record *record) {
    json_error_t wrong;
    struct histogram *histogram = calloc(1, sizeof *histogram);
    if (histogram == NULL)
        return -ENOMEM;
    histogram_reset(histogram);
    json_t *json = json_loads(text, 0, &wrong);
    int error = 0;
    if (json_is_object(json))
        error = read_result(json, options, wall_ns, histogram, record);
    else
        record_conclude(record, RECORD_FAILED, "%s: the guest printed no result (%s)",
                        options->cell.transport, json ? "no JSON object" : wrong.text);
    json_decref(json);
    free(histogram);
    return error;
}

/* ---- the trial ---- */

/* A guest that ended badly; false when its result can be read. */
static bool judge_end(const struct capture *capture, const struct trial_options *o,
                      struct record *record) {
    const char *name = o->cell.transport, *complaint = capture->complaint;
    bool silent = capture->bytes == 0;
    if (capture->late)
        record_conclude(
            record, RECORD_FAILED,
            "%s: the guest was not done after %g s and was killed; a longer --deadline gives it "
            "more time",
            name, (double)o->deadline_ns / 1e9);
    else if (capture->flooded)
        record_conclude(record, RECORD_FAILED, "%s: the guest printed more than %zu MiB", name,
                        MOST_BYTES >> 20);
    else if (WIFSIGNALED(capture->status))
        record_conclude(record, RECORD_FAILED, "%s: the guest was killed by signal %d (%s)", name,
                        WTERMSIG(capture->status), strsignal(WTERMSIG(capture->status)));
    else if (silent)
        record_conclude(record, RECORD_FAILED,
                        "%s: the guest ended with %d and printed nothing%s%s", name,
                        WEXITSTATUS(capture->status), complaint[0] ? ": " : "", complaint);
    else
        return false;
    return true;
}

static int run_in(const struct trial_options *o, const struct ipc_link *link, int stop_fd,
                  struct record *record, struct problem *problem) {
    const char *const words[] = {o->entry->guest_path, "run", NULL};
    char *request = make_request(o, link);
    if (request == NULL)
        return problem_set(problem, ENOMEM, "no memory for a guest's request");
    const struct capture_request how = {.words = words,
                                        .input = request,
                                        .most_bytes = MOST_BYTES,
                                        .deadline_ns = o->deadline_ns,
                                        .stop_fd = stop_fd};
    struct capture capture;
    uint64_t from = clock_system_ns();
    int error = capture_run(&how, &capture, problem);
    double wall_ns = (double)(clock_system_ns() - from);
    free(request);
    if (error == 0 && capture.interrupted)
        error = problem_set(problem, EINTR, "interrupted; the trial was not finished");
    else if (error == 0 && !judge_end(&capture, o, record))
        error = guest_trial_read(capture.output, o, wall_ns, record);
    capture_free(&capture);
    return error;
}

int guest_trial_run(const struct trial_options *o, int stop_fd, struct record *record,
                    struct problem *problem) {
    unsigned needs = o->entry->transport->needs;
    struct surroundings surroundings;
    struct problem why = {""};
    int error = surroundings_enter(needs, o->net, &surroundings, &why);
    if (error) {
        record_conclude(record, error == -EOPNOTSUPP ? RECORD_SKIPPED : RECORD_FAILED, "%s: %s",
                        o->cell.transport, why.text);
        return 0;
    }
    struct ipc_link link = {.wait = o->cell.wait};
    surroundings_give(&surroundings, needs, &link);
    surroundings_note(&surroundings, record_note_fact, record);
    error = run_in(o, &link, stop_fd, record, problem);
    surroundings_leave(&surroundings);
    return error;
}
