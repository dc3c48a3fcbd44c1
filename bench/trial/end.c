/* SPDX-License-Identifier: MIT */
/*
 * end.c - the life of one end of a trial.
 */
#include "trial/end.h"

#include "host/canary.h"
#include "host/privileges.h"
#include "trial/crowd.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What waking up from a sleep may take beyond its end: the timer's slack (50 us where nobody set
 * another) and twice the wake-up of a CPU that went idle. */
#define REST_MARGIN_NS UINT64_C(150000)

/* What the marks of the workload need. */
struct readings {
    const struct end_task *task;
    enum ipc_role role;
    struct end_report *report;
    struct counters counters;
};

static void note(void *notes, const char *name, const char *value) {
    struct end_report *report = notes;
    if (report->note_count == sizeof report->notes / sizeof *report->notes)
        return;
    struct record_fact *fact = &report->notes[report->note_count++];
    (void)snprintf(fact->name, sizeof fact->name, "%s", name);
    (void)snprintf(fact->value, sizeof fact->value, "%s", value);
}

static void read_slow(struct readings *r, struct usage *usage) {
    usage_read_slow(usage, r->role == IPC_CLIENT ? r->task->cpus[IPC_SERVER] : -1,
                    r->task->cpus[IPC_CLIENT]);
}

/* The slow readings stand outside of the quick ones, so that they aren't part of what these tell;
 * the counters, which count even the quick ones, are within those; innermost is the stage, by which
 * a tracer knows what to count. Steal is about both CPUs: the client reads it for both. */
static void mark(void *context, enum workload_mark when) {
    struct readings *r = context;
    struct end_report *report = r->report;
    if (when == WORKLOAD_BEGIN) {
        read_slow(r, &report->before);
        usage_read(&report->before);
        counters_begin(&r->counters, report->counted_before);
        atomic_store(&report->stage, END_MEASURING);
    } else {
        atomic_store(&report->stage, END_FINISHING);
        counters_end(&r->counters, report->counted_after);
        usage_read(&report->after);
        read_slow(r, &report->after);
    }
}

/* Sleeps until a little before the time, so that the moment of waking up is no part of what is
 * measured; a client that spins never sleeps. */
static void rest(void *context, uint64_t ns) {
    const struct readings *r = context;
    if (r->task->link->wait == IPC_SPIN || ns <= REST_MARGIN_NS)
        return;
    ns -= REST_MARGIN_NS;
    const struct timespec span = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL);
}

int end_pin(int cpu, struct ipc_fault *fault) {
    if (cpu < 0)
        return 0;
    cpu_set_t *set = CPU_ALLOC((size_t)cpu + 1);
    size_t bytes = CPU_ALLOC_SIZE((size_t)cpu + 1);
    if (set == NULL)
        return -ENOMEM;
    CPU_ZERO_S(bytes, set);
    CPU_SET_S((size_t)cpu, bytes, set);
    int error = sched_setaffinity(0, bytes, set) < 0 ? -errno : 0;
    CPU_FREE(set);
    fault->call = "sched_setaffinity";
    return error;
}

/* Runs the workload with the buffers that it needs. */
static int work_with_one(struct readings *readings, struct ipc_end *end) {
    const struct end_task *task = readings->task;
    enum ipc_role role = readings->role;
    struct control *control = task->control;
    int out = role == IPC_CLIENT ? 0 : 1;
    int in = task->transport->solo ? out : 1 - out;
    size_t reply_bytes = workload_reply_bytes(&task->plan, task->size_bytes);
    size_t out_bytes = role == IPC_CLIENT ? task->size_bytes : reply_bytes;
    size_t in_bytes = role == IPC_CLIENT ? reply_bytes : task->size_bytes;
    struct payload outgoing = {0}, incoming = {0};
    void *buffer = aligned_alloc(IPC_ALIGN, (in_bytes + IPC_ALIGN - 1) / IPC_ALIGN * IPC_ALIGN);
    int error = buffer == NULL ? -ENOMEM : 0;
    if (!error)
        error = payload_make(&outgoing, out_bytes, task->seed, out, task->verify_full);
    if (!error)
        error = payload_make(&incoming, in_bytes, task->seed, in, task->verify_full);
    struct workload workload = {.plan = &task->plan,
                                .clock = task->clock,
                                .end = end,
                                .messages = task->transport->messages[task->link->wait],
                                .in_place = task->transport->in_place[task->link->wait],
                                .outgoing = &outgoing,
                                .incoming = &incoming,
                                .buffer = buffer,
                                .turn = &control->turn,
                                .lossy = &control->lossy,
                                .histogram = &control->histogram,
                                .result = &control->result,
                                .mark = mark,
                                .rest = rest,
                                .context = readings};
    if (error) {
        end->fault.call = "malloc";
    } else {
        memset(buffer, 0, in_bytes);
        error = role == IPC_CLIENT ? workload_client(&workload) : workload_server(&workload);
    }
    payload_free(&incoming);
    payload_free(&outgoing);
    free(buffer);
    return error;
}

