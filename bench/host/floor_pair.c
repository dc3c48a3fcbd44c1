/* SPDX-License-Identifier: MIT */
/*
 * floor_pair.c - starts the server's thread and hands it one game after the other.
 */
#include "host/floor_pair.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>

/* Between games both sides wait this way: it is not timed, and goes well on one CPU too. */
static void await_count(const _Atomic uint32_t *count, uint32_t number) {
    while (atomic_load_explicit(count, memory_order_acquire) != number)
        (void)sched_yield();
}

static void open_game(struct floor_pair *pair, const struct floor_game *game, uint32_t rounds) {
    pair->game = game;
    pair->rounds = rounds;
    atomic_fetch_add_explicit(&pair->opened, 1, memory_order_release);
}

static void *serve(void *argument) {
    struct floor_pair *pair = argument;
    struct floor_affinity unused;
    int error = floor_pin(pair->server_cpu, &unused);
    atomic_store(&pair->state, error ? error : 1);
    for (uint32_t number = 1; !error; number++) {
        await_count(&pair->opened, number);
        if (pair->game == NULL)
            break;
        pair->game->serve(&pair->court, 1, pair->rounds);
        atomic_store_explicit(&pair->served, number, memory_order_release);
    }
    return NULL;
}

static int await_server(const struct floor_pair *pair) {
    int state;
    while ((state = atomic_load(&pair->state)) == 0)
        (void)sched_yield();
    return state < 0 ? state : 0;
}

static void dismiss_server(struct floor_pair *pair) {
    open_game(pair, NULL, 0);
    (void)pthread_join(pair->server, NULL);
}

int floor_pair_open(struct floor_pair *pair, int server_cpu, int client_cpu,
                    struct problem *problem) {
    memset(pair, 0, sizeof *pair);
    pair->server_cpu = server_cpu;
    pair->client_cpu = client_cpu;
    int error = pthread_create(&pair->server, NULL, serve, pair);
    if (error)
        return problem_set(problem, error, "can't start a thread to measure against: %s",
                           strerror(error));
    int cpu = server_cpu;
    error = await_server(pair);
    if (!error) {
        cpu = client_cpu;
        error = floor_pin(cpu, &pair->before);
    }
    if (!error)
        return 0;
    dismiss_server(pair);
    return floor_refuse_cpu(cpu, error, problem);
}

void floor_pair_close(struct floor_pair *pair) {
    dismiss_server(pair);
    floor_unpin(&pair->before);
}

static void clear(struct floor_court *court) {
    for (int line = 0; line < 2; line++)
        for (int i = 0; i < 2; i++) {
            atomic_store_explicit(&court->lines[line].sequence[i], 0, memory_order_relaxed);
            atomic_store_explicit(&court->lines[line].payload[i], 0, memory_order_relaxed);
        }
    for (int i = 0; i < FLOOR_RING; i++)
        atomic_store_explicit(&court->ring[i].number, 0, memory_order_relaxed);
    atomic_store_explicit(&court->spoiled, 0, memory_order_relaxed);
}

double floor_pair_play(struct floor_pair *pair, const struct floor_game *game, uint32_t rounds,
                       bool *spoiled) {
    clear(&pair->court);
    open_game(pair, game, rounds + 1);
    game->play(&pair->court, 1, 1);
    uint64_t before = clock_system_ns();
    game->play(&pair->court, 2, rounds + 1);
    uint64_t took = clock_system_ns() - before;
    await_count(&pair->served, atomic_load(&pair->opened));
    *spoiled = atomic_load(&pair->court.spoiled) != 0;
    return (double)took / rounds;
}

/* The batches of one game: the good ones stand at the front, the spoiled ones at the end. */
struct batches {
    double times[FLOOR_BATCHES];
    size_t good, spoiled;
};

static void play_batch(struct floor_pair *pair, const struct floor_game *game, uint32_t rounds,
                       struct batches *batches) {
    bool spoiled;
    double time = floor_pair_play(pair, game, rounds, &spoiled);
    if (spoiled)
        batches->times[FLOOR_BATCHES - ++batches->spoiled] = time;
    else
        batches->times[batches->good++] = time;
}

static struct floor_sample summarise(struct batches *batches) {
    if (batches->good > 0)
        return floor_summarise(batches->times, batches->good);
    return floor_summarise(batches->times + FLOOR_BATCHES - batches->spoiled, batches->spoiled);
}

/* Which of the games had the fastest batch. */
static struct floor_sample fastest(struct batches *games, size_t count) {
    struct floor_sample best = summarise(&games[0]);
    for (size_t i = 1; i < count; i++) {
        struct floor_sample other = summarise(&games[i]);
        if (other.best < best.best)
            best = other;
    }
    return best;
}

/* All games get their turns over the same stretch of time, so that a CPU that only now speeds up
 * favours none. */
int floor_pair_measure(int server_cpu, int client_cpu, const struct floor_game *games, size_t count,
                       uint32_t rounds, uint64_t budget_ns, struct floor_sample *ns,
                       struct problem *problem) {
    struct floor_pair pair;
    struct batches batches[FLOOR_GAMES] = {0};
    size_t done = 0;
    int error = floor_pair_open(&pair, server_cpu, client_cpu, problem);
    if (error)
        return error;
    uint64_t until_ns = clock_system_ns() + budget_ns;
    for (; floor_wants_batch(done, until_ns); done++)
        for (size_t i = 0; i < count; i++)
            play_batch(&pair, &games[i], rounds, &batches[i]);
    floor_pair_close(&pair);
    *ns = fastest(batches, count);
    return 0;
}
