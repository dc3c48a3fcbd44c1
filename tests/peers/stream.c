/* SPDX-License-Identifier: MIT */
/*
 * stream.c - the plainest one-way streams: what lmbench's bandwidth loops do with a pipe, a
 * socket pair or a TCP connection (write after write of one size, read after read), and for shared
 * memory the tightest queue for one producer and one consumer that its kind allows: 4-byte values,
 * the two indices on lines of their own, each end with a copy of the other's (after E. Rigtorp's
 * SPSCQueue). scripts/prove-peers runs it beside `ipcbench trial .../stream/...`.
 *
 *   stream pipe|unix|tcp|queue block|spin SERVER_CPU CLIENT_CPU BYTES MESSAGES
 * Prints nanoseconds per message, from the first that the server had to the last; a quarter of
 * MESSAGES goes before, unmeasured. The queue spins, and its values are of 4 bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_BYTES (1 << 20)

enum { SLOTS = 16384, LINE = 128 };

struct queue {
    _Alignas(LINE) _Atomic size_t head; /* values put in so far */
    _Alignas(LINE) _Atomic size_t tail; /* values taken out */
    _Alignas(LINE) uint32_t slots[SLOTS];
};

struct plan {
    const char *kind;
    bool spin;
    int server_cpu, client_cpu;
    size_t bytes;
    size_t before, count; /* messages: unmeasured, and measured */
};

static int fail(const char *what) {
    (void)fprintf(stderr, "stream: %s: %s\n", what, strerror(errno));
    return 1;
}

static double now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* ---- the queue ---- */

static int produce(struct queue *q, size_t count) {
    size_t tail = 0;
    for (size_t head = 0; head < count; head++) {
        while (head - tail == SLOTS)
            tail = atomic_load_explicit(&q->tail, memory_order_acquire);
        q->slots[head % SLOTS] = (uint32_t)head;
        atomic_store_explicit(&q->head, head + 1, memory_order_release);
    }
    return 0;
}

static int consume(struct queue *q, size_t from, size_t to, size_t *seen) {
    for (size_t tail = from; tail < to; tail++) {
        while (*seen == tail)
            *seen = atomic_load_explicit(&q->head, memory_order_acquire);
        if (q->slots[tail % SLOTS] != (uint32_t)tail)
            return -1;
        atomic_store_explicit(&q->tail, tail + 1, memory_order_release);
    }
    return 0;
}

/* ---- descriptors ---- */

static int put(int fd, const char *from, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        ssize_t step = write(fd, from + done, bytes - done);
        if (step == 0 || (step < 0 && errno != EAGAIN))
            return -1;
        done += step < 0 ? 0 : (size_t)step;
    }
    return 0;
}

static int get(int fd, char *to, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        ssize_t step = read(fd, to + done, bytes - done);
        if (step == 0 || (step < 0 && errno != EAGAIN))
            return -1;
        done += step < 0 ? 0 : (size_t)step;
    }
    return 0;
}

static char message[MOST_BYTES];

static int put_all(int fd, size_t bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (put(fd, message, bytes) < 0)
            return -1;
    return 0;
}

static int get_all(int fd, size_t bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (get(fd, message, bytes) < 0)
            return -1;
    return 0;
}

/* A connection over 127.0.0.1: the accepted end, which reads, and the one that called. */
static int open_tcp(int fds[2]) {
    const int on = 1;
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *any = (struct sockaddr *)&name;
    socklen_t room = sizeof name;
    int door = socket(AF_INET, SOCK_STREAM, 0);
    fds[1] = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(door, any, room) < 0 || listen(door, 1) < 0 || getsockname(door, any, &room) < 0 ||
        connect(fds[1], any, room) < 0)
        return -1;
    fds[0] = accept(door, NULL, NULL);
    (void)close(door);
    return fds[0] < 0 ? -1 : setsockopt(fds[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int open_pair(const struct plan *plan, int fds[2]) {
    int error = strcmp(plan->kind, "tcp") == 0    ? open_tcp(fds)
                : strcmp(plan->kind, "pipe") == 0 ? pipe(fds)
                                                  : socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
    for (int i = 0; i < 2 && error == 0 && plan->spin; i++)
        error = fcntl(fds[i], F_SETFL, O_NONBLOCK);
    return error;
}

/* ---- both ends ---- */

static int pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    return sched_setaffinity(0, sizeof set, &set);
}

struct way {
    struct queue *queue; /* NULL: */
    int fds[2];
};

static int send_all(const struct plan *plan, const struct way *way) {
    size_t count = plan->before + plan->count;
    if (pin(plan->client_cpu) < 0)
        return -1;
    return way->queue ? produce(way->queue, count) : put_all(way->fds[1], plan->bytes, count);
}

static int receive(const struct plan *plan, const struct way *way, size_t from, size_t to,
                   size_t *seen) {
    return way->queue ? consume(way->queue, from, to, seen)
                      : get_all(way->fds[0], plan->bytes, to - from);
}

static int play(const struct plan *plan, const struct way *way) {
    size_t seen = 0;
    int status = 0;
    pid_t client = fork();
    if (client == 0)
        _exit(send_all(plan, way) < 0 ? fail("client") : 0);
    if (client < 0 || pin(plan->server_cpu) < 0 || receive(plan, way, 0, plan->before, &seen) < 0)
        return fail("server");
    double start = now_ns();
    if (receive(plan, way, plan->before, plan->before + plan->count, &seen) < 0)
        return fail("server");
    (void)printf("%.4f\n", (now_ns() - start) / (double)plan->count);
    return waitpid(client, &status, 0) == client && status == 0 ? 0 : 1;
}

static bool parse(int argc, char **argv, struct plan *plan) {
    if (argc != 7)
        return false;
    long bytes = atol(argv[5]), count = atol(argv[6]);
    *plan = (struct plan){.kind = argv[1],
                          .spin = strcmp(argv[2], "spin") == 0,
                          .server_cpu = atoi(argv[3]),
                          .client_cpu = atoi(argv[4]),
                          .bytes = (size_t)bytes,
                          .before = (size_t)count / 4,
                          .count = (size_t)count};
    bool queue = strcmp(plan->kind, "queue") == 0;
    return (plan->spin || strcmp(argv[2], "block") == 0) && bytes >= 1 && bytes <= MOST_BYTES &&
           count >= 1 &&
           (queue ? plan->spin && bytes == sizeof(uint32_t)
                  : strcmp(plan->kind, "pipe") == 0 || strcmp(plan->kind, "unix") == 0 ||
                        strcmp(plan->kind, "tcp") == 0);
}

int main(int argc, char **argv) {
    struct plan plan;
    struct way way = {.queue = NULL};
    (void)signal(SIGPIPE, SIG_IGN);
    if (!parse(argc, argv, &plan)) {
        (void)fputs("Usage: stream pipe|unix|tcp|queue block|spin SERVER_CPU CLIENT_CPU BYTES N\n",
                    stderr);
        return 2;
    }
    if (strcmp(plan.kind, "queue") != 0)
        return open_pair(&plan, way.fds) < 0 ? fail(plan.kind) : play(&plan, &way);
    void *memory = mmap(NULL, sizeof *way.queue, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED)
        return fail("mmap");
    way.queue = memory;
    return play(&plan, &way);
}
