/* SPDX-License-Identifier: MIT */
/* library: iceoryx_binding_c iceoryx_binding_c/runtime.h /usr/include/iceoryx/v?.?.? */
/*
 * iceoryx.c - iceoryx (its C binding): a publisher and a subscriber for each direction, whose
 * chunks of shared memory its daemon RouDi hands out.
 *
 * A message costs 2 copies, into a chunk that was loaned and out of it; none in place, on the
 * chunks themselves. Spinning makes no system call; blocking waits on a wait set, whose
 * semaphore costs 1 futex call to sleep, 1 to wake, and 1 wake-up.
 *
 * RouDi and its clients use fixed names in /tmp and /dev/shm, so the trial has its own of both, and
 * a RouDi of its own, which lives from setup to cleanup. iceoryx tells nobody when two ports have
 * found each other, which RouDi sees to some ten times a second: attach looks until they have. Its
 * runtime is one for each process, and stays until that ends.
 */
#include "helper.h"

#include <iceoryx_binding_c/log.h>
#include <iceoryx_binding_c/publisher.h>
#include <iceoryx_binding_c/runtime.h>
#include <iceoryx_binding_c/subscriber.h>
#include <iceoryx_binding_c/types.h>
#include <iceoryx_binding_c/wait_set.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define ROUDI          "iox-roudi"
#define ROUDI_READY    "ready for clients"
#define ROUDI_READY_MS 10000
#define CHUNKS         16 /* of each size; both directions need some of them at a time */
#define LOOKS          10000
#define LOOK_MS        1

struct iceoryx_link {
    struct ipc_link base;
    pid_t roudi;
    int output; /* what RouDi prints; open as long as it lives, lest it die of a broken pipe */
};

/* What lies in a chunk. */
struct iceoryx_message {
    uint64_t bytes;
    unsigned char message[];
};

struct iceoryx_end {
    struct ipc_end base;
    iox_pub_storage_t publisher_room;
    iox_sub_storage_t subscriber_room;
    iox_ws_storage_t set_room;
    iox_pub_t publisher;
    iox_sub_t subscriber;
    iox_ws_t set;                   /* blocking only */
    struct iceoryx_message *loaned; /* in place: what is the caller's */
    const struct iceoryx_message *came;
};

/* ---- RouDi ---- */

static int write_config(const struct iceoryx_link *link, char path[PATH_MAX]) {
    struct ipc_link *base = (struct ipc_link *)(uintptr_t)&link->base;
    size_t bytes = (sizeof(struct iceoryx_message) + link->base.max_bytes + 31) / 32 * 32;
    int error = ipc_path(&link->base, "roudi.toml", path, PATH_MAX, &base->fault);
    FILE *file = error ? NULL : fopen(path, "wxe");
    if (error == 0 && file == NULL)
        return ipc_fail(&base->fault, "fopen");
    if (error)
        return error;
    ipc_note_number(base->note, base->notes, "chunk_bytes", (long long)bytes);
    ipc_note_number(base->note, base->notes, "chunks", CHUNKS);
    (void)fprintf(file,
                  "[general]\nversion = 1\n\n[[segment]]\n\n[[segment.mempool]]\nsize = %zu\n"
                  "count = %d\n",
                  bytes, CHUNKS);
    return fclose(file) != 0 ? ipc_fail(&base->fault, "fclose") : 0;
}

/* In the child, between fork and exec. RouDi may have as many descriptors as it is allowed, however
 * few the trial keeps to. */
static _Noreturn void become_roudi(const char *config, int output, pid_t parent) {
    struct rlimit descriptors;
    if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
        descriptors.rlim_cur = descriptors.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &descriptors);
    }
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent && dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0)
        (void)execlp(ROUDI, ROUDI, "-m", "off", "-l", "error", "-c", config, (char *)NULL);
    _exit(127);
}

/* Reads what RouDi prints until it says that it is ready, or ends, or the time is over. */
static int await_ready(struct iceoryx_link *link) {
    struct ipc_fault *fault = &link->base.fault;
    struct pollfd printed = {.fd = link->output, .events = POLLIN};
    char text[4096] = "";
    size_t length = 0;
    while (length + 1 < sizeof text && strstr(text, ROUDI_READY) == NULL) {
        if (poll(&printed, 1, ROUDI_READY_MS) <= 0)
            return ipc_fail_with(fault, "waiting for " ROUDI, ETIMEDOUT);
        ssize_t came = read(link->output, text + length, sizeof text - 1 - length);
        if (came <= 0) {
            text[strcspn(text, "\n")] = '\0';
            (void)snprintf(fault->detail, sizeof fault->detail, "it said: %.150s", text);
            return ipc_fail_with(fault, "starting " ROUDI, ECHILD);
        }
        length += (size_t)came;
        text[length] = '\0';
    }
    return 0;
}

