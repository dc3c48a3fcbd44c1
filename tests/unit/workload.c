/* SPDX-License-Identifier: MIT */
/*
 * workload.c (test) - the ping-pong on a clock that the test advances: known delays come back
 * exactly, counts are exact, and each fault of a transport ends the workload with its name.
 */
#include "trial/workload.h"

#include "within.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
// cmocka.h needs the headers above
#include <cmocka.h>

enum { BYTES = 64, ROUND_TRIP_NS = 100 };

/* A client that talks to itself, in a time of its own. */
struct fake {
    struct ipc_end base;
    uint64_t now_ns;
    uint64_t delay_ns, one_in; /* added to one exchange in so many */
    uint64_t sends, receives;
    uint64_t damage_at, error_at; /* exchange; 0: never */
    unsigned char kept[BYTES];
};

static int fake_send(struct ipc_end *end, const void *message, size_t bytes) {
    struct fake *fake = (struct fake *)end;
    fake->sends++;
    if (fake->sends - 1 == fake->error_at && fake->error_at) {
        end->fault.call = "fake_send";
        return -EIO;
    }
    memcpy(fake->kept, message, bytes);
    return 0;
}

static int fake_recv(struct ipc_end *end, void *message, size_t bytes) {
    struct fake *fake = (struct fake *)end;
    fake->now_ns += ROUND_TRIP_NS;
    if (fake->one_in && fake->receives % fake->one_in == 0)
        fake->now_ns += fake->delay_ns;
    memcpy(message, fake->kept, bytes);
    if (fake->receives == fake->damage_at && fake->damage_at)
        ((unsigned char *)message)[33] ^= 1;
    fake->receives++;
    return 0;
}

static const struct ipc_messages fake_messages = {fake_send, fake_recv};

struct marks {
    uint64_t *now_ns;
    const uint64_t *sends;
    uint64_t at[2], at_ns[2];
    int count;
};

static void mark(void *context, enum workload_mark when) {
    struct marks *marks = context;
    assert_int_equal((int)when, marks->count);
    marks->at_ns[marks->count] = marks->now_ns ? *marks->now_ns : 0;
    marks->at[marks->count++] = marks->sends ? *marks->sends : 0;
}

/* Time passes as fast as it is waited for. */
static void rest(void *context, uint64_t ns) {
    *((struct marks *)context)->now_ns += ns;
}

struct bench {
    struct fake fake;
    struct payload outgoing, incoming;
    unsigned char buffer[BYTES];
    _Atomic uint64_t turn;
    struct clock clock;
    struct histogram *histogram;
    struct workload_result result;
    struct marks marks;
    struct workload workload;
};

static struct bench *bench_new(const struct workload_plan *plan) {
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->histogram = calloc(1, sizeof *b->histogram);
    assert_non_null(b->histogram);
    assert_int_equal(payload_make(&b->outgoing, BYTES, 1, 0, false), 0);
    assert_int_equal(payload_make(&b->incoming, BYTES, 1, 0, false), 0);
    b->turn = UINT64_MAX;
    b->clock = (struct clock){
        .source = CLOCK_MANUAL, .manual = &b->fake.now_ns, .ns_per_tick = 1, .hz = 1e9};
    b->marks.sends = &b->fake.sends;
    b->marks.now_ns = &b->fake.now_ns;
    b->workload = (struct workload){.plan = plan,
                                    .clock = &b->clock,
                                    .end = &b->fake.base,
                                    .messages = &fake_messages,
                                    .outgoing = &b->outgoing,
                                    .incoming = &b->incoming,
                                    .buffer = b->buffer,
                                    .turn = &b->turn,
                                    .histogram = b->histogram,
                                    .result = &b->result,
                                    .mark = mark,
                                    .rest = rest,
                                    .context = &b->marks};
    return b;
}

static void bench_free(struct bench *b) {
    payload_free(&b->outgoing);
    payload_free(&b->incoming);
    free(b->histogram);
    free(b);
}

static const struct workload_plan counted = {.exchanges = 10000, .warmup_exchanges = 500};

