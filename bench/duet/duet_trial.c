/* SPDX-License-Identifier: MIT */
/*
 * duet_trial.c - the parent of a duet's trial: loads both builds, makes a link of each, lets two
 * ends play on both, and takes what they found.
 */
#include "duet/duet_trial.h"

#include "base/stop.h"
#include "duet/duet_load.h"
#include "host/floor.h"
#include "host/surroundings.h"
#include "plugin/knobs.h"
#include "trial/outcome.h"
#include "trial/supervise.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct scene {
    const struct duet_request *request;
    struct duet_load loads[DUET_SIDES];
    struct duet_task task;
    struct record record; /* for what outcome.h judges: status and reason */
    struct clock clock;
    struct surroundings surroundings[DUET_SIDES];
    unsigned needs;
    pid_t holder; /* whose number the second link's names bear */
    bool set_up[DUET_SIDES];
    struct stop stop;
    struct supervision supervision;
};

static const struct ipc_transport *transport_of(const struct scene *s, unsigned side) {
    return s->task.transports[side];
}

/* ---- what both builds must agree on ---- */

static bool applicable(struct scene *s) {
    const struct cell *cell = &s->request->cell;
    for (unsigned side = 0; side < DUET_SIDES; side++) {
        const struct ipc_transport *t = transport_of(s, side);
        if (t->messages[cell->wait] == NULL)
            record_conclude(&s->record, RECORD_NOT_APPLICABLE, "the %s's %s can't %s",
                            duet_sides[side], cell->transport, cell_waits[cell->wait]);
        else if (t->max_bytes && cell->size_bytes > t->max_bytes)
            record_conclude(&s->record, RECORD_NOT_APPLICABLE,
                            "the %s's %s carries at most %zu bytes", duet_sides[side],
                            cell->transport, t->max_bytes);
        else if (t->apart)
            record_conclude(
                &s->record, RECORD_NOT_APPLICABLE,
                "the library of %s keeps its state by process, so that no client can hold "
                "a link of both builds",
                cell->transport);
    }
    if (transport_of(s, DUET_BASE)->solo != transport_of(s, DUET_HEAD)->solo)
        record_conclude(&s->record, RECORD_NOT_APPLICABLE, "only one build of %s has a server",
                        cell->transport);
    return s->record.status == RECORD_OK;
}

/* ---- memory ---- */

static void *map_shared(size_t bytes) {
    void *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static int allocate(struct scene *s) {
    s->task.task.control = map_shared(sizeof *s->task.task.control);
    s->task.shared = map_shared(sizeof *s->task.shared);
    if (s->task.task.control == NULL || s->task.shared == NULL)
        return -ENOMEM;
    for (unsigned i = 0; i < DUET_SIDES; i++) {
        unsigned side = s->request->plan.first ^ i;
        size_t room = (transport_of(s, side)->link_bytes + IPC_ALIGN - 1) / IPC_ALIGN * IPC_ALIGN;
        s->task.links[side] = aligned_alloc(IPC_ALIGN, room);
        if (s->task.links[side] == NULL)
            return -ENOMEM;
        memset(s->task.links[side], 0, room);
        atomic_init(&s->task.shared->signs.sides[side].turn, UINT64_MAX);
    }
    return 0;
}

static void release(struct scene *s) {
    if (s->task.task.control != NULL)
        (void)munmap(s->task.task.control, sizeof *s->task.task.control);
    if (s->task.shared != NULL)
        (void)munmap(s->task.shared, sizeof *s->task.shared);
    for (unsigned side = 0; side < DUET_SIDES; side++)
        free(s->task.links[side]);
}

/* ---- surroundings: one set of namespaces, a name and a folder for each link ---- */

/* A name holds the number of a process that lives as long as the trial, and SysV keys are made of
 * that number: so the second link's name is that of a process which does nothing. */
static int start_holder(struct scene *s) {
    pid_t parent = getpid();
    s->holder = fork();
    if (s->holder == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == parent)
            (void)pause();
        _exit(0);
    }
    return s->holder < 0 ? -errno : 0;
}

static void end_holder(const struct scene *s) {
    if (s->holder <= 0)
        return;
    (void)kill(s->holder, SIGKILL);
    while (waitpid(s->holder, NULL, 0) < 0 && errno == EINTR)
        continue;
}

