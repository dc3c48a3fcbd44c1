/* SPDX-License-Identifier: MIT */
/*
 * trial.c - the parent of one trial: makes the link, starts both ends, watches them until they are
 * done, dead or late, and writes the record.
 */
#include "trial/trial.h"

#include "base/clock.h"
#include "base/stop.h"
#include "host/floor.h"
#include "host/surroundings.h"
#include "plugin/knobs.h"
#include "trial/ability.h"
#include "trial/crowd_links.h"
#include "trial/crowd_setup.h"
#include "trial/end.h"
#include "trial/guest_trial.h"
#include "trial/outcome.h"
#include "trial/supervise.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

struct trial {
    const struct trial_options *options;
    const struct ipc_transport *transport;
    struct record *record;
    struct ipc_link *link;
    struct control *control;
    struct clock clock;
    struct workload_plan plan;
    struct surroundings surroundings;
    struct stop stop;
    struct supervision supervision;
    struct crowd_links crowd; /* of workloads with many clients */
    bool set_up;              /* setup was called, so that cleanup is owed, also when it failed */
};

static void describe_command(const struct trial_options *o, struct record *record) {
    char amount[64], warmup[64];
    if (o->exchanges)
        (void)snprintf(amount, sizeof amount, "--exchanges %" PRIu64, o->exchanges);
    else
        (void)snprintf(amount, sizeof amount, "--time %g", (double)o->time_ns / 1e9);
    if (o->warmup_exchanges)
        (void)snprintf(warmup, sizeof warmup, "--warmup-exchanges %" PRIu64, o->warmup_exchanges);
    else
        (void)snprintf(warmup, sizeof warmup, "--warmup %g", (double)o->warmup_ns / 1e9);
    (void)snprintf(record->command, sizeof record->command,
                   "ipcbench trial %s %s %s --seed %" PRIu64 " --net %s%s%s", record->key, amount,
                   warmup, o->seed, network_modes[o->net], o->verify_full ? " --verify full" : "",
                   o->purpose == RECORD_COUNTING ? " --count" : "");
}

static void describe_request(const struct trial_options *o, struct record *record) {
    time_t now = time(NULL);
    struct tm utc;
    record_init(record);
    record->cell = o->cell;
    cell_format(&o->cell, record->key);
    record->placement = o->placement;
    record->purpose = o->purpose;
    if (o->entry)
        (void)snprintf(record->group, sizeof record->group, "%s", o->entry->group);
    if (o->entry && o->entry->transport && o->entry->transport->not_a_channel)
        record_add_fact(record->facts, &record->fact_count, RECORD_NOT_A_CHANNEL,
                        o->entry->transport->one_at_a_time);
    record->seed = o->seed;
    (void)snprintf(record->verify, sizeof record->verify, "%s",
                   o->verify_full || o->cell.size_bytes <= PAYLOAD_WINDOW ? "full" : "window");
    (void)strftime(record->started, sizeof record->started, "%Y-%m-%dT%H:%M:%SZ",
                   gmtime_r(&now, &utc));
    describe_command(o, record);
}

/* Losses are counted where the transport has no flow control and more than one message is under
 * way, each with room for its number. */
static bool may_lose(const struct trial_options *o, const struct workload_spec *spec) {
    return spec->kind == WORKLOAD_STREAM && spec->depth > 1 && spec->inplace == WORKLOAD_COPIED &&
           o->cell.size_bytes >= sizeof(uint64_t) && o->entry->transport->no_flow_control != NULL;
}

/* The amounts asked for, and what the cell's workload says of itself. So slow a rate
 * that hardly one request is due gets the time for WORKLOAD_LEAST_ARRIVALS. */