static void test_counts_are_exact(void **state) {
    (void)state;
    struct bench *b = bench_new(&counted);
    assert_int_equal(workload_client(&b->workload), 0);
    assert_int_equal(b->result.stamped + b->result.unstamped, 10000);
    assert_int_equal(b->histogram->total, b->result.stamped);
    assert_within(b->result.unstamped, 2000, 2500);
    assert_int_equal(b->result.warmup_exchanges, 500);
    /* warm-up, its closing exchange, settling, measured, closing */
    assert_int_equal(b->fake.sends, 500 + 1 + 1 + 10000 + 1);
    assert_int_equal(b->marks.at[0], 501);
    assert_int_equal(b->marks.at[1] - b->marks.at[0], 10000 + WORKLOAD_UNCOUNTED);
    bench_free(b);
}

static void check_known_delay(uint64_t delay_ns) {
    struct bench *b = bench_new(&counted);
    b->fake.delay_ns = delay_ns;
    b->fake.one_in = 1;
    assert_int_equal(workload_client(&b->workload), 0);
    uint64_t expected = ROUND_TRIP_NS + delay_ns;
    assert_int_equal(b->histogram->min_ns, expected);
    assert_int_equal(b->histogram->max_ns, expected);
    assert_int_equal(histogram_percentile(b->histogram, 50), expected);
    assert_int_equal(b->result.batches_ns, b->result.unstamped * expected);
    assert_int_equal(b->result.measured_ns, 10000 * expected);
    bench_free(b);
}

static void test_known_delays_come_back(void **state) {
    (void)state;
    check_known_delay(0);
    check_known_delay(200);
    check_known_delay(1000);
}

static void test_rare_delay_shows_in_the_tail_only(void **state) {
    (void)state;
    struct bench *b = bench_new(&counted);
    b->fake.delay_ns = 1000000;
    b->fake.one_in = 100;
    assert_int_equal(workload_client(&b->workload), 0);
    uint64_t slow = b->histogram->counts[histogram_index(1000000 + ROUND_TRIP_NS)];
    uint64_t fast = b->histogram->counts[histogram_index(ROUND_TRIP_NS)];
    assert_int_equal(slow + fast, b->result.stamped);
    assert_within(slow, b->result.stamped / 100 - 30, b->result.stamped / 100 + 30);
    assert_int_equal(histogram_percentile(b->histogram, 50), ROUND_TRIP_NS);
    assert_true(histogram_percentile(b->histogram, 99.9) >= 1000000);
    bench_free(b);
}

enum { GAP_NS = 1000000, STALL_NS = 5000000 };

static const struct workload_plan open_plan = {
    .kind = WORKLOAD_RATE, .exchanges = 10000, .warmup_exchanges = 98, .gap_ns = GAP_NS};

static uint64_t count_of(const struct bench *b, uint64_t ns) {
    return b->histogram->counts[histogram_index(ns)];
}

static void test_open_loop_without_stalls_is_the_round_trip(void **state) {
    (void)state;
    struct bench *b = bench_new(&open_plan);
    assert_int_equal(workload_client(&b->workload), 0);
    assert_int_equal(b->result.stamped, 10000);
    assert_int_equal(count_of(b, ROUND_TRIP_NS), 10000);
    assert_int_equal(b->result.measured_ns, 10000 * (uint64_t)GAP_NS + ROUND_TRIP_NS);
    assert_int_equal(b->result.unsent, 0);
    uint64_t gaps = 10000 + WORKLOAD_UNCOUNTED; /* between the marks: as many as exchanges */
    assert_int_equal(b->marks.at_ns[1] - b->marks.at_ns[0], gaps * GAP_NS + 3 * ROUND_TRIP_NS);
    bench_free(b);
}

/* A server that stalls for 5 ms in 1 of 100 exchanges, asked once each ms: the request that meets
 * the stall takes 5 ms and a round trip; the five that come due meanwhile wait for what is left of
 * it, and for the round trips of those before them. A closed loop sees only the first of the six.
 */
static void test_open_loop_shows_a_planted_stall(void **state) {
    (void)state;
    struct bench *b = bench_new(&open_plan);
    b->fake.delay_ns = STALL_NS;
    b->fake.one_in = 100;
    assert_int_equal(workload_client(&b->workload), 0);
    for (uint64_t behind = 0; behind <= 5; behind++) {
        uint64_t ns = STALL_NS - behind * GAP_NS + (behind + 1) * ROUND_TRIP_NS;
        assert_int_equal(count_of(b, ns), 100);
    }
    assert_int_equal(count_of(b, ROUND_TRIP_NS), 10000 - 600);
    assert_int_equal(histogram_percentile(b->histogram, 50), ROUND_TRIP_NS);
    assert_int_equal(histogram_index(histogram_percentile(b->histogram, 99)),
                     histogram_index(STALL_NS - GAP_NS + 2 * ROUND_TRIP_NS));
    bench_free(b);
}

