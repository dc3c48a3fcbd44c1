/* SPDX-License-Identifier: MIT */
/*
 * ends.c - what the two ends of a case do: patterned messages to and fro, each one verified.
 */
#include "helper.h"
#include "scene.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PILE_US = 20000 }; /* how long a sender that has room may take for a message */
enum { AGAINST_BYTES = 8 };

const size_t scene_sizes[SCENE_SIZES] = {1, 7, 8, 63, 64, 65, 4095, 4096, 4097, 65536, 1 << 20};

void scene_quit(struct stage *stage, int code, const char *format, ...) {
    if (atomic_exchange(&stage->has_text, 1) == 0) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(stage->text, sizeof stage->text, format, arguments);
        va_end(arguments);
    }
    _exit(code);
}

void scene_expect(struct stage *stage, int result, const struct ipc_fault *fault,
                  const char *operation) {
    if (result == 0)
        return;
    if (result > 0 || result == -EINTR || fault->call == NULL)
        scene_quit(stage, SCENE_FAILED, "%s returned %d, with %s as the call that failed",
                   operation, result, fault->call ? fault->call : "nothing");
    scene_quit(stage, SCENE_FAILED, "%s: %s: %s. %s", operation, fault->call, strerror(-result),
               fault->detail);
}

void scene_take_note(void *notes, const char *name, const char *value) {
    const struct taker *taker = notes;
    if (!taker->open)
        scene_quit(taker->stage, SCENE_FAILED, "a note came from send, recv or cleanup");
    if (name == NULL || value == NULL || name[0] == '\0')
        scene_quit(taker->stage, SCENE_FAILED, "a note had no name or no value");
}

/* Byte `at` of a message differs by direction, number and place. */
static unsigned char pattern(enum ipc_role from, unsigned number, size_t at) {
    uint64_t mixed =
        (uint64_t)at * 0x9e3779b1u + number * 0x85ebca6bu + (unsigned)from * 0x27d4eb2fu;
    return (unsigned char)(mixed >> 13 ^ mixed);
}

size_t scene_length(const struct scene *scene, size_t limit, unsigned number) {
    size_t bytes = scene->bytes ? scene->bytes : scene_sizes[number % (SCENE_SIZES - 1)];
    size_t own = scene->entry->transport->max_bytes;
    if (own != 0 && bytes > own)
        bytes = own;
    return limit != 0 && bytes > limit ? limit : bytes;
}

/* Likewise; what is said against a stream's direction is small. */
static size_t length_of(const struct actor *actor, unsigned number) {
    size_t bytes = scene_length(actor->scene, actor->stage->limit, number);
    bool against = actor->scene->play == PLAY_STREAM && number == actor->scene->messages;
    return against && bytes > AGAINST_BYTES ? AGAINST_BYTES : bytes;
}

static const struct ipc_in_place *in_place_of(const struct actor *actor,
                                              const struct ipc_end *end) {
    return actor->scene->entry->transport->in_place[end->link->wait];
}

static void say_in_place(struct actor *actor, struct ipc_end *end, unsigned number, size_t bytes) {
    void *room = NULL;
    scene_expect(actor->stage, in_place_of(actor, end)->reserve(end, bytes, &room), &end->fault,
                 "reserve");
    unsigned char *message = room;
    for (size_t i = 0; i < bytes; i++)
        message[i] = pattern(actor->role, number, i);
    scene_expect(actor->stage, in_place_of(actor, end)->commit(end), &end->fault, "commit");
}

/* The room for a message ends where the allocation does, so that ASan sees the first byte beyond;
 * odd lengths start at an odd address, since nobody promises alignment. */
static int put(struct actor *actor, struct ipc_end *end, const void *message, size_t bytes) {
    const struct ipc_transport *transport = actor->scene->entry->transport;
    if (actor->scene->play == PLAY_WATCHED && actor->role == IPC_SERVER)
        return ipc_write_all(transport->descriptors->out(end), message, bytes, &end->fault);
    return transport->messages[end->link->wait]->send(end, message, bytes);
}

