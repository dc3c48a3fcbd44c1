/* SPDX-License-Identifier: MIT */
/*
 * workload_stream.c (test) - the stream over a queue in memory: every message counted and verified,
 * never more under way than the depth allows, and each fault ends it with its name.
 */
#include "workload_seats.h"

#include "within.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROOM = 256 };

/* One direction: a bounded queue. */
struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    unsigned char kept[ROOM][SEATS_BYTES];
    uint64_t sent, received, most; /* most: the greatest difference of the two */
};

struct pipe_end {
    struct ipc_end base;
    struct queue *out, *in;
    uint64_t drop_at, damage_at; /* message that is sent; 0: none */
    uint64_t received[2];        /* at the marks */
};

static int put(struct ipc_end *end, const void *message, size_t bytes) {
    struct pipe_end *pipe_end = (struct pipe_end *)end;
    struct queue *q = pipe_end->out;
    (void)pthread_mutex_lock(&q->mutex);
    while (q->sent - q->received == ROOM)
        (void)pthread_cond_wait(&q->moved, &q->mutex);
    if (pipe_end->drop_at != 0 && q->sent == pipe_end->drop_at) {
        pipe_end->drop_at = 0; /* lost: whoever counts doesn't see it either */
    } else {
        memcpy(q->kept[q->sent % ROOM], message, bytes);
        q->kept[q->sent % ROOM][33] ^= pipe_end->damage_at != 0 && q->sent == pipe_end->damage_at;
        q->sent++;
    }
    q->most = q->sent - q->received > q->most ? q->sent - q->received : q->most;
    (void)pthread_cond_broadcast(&q->moved);
    (void)pthread_mutex_unlock(&q->mutex);
    return 0;
}

static int get(struct ipc_end *end, void *message, size_t bytes) {
    struct queue *q = ((struct pipe_end *)end)->in;
    (void)pthread_mutex_lock(&q->mutex);
    while (q->sent == q->received)
        (void)pthread_cond_wait(&q->moved, &q->mutex);
    memcpy(message, q->kept[q->received++ % ROOM], bytes);
    (void)pthread_cond_broadcast(&q->moved);
    (void)pthread_mutex_unlock(&q->mutex);
    return 0;
}

static const struct ipc_messages messages = {put, get};

struct bench {
    struct queue to_server, to_client;
    struct pipe_end server_end, client_end;
    struct seats seats;
};

static void mark(void *context, enum workload_mark when) {
    struct seat *seat = context;
    struct pipe_end *end = (struct pipe_end *)seat->workload.end;
    seats_count_mark(seat, when);
    end->received[when] = end->in->received;
}

static struct bench *bench_new(const struct workload_plan *plan, size_t bytes) {
    struct bench *b = aligned_alloc(IPC_ALIGN, sizeof *b);
    assert_non_null(b);
    memset(b, 0, sizeof *b);
    (void)pthread_mutex_init(&b->to_server.mutex, NULL);
    (void)pthread_mutex_init(&b->to_client.mutex, NULL);
    (void)pthread_cond_init(&b->to_server.moved, NULL);
    (void)pthread_cond_init(&b->to_client.moved, NULL);
    b->server_end = (struct pipe_end){.out = &b->to_client, .in = &b->to_server};
    b->client_end = (struct pipe_end){.out = &b->to_server, .in = &b->to_client};
    seats_init(&b->seats, &b->server_end.base, &b->client_end.base, &messages, plan, bytes, mark);
    return b;
}

static void bench_free(struct bench *b) {
    seats_free(&b->seats);
    free(b);
}