/* An end that shares its process with more of its kind has them in `crew`. */
static int work(const struct end_task *task, enum ipc_role role, struct ipc_end *end,
                struct crowd_crew *crew) {
    struct readings readings = {.task = task, .role = role, .report = &task->control->ends[role]};
    pid_t threads[COUNTERS_THREADS];
    readings.report->threads = counters_list_threads(threads);
    counters_open(&readings.counters, task->tracepoint);
    int error = crew ? crowd_work(crew, mark, &readings) : work_with_one(&readings, end);
    if (!error)
        counters_close(&readings.counters);
    return error;
}

static int attach(const struct end_task *task, enum ipc_role role, struct ipc_end *end,
                  struct crowd_crew **crew) {
    if (task->crowd)
        return crowd_attach(task, role, end, crew);
    return task->transport->attach ? task->transport->attach(end) : 0;
}

static int detach(const struct end_task *task, struct ipc_end *end, struct crowd_crew *crew) {
    if (crew)
        return crowd_detach(crew);
    return task->transport->detach ? task->transport->detach(end) : 0;
}

/* What the two CPUs can do at this moment; `when` 0: before the workload, 1: after it. */
static void calibrate(const struct end_task *task, enum ipc_role role, int when) {
    struct control *control = task->control;
    const int *cpus = task->cpus;
    bool apart = cpus[IPC_SERVER] >= 0 && cpus[IPC_SERVER] != cpus[IPC_CLIENT];
    if (role == IPC_CLIENT) {
        control->canary_ns[when] = canary_ns();
        control->bounce_ns[when] = NAN;
    }
    if (task->transport->solo || !apart)
        return;
    if (role == IPC_SERVER)
        bounce_answer(&control->bounces[when]);
    else
        control->bounce_ns[when] = bounce_time_ns(&control->bounces[when]);
}

/* The control block is mapped, but an end's own page table is still empty: fills it, so that the
 * histogram takes no page fault while it measures. */
static void warm_pages(struct control *control) {
    const volatile char *bytes = (const volatile char *)control;
    for (size_t at = 0; at < sizeof *control; at += 4096)
        (void)bytes[at];
}

static int live(const struct end_task *task, enum ipc_role role, struct ipc_end *end) {
    struct end_report *report = &task->control->ends[role];
    struct crowd_crew *crew = NULL;
    uint32_t all = task->transport->solo ? 1 : IPC_ROLES;
    int error = end_pin(task->cpus[role], &end->fault);
    privileges_drop_for_end();
    atomic_store(&report->stage, END_ATTACHING);
    if (!error)
        error = attach(task, role, end, &crew);
    if (error)
        return error;
    warm_pages(task->control);
    gate_pass(&task->control->ready, all);
    calibrate(task, role, 0);
    atomic_store(&report->stage, END_WARMING);
    error = work(task, role, end, crew);
    if (error)
        return error;
    gate_pass(&task->control->done, all);
    calibrate(task, role, 1);
    atomic_store(&report->stage, END_DETACHING);
    error = detach(task, end, crew);
    if (error)
        return error; /* the process ends; threads of the crew may still be in there */
    atomic_store(&report->stage, END_OVER);
    crowd_free(crew);
    return 0;
}

int end_run(const struct end_task *task, enum ipc_role role) {
    size_t room = (task->transport->end_bytes + IPC_ALIGN - 1) / IPC_ALIGN * IPC_ALIGN;
    struct ipc_end *end = aligned_alloc(IPC_ALIGN, room);
    if (end == NULL)
        return 1;
    memset(end, 0, room);
    end->link = task->link;
    end->role = role;
    end->note = note;
    end->notes = &task->control->ends[role];
    int error = live(task, role, end);
    if (error)
        task_blame(task->control, role, error, &end->fault);
    free(end);
    return error ? 1 : 0;
}