static int take(struct actor *actor, struct ipc_end *end, void *message, size_t bytes) {
    const struct ipc_transport *transport = actor->scene->entry->transport;
    if (actor->scene->play == PLAY_WATCHED && actor->role == IPC_SERVER)
        return ipc_read_all(transport->descriptors->in(end), message, bytes, &end->fault);
    return transport->messages[end->link->wait]->recv(end, message, bytes);
}

static void say(struct actor *actor, struct ipc_end *end, unsigned number) {
    size_t bytes = length_of(actor, number), shift = bytes % 2;
    unsigned char *message = malloc(bytes + shift);
    for (size_t i = 0; i < bytes; i++)
        message[shift + i] = pattern(actor->role, number, i);
    scene_expect(actor->stage, put(actor, end, message + shift, bytes), &end->fault, "send");
    memset(message, 0xee, bytes + shift); /* send is over: the room is ours again */
    free(message);
}

static void compare(struct actor *actor, enum ipc_role from, unsigned number,
                    const unsigned char *message, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        if (message[i] != pattern(from, number, i))
            scene_quit(actor->stage, SCENE_FAILED, "message %u of %zu bytes differs at byte %zu",
                       number, bytes, i);
}

static void hear_in_place(struct actor *actor, struct ipc_end *end, enum ipc_role from,
                          unsigned number, size_t bytes) {
    const void *message = NULL;
    scene_expect(actor->stage, in_place_of(actor, end)->peek(end, bytes, &message), &end->fault,
                 "peek");
    compare(actor, from, number, message, bytes);
    scene_expect(actor->stage, in_place_of(actor, end)->release(end), &end->fault, "release");
}

static void hear(struct actor *actor, struct ipc_end *end, enum ipc_role from, unsigned number) {
    size_t bytes = length_of(actor, number), shift = bytes % 2;
    unsigned char *message = malloc(bytes + shift);
    memset(message, 0x55, bytes + shift);
    scene_expect(actor->stage, take(actor, end, message + shift, bytes), &end->fault, "recv");
    compare(actor, from, number, message + shift, bytes);
    free(message);
}

/* Does what comes before or after each exchange of a meeting: `step` is of struct ipc_connections.
 */
static void meet(struct actor *actor, struct ipc_end *end, int (*step)(struct ipc_end *end),
                 const char *name) {
    if (actor->scene->play == PLAY_MEETING && step != NULL)
        scene_expect(actor->stage, step(end), &end->fault, name);
}

/* Waits until `sent` messages are under way that nobody has received, or the sender gets no
 * further: then all the room that there is has been used. */
static void await_pile(struct stage *stage, unsigned all) {
    unsigned before = UINT_MAX, sent = 0;
    while ((sent = atomic_load(&stage->sent)) < all && sent != before) {
        before = sent;
        (void)usleep(PILE_US);
    }
}

/* A small message from whom the stream goes to, while that is piled up before it: its room must be
 * its own. */
static void interject(struct actor *actor, struct ipc_end *end, enum ipc_role from) {
    unsigned number = actor->scene->messages;
    if (actor->role != from)
        say(actor, end, number);
    else
        hear(actor, end, (enum ipc_role) !from, number);
}

/* Sends all its messages while the peer looks on, which then receives them; with a depth, no more
 * at a time than that. */
static void stream(struct actor *actor, struct ipc_end *end, enum ipc_role from) {
    const struct scene *scene = actor->scene;
    struct stage *stage = actor->stage;
    unsigned depth = scene->depth ? scene->depth : scene->messages;
    unsigned past = from == IPC_CLIENT ? 0 : scene->messages; /* the other direction's came first */
    if (actor->role != from) {
        await_pile(stage, past + depth);
        if (!scene->in_place)
            interject(actor, end, from);
    }
    for (unsigned number = 0; number < scene->messages; number++) {
        size_t bytes = scene_length(scene, stage->limit, number);
        if (actor->role == from) {
            while (number >= atomic_load(&stage->received) - past + depth)
                (void)usleep(PILE_US / 10);
            scene->in_place ? say_in_place(actor, end, number, bytes) : say(actor, end, number);
            (void)atomic_fetch_add(&stage->sent, 1);
        } else {
            scene->in_place ? hear_in_place(actor, end, from, number, bytes)
                            : hear(actor, end, from, number);
            (void)atomic_fetch_add(&stage->received, 1);
        }
    }
    if (actor->role == from && !scene->in_place)
        interject(actor, end, from);
}

