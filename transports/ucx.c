/* SPDX-License-Identifier: MIT */
/* pkg-config: ucx */
/*
 * ucx.c - UCX's tagged messages (UCP) over shared memory, and over nothing else.
 *
 * A message costs 2 copies through a queue in shared memory up to some KiB; beyond that a
 * rendezvous, in which the receiver copies straight out of the sender's memory (CMA, 1 copy and 1
 * system call for each part, and 3 small messages). Spinning makes no other system call; blocking
 * arms an event, sleeps in poll and is woken through a socket: some 4 calls.
 *
 * UCX chooses among the ways that it is allowed, so those of the endpoint are read back and noted
 * as "path"; one that is not shared memory fails the trial. It takes signal handlers when it is
 * loaded, which an end gives back.
 */
#include "helper.h"

#include <poll.h>
#include <ucp/api/ucp.h>

#define UCX_TAG        1u
#define UCX_TRANSPORTS "shm,self"

struct ucx_link {
    struct ipc_link base;
    int fds[IPC_ROLES]; /* a pair of sockets, for the workers' addresses */
};

struct ucx_end {
    struct ipc_end base;
    ucp_context_h context;
    ucp_worker_h worker;
    ucp_ep_h peer;
    void *received; /* the request of the last message; freed by the next recv */
    int event;      /* readable when there is something to progress; blocking only */
};

static int fail(struct ipc_fault *fault, const char *call, ucs_status_t status) {
    static const struct {
        ucs_status_t status;
        int error;
    } table[] = {{UCS_ERR_NO_MEMORY, ENOMEM},
                 {UCS_ERR_MESSAGE_TRUNCATED, EMSGSIZE},
                 {UCS_ERR_CONNECTION_RESET, EPIPE},
                 {UCS_ERR_ENDPOINT_TIMEOUT, EPIPE},
                 {UCS_ERR_NO_DEVICE, ENODEV}};
    int error = EPROTO;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].status == status)
            error = table[i].error;
    (void)snprintf(fault->detail, sizeof fault->detail, "%s", ucs_status_string(status));
    return ipc_fail_with(fault, call, error);
}

static int setup(struct ipc_link *base) {
    struct ucx_link *link = (struct ucx_link *)base;
    char version[48];
    (void)snprintf(version, sizeof version, "UCX %s", ucp_get_version_string());
    base->note(base->notes, "version", version);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link->fds) < 0)
        return ipc_fail(&base->fault, "socketpair");
    return 0;
}

/* ---- attach ---- */

static int open_context(struct ucx_end *end, bool block) {
    const ucp_params_t wishes = {.field_mask = UCP_PARAM_FIELD_FEATURES,
                                 .features =
                                     UCP_FEATURE_TAG | (block ? (uint64_t)UCP_FEATURE_WAKEUP : 0)};
    ucp_config_t *config = NULL;
    ucs_status_t status = ucp_config_read(NULL, NULL, &config);
    if (status != UCS_OK)
        return fail(&end->base.fault, "ucp_config_read", status);
    status = ucp_config_modify(config, "TLS", UCX_TRANSPORTS);
    if (status == UCS_OK)
        status = ucp_init(&wishes, config, &end->context);
    ucp_config_release(config);
    return status == UCS_OK ? 0 : fail(&end->base.fault, "ucp_init", status);
}

static int open_worker(struct ucx_end *end, bool block) {
    const ucp_worker_params_t wishes = {.field_mask = UCP_WORKER_PARAM_FIELD_THREAD_MODE,
                                        .thread_mode = UCS_THREAD_MODE_SINGLE};
    ucs_status_t status = ucp_worker_create(end->context, &wishes, &end->worker);
    if (status != UCS_OK)
        return fail(&end->base.fault, "ucp_worker_create", status);
    status = block ? ucp_worker_get_efd(end->worker, &end->event) : UCS_OK;
    return status == UCS_OK ? 0 : fail(&end->base.fault, "ucp_worker_get_efd", status);
}

