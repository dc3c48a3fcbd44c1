/* SPDX-License-Identifier: MIT */
/* pkg-config: libzmq */
/*
 * zmq.c - stands for libzmq's own local_lat and remote_lat, which Debian doesn't ship: a REP socket
 * that sends back each message, and a REQ socket that times them all, in two pinned processes with
 * one I/O thread each, over ipc:// with an abstract name. scripts/prove-peers runs it beside
 * zeromq-reqrep-ipc.
 *
 *   zmq SERVER_CPU CLIENT_CPU BYTES EXCHANGES
 * Prints nanoseconds per round trip. A quarter of EXCHANGES goes before, unmeasured.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

struct plan {
    int server_cpu, client_cpu;
    size_t bytes;
    long before, count; /* exchanges: unmeasured, and measured */
    char address[64];
};

static void quit_unless(int good, const char *what) {
    if (good)
        return;
    (void)fprintf(stderr, "zmq: %s: %s\n", what, zmq_strerror(zmq_errno()));
    exit(1);
}

static void pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    quit_unless(sched_setaffinity(0, sizeof set, &set) == 0, "sched_setaffinity");
}

static void swap(void *socket, zmq_msg_t *message, size_t bytes, int first) {
    if (first)
        quit_unless(zmq_msg_send(message, socket, 0) >= 0, "zmq_msg_send");
    quit_unless(zmq_msg_recv(message, socket, 0) >= 0, "zmq_msg_recv");
    quit_unless(zmq_msg_size(message) == bytes, "a message of another size");
    if (!first)
        quit_unless(zmq_msg_send(message, socket, 0) >= 0, "zmq_msg_send");
}

static void serve(const struct plan *plan) {
    zmq_msg_t message;
    pin(plan->server_cpu);
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_REP);
    quit_unless(socket != NULL && zmq_bind(socket, plan->address) == 0, "zmq_bind");
    quit_unless(zmq_msg_init(&message) == 0, "zmq_msg_init");
    for (long i = 0; i < plan->before + plan->count; i++)
        swap(socket, &message, plan->bytes, 0);
    (void)zmq_msg_close(&message);
    (void)zmq_close(socket);
    (void)zmq_ctx_term(context); /* once the last answer is out */
}

static double ask(const struct plan *plan) {
    struct timespec from = {0}, to;
    zmq_msg_t message;
    pin(plan->client_cpu);
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_REQ);
    quit_unless(socket != NULL && zmq_connect(socket, plan->address) == 0, "zmq_connect");
    quit_unless(zmq_msg_init_size(&message, plan->bytes) == 0, "zmq_msg_init_size");
    memset(zmq_msg_data(&message), 0, plan->bytes);
    for (long i = -plan->before; i < plan->count; i++) {
        if (i == 0)
            (void)clock_gettime(CLOCK_MONOTONIC, &from);
        swap(socket, &message, plan->bytes, 1);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    (void)zmq_msg_close(&message);
    (void)zmq_close(socket);
    (void)zmq_ctx_term(context);
    return (double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        (void)fprintf(stderr, "usage: zmq SERVER_CPU CLIENT_CPU BYTES EXCHANGES\n");
        return 2;
    }
    long count = strtol(argv[4], NULL, 10);
    struct plan plan = {.server_cpu = (int)strtol(argv[1], NULL, 10),
                        .client_cpu = (int)strtol(argv[2], NULL, 10),
                        .bytes = strtoul(argv[3], NULL, 10),
                        .before = count / 4,
                        .count = count};
    int status = 0;
    (void)snprintf(plan.address, sizeof plan.address, "ipc://@ipcbench-peer-%d", (int)getpid());
    (void)alarm(120);      /* should the server be gone, nobody would answer */
    pid_t server = fork(); /* contexts don't survive a fork: each makes its own */
    quit_unless(server >= 0, "fork");
    if (server == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(&plan);
        return 0;
    }
    double ns = ask(&plan);
    quit_unless(waitpid(server, &status, 0) == server && status == 0, "the server");
    (void)printf("%.1f\n", ns / (double)count);
    return 0;
}
