/* SPDX-License-Identifier: MIT */
/*
 * tcp_pair.h - both ends of the TCP transport as two threads of one test, in a private network
 * namespace where the host allows one.
 */
#ifndef TESTS_TCP_PAIR_H
#define TESTS_TCP_PAIR_H

#include "../../transports/tcp.c"

#include "host/network.h"

#include <pthread.h>
#include <setjmp.h>

#include <cmocka.h>

#define NOTES 16

struct notes {
    int count;
    char name[NOTES][32], value[NOTES][96];
};

struct pair {
    struct tcp_link link;
    struct tcp_end ends[IPC_ROLES];
    struct notes link_notes, notes[IPC_ROLES];
    int server_result; /* of the server's thread */
};

static struct network test_network; /* entered by main, before any thread */

static inline void take_note(void *to, const char *name, const char *value) {
    struct notes *notes = to;
    assert_true(notes->count < NOTES);
    (void)snprintf(notes->name[notes->count], sizeof notes->name[0], "%s", name);
    (void)snprintf(notes->value[notes->count++], sizeof notes->value[0], "%s", value);
}

static inline const char *noted(const struct notes *notes, const char *name) {
    for (int i = 0; i < notes->count; i++)
        if (strcmp(notes->name[i], name) == 0)
            return notes->value[i];
    return "";
}

static inline void fill(struct pair *pair, enum ipc_wait wait) {
    memset(pair, 0, sizeof *pair);
    pair->link.base = (struct ipc_link){.wait = wait,
                                        .max_bytes = 1 << 20,
                                        .token = "0123456789abcde",
                                        .name = "test",
                                        .network = &test_network.for_transport,
                                        .note = take_note,
                                        .notes = &pair->link_notes};
    pair->link.nodelay = 1;
    for (int role = 0; role < IPC_ROLES; role++)
        pair->ends[role].base = (struct ipc_end){.link = &pair->link.base,
                                                 .role = (enum ipc_role)role,
                                                 .note = take_note,
                                                 .notes = &pair->notes[role]};
}

static inline void set_up(struct pair *pair, enum tcp_address address, enum tcp_family family) {
    pair->link.address = address;
    pair->link.family = family;
    if (ipc_transport.probe(&pair->link.base) < 0) {
        print_message("skipped: %s\n", pair->link.base.fault.detail);
        skip();
    }
    assert_int_equal(ipc_transport.setup(&pair->link.base), 0);
}

static inline void *attach_server(void *argument) {
    struct pair *pair = argument;
    pair->server_result = ipc_transport.attach(&pair->ends[IPC_SERVER].base);
    return NULL;
}

static inline pthread_t start_server(struct pair *pair) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, attach_server, pair), 0);
    return thread;
}

static inline void attach_client(struct pair *pair, pthread_t server) {
    assert_int_equal(ipc_transport.attach(&pair->ends[IPC_CLIENT].base), 0);
    assert_int_equal(pthread_join(server, NULL), 0);
    assert_int_equal(pair->server_result, 0);
}

static inline void expect_strangers(const struct pair *pair, int strangers) {
    char text[16];
    (void)snprintf(text, sizeof text, "%d", strangers);
    assert_string_equal(noted(&pair->notes[IPC_SERVER], "strangers"), text);
}

/* The pair is joined to each other, and to nobody else. */
static inline void expect_joined(struct pair *pair) {
    char heard[6] = "";
    const struct ipc_messages *move = ipc_transport.messages[pair->link.base.wait];
    assert_int_equal(move->send(&pair->ends[IPC_CLIENT].base, "hello", 6), 0);
    assert_int_equal(move->recv(&pair->ends[IPC_SERVER].base, heard, 6), 0);
    assert_string_equal(heard, "hello");
}

static inline void put_down(struct pair *pair) {
    for (int role = 0; role < IPC_ROLES; role++)
        assert_int_equal(ipc_transport.detach(&pair->ends[role].base), 0);
    ipc_transport.cleanup(&pair->link.base);
}

/* Without a namespace the tests run on the host's loopback, and without a public address: a test
 * sends nothing to an address of the host's network. */
static inline void enter_network(void) {
    struct problem problem;
    if (network_enter(NETWORK_PRIVATE, &test_network, &problem) < 0)
        test_network = (struct network){.for_transport = {.why_none = "no private namespace here"}};
}

#endif