static void check_counts(uint64_t depth, size_t bytes) {
    const struct workload_plan plan = {
        .kind = WORKLOAD_STREAM, .exchanges = 10000, .warmup_exchanges = 501, .depth = depth};
    struct bench *b = bench_new(&plan, bytes);
    seats_play(&b->seats);
    assert_int_equal(b->seats.client.result, 0);
    assert_int_equal(b->seats.server.result, 0);
    assert_int_equal(b->seats.result.unstamped, 10000);
    assert_int_equal(b->seats.result.stamped, 0);
    assert_int_equal(b->seats.result.warmup_exchanges, 501);
    assert_true(b->seats.result.batches_ns > 0);
    assert_int_equal(b->seats.result.batches_ns, b->seats.result.measured_ns);
    /* warm-up, its closing message, the settling one, the measured ones, the closing one */
    assert_int_equal(b->to_server.received, 501 + 1 + 1 + 10000 + 1);
    assert_int_equal(b->server_end.received[0], 501 + 1);
    assert_int_equal(b->server_end.received[1] - b->server_end.received[0],
                     10000 + WORKLOAD_UNCOUNTED);
    assert_int_equal(b->to_client.sent, b->to_client.received);
    assert_true(b->to_server.most <= (depth ? depth : ROOM));
    if (depth == 0)
        assert_int_equal(b->to_client.sent, 3);
    bench_free(b);
}

static void test_counts_are_exact_at_each_depth_and_size(void **state) {
    static const uint64_t depths[] = {0, 1, 2, 3, 8, 64, 255, 100000};
    static const size_t sizes[] = {1, 4, 8, 9, 64};
    (void)state;
    for (size_t d = 0; d < sizeof depths / sizeof *depths; d++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            check_counts(depths[d], sizes[s]);
}

static void test_a_depth_is_used_up(void **state) {
    const struct workload_plan plan = {.kind = WORKLOAD_STREAM, .exchanges = 20000, .depth = 8};
    struct bench *b = bench_new(&plan, 64);
    (void)state;
    seats_play(&b->seats);
    assert_within(b->to_server.most, 2, 8);
    assert_within(b->to_client.sent, 20000 / 4, 20000 / 4 + 3);
    bench_free(b);
}

static void test_time_ends_it(void **state) {
    const struct workload_plan plan = {
        .kind = WORKLOAD_STREAM, .time_ns = 20000000, .warmup_ns = 5000000};
    struct bench *b = bench_new(&plan, 64);
    (void)state;
    seats_play(&b->seats);
    assert_int_equal(b->seats.client.result, 0);
    assert_int_equal(b->server_end.received[1] - b->server_end.received[0],
                     b->seats.result.unstamped + WORKLOAD_UNCOUNTED);
    assert_true(b->seats.result.unstamped > 0);
    bench_free(b);
}

/* The fault is seen by the server; the client is on its own way, so that the room must do for what
 * it sends. */
static void check_fault(uint64_t drop_at, uint64_t damage_at, const char *sentence) {
    const struct workload_plan plan = {.kind = WORKLOAD_STREAM, .exchanges = 1000};
    struct bench *b = bench_new(&plan, 64);
    struct payload *sent = &b->seats.client.outgoing;
    b->client_end.drop_at = drop_at;
    b->client_end.damage_at = damage_at;
    for (uint64_t i = 0; i < ROOM / 2; i++) {
        payload_stamp(sent, i);
        (void)put(&b->client_end.base, sent->message, sent->bytes);
    }
    assert_int_equal(workload_server(&b->seats.server.workload), -EBADMSG);
    assert_string_equal(b->server_end.base.fault.call, "verify");
    assert_string_equal(b->server_end.base.fault.detail, sentence);
    assert_int_equal(b->seats.server.workload.sequence, 100);
    bench_free(b);
}

static void test_a_wrong_message_is_named(void **state) {
    (void)state;
    check_fault(100, 0, "message 100 was lost: message 101 came in its place");
    check_fault(0, 100, "message 100 was damaged at byte 33 of 64");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_are_exact_at_each_depth_and_size),
        cmocka_unit_test(test_a_depth_is_used_up),
        cmocka_unit_test(test_time_ends_it),
        cmocka_unit_test(test_a_wrong_message_is_named),
    };
    return cmocka_run_group_tests_name("workload_stream", tests, NULL, NULL);
}
