/* SPDX-License-Identifier: MIT */
/* pkg-config: libfabric */
/*
 * libfabric.c - libfabric's reliable datagrams (FI_EP_RDM) over its provider "shm".
 *
 * A message costs 2 copies through a queue in shared memory up to some KiB; beyond that the
 * receiver copies straight out of the sender's memory (CMA, 1 copy and 1 system call), or through a
 * segment made for it where the host forbids that. Its completion queue is polled: there is nothing
 * to sleep on, so it can only spin.
 *
 * Only the provider "shm" is asked for, and the one that was got is noted as "path". It takes
 * signal handlers to remove its segments, which an end gives back: they stand in a /dev/shm of the
 * trial's own.
 */
#include "helper.h"

#include <rdma/fabric.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <rdma/fi_errno.h>
#include <signal.h>

#define FABRIC_VERSION   FI_VERSION(1, 11) /* the oldest interface that has all that is used here */
#define FABRIC_PROVIDER  "shm"
#define FABRIC_ADDRESSES 512

struct fabric_link {
    struct ipc_link base;
    int fds[IPC_ROLES]; /* a pair of sockets, for the endpoints' addresses */
};

struct fabric_end {
    struct ipc_end base;
    struct fi_info *info;
    struct fid_fabric *fabric;
    struct fid_domain *domain;
    struct fid_av *addresses;
    struct fid_cq *completions;
    struct fid_ep *endpoint;
    fi_addr_t peer;
    uint64_t sent, received; /* completions so far */
    size_t came;             /* bytes of the last message received */
};

static int fail(struct ipc_fault *fault, const char *call, long result) {
    int error = (int)-result;
    (void)snprintf(fault->detail, sizeof fault->detail, "%s", fi_strerror(error));
    return ipc_fail_with(fault, call, error < FI_ERRNO_OFFSET ? error : EPROTO);
}

static struct fi_info *make_hints(void) {
    struct fi_info *hints = fi_allocinfo();
    if (hints == NULL)
        return NULL;
    hints->fabric_attr->prov_name = strdup(FABRIC_PROVIDER);
    hints->ep_attr->type = FI_EP_RDM;
    hints->caps = FI_MSG;
    hints->domain_attr->threading = FI_THREAD_DOMAIN;
    return hints;
}

/* Without the variable libfabric starts every provider that it has before it looks at the hints. */
static int find_provider(struct fi_info **info, struct ipc_fault *fault) {
    (void)setenv("FI_PROVIDER", FABRIC_PROVIDER, 0);
    struct fi_info *hints = make_hints();
    if (hints == NULL)
        return ipc_fail_with(fault, "fi_allocinfo", ENOMEM);
    int result = fi_getinfo(FABRIC_VERSION, NULL, NULL, 0, hints, info);
    fi_freeinfo(hints);
    return result ? fail(fault, "fi_getinfo", result) : 0;
}

static int probe(struct ipc_link *base) {
    struct fi_info *info = NULL;
    int error = find_provider(&info, &base->fault);
    if (error)
        (void)snprintf(base->fault.detail, sizeof base->fault.detail,
                       "libfabric has no provider \"" FABRIC_PROVIDER
                       "\" here; `fi_info` lists those "
                       "that it has");
    fi_freeinfo(info);
    return error;
}

static int setup(struct ipc_link *base) {
    struct fabric_link *link = (struct fabric_link *)base;
    uint32_t number = fi_version();
    char version[48];
    (void)snprintf(version, sizeof version, "libfabric %u.%u", FI_MAJOR(number), FI_MINOR(number));
    base->note(base->notes, "version", version);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link->fds) < 0)
        return ipc_fail(&base->fault, "socketpair");
    return 0;
}

/* ---- attach ---- */

static int open_domain(struct fabric_end *end) {
    struct ipc_fault *fault = &end->base.fault;
    struct fi_cq_attr queue = {.format = FI_CQ_FORMAT_MSG, .wait_obj = FI_WAIT_NONE};
    struct fi_av_attr table = {.type = FI_AV_TABLE, .count = IPC_ROLES};
    int result = fi_fabric(end->info->fabric_attr, &end->fabric, NULL);
    if (result)
        return fail(fault, "fi_fabric", result);
    result = fi_domain(end->fabric, end->info, &end->domain, NULL);
    if (result)
        return fail(fault, "fi_domain", result);
    result = fi_cq_open(end->domain, &queue, &end->completions, NULL);
    if (result)
        return fail(fault, "fi_cq_open", result);
    result = fi_av_open(end->domain, &table, &end->addresses, NULL);
    return result ? fail(fault, "fi_av_open", result) : 0;
}

static int open_endpoint(struct fabric_end *end) {
    struct ipc_fault *fault = &end->base.fault;
    int result = fi_endpoint(end->domain, end->info, &end->endpoint, NULL);
    if (result)
        return fail(fault, "fi_endpoint", result);
    result = fi_ep_bind(end->endpoint, &end->completions->fid, FI_SEND | FI_RECV);
    if (result == 0)
        result = fi_ep_bind(end->endpoint, &end->addresses->fid, 0);
    if (result == 0)
        result = fi_enable(end->endpoint);
    return result ? fail(fault, "fi_enable", result) : 0;
}

