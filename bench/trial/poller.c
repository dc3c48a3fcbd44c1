/* SPDX-License-Identifier: MIT */
/*
 * poller.c - select, poll and epoll behind one interface. Beyond the call itself each costs what it
 * costs a server: select's sets are copied and looked through, poll's list is looked through.
 */
#include "trial/poller.h"

#include "helper.h"

struct poller_kind {
    int (*watch)(struct poller *poller, size_t client, int before, struct ipc_fault *fault);
    int (*wait)(struct poller *poller, struct ipc_fault *fault);
};

static int check(int result, const char *call, struct ipc_fault *fault) {
    return result < 0 && errno != EINTR ? ipc_fail(fault, call) : 0;
}

/* ---- select ---- */

/* The number that select gets: the descriptor's own where that is low enough, else a copy's. */
static int low_number(struct poller *p, size_t client, struct ipc_fault *fault) {
    int fd = p->fds[client].fd;
    ipc_close(&p->low[client]);
    if (fd < FD_SETSIZE)
        return fd;
    int low = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (low < 0)
        return ipc_fail(fault, "fcntl(F_DUPFD_CLOEXEC)");
    p->low[client] = low;
    if (low < FD_SETSIZE)
        return low;
    (void)snprintf(fault->detail, sizeof fault->detail,
                   "select watches descriptors below %d only: take poll, epoll or io-uring",
                   FD_SETSIZE);
    return ipc_fail_with(fault, "select", EMFILE);
}

static int number_of(const struct poller *p, size_t client) {
    return p->low[client] > 0 ? p->low[client] : p->fds[client].fd;
}

static int select_watch(struct poller *p, size_t client, int before, struct ipc_fault *fault) {
    int old = p->low[client] > 0 ? p->low[client] : before;
    if (before >= 0 && old < FD_SETSIZE) {
        FD_CLR(old, &p->reading);
        FD_CLR(old, &p->writing);
    }
    int fd = low_number(p, client, fault);
    if (fd < 0)
        return fd;
    FD_SET(fd, p->fds[client].events & POLLOUT ? &p->writing : &p->reading);
    p->highest = fd > p->highest ? fd : p->highest;
    return 0;
}

static int select_wait(struct poller *p, struct ipc_fault *fault) {
    fd_set reading = p->reading, writing = p->writing;
    int found = select(p->highest + 1, &reading, &writing, NULL, NULL);
    for (size_t i = 0; i < p->count && found > 0; i++) {
        int fd = number_of(p, i);
        if (FD_ISSET(fd, &reading) || FD_ISSET(fd, &writing)) {
            p->ready[p->ready_count++] = (uint32_t)i;
            found--;
        }
    }
    return check(found, "select", fault);
}

/* ---- poll ---- */

static int poll_watch(struct poller *p, size_t client, int before, struct ipc_fault *fault) {
    (void)p;
    (void)client;
    (void)before;
    (void)fault;
    return 0;
}

static int poll_wait(struct poller *p, struct ipc_fault *fault) {
    int found = poll(p->fds, p->count, -1);
    int left = found;
    for (size_t i = 0; i < p->count && left > 0; i++)
        if (p->fds[i].revents) {
            p->ready[p->ready_count++] = (uint32_t)i;
            left--;
        }
    return check(found, "poll", fault);
}

/* ---- epoll ---- */

static int epoll_watch(struct poller *p, size_t client, int before, struct ipc_fault *fault) {
    const struct pollfd *watched = &p->fds[client];
    struct epoll_event event = {.events = watched->events & POLLOUT ? EPOLLOUT : EPOLLIN};
    event.data.u32 = (uint32_t)client;
    bool same = before == watched->fd;
    if (before >= 0 && !same && epoll_ctl(p->epoll, EPOLL_CTL_DEL, before, NULL) < 0)
        return ipc_fail(fault, "epoll_ctl");
    if (epoll_ctl(p->epoll, same ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, watched->fd, &event) < 0)
        return ipc_fail(fault, "epoll_ctl");
    return 0;
}

static int epoll_wait_all(struct poller *p, struct ipc_fault *fault) {
    int found = epoll_wait(p->epoll, p->events, (int)p->count, -1);
    for (int i = 0; i < found; i++)
        p->ready[p->ready_count++] = p->events[i].data.u32;
    return check(found, "epoll_wait", fault);
}

/* ---- all ---- */

static const struct poller_kind kinds[WORKLOAD_DESIGNS] = {
    [WORKLOAD_SELECT] = {select_watch, select_wait},
    [WORKLOAD_POLL] = {poll_watch, poll_wait},
    [WORKLOAD_EPOLL] = {epoll_watch, epoll_wait_all},
};

int poller_open(struct poller *poller, enum workload_design design, size_t count,
                struct ipc_fault *fault) {
    *poller = (struct poller){.kind = &kinds[design], .count = count, .highest = -1};
    FD_ZERO(&poller->reading);
    FD_ZERO(&poller->writing);
    poller->ready = calloc(count, sizeof *poller->ready);
    poller->fds = calloc(count, sizeof *poller->fds);
    poller->low = calloc(count, sizeof *poller->low);
    poller->events = calloc(count, sizeof *poller->events);
    if (!poller->ready || !poller->fds || !poller->low || !poller->events)
        return ipc_fail_with(fault, "malloc", ENOMEM);
    for (size_t i = 0; i < count; i++)
        poller->fds[i].fd = -1;
    if (design != WORKLOAD_EPOLL)
        return 0;
    poller->epoll = epoll_create1(EPOLL_CLOEXEC);
    return poller->epoll < 0 ? ipc_fail(fault, "epoll_create1") : 0;
}

void poller_close(struct poller *poller) {
    for (size_t i = 0; poller->low && i < poller->count; i++)
        ipc_close(&poller->low[i]);
    ipc_close(&poller->epoll);
    free(poller->events);
    free(poller->low);
    free(poller->fds);
    free(poller->ready);
}

int poller_watch(struct poller *poller, size_t client, int fd, bool writing,
                 struct ipc_fault *fault) {
    int before = poller->fds[client].fd;
    poller->fds[client] = (struct pollfd){.fd = fd, .events = writing ? POLLOUT : POLLIN};
    return poller->kind->watch(poller, client, before, fault);
}

int poller_wait(struct poller *poller, struct ipc_fault *fault) {
    poller->ready_count = 0;
    return poller->kind->wait(poller, fault);
}
