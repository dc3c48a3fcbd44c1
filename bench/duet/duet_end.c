/* SPDX-License-Identifier: MIT */
/*
 * duet_end.c - the life of one end of a duet's trial. Whatever is made for the two builds is made
 * for the one that begins first: which one that is changes from trial to trial.
 */
#include "duet/duet_end.h"

#include "base/analyzer.h"
#include "host/privileges.h"
#include "stats/stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PADDINGS = 256, MOST_PADDING = 512 };

const char *const duet_sides[DUET_SIDES + 1] = {"base", "head", NULL};

/* An end's hold on one build. */
struct voice {
    struct ipc_end *end;
    struct payload outgoing, incoming;
    struct payload made[2]; /* what these are copies of */
    void *buffer;
    void *room; /* pages that hold all of these, at the same places in a page for both builds */
    size_t room_bytes;
    void *paddings[PADDINGS]; /* see crowd() */
};

static void ignore(void *notes, const char *name, const char *value) {
    (void)notes;
    (void)name;
    (void)value;
}

static size_t aligned(size_t bytes) {
    return (bytes + IPC_ALIGN - 1) / IPC_ALIGN * IPC_ALIGN;
}

/* A payload whose message stands at `place`; that of `made` is kept, so that no hole of a certain
 * size is left for the build's own memory. */
static int place_payload(struct payload *payload, struct payload *made,
                         const struct duet_task *duet, uint64_t seed, int direction,
                         unsigned char *place) {
    size_t bytes = duet->task.size_bytes;
    int error = payload_make(made, bytes, seed, direction, duet->task.verify_full);
    if (error)
        return error;
    memcpy(place, made->message, bytes);
    *payload = *made;
    payload->message = place;
    return 0;
}

/* Where a build's memory lies in its page decides more than most changes do: so that of the harness
 * lies at the same places for both, and that of the build is moved about by chance. */
