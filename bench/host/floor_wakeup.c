/* SPDX-License-Identifier: MIT */
/*
 * floor_wakeup.c - threads that sleep until the other one wakes them, or that yield one CPU to each
 * other.
 */
#include "host/floor_pair.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BUDGET_NS UINT64_C(20000000)

/* Few wake-ups in a batch: the depth to which an idle CPU sleeps changes all the time, and the best
 * batch shall find it awake. */
enum { WAKEUPS = 8, SWITCHES = 32 };

/* A pass that finds nobody asleep was no wake-up: the other side looked before it slept. On one CPU
 * that is the rule, and spoils nothing that others would have: a thread that is woken there often
 * runs at once, and answers before the one that woke it comes to sleep. */
static void futex_pass(struct floor_court *court, int line, uint32_t value) {
    _Atomic uint32_t *word = &court->lines[line].sequence[0];
    atomic_store_explicit(word, value, memory_order_release);
    if (syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) != 1 && value > 1)
        atomic_store_explicit(&court->spoiled, 1, memory_order_relaxed);
}

static void futex_await(struct floor_court *court, int line, uint32_t value) {
    _Atomic uint32_t *word = &court->lines[line].sequence[0];
    uint32_t seen;
    while ((seen = atomic_load_explicit(word, memory_order_acquire)) != value)
        (void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void serve_futex(struct floor_court *court, uint32_t first, uint32_t last) {
    for (uint32_t i = first; i <= last; i++) {
        futex_await(court, 0, i);
        futex_pass(court, 1, i);
    }
}

static void play_futex(struct floor_court *court, uint32_t first, uint32_t last) {
    for (uint32_t i = first; i <= last; i++) {
        futex_pass(court, 0, i);
        futex_await(court, 1, i);
    }
}

static void yield_until(_Atomic uint32_t *word, uint32_t value) {
    while (atomic_load_explicit(word, memory_order_acquire) != value)
        (void)sched_yield();
}

static void serve_yield(struct floor_court *court, uint32_t first, uint32_t last) {
    for (uint32_t i = first; i <= last; i++) {
        yield_until(&court->lines[0].sequence[0], i);
        atomic_store_explicit(&court->lines[1].sequence[0], i, memory_order_release);
    }
}

static void play_yield(struct floor_court *court, uint32_t first, uint32_t last) {
    for (uint32_t i = first; i <= last; i++) {
        atomic_store_explicit(&court->lines[0].sequence[0], i, memory_order_release);
        yield_until(&court->lines[1].sequence[0], i);
    }
}

static const struct floor_game games[] = {{serve_futex, play_futex}, {serve_yield, play_yield}};
enum { FUTEX_ONLY = 1, GAMES = sizeof games / sizeof *games };

/* A round trip is two wake-ups, or two switches. */
static int measure_half(int server_cpu, int client_cpu, size_t count, uint32_t rounds,
                        struct floor_sample *ns, struct problem *problem) {
    int error =
        floor_pair_measure(server_cpu, client_cpu, games, count, rounds, BUDGET_NS, ns, problem);
    if (!error)
        *ns = (struct floor_sample){.best = ns->best / 2, .median = ns->median / 2};
    return error;
}

int floor_wakeups(int server_cpu, int client_cpu, struct floor_sample *ns,
                  struct problem *problem) {
    return measure_half(server_cpu, client_cpu, FUTEX_ONLY, WAKEUPS, ns, problem);
}

int floor_switches(int cpu, struct floor_sample *ns, struct problem *problem) {
    if (cpu < 0)
        return problem_set(problem, EINVAL, "a switch happens on one CPU, which must be given");
    return measure_half(cpu, cpu, GAMES, SWITCHES, ns, problem);
}

int floor_wakeup(int server_cpu, int client_cpu, double *ns, struct problem *problem) {
    struct floor_sample sample = {0, 0};
    int error = floor_wakeups(server_cpu, client_cpu, &sample, problem);
    if (!error)
        *ns = sample.median;
    return error;
}