static int make_second(struct scene *s, struct problem *problem) {
    const struct surroundings *one = &s->surroundings[0];
    struct surroundings *two = &s->surroundings[1];
    int error = start_holder(s);
    if (error)
        return problem_set(problem, -error, "can't start a process: %s", strerror(-error));
    *two = (struct surroundings){.folder = {.path = ""}};
    (void)snprintf(two->name, sizeof two->name, "ipcbench-%d%s", (int)s->holder,
                   strrchr(one->name, '-'));
    if ((s->needs & IPC_FOLDER) == 0)
        return 0;
    error = folder_make(&two->folder, s->needs & IPC_MOUNTS ? "/tmp" : folder_base(), two->name);
    return error ? problem_set(problem, -error, "can't make a folder for the second link: %s",
                               strerror(-error))
                 : 0;
}

static bool enter_surroundings(struct scene *s) {
    struct problem problem = {""};
    s->needs = transport_of(s, DUET_BASE)->needs | transport_of(s, DUET_HEAD)->needs;
    int error = surroundings_enter(s->needs, s->request->net, &s->surroundings[0], &problem);
    if (!error)
        error = make_second(s, &problem);
    if (error)
        record_conclude(&s->record, error == -EOPNOTSUPP ? RECORD_SKIPPED : RECORD_FAILED, "%s: %s",
                        s->request->cell.transport, problem.text);
    return error == 0;
}

static void leave_surroundings(struct scene *s) {
    if (s->surroundings[1].folder.path[0] != '\0')
        folder_remove(&s->surroundings[1].folder);
    surroundings_leave(&s->surroundings[0]);
    end_holder(s);
}

static void ignore(void *notes, const char *name, const char *value) {
    (void)notes;
    (void)name;
    (void)value;
}

/* `place`: which of the two surroundings; the network is that of both. */
static void fill_link(struct scene *s, unsigned side, int place) {
    struct ipc_link *link = s->task.links[side];
    surroundings_give(&s->surroundings[place], transport_of(s, side)->needs, link);
    if (link->network != NULL)
        link->network = &s->surroundings[0].network.for_transport;
    link->wait = s->request->cell.wait;
    link->max_bytes = s->request->cell.size_bytes;
    link->note = ignore;
}

static bool measure_budget(struct scene *s) {
    struct problem problem = {""};
    double ns = 0;
    if (s->request->cell.wait != IPC_PARK)
        return true;
    if (floor_wakeup(s->request->placement.server_cpu, s->request->placement.client_cpu, &ns,
                     &problem) < 0) {
        record_conclude(&s->record, RECORD_FAILED, "%s: %s", s->request->cell.transport,
                        problem.text);
        return false;
    }
    for (unsigned side = 0; side < DUET_SIDES; side++)
        s->task.links[side]->spin_budget_ns = (uint64_t)ns;
    return true;
}

static bool blame(struct scene *s, unsigned side, enum record_status status, const char *what,
                  int error) {
    const struct ipc_fault *fault = &s->task.links[side]->fault;
    record_conclude(&s->record, status, "%s of the %s: %s failed in %s: %s%s%s",
                    s->request->cell.transport, duet_sides[side], what,
                    fault->call ? fault->call : "an unnamed call", strerror(-error),
                    fault->detail[0] ? "; " : "", fault->detail);
    return false;
}

static bool set_up(struct scene *s, unsigned side) {
    const struct ipc_transport *t = transport_of(s, side);
    struct ipc_link *link = s->task.links[side];
    int error = t->probe ? t->probe(link) : 0;
    if (error)
        return blame(s, side, RECORD_SKIPPED, "probe", error);
    size_t limit = t->limit ? t->limit(link) : 0;
    if (limit > 0 && link->max_bytes > limit) {
        record_conclude(&s->record, RECORD_NOT_APPLICABLE,
                        "the %s's %s carries at most %zu bytes here", duet_sides[side],
                        s->request->cell.transport, limit);
        return false;
    }
    s->set_up[side] = true; /* cleanup is owed also when setup fails half way */
    error = t->setup(link);
    return error ? blame(s, side, RECORD_FAILED, "setup", error) : true;
}

static bool prepare(struct scene *s) {
    if (!enter_surroundings(s))
        return false;
    for (unsigned i = 0; i < DUET_SIDES; i++)
        fill_link(s, s->request->plan.first ^ i, (int)i);
    if (!measure_budget(s))
        return false;
    bool ready = set_up(s, s->request->plan.first);
    return ready && set_up(s, !s->request->plan.first);
}

/* ---- the trial ---- */

