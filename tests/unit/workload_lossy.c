/* SPDX-License-Identifier: MIT */
/*
 * workload_lossy.c (test) - the stream over a queue in memory that loses messages by plan: each
 * loss is counted, neither end waits for ever, and what is doubled, late or damaged still ends it.
 */
#include "workload_seats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROOM = 128, BYTES = SEATS_BYTES, MOST_MESSAGES = 100000, EXCHANGES = 3000 };

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
    _Atomic bool *any_lost;        /* in either direction */
    const struct seats *keeps_one; /* not NULL: of the measured messages only the first comes */
};

static bool is_measured(const struct lossy_end *end) {
    const struct seats *s = end->keeps_one;
    return s != NULL && s->client.marks == 1 && end->out->sent > s->lossy.from &&
           end->out->sent < s->lossy.from + s->client.workload.plan->exchanges;
}

static bool is_lost(const struct lossy_end *end) {
    const struct queue *q = end->out;
    if ((q->sent >= q->lose_from && q->sent < q->lose_to) || is_measured(end))
        return true;
    return q->sent * 7919 % 10007 % 10 < q->lose_of_10 || q->kept_count - q->received == ROOM;
}

static int put(struct ipc_end *end, const void *message, size_t bytes) {
    struct lossy_end *lossy = (struct lossy_end *)end;
    struct queue *q = lossy->out;
    (void)pthread_mutex_lock(&q->mutex);
    assert_true(q->sent < MOST_MESSAGES);
    q->lost[q->sent] = is_lost(lossy);
    if (q->lost[q->sent++])
        *lossy->any_lost = true;
    else
        memcpy(q->kept[q->kept_count++ % ROOM], message, bytes);
    (void)pthread_cond_signal(&q->moved);
    (void)pthread_mutex_unlock(&q->mutex);
    return 0;
}

static bool await_message(struct queue *q) {
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 2000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (q->kept_count == q->received)
        (void)pthread_cond_timedwait(&q->moved, &q->mutex, &until);
    return q->kept_count != q->received;
}

/* Waits for some ms, as a socket with a timeout does; but as long as nothing was lost for as long
 * as it takes (10 s), however slow this machine is. */
static int get(struct ipc_end *end, void *message, size_t bytes) {
    enum { LOOKS = 5000 };
    const struct lossy_end *lossy = (struct lossy_end *)end;
    struct queue *q = lossy->in;
    (void)pthread_mutex_lock(&q->mutex);
    bool came = await_message(q);
    for (int i = 0; i < LOOKS && !came && !*lossy->any_lost; i++)
        came = await_message(q);
    if (came)
        memcpy(message, q->kept[q->received++ % ROOM], bytes);
    (void)pthread_mutex_unlock(&q->mutex);
    return came ? 0 : -ETIMEDOUT;
}

static const struct ipc_messages messages = {put, get};

struct bench {
    struct queue to_server, to_client;
    struct lossy_end server_end, client_end;
    _Atomic bool any_lost;
    struct seats seats;
};

static struct bench *bench_new(const struct workload_plan *plan) {
    struct bench *b = aligned_alloc(IPC_ALIGN, sizeof *b);
    assert_non_null(b);
    memset(b, 0, sizeof *b);
    (void)pthread_mutex_init(&b->to_server.mutex, NULL);
    (void)pthread_mutex_init(&b->to_client.mutex, NULL);
    (void)pthread_cond_init(&b->to_server.moved, NULL);
    (void)pthread_cond_init(&b->to_client.moved, NULL);
    b->server_end =
        (struct lossy_end){.out = &b->to_client, .in = &b->to_server, .any_lost = &b->any_lost};
    b->client_end =
        (struct lossy_end){.out = &b->to_server, .in = &b->to_client, .any_lost = &b->any_lost};
    seats_init(&b->seats, &b->server_end.base, &b->client_end.base, &messages, plan, BYTES,
               seats_count_mark);
    return b;
}

static void bench_free(struct bench *b) {
    seats_free(&b->seats);
    free(b);
}

/* What the queue lost of the measured messages. */
static uint64_t lost_of(const struct bench *b) {
    uint64_t lost = 0;
    for (uint64_t i = b->seats.lossy.from; i < b->seats.turn; i++)
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
    seats_play(&b->seats);
    assert_int_equal(b->seats.client.result, 0);
    assert_int_equal(b->seats.server.result, 0);
    assert_int_equal(b->seats.turn - b->seats.lossy.from, EXCHANGES);
    assert_int_equal(b->seats.result.lost, lost_of(b));
    assert_int_equal(b->seats.result.unstamped + 1 + b->seats.result.lost, EXCHANGES);
    assert_int_equal(b->seats.result.stamped, 0);
    assert_int_equal(b->seats.result.warmup_exchanges, 101);
    if (of_10 > 0)
        assert_true(b->seats.result.lost > 0);
    else if (depth <= ROOM)
        assert_int_equal(b->seats.result.lost, 0);
    assert_int_equal(b->seats.server.marks, 2);
    assert_int_equal(b->seats.client.marks, 2);
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
    seats_play(&b->seats); /* to see where the last phase ends; closing messages may have been sent
                              again */
    end = b->seats.turn;
    bench_free(b);
    b = bench_new(&plan);
    b->to_server.lose_from = end - 40;
    b->to_server.lose_to = end + 5;
    seats_play(&b->seats);
    assert_int_equal(b->seats.client.result, 0);
    assert_int_equal(b->seats.server.result, 0);
    assert_int_equal(b->seats.result.lost, lost_of(b));
    assert_true(b->seats.result.lost > 0);
    assert_true(b->to_server.sent >= end + 6);
    bench_free(b);
}

/* Messages that were prepared, the server's alone to judge. */
static void check_fault(const uint64_t *numbers, size_t count, int flip, const char *sentence) {
    const struct workload_plan plan = {
        .kind = WORKLOAD_STREAM, .lossy = true, .exchanges = 10, .depth = 1000};
    struct bench *b = bench_new(&plan);
    for (size_t i = 0; i < count; i++) {
        payload_stamp(&b->seats.client.outgoing, numbers[i]);
        b->seats.client.outgoing.message[flip < 0 ? 0 : flip] ^= flip >= 0 && i + 1 == count;
        (void)put(&b->client_end.base, b->seats.client.outgoing.message, BYTES);
    }
    assert_int_equal(workload_server(&b->seats.server.workload), -EBADMSG);
    assert_string_equal(b->server_end.base.fault.call, "verify");
    assert_string_equal(b->server_end.base.fault.detail, sentence);
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
    b->client_end.keeps_one = &b->seats;
    seats_play(&b->seats);
    assert_int_equal(b->seats.server.result, -ENODATA);
    assert_string_equal(b->server_end.base.fault.detail,
                        "of 50 messages 1 came, which makes no rate");
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
