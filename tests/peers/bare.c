/* SPDX-License-Identifier: MIT */
/*
 * bare.c - the plainest ping-pong over a kernel object, in the manner of the well-known benchmarks:
 * two pinned processes, read and write, one look at the clock before and one after it all.
 * scripts/prove-peers runs it beside `ipcbench trial`: what that takes longer is its own price.
 *
 *   bare pipe|unix|tcp block|spin SERVER_CPU CLIENT_CPU BYTES EXCHANGES
 * Prints nanoseconds per round trip. A quarter of EXCHANGES goes before, unmeasured. As root, tcp
 * has a network namespace of its own, as the trials have; else it is the host's 127.0.0.1.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_BYTES 65536

enum { SERVER, CLIENT, ENDS };

struct end {
    int in, out;
};

struct plan {
    bool spin;
    int cpu[ENDS];
    size_t bytes;
    long before, count; /* exchanges: unmeasured, and measured */
};

static int open_pipes(struct end *ends) {
    int forth[2], back[2];
    if (pipe(forth) < 0 || pipe(back) < 0)
        return -1;
    ends[SERVER] = (struct end){.in = forth[0], .out = back[1]};
    ends[CLIENT] = (struct end){.in = back[0], .out = forth[1]};
    return 0;
}

static int open_unix(struct end *ends) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        return -1;
    ends[SERVER] = (struct end){pair[0], pair[0]};
    ends[CLIENT] = (struct end){pair[1], pair[1]};
    return 0;
}

/* A namespace of our own has lo down at first. Where it is forbidden, the host's lo serves. */
static int enter_namespace(void) {
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
        return 0;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    int error = fd < 0 ? -1 : ioctl(fd, SIOCSIFFLAGS, &lo);
    (void)close(fd);
    return error;
}

static int no_delay(int fd) {
    return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

/* The backlog completes the connection, so one process can connect first and accept then. */
static int open_tcp(struct end *ends) {
    struct sockaddr_in name = {.sin_family = AF_INET};
    socklen_t room = sizeof name;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (enter_namespace() < 0)
        return -1;
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || client < 0 || bind(listener, (struct sockaddr *)&name, room) < 0 ||
        listen(listener, 1) < 0 || getsockname(listener, (struct sockaddr *)&name, &room) < 0 ||
        connect(client, (struct sockaddr *)&name, room) < 0)
        return -1;
    int server = accept(listener, NULL, NULL);
    if (server < 0 || no_delay(server) < 0 || no_delay(client) < 0)
        return -1;
    (void)close(listener);
    ends[SERVER] = (struct end){server, server};
    ends[CLIENT] = (struct end){client, client};
    return 0;
}

static const struct {
    const char *name;
    int (*open)(struct end *ends);
} kinds[] = {{"pipe", open_pipes}, {"unix", open_unix}, {"tcp", open_tcp}};

static int fail(const char *what) {
    (void)fprintf(stderr, "bare: %s: %s\n", what, strerror(errno));
    return 1;
}

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

static int answer(const struct end *end, char *message, size_t bytes, long count) {
    for (long i = 0; i < count; i++)
        if (get(end->in, message, bytes) < 0 || put(end->out, message, bytes) < 0)
            return -1;
    return 0;
}

static int ask(const struct end *end, char *message, size_t bytes, long count) {
    for (long i = 0; i < count; i++)
        if (put(end->out, message, bytes) < 0 || get(end->in, message, bytes) < 0)
            return -1;
    return 0;
}

static double now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Makes this process one of the two: pinned, and with no hold on the other's end. */
static int become(const struct end *mine, const struct end *other, int cpu, bool spin) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    (void)close(other->in);
    (void)close(other->out);
    if (spin &&
        (fcntl(mine->in, F_SETFL, O_NONBLOCK) < 0 || fcntl(mine->out, F_SETFL, O_NONBLOCK) < 0))
        return -1;
    return sched_setaffinity(0, sizeof set, &set);
}

static int play(const struct plan *plan, const struct end *ends) {
    static char message[MOST_BYTES];
    int status = 0;
    pid_t server = fork();
    if (server == 0)
        _exit(become(&ends[SERVER], &ends[CLIENT], plan->cpu[SERVER], plan->spin) < 0 ||
                      answer(&ends[SERVER], message, plan->bytes, plan->before + plan->count) < 0
                  ? fail("server")
                  : 0);
    if (server < 0 || become(&ends[CLIENT], &ends[SERVER], plan->cpu[CLIENT], plan->spin) < 0 ||
        ask(&ends[CLIENT], message, plan->bytes, plan->before) < 0)
        return fail("client");
    double start = now_ns();
    if (ask(&ends[CLIENT], message, plan->bytes, plan->count) < 0)
        return fail("client");
    (void)printf("%.3f\n", (now_ns() - start) / (double)plan->count);
    return waitpid(server, &status, 0) == server && status == 0 ? 0 : 1;
}

static bool parse(char **words, struct plan *plan) {
    long bytes = atol(words[3]), count = atol(words[4]);
    *plan = (struct plan){strcmp(words[0], "spin") == 0,
                          {atoi(words[1]), atoi(words[2])},
                          (size_t)bytes,
                          count / 4,
                          count};
    return (plan->spin || strcmp(words[0], "block") == 0) && bytes >= 1 && bytes <= MOST_BYTES &&
           count >= 1;
}

int main(int argc, char **argv) {
    struct end ends[ENDS];
    struct plan plan;
    bool sound = argc == 7 && parse(argv + 2, &plan);
    (void)signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; sound && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(argv[1], kinds[i].name) == 0)
            return kinds[i].open(ends) < 0 ? fail(argv[1]) : play(&plan, ends);
    (void)fputs("Usage: bare pipe|unix|tcp block|spin SERVER_CPU CLIENT_CPU BYTES N\n", stderr);
    return 2;
}