static int apply_knobs(const struct scene *s, struct problem *problem) {
    int error = 0;
    for (unsigned side = 0; side < DUET_SIDES && error == 0; side++)
        error = knobs_apply(transport_of(s, side), s->loads[side].preset_knobs,
                            s->request->cell.knobs, s->task.links[side], problem);
    return error;
}

static void describe_task(struct scene *s) {
    const struct duet_request *r = s->request;
    s->task.plan = r->plan;
    s->task.task = (struct end_task){
        .transport = s->task.transports[DUET_BASE],
        .link = s->task.links[DUET_BASE],
        .control = s->task.task.control,
        .clock = &s->clock,
        .size_bytes = r->cell.size_bytes,
        .seed = r->seed,
        .tracepoint = COUNTERS_NO_TRACEPOINT,
        .cpus = {[IPC_SERVER] = r->placement.server_cpu, [IPC_CLIENT] = r->placement.client_cpu},
        .run = duet_end_run};
}

static void run_ends(struct scene *s) {
    int error = supervise_ends(&s->task.task, s->request->deadline_ns, s->stop.fd, &s->supervision);
    if (error)
        record_conclude(&s->record, RECORD_FAILED, "%s: can't start a process for an end: %s",
                        s->request->cell.transport, strerror(-error));
    else
        outcome_judge(&s->task.task, &s->supervision, s->request->deadline_ns, &s->record);
}

static int take_samples(struct scene *s, struct duet_trial *trial) {
    const struct workload_duet_result *result = &s->task.shared->result;
    uint32_t *scratch = calloc(2 * (size_t)result->spans + 1, sizeof *scratch);
    if (scratch == NULL)
        return -ENOMEM;
    trial->per_stamp = result->per_stamp;
    trial->slices = result->slices;
    duet_sample_take(result, s->request->plan.first, s->clock.ns_per_tick, scratch, trial->sides);
    for (int i = 0; i < DUET_STATISTICS; i++)
        trial->log_ratios[i] = duet_sample_log_ratio(result, s->request->plan.first,
                                                     (enum duet_statistic)i, trial->sides, scratch);
    free(scratch);
    return 0;
}

/* From the links to their cleanup; every way out passes the cleanup. */
static int run_linked(struct scene *s, struct duet_trial *trial) {
    describe_task(s);
    bool ready = prepare(s);
    if (ready)
        run_ends(s);
    for (unsigned side = 0; side < DUET_SIDES; side++)
        if (s->set_up[side])
            transport_of(s, side)->cleanup(s->task.links[side]);
    leave_surroundings(s);
    bool measured = ready && !s->supervision.interrupted && s->record.status == RECORD_OK;
    return measured ? take_samples(s, trial) : 0;
}

static int run_loaded(struct scene *s, struct duet_trial *trial, struct problem *problem) {
    for (unsigned side = 0; side < DUET_SIDES; side++)
        s->task.transports[side] = s->loads[side].transport;
    if (!applicable(s))
        return 0;
    int error = stop_catch(&s->stop, problem);
    if (error)
        return error;
    clock_calibrate(&s->clock);
    error = allocate(s);
    if (error)
        (void)problem_set(problem, -error, "no memory for a trial");
    else
        error = apply_knobs(s, problem);
    if (!error && (error = run_linked(s, trial)) != 0)
        (void)problem_set(problem, -error, "no memory for the spans of a trial");
    stop_release(&s->stop);
    if (s->supervision.interrupted)
        return problem_set(problem, EINTR, "interrupted; the trial was not finished");
    return error;
}

static void begin(const struct duet_request *request, struct scene *s, struct duet_trial *trial) {
    *trial = (struct duet_trial){
        .seed = request->seed, .first = request->plan.first, .log_ratios = {NAN, NAN, NAN}};
    for (int side = 0; side < DUET_SIDES; side++)
        trial->sides[side] = (struct duet_sample){NAN, {NAN, NAN, NAN}};
    cell_format(&request->cell, trial->key);
    record_init(&s->record);
    s->record.cell = request->cell;
}

int duet_trial_run(const struct duet_request *request, struct duet_trial *trial,
                   struct problem *problem) {
    struct scene s = {.request = request};
    begin(request, &s, trial);
    int error = duet_load(request->folders, request->cell.transport, s.loads, problem);
    if (error)
        return error;
    error = run_loaded(&s, trial, problem);
    release(&s);
    duet_unload(s.loads);
    trial->status = s.record.status;
    memcpy(trial->why, s.record.why, sizeof trial->why);
    return error;
}
