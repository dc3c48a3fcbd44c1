/* SPDX-License-Identifier: MIT */
/*
 * show_rows.c - the table of columns for each kind of workload: its head, and what to write there.
 */
#include "report/show_rows.h"

#include "base/units.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define PAYLOAD_FROM_BYTES 1024 /* below, bytes a second say nothing that exchanges don't */
enum { MOST_COLUMNS = 11 };

/* ---- what stands in a column ---- */

static void add_ns(struct table *table, double ns) {
    char text[32];
    units_format_ns(ns, text, sizeof text);
    table_add(table, text);
}

static void add_per_second(struct table *table, double rate, const char *unit) {
    char number[32], text[40] = "-";
    units_format_rate(rate, number, sizeof number);
    if (isfinite(rate))
        (void)snprintf(text, sizeof text, "%s%s", number, unit);
    table_add(table, text);
}

/* Three figures at most: "1.4", "27". */
static void format_percent(double share, char *text, size_t room) {
    double percent = 100 * fabs(share);
    (void)snprintf(text, room, "%s%.*f", percent > 999 ? ">" : "", percent < 9.95 ? 1 : 0,
                   fmin(percent, 999));
}

/* A tilde marks a figure that is not known to the precision that was asked for. */
static void add_interval_of(struct table *table, double figure, double low, double high,
                            double precision) {
    char below[32], above[32], text[72] = "-";
    format_percent(low / figure - 1, below, sizeof below);
    format_percent(high / figure - 1, above, sizeof above);
    if (isfinite(low) && isfinite(high) && figure > 0)
        (void)snprintf(text, sizeof text, "-%s +%s%%%s", below, above,
                       high - low > 2 * precision * figure ? "~" : "");
    table_add(table, text);
}

static void add_name(struct table *table, const struct cell *cell) {
    char text[sizeof cell->transport + 1 + sizeof cell->knobs];
    (void)snprintf(text, sizeof text, "%s%s%s", cell->transport, cell->knobs[0] ? ":" : "",
                   cell->knobs);
    table_add(table, text);
}

/* Three digits or so: a few with two decimals, many without. */
static void add_number(struct table *table, double number) {
    char text[32] = "-";
    if (isfinite(number))
        (void)snprintf(text, sizeof text, "%.*f",
                       number < 9.995   ? 2
                       : number < 99.95 ? 1
                                        : 0,
                       number);
    table_add(table, text);
}

/* "1.15x", "9340x", ">9999x": beyond that the floor says nothing of what it costs. */
static void add_times(struct table *table, double times) {
    char text[32] = "-";
    if (isfinite(times))
        (void)snprintf(text, sizeof text,
                       times < 999.5    ? "%.3gx"
                       : times < 9999.5 ? "%.0fx"
                                        : ">9999x",
                       times);
    table_add(table, text);
}

static void add_trials(struct table *table, const struct cell_summary *cell) {
    char text[64];
    const char *star = cell->flagged > 0 ? "*" : "";
    if (cell->failed == 0)
        (void)snprintf(text, sizeof text, "%zu%s", cell->trials, star);
    else
        (void)snprintf(text, sizeof text, "%zu of %zu%s", cell->trials, cell->trials + cell->failed,
                       star);
    table_add(table, text);
}

/* ---- the columns ---- */

static void add_size(struct table *table, const struct cell_summary *cell, double precision) {
    char size[32];
    (void)precision;
    units_format_bytes(cell->cell.size_bytes, size, sizeof size);
    table_add(table, size);
}

static void add_transport(struct table *table, const struct cell_summary *cell, double precision) {
    (void)precision;
    add_name(table, &cell->cell);
}

static void add_p50(struct table *table, const struct cell_summary *cell, double precision) {
    (void)precision;
    add_ns(table, cell->p50_ns);
}

static void add_p50_interval(struct table *table, const struct cell_summary *cell,
                             double precision) {
    add_interval_of(table, cell->p50_ns, cell->p50_low_ns, cell->p50_high_ns, precision);
}

static void add_p99(struct table *table, const struct cell_summary *cell, double precision) {
    (void)precision;
    add_ns(table, cell->p99_ns);
}

static void add_floor(struct table *table, const struct cell_summary *cell, double precision) {
    (void)precision;
    add_times(table, cell->times_floor);
}