static struct workload_plan plan_of(const struct trial_options *o) {
    struct workload_spec spec = {.kind = WORKLOAD_PINGPONG};
    struct problem none = {""};
    struct workload_plan plan = {.kind = WORKLOAD_PINGPONG,
                                 .exchanges = o->exchanges,
                                 .time_ns = o->time_ns,
                                 .warmup_exchanges = o->warmup_exchanges,
                                 .warmup_ns = o->warmup_ns,
                                 .seed = o->seed};
    (void)workload_spec_parse(o->cell.workload, &spec, &none); /* it was parsed before */
    plan.kind = spec.kind;
    plan.depth = spec.depth;
    plan.clients = spec.clients;
    if (spec.clients > 1) /* together they warm up as often as one would */
        plan.warmup_exchanges = (plan.warmup_exchanges + spec.clients - 1) / spec.clients;
    plan.design = spec.design;
    plan.inplace = spec.inplace;
    plan.lossy = may_lose(o, &spec);
    if (spec.kind != WORKLOAD_RATE)
        return plan;
    plan.gap_ns = 1e9 / (double)spec.hz;
    plan.poisson = spec.arrivals == WORKLOAD_POISSON;
    uint64_t least_ns = (uint64_t)(WORKLOAD_LEAST_ARRIVALS * plan.gap_ns);
    if (plan.exchanges == 0 && plan.time_ns < least_ns)
        plan.time_ns = least_ns;
    return plan;
}

static bool applicable(struct trial *t) {
    const struct cell *cell = &t->options->cell;
    struct workload_spec spec;
    struct problem why = {""};
    char limit[32];
    (void)workload_spec_parse(cell->workload, &spec, &why); /* it was parsed before */
    if (ability_check(t->options->entry, cell->knobs, &spec, cell->wait, &why) != 0) {
        record_conclude(t->record, RECORD_NOT_APPLICABLE, "%s", why.text);
        return false;
    }
    if (t->transport->max_bytes && cell->size_bytes > t->transport->max_bytes) {
        (void)snprintf(limit, sizeof limit, "%zu", t->transport->max_bytes);
        record_conclude(t->record, RECORD_NOT_APPLICABLE, "%s carries at most %s bytes",
                        cell->transport, limit);
        return false;
    }
    const char *refusal = t->plan.clients == 0 ? NULL
                                               : crowd_links_refusal(t->transport, &t->plan,
                                                                     cell->wait, cell->size_bytes);
    if (refusal)
        record_conclude(t->record, RECORD_NOT_APPLICABLE, "%s can't do %s: %s", cell->transport,
                        cell->workload, refusal);
    return refusal == NULL;
}

static void note_knob(void *notes, const char *name, const char *value) {
    struct record *record = notes;
    record_add_fact(record->knobs, &record->knob_count, name, value);
}