/* The same stalls, met by requests that each wait for the reply before: one in 100 is slow, so that
 * p99 is a plain round trip, where the open loop's is 4 ms. */
static void test_a_closed_loop_hides_a_planted_stall(void **state) {
    (void)state;
    struct bench *b = bench_new(&counted);
    b->fake.delay_ns = STALL_NS;
    b->fake.one_in = 101;
    assert_int_equal(workload_client(&b->workload), 0);
    assert_int_equal(histogram_percentile(b->histogram, 99), ROUND_TRIP_NS);
    assert_true(b->histogram->max_ns >= STALL_NS);
    bench_free(b);
}

static void test_overload_queues_up_and_is_given_up(void **state) {
    (void)state;
    const struct workload_plan plan = {
        .kind = WORKLOAD_RATE, .time_ns = 100000000, .gap_ns = ROUND_TRIP_NS / 4.0};
    struct bench *b = bench_new(&plan);
    assert_int_equal(workload_client(&b->workload), 0);
    /* 4 million are due; a quarter can be carried; twice the time and the grace end it. */
    assert_int_equal(b->result.stamped + b->result.unsent, 4000000 - 1);
    assert_within(b->result.stamped, 2200000 - 2, 2200000 + 2);
    assert_true(b->histogram->max_ns >= 160000000);
    bench_free(b);
}

static void test_poisson_gaps_have_their_mean_and_spread(void **state) {
    (void)state;
    const struct workload_plan plan = {
        .kind = WORKLOAD_RATE, .exchanges = 100000, .gap_ns = GAP_NS, .poisson = true, .seed = 7};
    struct bench *b = bench_new(&plan);
    assert_int_equal(workload_client(&b->workload), 0);
    /* The sum of n exponential gaps has the spread mean * sqrt(n): 4 of them to each side. */
    double expected = 1e5 * GAP_NS, spread = 4 * sqrt(1e5) * GAP_NS;
    assert_true(fabs((double)b->result.measured_ns - expected) < spread);
    /* A request waits when the gap before it is shorter than a round trip: 1 - exp(-1e-4). */
    uint64_t waited = b->histogram->total - count_of(b, ROUND_TRIP_NS);
    assert_within(waited, 1, 40);
    bench_free(b);
}

static void test_time_ends_it(void **state) {
    (void)state;
    const struct workload_plan plan = {.time_ns = 1000000, .warmup_ns = 50000};
    struct bench *b = bench_new(&plan);
    assert_int_equal(workload_client(&b->workload), 0);
    assert_int_equal(b->result.warmup_exchanges, 50000 / ROUND_TRIP_NS);
    assert_true(b->result.measured_ns >= 1000000);
    assert_true(b->result.stamped + b->result.unstamped >= 1000000 / ROUND_TRIP_NS);
    assert_int_equal((b->result.stamped + b->result.unstamped) * ROUND_TRIP_NS,
                     b->result.measured_ns);
    bench_free(b);
}

static void test_damage_is_named(void **state) {
    (void)state;
    static const uint64_t places[] = {1, 499, 502, 600, 10501, 10502};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char expected[64];
        struct bench *b = bench_new(&counted);
        b->fake.damage_at = places[i];
        assert_int_equal(workload_client(&b->workload), -EBADMSG);
        (void)snprintf(expected, sizeof expected, "message %u was damaged at byte 33 of 64",
                       (unsigned)places[i]);
        assert_string_equal(b->fake.base.fault.call, "verify");
        assert_string_equal(b->fake.base.fault.detail, expected);
        bench_free(b);
    }
}

static void test_error_ends_it(void **state) {
    (void)state;
    static const uint64_t places[] = {1, 500, 501, 502, 7000, 10502};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct bench *b = bench_new(&counted);
        b->fake.error_at = places[i];
        assert_int_equal(workload_client(&b->workload), -EIO);
        assert_string_equal(b->fake.base.fault.call, "fake_send");
        assert_int_equal(b->fake.sends, places[i] + 1);
        bench_free(b);
    }
}

