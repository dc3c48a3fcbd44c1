/* SPDX-License-Identifier: MIT */
/*
 * planted.c - a transport with a delay planted in some of its cells, for `make prove-regress`: the
 * gate has to find it. It is compiled around a transport's own source (PLANTED_SOURCE) and
 * changes nothing of it but what it adds before the client's send.
 *
 * The delays stand in the file "planted" beside the plug-in, a line for each cell: the plug-in's
 * name, the way to wait, "same" or "cross" for one CPU or two, the size in bytes, the delay in ns.
 * Where there is no such file, as beside the base, there is no delay, but the same code.
 *
 * A delay is a number of steps of a loop whose steps depend on each other, timed when the end
 * attaches, as in null.c.
 */
#ifndef PLANTED_SOURCE
#define PLANTED_SOURCE "pipe.c"
#endif
#define ipc_transport planted_inner
#include PLANTED_SOURCE
#undef ipc_transport

#include <dlfcn.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { PLANTED_SAME, PLANTED_CROSS, PLANTED_PLACES };

/* At the end of the link's memory, and of each end's. */
struct planted_link {
    _Atomic int *server_cpu; /* shared by both ends; plus 1, 0: not told yet */
};

struct planted_end {
    uint64_t steps[PLANTED_PLACES];
    uint64_t chosen;
    bool settled; /* which place it is */
};

static size_t planted_offset(size_t bytes) {
    return (bytes + IPC_ALIGN - 1) / IPC_ALIGN * IPC_ALIGN;
}

static struct planted_link *planted_of_link(const struct ipc_link *link) {
    size_t at = planted_offset(planted_inner.link_bytes);
    return (struct planted_link *)(void *)((char *)(uintptr_t)link + at);
}

static struct planted_end *planted_of_end(struct ipc_end *end) {
    return (struct planted_end *)(void *)((char *)end + planted_offset(planted_inner.end_bytes));
}

/* ---- the delay ---- */

static void planted_burn(uint64_t steps) {
    uint64_t x = steps | 1;
    for (uint64_t i = 0; i < steps; i++) {
        x *= UINT64_C(0x9e3779b97f4a7c15);
        __asm__ volatile("" : "+r"(x));
    }
}

static double planted_now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The least of several: what interrupts only adds. */
static double planted_step_ns(void) {
    enum { STEPS = 20000, TRIES = 40 };
    double least = 1e9;
    for (int i = 0; i < TRIES; i++) {
        double before = planted_now_ns();
        planted_burn(STEPS);
        double took = (planted_now_ns() - before) / STEPS;
        least = took < least ? took : least;
    }
    return least;
}

/* The delay of this cell at that place, out of the file beside this plug-in; 0 without one. */
static double planted_delay_ns(const struct ipc_link *link, const char *place) {
    static const char *const waits[IPC_WAITS] = {"block", "spin", "park"};
    char path[PATH_MAX], name[64], wait[16], where[16];
    unsigned long long bytes = 0;
    double ns = 0, found = 0;
    Dl_info self;
    if (dladdr(&planted_inner, &self) == 0 || strrchr(self.dli_fname, '/') == NULL)
        return 0;
    int length = (int)(strrchr(self.dli_fname, '/') - self.dli_fname);
    (void)snprintf(path, sizeof path, "%.*s/planted", length, self.dli_fname);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    while (fscanf(file, "%63s %15s %15s %llu %lf", name, wait, where, &bytes, &ns) == 5)
        if (strcmp(name, planted_inner.name) == 0 && strcmp(wait, waits[link->wait]) == 0 &&
            strcmp(where, place) == 0 && bytes == link->max_bytes)
            found = ns;
    (void)fclose(file);
    return found;
}

/* ---- the operations ---- */

static int planted_setup(struct ipc_link *link) {
    void *page = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return ipc_fail(&link->fault, "mmap");
    planted_of_link(link)->server_cpu = page;
    return planted_inner.setup(link);
}

static void planted_cleanup(struct ipc_link *link) {
    struct planted_link *mine = planted_of_link(link);
    planted_inner.cleanup(link);
    if (mine->server_cpu != NULL)
        (void)munmap(mine->server_cpu, sizeof(int));
    mine->server_cpu = NULL;
}

static int planted_attach(struct ipc_end *end) {
    int error = planted_inner.attach != NULL ? planted_inner.attach(end) : 0;
    if (error != 0)
        return error;
    if (end->role == IPC_SERVER) {
        atomic_store(planted_of_link(end->link)->server_cpu, sched_getcpu() + 1);
        return 0;
    }
    double step_ns = planted_step_ns();
    struct planted_end *mine = planted_of_end(end);
    mine->steps[PLANTED_SAME] = (uint64_t)(planted_delay_ns(end->link, "same") / step_ns + 0.5);
    mine->steps[PLANTED_CROSS] = (uint64_t)(planted_delay_ns(end->link, "cross") / step_ns + 0.5);
    return 0;
}

/* The server attached before the first message. */
static void planted_settle(struct ipc_end *end, struct planted_end *mine) {
    int server = atomic_load(planted_of_link(end->link)->server_cpu) - 1;
    mine->chosen = mine->steps[server == sched_getcpu() ? PLANTED_SAME : PLANTED_CROSS];
    mine->settled = true;
}

static int planted_send(struct ipc_end *end, const void *message, size_t bytes) {
    if (end->role == IPC_CLIENT) {
        struct planted_end *mine = planted_of_end(end);
        if (__builtin_expect(!mine->settled, 0))
            planted_settle(end, mine);
        if (mine->chosen > 0)
            planted_burn(mine->chosen);
    }
    return planted_inner.messages[end->link->wait]->send(end, message, bytes);
}

static int planted_recv(struct ipc_end *end, void *message, size_t bytes) {
    return planted_inner.messages[end->link->wait]->recv(end, message, bytes);
}

static const struct ipc_messages planted_messages = {planted_send, planted_recv};

/* The transport's own table with these operations; filled when the plug-in is loaded. */
IPC_EXPORT struct planted_inner ipc_transport;

__attribute__((constructor)) static void planted_make(void) {
    memcpy(&ipc_transport, &planted_inner, sizeof ipc_transport);
    ipc_transport.link_bytes =
        planted_offset(planted_inner.link_bytes) + sizeof(struct planted_link);
    ipc_transport.end_bytes = planted_offset(planted_inner.end_bytes) + sizeof(struct planted_end);
    ipc_transport.setup = planted_setup;
    ipc_transport.attach = planted_attach;
    ipc_transport.cleanup = planted_cleanup;
    for (int wait = 0; wait < IPC_WAITS; wait++)
        if (planted_inner.messages[wait] != NULL)
            ipc_transport.messages[wait] = &planted_messages;
}
