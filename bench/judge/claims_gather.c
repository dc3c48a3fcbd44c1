/* SPDX-License-Identifier: MIT */
/*
 * claims_gather.c - finds the cells that differ in just what a claim is about.
 */
#include "judge/claims_gather.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Names of transports; one that ends in '*' stands for all that begin so. */
static const char *const sockets[] = {"tcp-*", "mptcp", "udp", "unix*", "vsock", NULL};
static const char *const pipes_and_memory[] = {"pipe", "fifo", "vmsplice", "shm*", NULL};

static bool is_one_of(const char *name, const char *const *patterns) {
    for (; *patterns != NULL; patterns++) {
        size_t length = strlen(*patterns);
        bool begins = (*patterns)[length - 1] == '*';
        if (begins ? strncmp(name, *patterns, length - 1) == 0 : strcmp(name, *patterns) == 0)
            return true;
    }
    return false;
}

static int add(const struct run *run, struct claim *claim, const struct cell_summary *left,
               const struct cell_summary *right) {
    struct contest *pairs = realloc(claim->pairs, (claim->count + 1) * sizeof *pairs);
    if (pairs == NULL)
        return -ENOMEM;
    claim->pairs = pairs;
    pairs[claim->count++] = contest_between(run, left, right);
    return 0;
}

static bool same_place(const struct cell *a, const struct cell *b) {
    return a->wait == b->wait && a->size_bytes == b->size_bytes &&
           strcmp(a->placement, b->placement) == 0;
}

/* A ping-pong cell of a mechanism of the kernel itself. */
static bool is_plain(const struct cell_summary *cell) {
    return contest_admits(cell) && strcmp(cell->cell.workload, "pingpong") == 0 &&
           (strcmp(cell->group, "core") == 0 || strcmp(cell->group, "kernel") == 0);
}

/* One side of a contest between two kinds of mechanisms. */
struct side {
    const struct cell *like;
    const char *const *patterns;
    bool among; /* the cell's transport is, or is not, one of them */
};

static bool is_on_side(const struct cell_summary *cell, const void *context) {
    const struct side *side = context;
    return is_plain(cell) && same_place(&cell->cell, side->like) &&
           is_one_of(cell->cell.transport, side->patterns) == side->among;
}

static bool place_is_new(const struct run *run, size_t index) {
    for (size_t i = 0; i < index; i++)
        if (is_plain(&run->cells[i]) && same_place(&run->cells[i].cell, &run->cells[index].cell))
            return false;
    return true;
}

static int gather_kinds(const struct run *run, struct claim *claim, const char *const *patterns,
                        bool left_among) {
    int error = 0;
    for (size_t i = 0; i < run->cell_count && error == 0; i++) {
        if (!is_plain(&run->cells[i]) || !place_is_new(run, i))
            continue;
        struct side left = {&run->cells[i].cell, patterns, left_among};
        struct side right = {&run->cells[i].cell, patterns, !left_among};
        const struct cell_summary *a = contest_best(run, is_on_side, &left);
        const struct cell_summary *b = contest_best(run, is_on_side, &right);
        if (a != NULL && b != NULL)
            error = add(run, claim, a, b);
    }
    return error;
}

int claims_gather_sockets(const struct run *run, struct claim *claim) {
    return gather_kinds(run, claim, sockets, false);
}

int claims_gather_pipes_and_memory(const struct run *run, struct claim *claim) {
    return gather_kinds(run, claim, pipes_and_memory, true);
}

/* The ok cell with this transport and workload, and everything else as in `like`; or NULL. */
static const struct cell_summary *counterpart(const struct run *run, const struct cell *like,
                                              const char *transport, const char *workload) {
    for (size_t i = 0; i < run->cell_count; i++) {
        const struct cell *cell = &run->cells[i].cell;
        if (run->cells[i].status == RECORD_OK && same_place(cell, like) &&
            strcmp(cell->transport, transport) == 0 && strcmp(cell->workload, workload) == 0 &&
            strcmp(cell->knobs, like->knobs) == 0)
            return &run->cells[i];
    }
    return NULL;
}

/* Adds each ping-pong cell of `left` that `right` has too. */
static int gather_pair(const struct run *run, struct claim *claim, const char *left,
                       const char *right) {
    int error = 0;
    for (size_t i = 0; i < run->cell_count && error == 0; i++) {
        const struct cell_summary *a = &run->cells[i];
        if (a->status != RECORD_OK || strcmp(a->cell.workload, "pingpong") != 0 ||
            strcmp(a->cell.transport, left) != 0)
            continue;
        const struct cell_summary *b = counterpart(run, &a->cell, right, a->cell.workload);
        if (b != NULL)
            error = add(run, claim, a, b);
    }
    return error;
}

int claims_gather_addresses(const struct run *run, struct claim *claim) {
    return gather_pair(run, claim, "tcp-localhost", "tcp-public");
}

int claims_gather_multiprocessing(const struct run *run, struct claim *claim) {
    /* multiprocessing.Pipe is a socket pair, its queues are pipes, its shared memory is mapped */
    static const char *const pairs[][2] = {
        {"unix", "python-pipe"}, {"pipe", "python-queue"}, {"shm", "python-shm"}};
    int error = 0;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs && error == 0; i++)
        error = gather_pair(run, claim, pairs[i][0], pairs[i][1]);
    return error;
}

int claims_gather_connections(const struct run *run, struct claim *claim) {
    int error = 0;
    for (size_t i = 0; i < run->cell_count && error == 0; i++) {
        const struct cell_summary *right = &run->cells[i];
        if (right->status != RECORD_OK || !contest_runs(&right->cell, "connect"))
            continue;
        const struct cell_summary *left =
            counterpart(run, &right->cell, right->cell.transport, "pingpong");
        if (left != NULL)
            error = add(run, claim, left, right);
    }
    return error;
}

/* The workload with another design: "serve:clients=64,design=thread". */
static bool with_design(const char *workload, const char *design, char *text, size_t room) {
    static const char option[] = "design=select";
    const char *at = strstr(workload, option);
    if (at == NULL)
        return false;
    int length = snprintf(text, room, "%.*sdesign=%s%s", (int)(at - workload), workload, design,
                          at + strlen(option));
    return length > 0 && (size_t)length < room;
}

int claims_gather_servers(const struct run *run, struct claim *claim) {
    static const char *const others[] = {"thread", "process"};
    int error = 0;
    for (size_t i = 0; i < run->cell_count * 2 && error == 0; i++) {
        const struct cell_summary *left = &run->cells[i / 2];
        char workload[sizeof left->cell.workload];
        if (left->status != RECORD_OK || !contest_runs(&left->cell, "serve") ||
            !with_design(left->cell.workload, others[i % 2], workload, sizeof workload))
            continue;
        const struct cell_summary *right =
            counterpart(run, &left->cell, left->cell.transport, workload);
        if (right != NULL)
            error = add(run, claim, left, right);
    }
    return error;
}