static int make_voice(const struct duet_task *duet, enum ipc_role role, unsigned side,
                      struct voice *voice) {
    const struct ipc_transport *transport = duet->transports[side];
    int out = role == IPC_CLIENT ? 0 : 1;
    int in = transport->solo ? out : 1 - out;
    size_t end_bytes = aligned(transport->end_bytes), bytes = aligned(duet->task.size_bytes);
    uint64_t seed = duet->task.seed + side;
    voice->room_bytes = end_bytes + 3 * bytes;
    voice->room = mmap(NULL, voice->room_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (voice->room == MAP_FAILED) {
        voice->room = NULL;
        return -ENOMEM;
    }
    unsigned char *at = voice->room;
    voice->buffer = at;
    voice->end = (struct ipc_end *)(void *)(at + 3 * bytes);
    *voice->end = (struct ipc_end){.link = duet->links[side], .role = role, .note = ignore};
    int error = place_payload(&voice->outgoing, &voice->made[0], duet, seed, out, at + bytes);
    return error ? error
                 : place_payload(&voice->incoming, &voice->made[1], duet, seed, in, at + 2 * bytes);
}

static void free_voice(struct voice *voice) {
    payload_free(&voice->made[0]);
    payload_free(&voice->made[1]);
    if (voice->room != NULL)
        (void)munmap(voice->room, voice->room_bytes);
    for (int i = 0; i < PADDINGS; i++)
        free(voice->paddings[i]);
}

/* An end's own page table is still empty: fills it, so that keeping a span takes no page fault. At
 * once where the kernel can (Linux 5.14), since on virtual machines a fault takes long. */
static void warm_pages(struct duet_shared *shared) {
    volatile char *bytes = (volatile char *)shared;
    if (madvise(shared, sizeof *shared, MADV_POPULATE_WRITE) == 0)
        return;
    for (size_t at = 0; at < sizeof *shared; at += 4096) {
        char byte = bytes[at];
        bytes[at] = byte;
    }
}

static int work(const struct duet_task *duet, enum ipc_role role, struct voice *voices,
                unsigned *side) {
    struct end_report *report = &duet->task.control->ends[role];
    struct workload_duet workload = {.plan = &duet->plan,
                                     .clock = duet->task.clock,
                                     .signs = &duet->shared->signs,
                                     .result = &duet->shared->result};
    for (int i = 0; i < DUET_SIDES; i++)
        workload.links[i] = (struct workload_duet_link){
            .end = voices[i].end,
            .messages = duet->transports[i]->messages[duet->links[i]->wait],
            .outgoing = &voices[i].outgoing,
            .incoming = &voices[i].incoming,
            .buffer = voices[i].buffer};
    atomic_store(&report->stage, END_MEASURING);
    usage_read(&report->before);
    int error =
        role == IPC_CLIENT ? workload_duet_client(&workload) : workload_duet_server(&workload);
    usage_read(&report->after);
    *side = workload.failed;
    return error;
}

ANALYZER_NO_LEAK("freed with the voice");
/* Fills the holes of the heap by chance, so that what the build itself allocates lies elsewhere
 * in each trial. */
static void crowd(struct voice *voice, uint64_t *chance) {
    for (int i = 0; i < PADDINGS; i++)
        voice->paddings[i] = malloc(1 + stats_random_below(chance, MOST_PADDING));
}
ANALYZER_END;

/* Attaches both builds; *side is where it failed. */
static int attach(const struct duet_task *duet, enum ipc_role role, struct voice *voices,
                  unsigned *side) {
    uint64_t chance = 2 * duet->task.seed + (uint64_t)role;
    int error = 0;
    for (unsigned i = 0; i < DUET_SIDES && error == 0; i++) {
        *side = duet->plan.first ^ i;
        const struct ipc_transport *transport = duet->transports[*side];
        crowd(&voices[*side], &chance);
        error = transport->attach ? transport->attach(voices[*side].end) : 0;
    }
    return error;
}

static int detach(const struct duet_task *duet, struct voice *voices, unsigned *side) {
    int error = 0;
    for (unsigned i = 0; i < DUET_SIDES && error == 0; i++) {
        *side = duet->plan.first ^ i;
        const struct ipc_transport *transport = duet->transports[*side];
        error = transport->detach ? transport->detach(voices[*side].end) : 0;
    }
    return error;
}

static int live(const struct duet_task *duet, enum ipc_role role, struct voice *voices,
                unsigned *side) {
    struct control *control = duet->task.control;
    struct end_report *report = &control->ends[role];
    uint32_t all = duet->task.transport->solo ? 1 : IPC_ROLES;
    int error = end_pin(duet->task.cpus[role], &voices[*side].end->fault);
    privileges_drop_for_end();
    atomic_store(&report->stage, END_ATTACHING);
    if (!error)
        error = attach(duet, role, voices, side);
    if (error)
        return error;
    if (role == IPC_CLIENT)
        warm_pages(duet->shared);
    gate_pass(&control->ready, all);
    error = work(duet, role, voices, side);
    if (error)
        return error;
    gate_pass(&control->done, all);
    atomic_store(&report->stage, END_DETACHING);
    error = detach(duet, voices, side);
    if (!error)
        atomic_store(&report->stage, END_OVER);
    return error;
}

/* Says also whose fault it was. */
static void blame(const struct duet_task *duet, enum ipc_role role, int error, unsigned side,
                  const struct ipc_end *end) {
    struct ipc_fault fault = {.call = end != NULL && end->fault.call ? end->fault.call : "malloc"};
    (void)snprintf(fault.detail, sizeof fault.detail, "of the %s%s%.150s", duet_sides[side],
                   end != NULL && end->fault.detail[0] ? ": " : "",
                   end != NULL ? end->fault.detail : "");
    task_blame(duet->task.control, role, error, &fault);
}

int duet_end_run(const struct end_task *task, enum ipc_role role) {
    const struct duet_task *duet = (const struct duet_task *)task;
    struct voice voices[DUET_SIDES] = {{.end = NULL}, {.end = NULL}};
    unsigned side = duet->plan.first;
    int error = make_voice(duet, role, side, &voices[side]);
    if (!error)
        error = make_voice(duet, role, !side, &voices[!side]);
    if (!error)
        error = live(duet, role, voices, &side);
    if (error)
        blame(duet, role, error, side, voices[side].end);
    for (int i = 0; i < DUET_SIDES; i++)
        free_voice(&voices[i]);
    return error ? 1 : 0;
}
