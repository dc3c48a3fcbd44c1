/* SPDX-License-Identifier: MIT */
/*
 * workload_spec.h - a workload as it is written in a cell's key: a word, and after a colon what can
 * be set of it: "pingpong", "rate:hz=1000,arrivals=poisson", "stream:depth=64",
 * "serve:clients=64,design=epoll", "connect:clients=8". No system calls.
 */
#ifndef BENCH_WORKLOAD_SPEC_H
#define BENCH_WORKLOAD_SPEC_H

#include "base/problem.h"

#include <stddef.h>
#include <stdint.h>

#define WORKLOAD_SPEC_BYTES 48

enum workload_kind {
    WORKLOAD_PINGPONG, /* closed loop: the next request leaves when the reply is there */
    WORKLOAD_RATE,     /* open loop: requests are due at given times, whatever the replies do */
    WORKLOAD_TWICE,    /* write-write-read: a request in two messages, one reply */
    WORKLOAD_STREAM,   /* one way: the client sends, the server receives */
    WORKLOAD_SERVE,    /* many clients, each in a closed loop, and one server */
    WORKLOAD_CONNECT,  /* a connection for each exchange */
    WORKLOAD_KINDS
};

/* How a server serves many clients. From WORKLOAD_SELECT on one thread does it. */
enum workload_design {
    WORKLOAD_THREAD,
    WORKLOAD_PROCESS,
    WORKLOAD_SELECT,
    WORKLOAD_POLL,
    WORKLOAD_EPOLL,
    WORKLOAD_URING,
    WORKLOAD_DESIGNS
};
extern const char *const workload_designs[]; /* "thread", "process", ..., NULL */

enum workload_arrivals { WORKLOAD_CONSTANT, WORKLOAD_POISSON };

/* A search is many trials, each with a rate of its own: knee.h. */
enum workload_search { WORKLOAD_AS_GIVEN, WORKLOAD_KNEE };

/* How the messages of a stream get to where they are used. */
enum workload_inplace {
    WORKLOAD_COPIED,   /* by send and recv */
    WORKLOAD_HANDOVER, /* in place; only a sequence number is written and read */
    WORKLOAD_CONSUME   /* in place; all of each message is written and read */
};

struct workload_spec {
    enum workload_kind kind;
    uint64_t hz; /* WORKLOAD_RATE: requests a second, 1 to WORKLOAD_MOST_HZ */
    enum workload_arrivals arrivals;
    enum workload_search search; /* likewise; from `hz` upwards */
    /* WORKLOAD_STREAM: messages under way at most; 0: as many as there is room for */
    uint64_t depth;
    enum workload_inplace inplace; /* likewise */
    uint64_t clients; /* WORKLOAD_SERVE and WORKLOAD_CONNECT: 1 to WORKLOAD_MOST_CLIENTS */
    enum workload_design design; /* WORKLOAD_SERVE */
};

#define WORKLOAD_MOST_CLIENTS UINT64_C(1024)
#define WORKLOAD_MOST_HZ      UINT64_C(100000000)
#define WORKLOAD_MOST_DEPTH   UINT64_C(1000000)

/* Parses it. 0, or -EINVAL with a sentence that names the wrong part and the nearest right word. */
int workload_spec_parse(const char *text, struct workload_spec *spec, struct problem *problem);

/* Writes it the canonical way, without what is a default: parses back to the same. */
void workload_spec_format(const struct workload_spec *spec, char text[WORKLOAD_SPEC_BYTES]);

/* The kind of a text that was parsed before. */
enum workload_kind workload_spec_kind(const char *text);

enum { WORKLOAD_LEAST_ARRIVALS = 5 };

/* The gap between two requests of an open loop, in ns; 0: this text, which was parsed before, is of
 * another workload. A trial lasts WORKLOAD_LEAST_ARRIVALS of them at least. */
uint64_t workload_spec_gap_ns(const char *text);

#endif