/* Round trips a second of small messages, bytes a second of large ones. */
static void add_rate(struct table *table, const struct cell_summary *cell, double precision) {
    bool bytes = cell->cell.size_bytes >= PAYLOAD_FROM_BYTES;
    (void)precision;
    add_per_second(table, bytes ? cell->bytes_per_second : cell->per_second, bytes ? "B/s" : "/s");
}

static void add_messages(struct table *table, const struct cell_summary *cell, double precision) {
    (void)precision;
    add_per_second(table, cell->per_second, "/s");
}

static void add_messages_interval(struct table *table, const struct cell_summary *cell,
                                  double precision) {
    add_interval_of(table, cell->per_second, cell->per_second_low, cell->per_second_high,
                    precision);
}

static void add_payload(struct table *table, const struct cell_summary *cell, double precision) {
    (void)precision;
    add_per_second(table, cell->bytes_per_second, "B/s");
}

static void add_cpu(struct table *table, const struct cell_summary *cell, double precision) {
    (void)precision;
    add_ns(table, cell->cpu_ns);
}

static void add_switches(struct table *table, const struct cell_summary *cell, double precision) {
    (void)precision;
    add_number(table, cell->switches);
}

static void add_calls(struct table *table, const struct cell_summary *cell, double precision) {
    (void)precision;
    add_number(table, cell->system_calls);
}

static void add_count(struct table *table, const struct cell_summary *cell, double precision) {
    (void)precision;
    add_trials(table, cell);
}

static void add_design(struct table *table, const struct cell_summary *cell, double precision) {
    (void)precision;
    table_add(table, cell->crowd.design);
}

static void add_fairness(struct table *table, const struct cell_summary *cell, double precision) {
    (void)precision;
    add_number(table, cell->crowd.fairness);
}

static void add_phase(struct table *table, const struct cell_summary *cell, int phase) {
    add_ns(table, cell->crowd.has_phases ? cell->crowd.phases[phase].p50_ns : NAN);
}

static void add_connect(struct table *table, const struct cell_summary *cell, double precision) {
    (void)precision;
    add_phase(table, cell, 0);
}

static void add_exchange(struct table *table, const struct cell_summary *cell, double precision) {
    (void)precision;
    add_phase(table, cell, 1);
}

static void add_close(struct table *table, const struct cell_summary *cell, double precision) {
    (void)precision;
    add_phase(table, cell, 2);
}

typedef void adder(struct table *table, const struct cell_summary *cell, double precision);

/* What a kind of workload shows. */
struct view {
    struct table_column heads[MOST_COLUMNS];
    adder *adders[MOST_COLUMNS]; /* one for each head */
    const char *legend;
};

/* Of closed and of open loops: what they show is the same, and means something else. */
#define ROUND_TRIP_COLUMNS                                                                   \
    .heads = {{"size", true}, {"transport", false}, {"p50", true},  {"interval", true},      \
              {"p99", true},  {"floor", true},      {"rate", true}, {"CPU", true},           \
              {"ctx", true},  {"calls", true},      {"n", true}},                            \
    .adders = {add_size, add_transport, add_p50,      add_p50_interval, add_p99,  add_floor, \
               add_rate, add_cpu,       add_switches, add_calls,        add_count}

static const struct view round_trips = {
    ROUND_TRIP_COLUMNS,
    .legend =
        "p50 and p99: a round trip, the median over trials; interval: of that p50, at 95%, a tilde "
        "where half of it is wider than --precision. floor: the mean as a multiple of what "
        "the CPUs allow at this wait (`ipcbench calibrate`). rate: from the mean of batches "
        "without time stamps, round trips or, from 1 KiB on, bytes of payload, both ways. "
        "CPU, ctx (context switches) and (system) calls: of both ends together, for each "
        "round trip. n: trials; a star where some were interfered with.",
};

static const struct view open_loops = {
    ROUND_TRIP_COLUMNS,
    .legend =
        "rate (open loops): p50 and p99: a request, from when it was due until its reply, queueing "
        "included, the median over trials; interval: of that p50, at 95%, a tilde where half of it "
        "is wider than --precision. floor: the mean of that time as a multiple of what the CPUs "
        "allow at this wait. rate: what was carried of the requests due, round trips or, from 1 "
        "KiB on, bytes of payload, both ways. CPU, ctx (context switches) and (system) calls: of "
        "both ends together, for each request, with the wait until it is due. n: trials; a star "
        "where some were interfered with.",
};