/* Each sends its own address and takes the other's. */
static int meet(struct fabric_end *end, int channel) {
    struct ipc_fault *fault = &end->base.fault;
    char own[FABRIC_ADDRESSES], other[FABRIC_ADDRESSES];
    size_t bytes = sizeof own;
    int result = fi_getname(&end->endpoint->fid, own, &bytes);
    if (result)
        return fail(fault, "fi_getname", result);
    if (send(channel, own, bytes, MSG_NOSIGNAL) != (ssize_t)bytes)
        return ipc_fail(fault, "send");
    ssize_t came;
    while ((came = recv(channel, other, sizeof other, 0)) < 0)
        if (errno != EINTR)
            return ipc_fail(fault, "recv");
    if (came == 0)
        return ipc_fail_with(fault, "recv", EPIPE);
    result = fi_av_insert(end->addresses, other, 1, &end->peer, 0, NULL);
    return result == 1 ? 0 : fail(fault, "fi_av_insert", result < 0 ? result : -EPROTO);
}

/* ---- messages ---- */

static int explain(struct fabric_end *end) {
    struct fi_cq_err_entry entry = {.err = EIO};
    (void)fi_cq_readerr(end->completions, &entry, 0);
    if (entry.err == FI_ETRUNC)
        return ipc_fail_with(&end->base.fault, "fi_cq_read", EMSGSIZE);
    return fail(&end->base.fault, "fi_cq_read", -(long)entry.err);
}

/* Drives the provider, and counts what it completed. */
static int progress(struct fabric_end *end) {
    struct fi_cq_msg_entry entry;
    ssize_t count = fi_cq_read(end->completions, &entry, 1);
    if (count == -FI_EAGAIN || count == 0)
        return 0;
    if (count < 0)
        return count == -FI_EAVAIL ? explain(end) : fail(&end->base.fault, "fi_cq_read", count);
    if (entry.flags & FI_RECV) {
        end->received++;
        end->came = entry.len;
    } else {
        end->sent++;
    }
    return 0;
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct fabric_end *end = (struct fabric_end *)base;
    bool small = bytes <= end->info->tx_attr->inject_size; /* reusable at once, completes unseen */
    uint64_t wanted = end->sent + !small;
    ssize_t result;
    int error = 0;
    while ((result = small ? fi_inject(end->endpoint, message, bytes, end->peer)
                           : fi_send(end->endpoint, message, bytes, NULL, end->peer, NULL)) ==
               -FI_EAGAIN &&
           error == 0)
        error = progress(end);
    if (error == 0 && result != 0)
        error = fail(&base->fault, small ? "fi_inject" : "fi_send", result);
    while (error == 0 && end->sent < wanted)
        error = progress(end);
    return error;
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct fabric_end *end = (struct fabric_end *)base;
    uint64_t wanted = end->received + 1;
    ssize_t result;
    int error = 0;
    while ((result = fi_recv(end->endpoint, message, bytes, NULL, end->peer, NULL)) == -FI_EAGAIN &&
           error == 0)
        error = progress(end);
    if (error == 0 && result != 0)
        error = fail(&base->fault, "fi_recv", result);
    while (error == 0 && end->received < wanted)
        error = progress(end);
    if (error == 0 && end->came != bytes)
        error = ipc_fail_with(&base->fault, "fi_recv", EMSGSIZE);
    return error;
}

static const struct ipc_messages messages = {send_message, recv_message};

static int detach(struct ipc_end *base) {
    struct fabric_end *end = (struct fabric_end *)base;
    struct fid *const opened[] = {
        end->endpoint ? &end->endpoint->fid : NULL, end->addresses ? &end->addresses->fid : NULL,
        end->completions ? &end->completions->fid : NULL, end->domain ? &end->domain->fid : NULL,
        end->fabric ? &end->fabric->fid : NULL};
    for (size_t i = 0; i < sizeof opened / sizeof *opened; i++)
        if (opened[i])
            (void)fi_close(opened[i]);
    if (end->info)
        fi_freeinfo(end->info);
    end->info = NULL;
    return 0;
}

static int open_all(struct fabric_end *end) {
    const struct fabric_link *link = (const struct fabric_link *)end->base.link;
    int error = find_provider(&end->info, &end->base.fault);
    if (error)
        return error;
    end->base.note(end->base.notes, "path", end->info->fabric_attr->prov_name);
    if (strcmp(end->info->fabric_attr->prov_name, FABRIC_PROVIDER) != 0)
        return ipc_fail_with(&end->base.fault, "choosing shared memory", EPROTONOSUPPORT);
    error = open_domain(end);
    if (error == 0)
        error = open_endpoint(end);
    return error ? error : meet(end, link->fds[end->base.role]);
}

static int attach(struct ipc_end *base) {
    static const int taken[] = {SIGINT, SIGTERM, SIGBUS, SIGSEGV};
    struct sigaction before[sizeof taken / sizeof *taken];
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        (void)sigaction(taken[i], NULL, &before[i]);
    int error = open_all((struct fabric_end *)base);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        (void)sigaction(taken[i], &before[i], NULL);
    if (error == 0)
        error = ipc_greet(
            base, &messages); /* the provider maps the peer's memory with the first message */
    return error;
}

static void cleanup(struct ipc_link *base) {
    struct fabric_link *link = (struct fabric_link *)base;
    for (int role = 0; role < IPC_ROLES; role++)
        ipc_close(&link->fds[role]);
}

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "libfabric",
    .summary = "libfabric's reliable datagrams over its shared-memory provider",
    .group = "library",
    .cost = "2 copies; beyond some KiB 1 copy by a system call; it can only spin",
    .link_bytes = sizeof(struct fabric_link),
    .end_bytes = sizeof(struct fabric_end),
    .needs = IPC_MOUNTS,
    .probe = probe,
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_SPIN] = &messages},
};