/* Each sends its own address and takes the other's. */
static int swap_addresses(struct ucx_end *end, int channel, char *peer, size_t room) {
    struct ipc_fault *fault = &end->base.fault;
    ucp_address_t *own = NULL;
    size_t bytes = 0;
    ucs_status_t status = ucp_worker_get_address(end->worker, &own, &bytes);
    if (status != UCS_OK)
        return fail(fault, "ucp_worker_get_address", status);
    ssize_t sent = send(channel, own, bytes, MSG_NOSIGNAL);
    ucp_worker_release_address(end->worker, own);
    if (sent != (ssize_t)bytes)
        return ipc_fail(fault, "send");
    ssize_t came;
    while ((came = recv(channel, peer, room, 0)) < 0)
        if (errno != EINTR)
            return ipc_fail(fault, "recv");
    return came > 0 ? 0 : ipc_fail_with(fault, "recv", EPIPE);
}

/* The part of a line like "lane[0]:  1:sysv/memory.0 md[1] ..." that names the way: "sysv/memory".
 */
static const char *way_of(char *line) {
    char *lane = strstr(line, "lane[");
    char *way = lane ? strchr(lane, ' ') : NULL;
    way = way ? strchr(way, ':') : NULL;
    if (way == NULL)
        return NULL;
    way[strcspn(way, ". \n")] = '\0';
    return way + 1;
}

static bool is_shared_memory(const char *way) {
    static const char *const ways[] = {"sysv/", "posix/", "cma/", "xpmem/", "knem/", "self/"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (strncmp(way, ways[i], strlen(ways[i])) == 0)
            return true;
    return false;
}

/* Reads back which ways UCX chose for the endpoint. */
static int prove_path(struct ucx_end *end) {
    struct ipc_fault *fault = &end->base.fault;
    char *text = NULL, *rest = NULL, path[128] = "";
    size_t bytes = 0;
    int error = 0;
    FILE *memory = open_memstream(&text, &bytes);
    if (memory == NULL)
        return ipc_fail(fault, "open_memstream");
    ucp_ep_print_info(end->peer, memory);
    (void)fclose(memory);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        const char *way = way_of(line);
        size_t used = strlen(path);
        if (way == NULL)
            continue;
        (void)snprintf(path + used, sizeof path - used, "%s%s", used ? " " : "", way);
        if (!is_shared_memory(way))
            error = ipc_fail_with(fault, "choosing shared memory", EPROTONOSUPPORT);
    }
    free(text);
    if (error == 0 && path[0] == '\0')
        error = ipc_fail_with(fault, "ucp_ep_print_info, which names no path,", EPROTO);
    if (error)
        (void)snprintf(fault->detail, sizeof fault->detail, "UCX chose: %s", path);
    end->base.note(end->base.notes, "path", path);
    return error;
}

static int connect_peer(struct ucx_end *end, int channel) {
    _Alignas(8) char address[4096];
    int error = swap_addresses(end, channel, address, sizeof address);
    if (error)
        return error;
    const ucp_ep_params_t wishes = {.field_mask = UCP_EP_PARAM_FIELD_REMOTE_ADDRESS,
                                    .address = (const ucp_address_t *)(const void *)address};
    ucs_status_t status = ucp_ep_create(end->worker, &wishes, &end->peer);
    return status == UCS_OK ? prove_path(end) : fail(&end->base.fault, "ucp_ep_create", status);
}

/* ---- messages ---- */

static int sleep_until_event(struct ucx_end *end) {
    struct pollfd event = {.fd = end->event, .events = POLLIN};
    ucs_status_t status = ucp_worker_arm(end->worker);
    if (status == UCS_ERR_BUSY) /* something came meanwhile */
        return 0;
    if (status != UCS_OK)
        return fail(&end->base.fault, "ucp_worker_arm", status);
    if (poll(&event, 1, -1) < 0 && errno != EINTR)
        return ipc_fail(&end->base.fault, "poll");
    return 0;
}

/* Drives the library until a request is done. One that is done at once needs no look around. */
static int finish(struct ucx_end *end, void *request, ucp_tag_recv_info_t *info, const char *call) {
    bool block = end->base.link->wait == IPC_BLOCK;
    ucs_status_t status;
    int error = 0;
    while (error == 0 && (status = info ? ucp_tag_recv_request_test(request, info)
                                        : ucp_request_check_status(request)) == UCS_INPROGRESS)
        if (ucp_worker_progress(end->worker) == 0 && block)
            error = sleep_until_event(end);
    return error || status == UCS_OK ? error : fail(&end->base.fault, call, status);
}