static const struct view streams = {
    .heads = {{"size", true},
              {"transport", false},
              {"rate", true},
              {"interval", true},
              {"payload", true},
              {"floor", true},
              {"CPU", true},
              {"ctx", true},
              {"calls", true},
              {"n", true}},
    .adders = {add_size, add_transport, add_messages, add_messages_interval, add_payload, add_floor,
               add_cpu, add_switches, add_calls, add_count},
    .legend =
        "stream: rate: messages received and verified, the median over trials; interval: of that "
        "rate, at 95%; payload: their bytes, one way. floor: the time of one message "
        "as a multiple of what the CPUs allow. CPU, ctx and calls: of both ends, for each "
        "message.",
};

static const struct view servers = {
    .heads = {{"size", true},
              {"transport", false},
              {"server", false},
              {"p50", true},
              {"interval", true},
              {"p99", true},
              {"rate", true},
              {"fair", true},
              {"CPU", true},
              {"ctx", true},
              {"n", true}},
    .adders = {add_size, add_transport, add_design, add_p50, add_p50_interval, add_p99,
               add_messages, add_fairness, add_cpu, add_switches, add_count},
    .legend =
        "serve: server: a thread or a process for each client, or one thread that watches all by "
        "select, poll, epoll or io_uring. p50 and p99: a round trip, of all clients' together; "
        "rate: "
        "round trips of all clients together; fair: Jain's index of what each client got, 1 when "
        "all "
        "got the same. CPU and ctx: of the server and all clients, for each round trip.",
};

static const struct view connections = {
    .heads = {{"size", true},
              {"transport", false},
              {"p50", true},
              {"interval", true},
              {"p99", true},
              {"connect", true},
              {"exchange", true},
              {"close", true},
              {"rate", true},
              {"CPU", true},
              {"n", true}},
    .adders = {add_size, add_transport, add_p50, add_p50_interval, add_p99, add_connect,
               add_exchange, add_close, add_messages, add_cpu, add_count},
    .legend = "connect: p50 and p99: a connection from socket to close, with one exchange; "
              "connect, exchange "
              "and close: the p50 of each part, as the client sees it; rate: connections. CPU: of "
              "both ends, "
              "for each connection.",
};

static const struct view *const views[WORKLOAD_KINDS] = {
    [WORKLOAD_PINGPONG] = &round_trips, [WORKLOAD_RATE] = &open_loops,
    [WORKLOAD_TWICE] = &round_trips,    [WORKLOAD_STREAM] = &streams,
    [WORKLOAD_SERVE] = &servers,        [WORKLOAD_CONNECT] = &connections};

static const struct view *view_of(const struct cell *cell) {
    return views[workload_spec_kind(cell->workload)];
}

void show_rows_heading(const struct cell *cell, char heading[WORKLOAD_SPEC_BYTES]) {
    bool designs = view_of(cell) == &servers;
    size_t length = strcspn(cell->workload, designs ? "," : "");
    (void)snprintf(heading, WORKLOAD_SPEC_BYTES, "%.*s", (int)length, cell->workload);
}

static size_t columns_of(const struct view *view) {
    size_t count = 0;
    while (count < MOST_COLUMNS && view->adders[count] != NULL)
        count++;
    return count;
}

void show_rows_begin(struct table *table, const struct cell *like) {
    table_init(table, view_of(like)->heads, columns_of(view_of(like)));
}

void show_rows_add(struct table *table, const struct cell_summary *cell, double precision) {
    const struct view *view = view_of(&cell->cell);
    for (size_t i = 0; i < columns_of(view); i++)
        view->adders[i](table, cell, precision);
}

double show_rows_rank(const struct cell_summary *cell) {
    return view_of(&cell->cell) == &streams ? cell->mean_ns : cell->p50_ns;
}

static bool shows(const struct view *view, const struct cell_summary *const *cells, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (view_of(&cells[i]->cell) == view)
            return true;
    return false;
}

void show_rows_legend(FILE *to, const struct cell_summary *const *cells, size_t count) {
    static const struct view *const all[] = {&round_trips, &open_loops, &streams, &servers,
                                             &connections};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!shows(all[i], cells, count))
            continue;
        (void)fputc('\n', to);
        table_wrap(to, "", "", all[i]->legend);
    }
}