/* Memory for the link and for what both ends share. */
static int allocate(struct trial *t) {
    size_t room = (t->transport->link_bytes + IPC_ALIGN - 1) / IPC_ALIGN * IPC_ALIGN;
    t->link = aligned_alloc(IPC_ALIGN, room);
    if (t->link == NULL)
        return -ENOMEM;
    memset(t->link, 0, room);
    void *control = mmap(NULL, sizeof *t->control, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (control == MAP_FAILED)
        return -errno;
    t->control = control;
    atomic_init(&t->control->turn, UINT64_MAX);
    return 0;
}

static void fill_link(struct trial *t) {
    struct ipc_link *link = t->link;
    link->wait = t->options->cell.wait;
    link->connecting = t->plan.kind == WORKLOAD_CONNECT;
    link->max_bytes = t->options->cell.size_bytes;
    link->in_place = t->plan.inplace != WORKLOAD_COPIED;
    link->note = record_note_fact;
    link->notes = t->record;
    surroundings_give(&t->surroundings, t->transport->needs, link);
}

static int apply_knobs(const struct trial *t, struct problem *problem) {
    const struct ipc_preset *preset = t->options->entry->preset;
    return knobs_apply(t->transport, preset ? preset->knobs : NULL, t->options->cell.knobs, t->link,
                       problem);
}

static bool enter_surroundings(struct trial *t) {
    struct problem problem = {""};
    int error =
        surroundings_enter(t->transport->needs, t->options->net, &t->surroundings, &problem);
    if (error) {
        record_conclude(t->record, error == -EOPNOTSUPP ? RECORD_SKIPPED : RECORD_FAILED, "%s: %s",
                        t->options->cell.transport, problem.text);
        return false;
    }
    surroundings_note(&t->surroundings, record_note_fact, t->record);
    return true;
}

/* What the host allows with these knobs, asked before anything is made. */
static bool within_limit(struct trial *t) {
    size_t limit = t->transport->limit ? t->transport->limit(t->link) : 0;
    const char *whence = t->link->fault.detail;
    if (limit == 0 || t->link->max_bytes <= limit)
        return true;
    record_conclude(t->record, RECORD_NOT_APPLICABLE, "%s carries at most %zu bytes here%s%s",
                    t->options->cell.transport, limit, whence[0] ? ": " : "", whence);
    return false;
}

static bool measure_budget(struct trial *t) {
    struct problem problem = {""};
    double ns = 0;
    if (t->options->cell.wait != IPC_PARK)
        return true;
    if (floor_wakeup(t->options->placement.server_cpu, t->options->placement.client_cpu, &ns,
                     &problem) < 0) {
        record_conclude(t->record, RECORD_FAILED, "%s: %s", t->options->cell.transport,
                        problem.text);
        return false;
    }
    t->link->spin_budget_ns = (uint64_t)ns;
    char text[32];
    (void)snprintf(text, sizeof text, "%.0f", ns);
    record_note_fact(t->record, "spin_budget_ns", text);
    return true;
}

static void blame_link(struct trial *t, enum record_status status, const char *what, int error) {
    const struct ipc_fault *fault = &t->link->fault;
    bool detailed = fault->detail[0] != '\0';
    if (status == RECORD_SKIPPED && detailed)
        record_conclude(t->record, status, "%s: %s", t->options->cell.transport, fault->detail);
    else
        record_conclude(t->record, status, "%s: %s failed in %s: %s%s%s",
                        t->options->cell.transport, what,
                        fault->call ? fault->call : "an unnamed call", strerror(-error),
                        detailed ? "; " : "", fault->detail);
}

static bool set_up(struct trial *t) {
    t->set_up = true;
    int error = t->transport->setup(t->link);
    if (error)
        blame_link(t, RECORD_FAILED, "setup", error);
    return error == 0;
}

/* A link for each client, all alike. */
static bool set_up_crowd(struct trial *t) {
    return crowd_setup_begin(&t->crowd, t->transport, &t->plan, t->link, t->record) && set_up(t) &&
           crowd_setup_finish(&t->crowd, &t->plan, t->record);
}

/* Everything up to the fork; false when the record has its verdict already. The order matters: the
 * namespace comes before anything that opens a socket, threads come after it. */
static bool prepare(struct trial *t) {
    if (!enter_surroundings(t))
        return false;
    fill_link(t);
    knobs_each(t->transport, t->link, note_knob, t->record);
    int error = t->transport->probe ? t->transport->probe(t->link) : 0;
    if (error) {
        blame_link(t, RECORD_SKIPPED, "probe", error);
        return false;
    }
    if (!within_limit(t) || !measure_budget(t))
        return false;
    return t->plan.clients > 0 ? set_up_crowd(t) : set_up(t);
}

/* The device that carries the address that the transport says it uses, and the route to it. */
static void note_route(struct trial *t) {
    struct problem problem;
    char route[160];
    const char *address =
        (t->transport->needs & IPC_NETWORK) ? record_fact(t->record, "address") : NULL;
    if (address == NULL)
        return;
    bool loops = strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
    record_note_fact(t->record, "device", loops ? "lo" : t->surroundings.network.device);
    if (network_route(address, route, sizeof route, &problem) == 0)
        record_note_fact(t->record, "route", route);
}

/* Runs both ends; the record says how that went. */
static void run_ends(struct trial *t, const struct end_task *task) {
    int error = supervise_ends(task, t->options->deadline_ns, t->stop.fd, &t->supervision);
    if (error)
        record_conclude(t->record, RECORD_FAILED, "%s: can't start a process for an end: %s",
                        t->options->cell.transport, strerror(-error));
    else
        outcome_judge(task, &t->supervision, t->options->deadline_ns, t->record);
    outcome_note(t->control, t->record);
}

static struct end_task describe_task(const struct trial *t) {
    const struct trial_options *o = t->options;
    bool count = o->purpose == RECORD_COUNTING;
    int64_t tracepoint = count ? counters_tracepoint() : COUNTERS_NO_TRACEPOINT;
    return (struct end_task){
        .transport = t->transport,
        .link = t->link,
        .control = t->control,
        .clock = &t->clock,
        .plan = t->plan,
        .size_bytes = o->cell.size_bytes,
        .seed = o->seed,
        .verify_full = o->verify_full,
        .tracepoint = tracepoint,
        .trace = count && tracepoint == COUNTERS_NO_TRACEPOINT,
        .cpus = {[IPC_SERVER] = o->placement.server_cpu, [IPC_CLIENT] = o->placement.client_cpu},
        .crowd = t->crowd.crowd,
        .links = t->crowd.links,
        .link_count = t->crowd.count,
        .reserved = t->crowd.reserved,
        .reserved_count = t->crowd.reserved_count};
}

/* From the link to its cleanup; every way out of setup passes the cleanup. */
static int run_linked(struct trial *t) {
    bool ready = prepare(t);
    struct end_task task = describe_task(t);
    if (ready) {
        note_route(t);
        run_ends(t, &task);
    }
    if (t->set_up)
        t->transport->cleanup(t->link);
    bool measured = ready && !t->supervision.interrupted && t->record->status == RECORD_OK;
    int error = measured ? outcome_measured(&task, t->record) : 0;
    crowd_links_free(&t->crowd);
    surroundings_leave(&t->surroundings);
    return error;
}

static void record_instrument(const struct clock *clock, struct record *record) {
    (void)snprintf(record->clock, sizeof record->clock, "%s", clock_name(clock));
    record->clock_hz = clock->hz;
    record->clock_cost_ns = clock->cost_ns;
    record->clock_quantum_ns = clock->quantum_ns;
}

void trial_skip(const struct trial_options *options, const char *why, struct record *record) {
    describe_request(options, record);
    record_conclude(record, RECORD_SKIPPED, "%s", why);
}

int trial_run(const struct trial_options *options, struct record *record, struct problem *problem) {
    struct trial t = {.options = options, .transport = options->entry->transport, .record = record};
    describe_request(options, record);
    t.plan = plan_of(options);
    if (!applicable(&t))
        return 0;
    int error = stop_catch(&t.stop, problem);
    if (error)
        return error;
    if (options->entry->guest_path != NULL) {
        error = guest_trial_run(options, t.stop.fd, record, problem);
        stop_release(&t.stop);
        return error;
    }
    clock_calibrate(&t.clock);
    record_instrument(&t.clock, record);
    error = allocate(&t);
    if (error)
        (void)problem_set(problem, -error, "can't run a trial: %s", strerror(-error));
    else
        error = apply_knobs(&t, problem);
    if (!error && (error = run_linked(&t)) != 0)
        (void)problem_set(problem, -error, "can't record a trial: %s", strerror(-error));
    if (t.control)
        (void)munmap(t.control, sizeof *t.control);
    free(t.link);
    stop_release(&t.stop);
    if (t.supervision.interrupted)
        return problem_set(problem, EINTR, "interrupted; the trial was not finished");
    return error;
}