static int setup(struct ipc_link *base) {
    struct iceoryx_link *link = (struct iceoryx_link *)base;
    char config[PATH_MAX];
    int output[2];
    int error = write_config(link, config);
    if (error)
        return error;
    if (pipe2(output, O_CLOEXEC) < 0)
        return ipc_fail(&base->fault, "pipe2");
    link->output = output[0];
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0)
        become_roudi(config, output[1], parent);
    (void)close(output[1]);
    if (child < 0)
        return ipc_fail(&base->fault, "fork");
    link->roudi = child;
    base->note(base->notes, "version", IPC_PACKAGE);
    return await_ready(link);
}

/* An end that was killed leaves the socket by which RouDi spoke to it, and a lock. */
static void remove_sockets(const char *name) {
    static const char *const files[] = {"server", "server.lock", "client", "client.lock"};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        (void)snprintf(path, sizeof path, "/tmp/%s-%s", name, files[i]);
        (void)unlink(path);
    }
}

static void cleanup(struct ipc_link *base) {
    struct iceoryx_link *link = (struct iceoryx_link *)base;
    if (link->roudi > 0) {
        (void)kill(link->roudi, SIGKILL); /* what it would tidy up vanishes with its mounts */
        while (waitpid(link->roudi, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    link->roudi = 0;
    remove_sockets(base->name);
    ipc_close(&link->output);
}

static int probe(struct ipc_link *base) {
    static const char *const folders[] = {"/usr/bin", "/usr/local/bin", "/bin"};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        (void)snprintf(path, sizeof path, "%s/" ROUDI, folders[i]);
        if (access(path, X_OK) == 0)
            return 0;
    }
    (void)snprintf(base->fault.detail, sizeof base->fault.detail,
                   "iceoryx's daemon " ROUDI " is not installed; on Debian it is in the package "
                   "iceoryx");
    return ipc_fail(&base->fault, "access");
}

/* ---- ends ---- */

static const char *event_to(int role) {
    return role == IPC_SERVER ? "to-server" : "to-client";
}

static void open_ports(struct iceoryx_end *end) {
    const char *name = end->base.link->name;
    iox_pub_options_t sending;
    iox_sub_options_t receiving;
    iox_pub_options_init(&sending);
    sending.subscriberTooSlowPolicy = ConsumerTooSlowPolicy_WAIT_FOR_CONSUMER;
    iox_sub_options_init(&receiving);
    receiving.queueFullPolicy = QueueFullPolicy_BLOCK_PRODUCER;
    receiving.queueCapacity = CHUNKS / 4;
    end->publisher =
        iox_pub_init(&end->publisher_room, "ipcbench", name, event_to(!end->base.role), &sending);
    end->subscriber = iox_sub_init(&end->subscriber_room, "ipcbench", name,
                                   event_to((int)end->base.role), &receiving);
}

static bool have_met(const struct iceoryx_end *end) {
    return iox_sub_get_subscription_state(end->subscriber) == SubscribeState_SUBSCRIBED &&
           iox_pub_has_subscribers(end->publisher);
}

static int await_peer(const struct iceoryx_end *end, struct ipc_fault *fault) {
    for (int looks = 0; looks < LOOKS; looks++) {
        if (have_met(end))
            return 0;
        (void)poll(NULL, 0, LOOK_MS);
    }
    return ipc_fail_with(fault, "waiting for RouDi to connect both ends", ETIMEDOUT);
}

static int attach(struct ipc_end *base) {
    struct iceoryx_end *end = (struct iceoryx_end *)base;
    char name[64];
    (void)snprintf(name, sizeof name, "%s-%s", base->link->name,
                   base->role == IPC_SERVER ? "server" : "client");
    iox_set_loglevel(Iceoryx_LogLevel_Off);
    iox_runtime_init(name);
    open_ports(end);
    if (base->link->wait == IPC_BLOCK) {
        end->set = iox_ws_init(&end->set_room);
        if (iox_ws_attach_subscriber_state(end->set, end->subscriber, SubscriberState_HAS_DATA, 0,
                                           NULL) != WaitSetResult_SUCCESS)
            return ipc_fail_with(&base->fault, "iox_ws_attach_subscriber_state", EPROTO);
    }
    return await_peer(end, &base->fault);
}

static int detach(struct ipc_end *base) {
    struct iceoryx_end *end = (struct iceoryx_end *)base;
    if (end->set) {
        iox_ws_detach_subscriber_state(end->set, end->subscriber, SubscriberState_HAS_DATA);
        iox_ws_deinit(end->set);
    }
    iox_sub_deinit(end->subscriber);
    iox_pub_deinit(end->publisher);
    return 0;
}

/* ---- messages ---- */

/* Waits until a chunk is free. */
static int loan(struct iceoryx_end *end, size_t bytes, struct iceoryx_message **loaned) {
    void *chunk = NULL;
    enum iox_AllocationResult result;
    uint32_t size = (uint32_t)(sizeof(struct iceoryx_message) + bytes);
    while ((result = iox_pub_loan_chunk(end->publisher, &chunk, size)) ==
           AllocationResult_RUNNING_OUT_OF_CHUNKS)
        ipc_relax();
    if (result != AllocationResult_SUCCESS)
        return ipc_fail_with(&end->base.fault, "iox_pub_loan_chunk", ENOMEM);
    *loaned = chunk;
    (*loaned)->bytes = bytes;
    return 0;
}

/* Waits for the next chunk. */
static int await_chunk(struct iceoryx_end *end, const void **chunk) {
    iox_notification_info_t notified;
    uint64_t missed = 0;
    for (;;) {
        enum iox_ChunkReceiveResult result = iox_sub_take_chunk(end->subscriber, chunk);
        if (result == ChunkReceiveResult_SUCCESS)
            return 0;
        if (result != ChunkReceiveResult_NO_CHUNK_AVAILABLE)
            return ipc_fail_with(&end->base.fault, "iox_sub_take_chunk", EPROTO);
        if (end->set)
            (void)iox_ws_wait(end->set, &notified, 1, &missed);
        else
            ipc_relax();
    }
}

/* The next message, in its chunk, which is to be released. */
static int take(struct iceoryx_end *end, size_t bytes, const struct iceoryx_message **came) {
    const void *chunk = NULL;
    int error = await_chunk(end, &chunk);
    if (error)
        return error;
    *came = chunk;
    if ((*came)->bytes == bytes)
        return 0;
    iox_sub_release_chunk(end->subscriber, chunk);
    return ipc_fail_with(&end->base.fault, "reading a message's length in its chunk", EMSGSIZE);
}

static int send_message(struct ipc_end *base, const void *message, size_t bytes) {
    struct iceoryx_end *end = (struct iceoryx_end *)base;
    struct iceoryx_message *loaned = NULL;
    int error = loan(end, bytes, &loaned);
    if (error)
        return error;
    memcpy(loaned->message, message, bytes);
    iox_pub_publish_chunk(end->publisher, loaned);
    return 0;
}

static int recv_message(struct ipc_end *base, void *message, size_t bytes) {
    struct iceoryx_end *end = (struct iceoryx_end *)base;
    const struct iceoryx_message *came = NULL;
    int error = take(end, bytes, &came);
    if (error)
        return error;
    memcpy(message, came->message, bytes);
    iox_sub_release_chunk(end->subscriber, came);
    return 0;
}

static int reserve(struct ipc_end *base, size_t bytes, void **message) {
    struct iceoryx_end *end = (struct iceoryx_end *)base;
    int error = loan(end, bytes, &end->loaned);
    if (error == 0)
        *message = end->loaned->message;
    return error;
}

static int commit(struct ipc_end *base) {
    struct iceoryx_end *end = (struct iceoryx_end *)base;
    iox_pub_publish_chunk(end->publisher, end->loaned);
    return 0;
}

static int peek(struct ipc_end *base, size_t bytes, const void **message) {
    struct iceoryx_end *end = (struct iceoryx_end *)base;
    int error = take(end, bytes, &end->came);
    if (error == 0)
        *message = end->came->message;
    return error;
}

static int release(struct ipc_end *base) {
    struct iceoryx_end *end = (struct iceoryx_end *)base;
    iox_sub_release_chunk(end->subscriber, end->came);
    return 0;
}

static const struct ipc_messages messages = {send_message, recv_message};
static const struct ipc_in_place in_place = {reserve, commit, peek, release};

IPC_EXPORT const struct ipc_transport ipc_transport = {
    .abi = IPC_ABI,
    .name = "iceoryx",
    .summary = "iceoryx: chunks of shared memory from publisher to subscriber",
    .group = "library",
    .cost = "2 copies; spinning: no system call; blocking: 1 futex call to sleep, 1 to wake",
    .calls = {.uncounted = true},
    .link_bytes = sizeof(struct iceoryx_link),
    .end_bytes = sizeof(struct iceoryx_end),
    .needs = IPC_MOUNTS | IPC_FOLDER,
    .apart = true,
    .probe = probe,
    .setup = setup,
    .attach = attach,
    .detach = detach,
    .cleanup = cleanup,
    .messages = {[IPC_BLOCK] = &messages, [IPC_SPIN] = &messages},
    .in_place = {[IPC_BLOCK] = &in_place, [IPC_SPIN] = &in_place},
};