/* The same for a request that may not have come about, and frees it. */
static int conclude(struct ucx_end *end, ucs_status_ptr_t request, const char *call) {
    if (request == NULL)
        return 0;
    if (UCS_PTR_IS_ERR(request))
        return fail(&end->base.fault, call, UCS_PTR_STATUS(request));
    int error = finish(end, request, NULL, call);
    ucp_request_free(request);
    return error;
}

/* All memory is the host's: UCX need not find out. */
static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    static const ucp_request_param_t wishes = {.op_attr_mask = UCP_OP_ATTR_FIELD_MEMORY_TYPE,
                                               .memory_type = UCS_MEMORY_TYPE_HOST};
    struct ucx_end *end = (struct ucx_end *)base;
    return conclude(end, ucp_tag_send_nbx(end->peer, message, bytes, UCX_TAG, &wishes),
                    "ucp_tag_send_nbx");
}

static void free_received(struct ucx_end *end) {
    if (end->received)
        ucp_request_free(end->received);
    end->received = NULL;
}

/* A message that is there already is taken through a request too: before UCX 1.16 its length is not
 * told otherwise, whatever the manual says (openucx/ucx, issue 9425). The request is freed by the
 * next call, since what follows a message's arrival delays the reply. */
static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    static const ucp_request_param_t wishes = {.op_attr_mask = UCP_OP_ATTR_FLAG_NO_IMM_CMPL |
                                                               UCP_OP_ATTR_FIELD_MEMORY_TYPE,
                                               .memory_type = UCS_MEMORY_TYPE_HOST};
    static const char call[] = "ucp_tag_recv_nbx";
    struct ucx_end *end = (struct ucx_end *)base;
    ucp_tag_recv_info_t info = {.length = 0};
    free_received(end);
    ucs_status_ptr_t request =
        ucp_tag_recv_nbx(end->worker, message, bytes, UCX_TAG, ~0ull, &wishes);
    if (UCS_PTR_IS_ERR(request))
        return fail(&base->fault, call, UCS_PTR_STATUS(request));
    end->received = request;
    int error = finish(end, request, &info, call);
    if (error == 0 && info.length != bytes)
        error = ipc_fail_with(&base->fault, call, EMSGSIZE);
    return error;
}

static const struct ipc_messages messages = {send_message, recv_message};

static int detach(struct ipc_end *base) {
    static const ucp_request_param_t plain = {.op_attr_mask = 0};
    struct ucx_end *end = (struct ucx_end *)base;
    int error = 0;
    free_received(end);
    if (end->peer) /* spins: its flush needs no peer */
        error = conclude(end, ucp_ep_close_nbx(end->peer, &plain), "ucp_ep_close_nbx");
    if (end->worker)
        ucp_worker_destroy(end->worker);
    if (end->context)
        ucp_cleanup(end->context);
    end->peer = NULL;
    end->worker = NULL;
    end->context = NULL;
    return error;
}

/* The greeting makes UCX finish its wiring, which it puts off until the first message. */
static int attach(struct ipc_end *base) {
    struct ucx_end *end = (struct ucx_end *)base;
    bool block = base->link->wait == IPC_BLOCK;
    int error = open_context(end, block);
    if (error == 0)
        error = open_worker(end, block);
    if (error == 0)
        error = connect_peer(end, ((const struct ucx_link *)base->link)->fds[base->role]);
    if (error == 0)
        error = ipc_greet(base, &messages);
    return error;
}

static void cleanup(struct ipc_link *base) {
    struct ucx_link *link = (struct ucx_link *)base;
    for (int role = 0; role < IPC_ROLES; role++)
        ipc_close(&link->fds[role]);
}

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "ucx",
    .summary = "UCX's tagged messages (UCP) over shared memory",
    .group = "library",
    .cost = "2 copies; beyond some KiB a rendezvous with 1 copy by a system call; blocking: 4 to 6 "
            "calls",
    .calls = {.uncounted = true},
    .link_bytes = sizeof(struct ucx_link),
    .end_bytes = sizeof(struct ucx_end),
    .needs = IPC_MOUNTS | IPC_OBJECTS,
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
};
