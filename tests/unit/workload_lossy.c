/* SPDX-License-Identifier: MIT */
/*
 * workload_lossy.c (test) - the stream over a queue in memory that loses messages by plan: each
 * loss is counted, neither end waits for ever, and what is doubled, late or damaged still ends it.
 */
#include "workload.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROOM = 128, BYTES = 64, MOST_MESSAGES = 100000, EXCHANGES = 3000 };

/* One direction: what has no room is lost, as is what the plan says. */
struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    unsigned char kept[ROOM][BYTES];
    uint64_t sent, kept_count, received;
    unsigned char lost[MOST_MESSAGES]; /* by number of the message */
    uint64_t lose_of_10;               /* that many of 10 */
    uint64_t lose_from, lose_to;       /* and these */
};

struct lossy_end {
    struct ipc_end base;
    struct queue *out, *in;
};

static bool is_lost(const struct queue *q) {
    if (q->sent >= q->lose_from && q->sent < q->lose_to)
        return true;
    return q->sent * 7919 % 10007 % 10 < q->lose_of_10 || q->kept_count - q->received == ROOM;
}

static int put(struct ipc_end *end, const void *message, size_t bytes) {
    struct queue *q = ((struct lossy_end *)end)->out;
    (void)pthread_mutex_lock(&q->mutex);
    assert_true(q->sent < MOST_MESSAGES);
    q->lost[q->sent] = is_lost(q);
    if (!q->lost[q->sent++])
        memcpy(q->kept[q->kept_count++ % ROOM], message, bytes);
    (void)pthread_cond_signal(&q->moved);
    (void)pthread_mutex_unlock(&q->mutex);
    return 0;
}

/* Waits for 2 ms at most: nothing ever takes that long here, unless it was lost. */
static int get(struct ipc_end *end, void *message, size_t bytes) {
    struct queue *q = ((struct lossy_end *)end)->in;
    struct timespec until;
    int error = 0;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 2000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_mutex_lock(&q->mutex);
    while (q->kept_count == q->received && error == 0)
        error = pthread_cond_timedwait(&q->moved, &q->mutex, &until);
    if (q->kept_count != q->received) {
        memcpy(message, q->kept[q->received++ % ROOM], bytes);
        error = 0;
    }
    (void)pthread_mutex_unlock(&q->mutex);
    return -error;
}

static const struct ipc_messages messages = {put, get};

struct seat {
    struct lossy_end end;
    struct payload outgoing, incoming;
    unsigned char buffer[BYTES];
    int marks;
    struct workload workload;
    int result;
};

static void mark(void *context, enum workload_mark when) {
    struct seat *seat = context;
    assert_int_equal((int)when, seat->marks++);
}

static void rest(void *context, uint64_t ns) {
    const struct timespec span = {.tv_nsec = (long)ns};
    (void)context;
    (void)nanosleep(&span, NULL);
}

struct bench {
    struct queue to_server, to_client;
    struct seat server, client;
    _Atomic uint64_t turn;
    struct workload_lossy lossy;
    struct clock clock;
    struct workload_result result;
};

static void seat_init(struct bench *b, struct seat *seat, const struct workload_plan *plan,
                      bool client) {
    size_t reply = workload_reply_bytes(plan, BYTES);
    seat->end.out = client ? &b->to_server : &b->to_client;
    seat->end.in = client ? &b->to_client : &b->to_server;
    assert_int_equal(payload_make(&seat->outgoing, client ? BYTES : reply, 1, !client, false), 0);
    assert_int_equal(payload_make(&seat->incoming, client ? reply : BYTES, 1, client, false), 0);
    seat->workload = (struct workload){.plan = plan,
                                       .clock = &b->clock,
                                       .end = &seat->end.base,
                                       .messages = &messages,
                                       .outgoing = &seat->outgoing,
                                       .incoming = &seat->incoming,
                                       .buffer = seat->buffer,
                                       .turn = &b->turn,
                                       .lossy = &b->lossy,
                                       .result = &b->result,
                                       .mark = mark,
                                       .rest = rest,
                                       .context = seat};
}

static struct bench *bench_new(const struct workload_plan *plan) {
    struct bench *b = aligned_alloc(IPC_ALIGN, sizeof *b);
    assert_non_null(b);
    memset(b, 0, sizeof *b);
    (void)pthread_mutex_init(&b->to_server.mutex, NULL);
    (void)pthread_mutex_init(&b->to_client.mutex, NULL);
    (void)pthread_cond_init(&b->to_server.moved, NULL);
    (void)pthread_cond_init(&b->to_client.moved, NULL);
    b->turn = UINT64_MAX;
    b->clock = (struct clock){.source = CLOCK_SYSTEM, .ns_per_tick = 1, .hz = 1e9};
    seat_init(b, &b->server, plan, false);
    seat_init(b, &b->client, plan, true);
    return b;
}

static void bench_free(struct bench *b) {
    payload_free(&b->server.outgoing);
    payload_free(&b->server.incoming);
    payload_free(&b->client.outgoing);
    payload_free(&b->client.incoming);
    free(b);
}

static void *serve(void *of) {
    struct seat *seat = of;
    seat->result = workload_server(&seat->workload);
    return NULL;
}

static void play(struct bench *b) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, serve, &b->server), 0);
    b->client.result = workload_client(&b->client.workload);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* What the queue lost of the measured messages. */
