/* SPDX-License-Identifier: MIT */
/*
 * floor.c - the floors of a single CPU: a system call, and copies of memory.
 */
#include "host/floor.h"

#include "base/clock.h"
#include "host/floor_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BUDGET_NS   UINT64_C(20000000) /* for each way to do it */
#define BATCH_BYTES ((size_t)4 << 20)  /* copied in a batch, or one copy where that is more */

enum { CALLS = 500, PAGE_BYTES = 4096 };

static double time_calls(void) {
    uint64_t before = clock_system_ns();
    for (int i = 0; i < CALLS; i++)
        (void)syscall(SYS_getppid);
    return (double)(clock_system_ns() - before) / CALLS;
}

int floor_system_call(int cpu, struct floor_sample *ns, struct problem *problem) {
    struct floor_affinity before;
    double times[FLOOR_BATCHES];
    size_t done = 0;
    int error = floor_pin(cpu, &before);
    if (error)
        return floor_refuse_cpu(cpu, error, problem);
    uint64_t until_ns = clock_system_ns() + BUDGET_NS;
    while (floor_wants_batch(done, until_ns))
        times[done++] = time_calls();
    floor_unpin(&before);
    *ns = floor_summarise(times, done);
    return 0;
}

typedef void *copier(void *to, const void *from, size_t bytes);

#if defined(__x86_64__) || defined(__i386__)
static void *move_string(void *to, const void *from, size_t bytes) {
    void *start = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
    return start;
}
static copier *const copiers[] = {memcpy, move_string};
#else
static copier *const copiers[] = {memcpy};
#endif
enum { COPIERS = sizeof copiers / sizeof *copiers };

static double time_copies(copier *copy, unsigned char *to, const unsigned char *from,
                          size_t bytes) {
    size_t count = bytes < BATCH_BYTES ? BATCH_BYTES / bytes : 1;
    uint64_t before = clock_system_ns();
    for (size_t i = 0; i < count; i++) {
        (void)copy(to, from, bytes);
        __asm__ volatile("" : : "r"(to), "r"(from) : "memory"); /* each copy counts */
    }
    return (double)(clock_system_ns() - before) / (double)count;
}

/* The time of one copy, by the fastest copier. */
static struct floor_sample time_copiers(unsigned char *to, const unsigned char *from,
                                        size_t bytes) {
    struct floor_sample least = {0, 0};
    for (int i = 0; i < COPIERS; i++) {
        double times[FLOOR_BATCHES];
        size_t done = 0;
        uint64_t until_ns = clock_system_ns() + BUDGET_NS;
        while (floor_wants_batch(done, until_ns))
            times[done++] = time_copies(copiers[i], to, from, bytes);
        struct floor_sample found = floor_summarise(times, done);
        if (i == 0 || found.best < least.best)
            least = found;
    }
    return least;
}

/* The target begins in the middle of a page and the source at the start of one: at the same place,
 * some CPUs take a load for one that has to wait for the store before it. */
static int copy_on_this_cpu(size_t bytes, struct floor_sample *ns) {
    size_t room = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES + PAGE_BYTES;
    unsigned char *from = aligned_alloc(PAGE_BYTES, room);
    unsigned char *to = aligned_alloc(PAGE_BYTES, room);
    int error = from == NULL || to == NULL ? -ENOMEM : 0;
    if (!error) {
        memset(from, 1, room); /* pages that were never written are all one page of zeros */
        memset(to, 2, room);
        *ns = time_copiers(to + PAGE_BYTES / 2, from, bytes);
    }
    free(from);
    free(to);
    return error;
}

int floor_copy(int cpu, size_t bytes, struct floor_sample *bytes_per_second,
               struct problem *problem) {
    struct floor_affinity before;
    struct floor_sample ns = {0, 0};
    if (bytes == 0)
        return problem_set(problem, EINVAL, "a copy of 0 bytes has no speed");
    int error = floor_pin(cpu, &before);
    if (error)
        return floor_refuse_cpu(cpu, error, problem);
    error = copy_on_this_cpu(bytes, &ns);
    floor_unpin(&before);
    if (error)
        return problem_set(problem, ENOMEM, "no memory for copies of %zu bytes", bytes);
    *bytes_per_second = (struct floor_sample){.best = (double)bytes * 1e9 / ns.best,
                                              .median = (double)bytes * 1e9 / ns.median};
    return 0;
}
