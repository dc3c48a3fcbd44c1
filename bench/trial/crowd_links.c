/* SPDX-License-Identifier: MIT */
/*
 * crowd_links.c - copies the first link, knobs and all, for each further client.
 */
#include "trial/crowd_links.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOW_DESCRIPTORS 3 /* 0, 1 and 2 are everybody's */

static size_t room_of(const struct ipc_transport *transport) {
    return (transport->link_bytes + IPC_ALIGN - 1) / IPC_ALIGN * IPC_ALIGN;
}

/* ---- may it? ---- */

static const char *refuse_serve(const struct ipc_transport *transport,
                                const struct workload_plan *plan) {
    if (plan->clients > 1 && transport->apart)
        return "its library keeps its state by process, so that it has one client only";
    if (plan->design > WORKLOAD_PROCESS && transport->descriptors == NULL)
        return "it has no descriptors that one thread could watch: take design=thread or "
               "design=process";
    return NULL;
}

static const char *refuse_connect(const struct ipc_transport *transport,
                                  const struct workload_plan *plan, uint64_t size_bytes) {
    if (transport->connections == NULL)
        return "its ends meet once, and can't connect for each exchange";
    if (plan->clients > 1 && size_bytes < 8)
        return "a message of less than 8 bytes doesn't say which client it is from";
    return NULL;
}

const char *crowd_links_refusal(const struct ipc_transport *transport,
                                const struct workload_plan *plan, enum ipc_wait wait,
                                uint64_t size_bytes) {
    if (transport->solo)
        return "it has no server";
    if (wait != IPC_BLOCK && plan->clients > 1)
        return "many clients on one CPU must sleep while they wait: take the wait block";
    if (wait != IPC_BLOCK && plan->kind == WORKLOAD_SERVE && plan->design > WORKLOAD_PROCESS)
        return "such a server sleeps while it waits: take the wait block";
    if (plan->clients * size_bytes > CROWD_MOST_BYTES)
        return "the messages of all clients together are larger than 64MiB";
    return plan->kind == WORKLOAD_CONNECT ? refuse_connect(transport, plan, size_bytes)
                                          : refuse_serve(transport, plan);
}

/* ---- memory and descriptors ---- */

/* As many as this process may have. */
static void raise_limit(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* Takes the lowest numbers for select before the links take them. */
static int reserve(struct crowd_links *links, size_t count, struct problem *problem) {
    if (count > 0)
        links->reserved = calloc(count, sizeof *links->reserved);
    if (links->reserved == NULL)
        return problem_set(problem, ENOMEM, "no memory for %zu clients", count);
    for (; links->reserved_count < count; links->reserved_count++) {
        int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, LOW_DESCRIPTORS);
        if (fd >= 0)
            links->reserved[links->reserved_count] = fd;
        if (fd >= FD_SETSIZE)
            (void)close(fd);
        if (fd < 0 || fd >= FD_SETSIZE)
            return problem_set(problem, EMFILE,
                               "select watches descriptors below %d only, and leaves room for %zu "
                               "clients here: take fewer than %zu, or design=poll, epoll or "
                               "io-uring",
                               FD_SETSIZE, links->reserved_count, count);
    }
    return 0;
}

static int allocate(struct crowd_links *links, const struct workload_plan *plan,
                    const struct ipc_link *first) {
    void *crowd =
        mmap(NULL, sizeof *links->crowd, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    size_t room = room_of(links->transport);
    if (crowd == MAP_FAILED)
        return -ENOMEM;
    links->crowd = crowd;
    for (size_t i = 0; i < plan->clients; i++)
        atomic_init(&links->crowd->clients[i].turn, UINT64_MAX);
    atomic_init(&links->crowd->left, (int64_t)plan->exchanges);
    size_t count = plan->kind == WORKLOAD_CONNECT ? 1 : plan->clients;
    if (count == 0)
        return -ENOMEM;
    links->links = calloc(count, sizeof(struct ipc_link *));
    for (; links->links != NULL && links->count < count; links->count++) {
        struct ipc_link *link = links->count == 0 ? (struct ipc_link *)(uintptr_t)first
                                                  : aligned_alloc(IPC_ALIGN, room);
        if (link == NULL)
            return -ENOMEM;
        links->links[links->count] = link;
    }
    links->untouched = malloc(links->transport->link_bytes);
    links->names = calloc(count, sizeof *links->names);
    if (links->links == NULL || links->untouched == NULL || links->names == NULL)
        return -ENOMEM;
    memcpy(links->untouched, first, links->transport->link_bytes);
    return 0;
}

int crowd_links_make(struct crowd_links *links, const struct ipc_transport *transport,
                     const struct workload_plan *plan, struct ipc_link *first,
                     struct problem *problem) {
    links->transport = transport;
    raise_limit();
    if (allocate(links, plan, first) < 0)
        return problem_set(problem, ENOMEM, "no memory for %zu clients", plan->clients);
    links->ready = 1;
    bool selects = plan->kind == WORKLOAD_SERVE && plan->design == WORKLOAD_SELECT;
    return selects ? reserve(links, plan->clients, problem) : 0;
}

/* ---- further links ---- */

static void note_nothing(void *notes, const char *name, const char *value) {
    (void)notes;
    (void)name;
    (void)value;
}

/* "ipcbench-PID-RANDOM", with other random digits than the first link's. */
static int name_link(const struct ipc_link *first, struct ipc_link *link, size_t index,
                     struct crowd_names *names) {
    const char *random = strrchr(first->name, '-');
    unsigned long number = random ? strtoul(random + 1, NULL, 16) : 0;
    (void)snprintf(names->name, sizeof names->name, "%.*s-%08x",
                   random ? (int)(random - first->name) : 0, first->name,
                   (unsigned)(number + index));
    link->name = names->name;
    (void)!getrandom(link->token, sizeof link->token, 0);
    if (first->folder == NULL)
        return 0;
    (void)snprintf(names->folder, sizeof names->folder, "%s/%zu", first->folder, index);
    link->folder = names->folder;
    return mkdir(names->folder, S_IRWXU) < 0 ? -errno : 0;
}

static int make_link(struct crowd_links *links, size_t index) {
    const struct ipc_link *first = links->links[0];
    struct ipc_link *link = links->links[index];
    memcpy(link, links->untouched, links->transport->link_bytes);
    link->fault = (struct ipc_fault){.call = "naming a link"};
    int error = name_link(first, link, index, &links->names[index]);
    link->note = note_nothing;
    links->ready = index + 1;
    return error ? error : links->transport->setup(link);
}

int crowd_links_setup(struct crowd_links *links, struct ipc_link **failed) {
    int error = 0;
    for (size_t i = 1; i < links->count && error == 0; i++) {
        error = make_link(links, i);
        *failed = links->links[i];
    }
    return error;
}

void crowd_links_free(struct crowd_links *links) {
    for (size_t i = 1; i < links->ready; i++)
        links->transport->cleanup(links->links[i]);
    for (size_t i = 1; i < links->count; i++)
        free(links->links[i]);
    for (size_t i = 0; i < links->reserved_count; i++)
        (void)close(links->reserved[i]);
    free(links->reserved);
    free(links->untouched);
    free(links->names);
    free(links->links);
    if (links->crowd != NULL)
        (void)munmap(links->crowd, sizeof *links->crowd);
    *links = (struct crowd_links){.count = 0};
}