static uint64_t lost_of(const struct bench *b) {
    uint64_t lost = 0;
    for (uint64_t i = b->lossy.from; i < b->turn; i++)
        lost += b->to_server.lost[i];
    return lost;
}

static void check_losses(uint64_t depth, uint64_t of_10, uint64_t credits_of_10) {
    const struct workload_plan plan = {.kind = WORKLOAD_STREAM,
                                       .lossy = true,
                                       .exchanges = EXCHANGES,
                                       .warmup_exchanges = 101,
                                       .depth = depth};
    struct bench *b = bench_new(&plan);
    b->to_server.lose_of_10 = of_10;
    b->to_client.lose_of_10 = credits_of_10;
    play(b);
    assert_int_equal(b->client.result, 0);
    assert_int_equal(b->server.result, 0);
    assert_int_equal(b->turn - b->lossy.from, EXCHANGES);
    assert_int_equal(b->result.lost, lost_of(b));
    assert_int_equal(b->result.unstamped + 1 + b->result.lost, EXCHANGES);
    assert_int_equal(b->result.stamped, 0);
    assert_int_equal(b->result.warmup_exchanges, 101);
    if (of_10 > 0)
        assert_true(b->result.lost > 0);
    else if (depth <= ROOM)
        assert_int_equal(b->result.lost, 0);
    assert_int_equal(b->server.marks, 2);
    assert_int_equal(b->client.marks, 2);
    bench_free(b);
}

static void test_each_loss_is_counted(void **state) {
    static const uint64_t depths[] = {2, 3, 8, 64, 100000};
    (void)state;
    for (size_t d = 0; d < sizeof depths / sizeof *depths; d++) {
        check_losses(depths[d], 0, 0);
        check_losses(depths[d], 1, 0);
        check_losses(depths[d], 0, 1);
        check_losses(depths[d], depths[d] > 8 ? 8 : 1, 3);
    }
}

/* The last ones before a phase closes, and the first messages that would close it. */
static void test_a_tail_that_is_lost_ends_no_less(void **state) {
    const struct workload_plan plan = {
        .kind = WORKLOAD_STREAM, .lossy = true, .exchanges = EXCHANGES, .depth = 100};
    struct bench *b = bench_new(&plan);
    uint64_t end = 0;
    (void)state;
    play(b); /* to see where the last phase ends; closing messages may have been sent again */
    end = b->turn;
    bench_free(b);
    b = bench_new(&plan);
    b->to_server.lose_from = end - 40;
    b->to_server.lose_to = end + 5;
    play(b);
    assert_int_equal(b->client.result, 0);
    assert_int_equal(b->server.result, 0);
    assert_int_equal(b->result.lost, lost_of(b));
    assert_true(b->result.lost > 0);
    assert_true(b->to_server.sent >= end + 6);
    bench_free(b);
}

/* Messages that were prepared, the server's alone to judge. */
static void check_fault(const uint64_t *numbers, size_t count, int flip, const char *sentence) {
    const struct workload_plan plan = {
        .kind = WORKLOAD_STREAM, .lossy = true, .exchanges = 10, .depth = 1000};
    struct bench *b = bench_new(&plan);
    for (size_t i = 0; i < count; i++) {
        payload_stamp(&b->client.outgoing, numbers[i]);
        b->client.outgoing.message[flip < 0 ? 0 : flip] ^= flip >= 0 && i + 1 == count;
        (void)put(&b->client.end.base, b->client.outgoing.message, BYTES);
    }
    assert_int_equal(workload_server(&b->server.workload), -EBADMSG);
    assert_string_equal(b->server.end.base.fault.call, "verify");
    assert_string_equal(b->server.end.base.fault.detail, sentence);
    bench_free(b);
}

static void test_other_faults_are_none_the_less(void **state) {
    (void)state;
    check_fault((const uint64_t[]){0, 1, 2, 5, 5}, 5, -1,
                "message 6 was doubled, delayed or not written: message 5 came in its place");
    check_fault((const uint64_t[]){0, 1, 4, 3}, 4, -1,
                "message 5 was doubled, delayed or not written: message 3 came in its place");
    check_fault((const uint64_t[]){0, 1, 7}, 3, 33, "message 7 was damaged at byte 33 of 64");
    check_fault((const uint64_t[]){0, 1, 2}, 3, 7, "message 2 was damaged at byte 7 of 64");
}

/* A server to which hardly anything comes has no rate to tell, and says so. */
static void test_one_message_is_no_rate(void **state) {
    const struct workload_plan plan = {
        .kind = WORKLOAD_STREAM, .lossy = true, .exchanges = 50, .depth = 1000};
    struct bench *b = bench_new(&plan);
    (void)state;
    play(b); /* to see where the last phase begins */
    assert_int_equal(b->server.result, 0);
    uint64_t from = b->lossy.from;
    bench_free(b);
    b = bench_new(&plan);
    b->to_server.lose_from = from + 1;
    b->to_server.lose_to = from + 52;
    play(b);
    if (b->lossy.from == from) { /* unless a closing message was sent again in between */
        assert_int_equal(b->server.result, -ENODATA);
        assert_string_equal(b->server.end.base.fault.detail,
                            "of 50 messages 1 came, which makes no rate");
    }
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_loss_is_counted),
        cmocka_unit_test(test_a_tail_that_is_lost_ends_no_less),
        cmocka_unit_test(test_other_faults_are_none_the_less),
        cmocka_unit_test(test_one_message_is_no_rate),
    };
    return cmocka_run_group_tests_name("workload_lossy", tests, NULL, NULL);
}
