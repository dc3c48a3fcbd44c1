/* SPDX-License-Identifier: MIT */
/*
 * shm_ring.c - the ring with many messages under way in one direction: none is lost, cut or
 * changed, whatever their sizes, also where they are larger than the ring.
 */
#if !__has_include("../../transports/shm-ring.c")
#include "absent.h"
#else
#include "../../transports/shm-ring.c"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MOST_BYTES = 700 };

struct stream {
    struct ring_link link;
    struct ring_end ends[IPC_ROLES];
    unsigned messages;
    int failed; /* by the thread that sends */
};

static void ignore_note(void *notes, const char *name, const char *value) {
    (void)notes;
    (void)name;
    (void)value;
}

static size_t length_of(unsigned number) {
    return 1 + (size_t)(number * 2654435761u >> 7) % MOST_BYTES;
}

static void fill(unsigned char *message, unsigned number) {
    memset(message, (int)(number * 31 + 7) & 0xff, length_of(number));
    memcpy(message, &number, length_of(number) < sizeof number ? length_of(number) : sizeof number);
}

static void *send_all(void *of) {
    struct stream *stream = of;
    unsigned char message[MOST_BYTES];
    for (unsigned number = 0; number < stream->messages && !stream->failed; number++) {
        fill(message, number);
        stream->failed = send_message(&stream->ends[IPC_CLIENT].base, message, length_of(number));
    }
    return NULL;
}

static void receive_all(struct stream *stream) {
    unsigned char message[MOST_BYTES], expected[MOST_BYTES];
    for (unsigned number = 0; number < stream->messages; number++) {
        size_t bytes = length_of(number);
        fill(expected, number);
        assert_int_equal(recv_message(&stream->ends[IPC_SERVER].base, message, bytes), 0);
        assert_memory_equal(message, expected, bytes);
    }
}

static void check_stream(uint64_t ring_bytes, enum ipc_wait wait, unsigned count) {
    static struct stream stream;
    pthread_t sender;
    stream = (struct stream){.messages = count,
                             .link = {.base = {.wait = wait,
                                               .max_bytes = MOST_BYTES,
                                               .spin_budget_ns = 1000,
                                               .note = ignore_note},
                                      .ring_bytes = ring_bytes}};
    assert_int_equal(setup(&stream.link.base), 0);
    for (int role = 0; role < IPC_ROLES; role++) {
        stream.ends[role].base = (struct ipc_end){
            .link = &stream.link.base, .role = (enum ipc_role)role, .note = ignore_note};
        assert_int_equal(attach(&stream.ends[role].base), 0);
    }
    assert_int_equal(pthread_create(&sender, NULL, send_all, &stream), 0);
    receive_all(&stream);
    assert_int_equal(pthread_join(sender, NULL), 0);
    assert_int_equal(stream.failed, 0);
    cleanup(&stream.link.base);
}

static void a_ring_of_many_messages(void **state) {
    (void)state;
    check_stream(65536, IPC_BLOCK, 100000);
    check_stream(65536, IPC_PARK, 100000);
}

static void a_ring_smaller_than_a_message(void **state) {
    (void)state;
    check_stream(64, IPC_BLOCK, 3000);
}

static void a_message_of_another_length_is_refused(void **state) {
    (void)state;
    static struct stream stream;
    stream = (struct stream){.link = {.base = {.max_bytes = 64, .note = ignore_note}}};
    assert_int_equal(setup(&stream.link.base), 0);
    for (int role = 0; role < IPC_ROLES; role++) {
        stream.ends[role].base = (struct ipc_end){
            .link = &stream.link.base, .role = (enum ipc_role)role, .note = ignore_note};
        assert_int_equal(attach(&stream.ends[role].base), 0);
    }
    unsigned char message[16] = {0};
    assert_int_equal(send_message(&stream.ends[IPC_CLIENT].base, message, 16), 0);
    assert_int_equal(recv_message(&stream.ends[IPC_SERVER].base, message, 15), -EMSGSIZE);
    cleanup(&stream.link.base);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_of_many_messages),
        cmocka_unit_test(a_ring_smaller_than_a_message),
        cmocka_unit_test(a_message_of_another_length_is_refused),
    };
    return cmocka_run_group_tests_name("shm_ring", tests, NULL, NULL);
}

#endif
