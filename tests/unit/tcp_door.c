/* SPDX-License-Identifier: MIT */
/*
 * tcp_door.c - strangers at the door of the TCP transport: none gets in, none holds up the peer,
 * all are counted.
 */
#if !__has_include("../../transports/tcp.c")
#include "absent.h"
#else
#include "tcp_pair.h"

/* Somebody who calls at the door from `source` (NULL: any) and says something. */
static int call(const struct pair *pair, const char *source, const void *words, size_t bytes) {
    int fd = socket(pair->link.name.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd > 0);
    if (source != NULL) {
        struct sockaddr_in own = {.sin_family = AF_INET};
        assert_int_equal(inet_pton(AF_INET, source, &own.sin_addr), 1);
        assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    }
    assert_int_equal(connect(fd, &pair->link.name.any, name_bytes(&pair->link.name)), 0);
    assert_int_equal(send(fd, words, bytes, MSG_NOSIGNAL), bytes);
    return fd;
}

/* Waits until the server has hung up on a caller. */
static void expect_turned_away(int fd) {
    char byte;
    ssize_t got = recv(fd, &byte, 1, 0);
    assert_true(got == 0 || (got < 0 && errno == ECONNRESET));
    (void)close(fd);
}

static void turns_away_every_kind_of_stranger(void **state) {
    (void)state;
    struct pair pair;
    fill(&pair, IPC_BLOCK);
    set_up(&pair, TCP_LOCALHOST, TCP_V4);
    uint8_t nearly[DOOR_TOKEN];
    memcpy(nearly, pair.link.base.token, sizeof nearly);
    nearly[DOOR_TOKEN - 1] ^= 1;
    int callers[] = {call(&pair, "127.0.0.1", "wrong, and more than a token", 28),
                     call(&pair, "127.0.0.1", nearly, sizeof nearly),
                     call(&pair, "127.0.0.1", "", 0),
                     call(&pair, "127.0.0.1", pair.link.base.token, 5),
                     call(&pair, "127.0.0.2", pair.link.base.token, DOOR_TOKEN)};
    int gone = call(&pair, "127.0.0.1", pair.link.base.token, 5);
    (void)close(gone);
    attach_client(&pair, start_server(&pair));
    expect_strangers(&pair, 6);
    for (size_t i = 0; i < sizeof callers / sizeof *callers; i++)
        expect_turned_away(callers[i]);
    expect_joined(&pair);
    put_down(&pair);
}

/* Strangers are sent away while the peer is still to come. */
static void turns_strangers_away_while_it_waits(void **state) {
    (void)state;
    struct pair pair;
    fill(&pair, IPC_SPIN);
    set_up(&pair, TCP_LOCALHOST, TCP_V4);
    pthread_t server = start_server(&pair);
    int silent = call(&pair, NULL, "", 0);
    for (int i = 0; i < 10; i++)
        expect_turned_away(call(&pair, NULL, "nobody you know.", DOOR_TOKEN));
    expect_turned_away(call(&pair, "127.0.0.2", "", 0));
    attach_client(&pair, server);
    expect_strangers(&pair, 12);
    expect_turned_away(silent);
    expect_joined(&pair);
    put_down(&pair);
}

static void a_crowd_cannot_keep_the_peer_out(void **state) {
    (void)state;
    enum { CROWD = 50 };
    int crowd[CROWD];
    struct pair pair;
    fill(&pair, IPC_BLOCK);
    set_up(&pair, TCP_LOCALHOST, TCP_V4);
    for (int i = 0; i < CROWD; i++)
        crowd[i] = call(&pair, "127.0.0.1", "0123", (size_t)i % 5);
    attach_client(&pair, start_server(&pair));
    expect_strangers(&pair, CROWD);
    for (int i = 0; i < CROWD; i++)
        expect_turned_away(crowd[i]);
    expect_joined(&pair);
    put_down(&pair);
}

/* The peer comes first, with its token in two halves, and a crowd right behind it. */
static void a_peer_ahead_of_a_crowd_is_heard_first(void **state) {
    (void)state;
    enum { CROWD = 50 };
    int crowd[CROWD];
    struct pair pair;
    fill(&pair, IPC_BLOCK);
    set_up(&pair, TCP_LOCALHOST, TCP_V4);
    int peer = call(&pair, "127.0.0.1", pair.link.base.token, 9);
    assert_int_equal(send(peer, pair.link.base.token + 9, DOOR_TOKEN - 9, 0), DOOR_TOKEN - 9);
    for (int i = 0; i < CROWD; i++)
        crowd[i] = call(&pair, "127.0.0.1", "", 0);
    assert_int_equal(pthread_join(start_server(&pair), NULL), 0);
    assert_int_equal(pair.server_result, 0);
    expect_strangers(&pair, CROWD);
    for (int i = 0; i < CROWD; i++)
        expect_turned_away(crowd[i]);
    pair.ends[IPC_CLIENT].fd = peer;
    expect_joined(&pair);
    put_down(&pair);
}

static void a_token_may_come_in_pieces(void **state) {
    (void)state;
    struct pair pair;
    fill(&pair, IPC_BLOCK);
    set_up(&pair, TCP_LOCALHOST, TCP_V4);
    pthread_t server = start_server(&pair);
    int peer = call(&pair, "127.0.0.1", pair.link.base.token, 9);
    /* Two more who are surely heard after the first half has been. */
    for (int i = 0; i < 2; i++)
        expect_turned_away(call(&pair, "127.0.0.1", "nobody you know.", DOOR_TOKEN));
    assert_int_equal(send(peer, pair.link.base.token + 9, DOOR_TOKEN - 9, 0), DOOR_TOKEN - 9);
    assert_int_equal(pthread_join(server, NULL), 0);
    assert_int_equal(pair.server_result, 0);
    expect_strangers(&pair, 2);
    pair.ends[IPC_CLIENT].fd = peer;
    expect_joined(&pair);
    put_down(&pair);
}

static void nobody_listens_once_the_peer_is_in(void **state) {
    (void)state;
    struct pair pair;
    fill(&pair, IPC_BLOCK);
    set_up(&pair, TCP_LOCALHOST, TCP_V4);
    attach_client(&pair, start_server(&pair));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, &pair.link.name.any, sizeof pair.link.name.v4), -1);
    assert_int_equal(errno, ECONNREFUSED);
    (void)close(fd);
    expect_joined(&pair);
    put_down(&pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_away_every_kind_of_stranger),
        cmocka_unit_test(turns_strangers_away_while_it_waits),
        cmocka_unit_test(a_crowd_cannot_keep_the_peer_out),
        cmocka_unit_test(a_peer_ahead_of_a_crowd_is_heard_first),
        cmocka_unit_test(a_token_may_come_in_pieces),
        cmocka_unit_test(nobody_listens_once_the_peer_is_in),
    };
    enter_network();
    alarm(60);
    return cmocka_run_group_tests_name("tcp_door", tests, NULL, NULL);
}

#endif
