/* SPDX-License-Identifier: MIT */
/*
 * outcome.c - judges and records what both ends left in the control block.
 */
#include "trial/outcome.h"

#include "stats/histlog.h"
#include "trial/interference.h"
#include "trial/outcome_crowd.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static const char *const role_names[IPC_ROLES] = {"server", "client"};

static const char *stage_of(const struct end_task *task, int role) {
    return task_stages[atomic_load(&task->control->ends[role].stage)];
}

static void judge_fault(const struct end_task *task, int role, struct record *record) {
    const struct end_report *report = &task->control->ends[role];
    bool payload = report->error == -EBADMSG;
    record_conclude(record, RECORD_FAILED, "%s: the %s failed %s in %s: %s%s%s",
                    record->cell.transport, role_names[role], stage_of(task, role), report->call,
                    payload ? report->detail : strerror(-report->error),
                    !payload && report->detail[0] ? "; " : "", payload ? "" : report->detail);
}

/* An end that was killed by somebody else, or crashed. Its peer's failure is what follows from
 * that. */
static bool judge_signal(const struct end_task *task, const struct supervision *supervision,
                         int role, struct record *record) {
    int status = supervision->status[role];
    if (!WIFSIGNALED(status) || supervision->killed[role])
        return false;
    record_conclude(record, RECORD_FAILED, "%s: the %s was killed by signal %d (%s) %s",
                    record->cell.transport, role_names[role], WTERMSIG(status),
                    strsignal(WTERMSIG(status)), stage_of(task, role));
    return true;
}

/* An end that exited without a word before its work was over. */
static bool judge_exit(const struct end_task *task, const struct supervision *supervision, int role,
                       struct record *record) {
    int status = supervision->status[role];
    if (!WIFEXITED(status) || atomic_load(&task->control->ends[role].stage) == END_OVER)
        return false;
    record_conclude(record, RECORD_FAILED, "%s: the %s exited with %d %s", record->cell.transport,
                    role_names[role], WEXITSTATUS(status), stage_of(task, role));
    return true;
}

static int first_role(const struct end_task *task) {
    return task->transport->solo ? IPC_CLIENT : IPC_SERVER;
}

static void judge_placement(const struct end_task *task, struct record *record) {
    for (int role = first_role(task); role < IPC_ROLES; role++) {
        const struct end_report *report = &task->control->ends[role];
        int cpu = task->cpus[role];
        if (cpu >= 0 && (report->before.cpu != cpu || report->after.cpu != cpu))
            record_conclude(
                record, RECORD_FAILED,
                "%s: the %s was pinned to CPU %d but ran on CPU %d at the start and on CPU "
                "%d at the end",
                record->cell.transport, role_names[role], cpu, report->before.cpu,
                report->after.cpu);
    }
}

static void judge_lateness(const struct end_task *task, uint64_t deadline_ns,
                           struct record *record) {
    record_conclude(
        record, RECORD_FAILED,
        "%s: not done after %g s: the server stood %s, the client %s; both were killed; a "
        "longer --deadline gives it more time",
        record->cell.transport, (double)deadline_ns / 1e9, stage_of(task, IPC_SERVER),
        stage_of(task, IPC_CLIENT));
}

void outcome_judge(const struct end_task *task, const struct supervision *supervision,
                   uint64_t deadline_ns, struct record *record) {
    int failed = atomic_load(&task->control->first_failed);
    for (int role = first_role(task); role < IPC_ROLES; role++)
        if (judge_signal(task, supervision, role, record))
            return;
    if (failed) {
        judge_fault(task, failed - 1, record);
        return;
    }
    for (int role = first_role(task); role < IPC_ROLES; role++)
        if (judge_exit(task, supervision, role, record))
            return;
    if (supervision->timed_out)
        judge_lateness(task, deadline_ns, record);
    else
        judge_placement(task, record);
}

static double difference(int64_t before, int64_t after) {
    return before < 0 || after < 0 ? NAN : (double)(after - before);
}