/* A request and its answer, which the server gives before it releases the request: that must stand
 * as long as it may be read. */
static void converse_in_place(struct actor *actor, struct ipc_end *end, unsigned number) {
    const struct ipc_in_place *in_place = in_place_of(actor, end);
    size_t bytes = length_of(actor, number);
    const void *request = NULL;
    if (actor->role == IPC_CLIENT) {
        say_in_place(actor, end, number, bytes);
        hear_in_place(actor, end, IPC_SERVER, number, bytes);
        return;
    }
    scene_expect(actor->stage, in_place->peek(end, bytes, &request), &end->fault, "peek");
    say_in_place(actor, end, number, bytes);
    compare(actor, IPC_CLIENT, number, request, bytes);
    scene_expect(actor->stage, in_place->release(end), &end->fault, "release");
}

static void talk(struct actor *actor, struct ipc_end *end) {
    static const struct ipc_connections none = {.fits = NULL};
    bool solo = actor->scene->entry->transport->solo, client = actor->role == IPC_CLIENT;
    const struct ipc_connections *connections = actor->scene->entry->transport->connections;
    const struct ipc_connections *c = connections ? connections : &none;
    for (unsigned number = 0; number < actor->scene->messages; number++) {
        if (actor->scene->in_place) {
            converse_in_place(actor, end, number);
            continue;
        }
        meet(actor, end, client ? c->connect : c->accept, client ? "connect" : "accept");
        if (actor->role == IPC_SERVER)
            hear(actor, end, IPC_CLIENT, number);
        say(actor, end, number);
        if (actor->role == IPC_CLIENT)
            hear(actor, end, solo ? IPC_CLIENT : IPC_SERVER, number);
        meet(actor, end, c->hang_up, "hang_up");
    }
}

/* Waits to be killed: the client in recv, the server outside of the transport. */
static void wait_for_death(struct actor *actor, struct ipc_end *end, uint32_t all) {
    gate_pass(&actor->stage->waiting, all + 1);
    if (actor->role == IPC_CLIENT && !actor->scene->entry->transport->solo)
        hear(actor, end, IPC_SERVER, 0);
    for (;;)
        (void)pause();
}

static void *zeroed(size_t bytes) {
    size_t room = (bytes + IPC_ALIGN - 1) / IPC_ALIGN * IPC_ALIGN;
    void *memory = aligned_alloc(IPC_ALIGN, room);
    return memory == NULL ? NULL : memset(memory, 0, room);
}

void *scene_act(void *of) {
    struct actor *actor = of;
    const struct ipc_transport *transport = actor->scene->entry->transport;
    uint32_t all = transport->solo ? 1 : 2;
    struct ipc_end *end = zeroed(transport->end_bytes);
    struct taker taker = {actor->stage, true};
    end->link = actor->link;
    end->role = actor->role;
    end->note = scene_take_note;
    end->notes = &taker;
    if (transport->attach)
        scene_expect(actor->stage, transport->attach(end), &end->fault, "attach");
    taker.open = false;
    gate_pass(&actor->stage->attached, all);
    if (actor->scene->play == PLAY_KILLED)
        wait_for_death(actor, end, all);
    if (actor->scene->play == PLAY_STREAM) {
        stream(actor, end, IPC_CLIENT);
        stream(actor, end, IPC_SERVER);
    } else {
        talk(actor, end);
    }
    gate_pass(&actor->stage->finished, all);
    taker.open = true;
    if (transport->detach)
        scene_expect(actor->stage, transport->detach(end), &end->fault, "detach");
    free(end);
    return NULL;
}
