/* SPDX-License-Identifier: MIT */
/*
 * poller.h - waits for many descriptors at once by select, poll or epoll: the ways of a server that
 * one thread runs. All level-triggered.
 */
#ifndef BENCH_POLLER_H
#define BENCH_POLLER_H

#include "plugin/workload_spec.h"
#include "transport.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

struct poller {
    const struct poller_kind *kind;
    size_t count;    /* descriptors, one for each client */
    uint32_t *ready; /* which are, after a wait */
    size_t ready_count;
    struct pollfd *fds; /* what is watched; for poll as it stands */
    int *low;           /* select: copies of the descriptors with low numbers, or 0 */
    fd_set reading, writing;
    int highest;
    struct epoll_event *events;
    int epoll;
};

/* For `count` clients, by WORKLOAD_SELECT, WORKLOAD_POLL or WORKLOAD_EPOLL. 0 or -errno, with the
 * call in the fault. poller_close undoes it, on failure too. */
int poller_open(struct poller *poller, enum workload_design design, size_t count,
                struct ipc_fault *fault);
void poller_close(struct poller *poller);

/* Watches a descriptor for a client, in place of the one that was watched for it before: until it
 * can be read, or written. -EMFILE: its number is beyond what select can hold, and so is that of a
 * copy. */
int poller_watch(struct poller *poller, size_t client, int fd, bool writing,
                 struct ipc_fault *fault);

/* Returns when at least one is ready. */
int poller_wait(struct poller *poller, struct ipc_fault *fault);

#endif
