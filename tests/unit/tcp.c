/* SPDX-License-Identifier: MIT */
/*
 * tcp.c - the TCP transport: messages over every address, knobs, refusals, a peer that leaves, and
 * what is left open.
 */
#if !__has_include("../../transports/tcp.c")
#include "absent.h"
#else
#include "tcp_pair.h"

#include <dirent.h>
#include <stdlib.h>

static const size_t sizes[] = {1, 2, 7, 64, 4095, 65536, 65537, 1 << 20};
#define SIZES (sizeof sizes / sizeof *sizes)

static unsigned char pattern(size_t at, size_t bytes) {
    return (unsigned char)(at * 31 + at / 251 + bytes);
}

static bool is_pattern(const unsigned char *message, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        if (message[i] != pattern(i, bytes))
            return false;
    return true;
}

/* Sends back what it gets, after a check, with every byte inverted. */
static void *serve(void *argument) {
    struct pair *pair = argument;
    struct ipc_end *end = &pair->ends[IPC_SERVER].base;
    const struct ipc_messages *move = ipc_transport.messages[pair->link.base.wait];
    unsigned char *message = malloc(1 << 20);
    int error = message == NULL ? -ENOMEM : ipc_transport.attach(end);
    for (size_t s = 0; s < SIZES && error == 0; s++) {
        error = move->recv(end, message, sizes[s]);
        if (error == 0 && !is_pattern(message, sizes[s]))
            error = -EBADMSG;
        for (size_t i = 0; i < sizes[s]; i++)
            message[i] ^= 0xff;
        error = error ? error : move->send(end, message, sizes[s]);
    }
    free(message);
    pair->server_result = error;
    return NULL;
}

static void ask(struct pair *pair, unsigned char *message, size_t bytes) {
    struct ipc_end *end = &pair->ends[IPC_CLIENT].base;
    const struct ipc_messages *move = ipc_transport.messages[pair->link.base.wait];
    for (size_t i = 0; i < bytes; i++)
        message[i] = pattern(i, bytes);
    assert_int_equal(move->send(end, message, bytes), 0);
    assert_int_equal(move->recv(end, message, bytes), 0);
    for (size_t i = 0; i < bytes; i++)
        message[i] ^= 0xff;
    assert_true(is_pattern(message, bytes));
}

static void converse(enum tcp_address address, enum tcp_family family, const char *text) {
    static unsigned char message[1 << 20];
    for (enum ipc_wait wait = IPC_BLOCK; wait <= IPC_SPIN; wait++) {
        struct pair pair;
        pthread_t server;
        fill(&pair, wait);
        set_up(&pair, address, family);
        assert_int_equal(pthread_create(&server, NULL, serve, &pair), 0);
        assert_int_equal(ipc_transport.attach(&pair.ends[IPC_CLIENT].base), 0);
        for (size_t s = 0; s < SIZES; s++)
            ask(&pair, message, sizes[s]);
        assert_int_equal(pthread_join(server, NULL), 0);
        assert_int_equal(pair.server_result, 0);
        for (int role = 0; role < IPC_ROLES; role++)
            assert_int_equal((fcntl(pair.ends[role].fd, F_GETFL) & O_NONBLOCK) != 0,
                             wait == IPC_SPIN);
        assert_string_equal(noted(&pair.link_notes, "address"), text);
        expect_strangers(&pair, 0);
        put_down(&pair);
    }
}

static void moves_messages_over_ipv4(void **state) {
    (void)state;
    converse(TCP_LOCALHOST, TCP_V4, "127.0.0.1");
}

static void moves_messages_over_ipv6(void **state) {
    (void)state;
    converse(TCP_LOCALHOST, TCP_V6, "::1");
}

static void moves_messages_over_the_public_address(void **state) {
    (void)state;
    if (test_network.for_transport.public_ipv4 == NULL) {
        print_message("skipped: %s\n", test_network.for_transport.why_none);
        skip();
    }
    converse(TCP_PUBLIC, TCP_V4, test_network.public_ipv4);
}