static void record_end_usage(const struct end_report *report, struct record_end *end) {
    const struct usage *b = &report->before, *a = &report->after;
    end->user_ns = difference(b->user_ns, a->user_ns);
    end->system_ns = difference(b->system_ns, a->system_ns);
    end->voluntary_switches = difference(b->voluntary_switches, a->voluntary_switches);
    end->involuntary_switches = difference(b->involuntary_switches, a->involuntary_switches);
    end->minor_faults = difference(b->minor_faults, a->minor_faults);
    end->major_faults = difference(b->major_faults, a->major_faults);
    end->migrations = difference(b->migrations, a->migrations);
    end->run_wait_ns = difference(b->run_wait_ns, a->run_wait_ns);
    end->first_cpu = b->cpu;
    end->last_cpu = a->cpu;
}

static double carried(const struct histogram *histogram, double percent) {
    return histogram_carries(histogram, percent) ? (double)histogram_percentile(histogram, percent)
                                                 : NAN;
}

void outcome_latency(const struct histogram *h, struct record *r) {
    r->stamped_mean_ns = histogram_mean(h);
    r->min_ns = (double)h->min_ns;
    r->max_ns = (double)h->max_ns;
    r->p50_ns = carried(h, 50);
    r->p90_ns = carried(h, 90);
    r->p99_ns = carried(h, 99);
    r->p999_ns = carried(h, 99.9);
}

/* What was stamped one by one; a stream's messages aren't. 0 or -ENOMEM. */
static int record_latency(const struct histogram *h, struct record *r) {
    if (h->total == 0)
        return 0;
    outcome_latency(h, r);
    r->histogram = histlog_encode(h);
    return r->histogram ? 0 : -ENOMEM;
}

/* Messages of one exchange. */
static double messages_of(enum workload_kind kind) {
    return kind == WORKLOAD_STREAM ? 1 : kind == WORKLOAD_TWICE ? 3 : 2;
}

/* Where requests had their times, or several were under way, their number says nothing of how long
 * each took. */
static void record_throughput(const struct end_task *task, struct record *r) {
    const struct workload_result *result = &task->control->result;
    bool open = task->plan.kind == WORKLOAD_RATE || task->crowd != NULL;
    r->mean_ns = result->unstamped ? (double)result->batches_ns / (double)result->unstamped
                                   : r->stamped_mean_ns;
    r->per_second = open ? r->exchanges * 1e9 / (double)result->measured_ns : 1e9 / r->mean_ns;
    r->bytes_per_second = r->per_second * messages_of(task->plan.kind) * (double)r->cell.size_bytes;
}

/* A counter of both ends, for each exchange; `own`: what reading it added at each end. */
static double counted(const struct end_task *task, enum counter counter, double own,
                      double exchanges) {
    double sum = 0;
    for (int role = first_role(task); role < IPC_ROLES; role++) {
        const struct end_report *report = &task->control->ends[role];
        sum += difference(report->counted_before[counter], report->counted_after[counter]) - own;
    }
    return sum / exchanges;
}

/* The tracer follows an end's first thread only: what others did it can't tell. */
static double traced(const struct end_task *task, double exchanges) {
    double sum = 0;
    for (int role = first_role(task); role < IPC_ROLES; role++) {
        const struct end_report *report = &task->control->ends[role];
        sum += report->threads == 1 ? difference(0, report->traced_calls) : NAN;
    }
    return sum / exchanges;
}

static void record_system_calls(const struct end_task *task, double exchanges, struct record *r) {
    double by_tracepoint = counted(task, COUNTER_SYSTEM_CALLS, 1, exchanges);
    bool by_ptrace = isnan(by_tracepoint);
    r->system_calls = by_ptrace ? traced(task, exchanges) : by_tracepoint;
    if (!isnan(r->system_calls))
        record_add_fact(r->facts, &r->fact_count, "system_calls_by",
                        by_ptrace ? "ptrace" : "tracepoint");
}