/* --- both ends, over a socket pair --- */

struct pair_end {
    struct ipc_end base;
    int fd;
    uint64_t messages;
};

static int pair_send(struct ipc_end *end, const void *message, size_t bytes) {
    struct pair_end *pair = (struct pair_end *)end;
    pair->messages++;
    return send(pair->fd, message, bytes, MSG_NOSIGNAL) == (ssize_t)bytes ? 0 : -errno;
}

static int pair_recv(struct ipc_end *end, void *message, size_t bytes) {
    struct pair_end *pair = (struct pair_end *)end;
    return recv(pair->fd, message, bytes, MSG_WAITALL) == (ssize_t)bytes ? 0 : -EPIPE;
}

static const struct ipc_messages pair_messages = {pair_send, pair_recv};

static void *serve(void *argument) {
    int *result = calloc(1, sizeof *result);
    if (result)
        *result = workload_server(argument);
    return result;
}

/* Both ends; `parts`: messages of one request. */
static void check_both_ends(const struct workload_plan *plan, uint64_t parts) {
    int fds[2];
    pthread_t thread;
    void *served = NULL;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    struct pair_end ends[2] = {{.fd = fds[0]}, {.fd = fds[1]}};
    struct bench *client = bench_new(plan), *server = bench_new(plan);
    struct payload *replies = &server->outgoing;
    payload_free(replies);
    assert_int_equal(payload_make(replies, BYTES, 1, 1, false), 0);
    payload_free(&client->incoming);
    assert_int_equal(payload_make(&client->incoming, BYTES, 1, 1, false), 0);
    struct bench *both[2] = {server, client};
    for (int i = 0; i < 2; i++) {
        both[i]->workload.end = &ends[i].base;
        both[i]->workload.messages = &pair_messages;
        both[i]->workload.turn = &client->turn;
        both[i]->marks.sends = &ends[i].messages;
    }
    client->clock = (struct clock){.source = CLOCK_SYSTEM, .ns_per_tick = 1, .hz = 1e9};
    assert_int_equal(pthread_create(&thread, NULL, serve, &server->workload), 0);
    assert_int_equal(workload_client(&client->workload), 0);
    assert_int_equal(pthread_join(thread, &served), 0);
    assert_non_null(served);
    assert_int_equal(*(int *)served, 0);
    assert_int_equal(client->result.stamped + client->result.unstamped, 10000);
    assert_int_equal(client->histogram->total, client->result.stamped);
    assert_int_equal(ends[1].messages, parts * ends[0].messages);
    assert_int_equal(ends[0].messages, 500 + 1 + 1 + 10000 + 1);
    assert_int_equal(server->marks.count, 2);
    assert_int_equal(server->marks.at[1] - server->marks.at[0], 10000 + WORKLOAD_UNCOUNTED);
    free(served);
    (void)close(fds[0]);
    (void)close(fds[1]);
    bench_free(client);
    bench_free(server);
}

static void test_server_answers_every_message(void **state) {
    (void)state;
    check_both_ends(&counted, 1);
}

static void test_a_request_in_two_messages_has_one_answer(void **state) {
    (void)state;
    static const struct workload_plan twice = {
        .kind = WORKLOAD_TWICE, .exchanges = 10000, .warmup_exchanges = 500};
    check_both_ends(&twice, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_are_exact),
        cmocka_unit_test(test_known_delays_come_back),
        cmocka_unit_test(test_rare_delay_shows_in_the_tail_only),
        cmocka_unit_test(test_open_loop_without_stalls_is_the_round_trip),
        cmocka_unit_test(test_open_loop_shows_a_planted_stall),
        cmocka_unit_test(test_a_closed_loop_hides_a_planted_stall),
        cmocka_unit_test(test_overload_queues_up_and_is_given_up),
        cmocka_unit_test(test_poisson_gaps_have_their_mean_and_spread),
        cmocka_unit_test(test_time_ends_it),
        cmocka_unit_test(test_damage_is_named),
        cmocka_unit_test(test_error_ends_it),
        cmocka_unit_test(test_server_answers_every_message),
        cmocka_unit_test(test_a_request_in_two_messages_has_one_answer),
    };
    return cmocka_run_group_tests_name("workload", tests, NULL, NULL);
}