static void knobs_reach_the_kernel(void **state) {
    (void)state;
    struct pair pair;
    fill(&pair, IPC_BLOCK);
    pair.link.nodelay = 0;
    pair.link.sndbuf = 16384;
    pair.link.rcvbuf = 32768;
    set_up(&pair, TCP_LOCALHOST, TCP_V4);
    attach_client(&pair, start_server(&pair));
    for (int role = 0; role < IPC_ROLES; role++) {
        const struct notes *notes = &pair.notes[role];
        assert_string_equal(noted(notes, "nodelay"), "0");
        assert_string_equal(noted(notes, "sndbuf"), "32768 (16384 asked for)");
        assert_string_equal(noted(notes, "rcvbuf"), "65536 (32768 asked for)");
        assert_true(atoi(noted(notes, "mss")) > 500);
        assert_true(*noted(notes, "congestion control") != '\0');
    }
    put_down(&pair);
}

static void defaults_are_read_back(void **state) {
    (void)state;
    struct pair pair;
    fill(&pair, IPC_BLOCK);
    set_up(&pair, TCP_LOCALHOST, TCP_V4);
    attach_client(&pair, start_server(&pair));
    for (int role = 0; role < IPC_ROLES; role++) {
        assert_string_equal(noted(&pair.notes[role], "nodelay"), "1");
        assert_non_null(strstr(noted(&pair.notes[role], "sndbuf"), " (left to the kernel)"));
        assert_true(atoi(noted(&pair.notes[role], "rcvbuf")) > 0);
    }
    put_down(&pair);
}

static void what_is_impossible_is_said(void **state) {
    (void)state;
    static const struct ipc_network none = {.why_none = "there is none, because"};
    static const struct ipc_network foreign = {.public_ipv4 = "203.0.113.9"};
    static const struct {
        const struct ipc_network *network;
        enum tcp_family family;
        int error;
        const char *says;
    } cases[] = {{&none, TCP_V4, -EADDRNOTAVAIL, "there is none, because"},
                 {NULL, TCP_V4, -EADDRNOTAVAIL, "no public address"},
                 {&foreign, TCP_V6, -EAFNOSUPPORT, "leave out family=6"},
                 {&foreign, TCP_V4, -EADDRNOTAVAIL, "203.0.113.9"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pair pair;
        fill(&pair, IPC_BLOCK);
        pair.link.address = TCP_PUBLIC;
        pair.link.family = cases[i].family;
        pair.link.base.network = cases[i].network;
        assert_int_equal(ipc_transport.probe(&pair.link.base), cases[i].error);
        assert_non_null(strstr(pair.link.base.fault.detail, cases[i].says));
        assert_non_null(pair.link.base.fault.call);
        assert_int_equal(ipc_transport.setup(&pair.link.base), cases[i].error);
        ipc_transport.cleanup(&pair.link.base);
    }
}

/* SIGPIPE has its default disposition here: it would end the test. */
static void a_peer_that_left_is_an_error_and_no_signal(void **state) {
    (void)state;
    struct pair pair;
    char byte = 0;
    fill(&pair, IPC_BLOCK);
    set_up(&pair, TCP_LOCALHOST, TCP_V4);
    attach_client(&pair, start_server(&pair));
    struct ipc_end *server = &pair.ends[IPC_SERVER].base;
    assert_int_equal(ipc_transport.detach(&pair.ends[IPC_CLIENT].base), 0);
    const struct ipc_messages *move = ipc_transport.messages[IPC_BLOCK];
    assert_int_equal(move->recv(server, &byte, 1), -EPIPE);
    assert_string_equal(server->fault.call, "recv");
    int error = 0;
    for (int i = 0; i < 1000 && error == 0; i++)
        error = move->send(server, &byte, 1);
    assert_int_equal(error, -EPIPE);
    assert_string_equal(server->fault.call, "send");
    put_down(&pair);
}

static int open_files(void) {
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder);
    return count;
}

static void nothing_stays_open(void **state) {
    (void)state;
    struct pair pair;
    int before = open_files();
    fill(&pair, IPC_BLOCK);
    set_up(&pair, TCP_LOCALHOST, TCP_V4);
    attach_client(&pair, start_server(&pair));
    put_down(&pair);
    assert_int_equal(open_files(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_messages_over_ipv4),
        cmocka_unit_test(moves_messages_over_ipv6),
        cmocka_unit_test(moves_messages_over_the_public_address),
        cmocka_unit_test(knobs_reach_the_kernel),
        cmocka_unit_test(defaults_are_read_back),
        cmocka_unit_test(what_is_impossible_is_said),
        cmocka_unit_test(a_peer_that_left_is_an_error_and_no_signal),
        cmocka_unit_test(nothing_stays_open),
    };
    enter_network();
    alarm(60);
    return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}

#endif