/* All that ran between the two marks. */
static double exchanges_between(const struct end_task *task, const struct record *r) {
    return r->exchanges + WORKLOAD_UNCOUNTED * (task->crowd ? (double)task->plan.clients : 1);
}

static void record_counters(const struct end_task *task, struct record *r) {
    double exchanges = exchanges_between(task, r);
    record_system_calls(task, exchanges, r);
    r->instructions = counted(task, COUNTER_INSTRUCTIONS, 0, exchanges);
    r->cycles = counted(task, COUNTER_CYCLES, 0, exchanges);
    r->cache_misses = counted(task, COUNTER_CACHE_MISSES, 0, exchanges);
}

static void record_surroundings(const struct control *control, struct record *r) {
    r->bounce_before_ns = control->bounce_ns[0];
    r->bounce_after_ns = control->bounce_ns[1];
    r->canary_before_ns = control->canary_ns[0];
    r->canary_after_ns = control->canary_ns[1];
}

/* What an open loop offered, and what of it never left: the rate is beyond what the cell carries.
 */
static void record_offer(const struct end_task *task, struct record *r) {
    char text[32];
    if (task->plan.kind != WORKLOAD_RATE)
        return;
    (void)snprintf(text, sizeof text, "%.0f", 1e9 / task->plan.gap_ns);
    record_add_fact(r->facts, &r->fact_count, "offered_per_second", text);
    (void)snprintf(text, sizeof text, "%" PRIu64, task->control->result.unsent);
    record_add_fact(r->facts, &r->fact_count, "unsent", text);
}

static void record_cost(const struct end_task *task, struct record *r) {
    const struct end_report *client = &task->control->ends[IPC_CLIENT];
    double used = 0;
    for (int role = first_role(task); role < IPC_ROLES; role++) {
        record_end_usage(&task->control->ends[role], &r->ends[role]);
        used += r->ends[role].user_ns + r->ends[role].system_ns;
    }
    r->cpu_ns = used / exchanges_between(task, r);
    r->steal_ns = difference(client->before.steal_ns, client->after.steal_ns);
}

static bool has_note(const struct end_report *report, const struct record_fact *fact) {
    for (size_t i = 0; i < report->note_count; i++)
        if (strcmp(report->notes[i].name, fact->name) == 0 &&
            strcmp(report->notes[i].value, fact->value) == 0)
            return true;
    return false;
}

/* A note that both ends make alike is one fact; else each says whose it is. */
void outcome_note(const struct control *control, struct record *record) {
    char name[64];
    for (int role = 0; role < IPC_ROLES; role++) {
        const struct end_report *mine = &control->ends[role];
        const struct end_report *other = &control->ends[!role];
        for (size_t i = 0; i < mine->note_count; i++) {
            const struct record_fact *fact = &mine->notes[i];
            bool alike = has_note(other, fact);
            (void)snprintf(name, sizeof name, "%s.%s", role_names[role], fact->name);
            if (!alike || role == 0)
                record_add_fact(record->facts, &record->fact_count, alike ? fact->name : name,
                                fact->value);
        }
    }
}

int outcome_measured(const struct end_task *task, struct record *r) {
    const struct workload_result *result = &task->control->result;
    if (task->crowd)
        outcome_crowd_close(task);
    r->exchanges = (double)(result->stamped + result->unstamped);
    r->stamped = (double)result->stamped;
    r->warmup_exchanges = (double)result->warmup_exchanges;
    r->warmup_ns = (double)result->warmup_ns;
    r->duration_ns = (double)result->measured_ns;
    if (task->plan.lossy)
        r->lost = (double)result->lost;
    int error = record_latency(&task->control->histogram, r);
    record_throughput(task, r);
    record_offer(task, r);
    if (task->crowd)
        outcome_crowd_record(task, r);
    record_cost(task, r);
    record_counters(task, r);
    record_surroundings(task->control, r);
    interference_flag(r);
    return error;
}
