/* SPDX-License-Identifier: MIT */
/*
 * clock.c - picks the clock and measures its rate, its cost and its quantum.
 */
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

enum { CALIBRATE_NS = 5000000, READS = 1000, ROUNDS = 5, COARSE_TICKS = 16 };

/* True where the counter ticks at one rate in all power states and on all CPUs. The kernel's own
 * choice counts too: it watches the counter and drops it when it misbehaves. */
static bool counter_is_invariant(void) {
#if defined(__aarch64__)
    return true; /* architectural: Arm ARM, "The Generic Timer" */
#elif defined(__x86_64__) || defined(__i386__)
    unsigned a, b, c, d;
    if (!__get_cpuid(0x80000007, &a, &b, &c, &d) || (d & (1u << 8)) == 0)
        return false;
    char source[32] = "";
    FILE *file = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
    if (file == NULL)
        return true;
    if (fgets(source, sizeof source, file) == NULL)
        source[0] = '\0';
    (void)fclose(file);
    return strncmp(source, "hpet", 4) != 0 && strncmp(source, "acpi_pm", 7) != 0 &&
           strncmp(source, "jiffies", 7) != 0;
#else
    return false;
#endif
}

struct pair {
    uint64_t ticks, ns;
};

/* Both clocks at one moment: of several tries the one with the least time between two reads. */
static struct pair read_both(void) {
    struct pair best = {0, 0};
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 20; i++) {
        uint64_t before = clock_counter();
        uint64_t ns = clock_system_ns();
        uint64_t after = clock_counter();
        if (after - before < least) {
            least = after - before;
            best = (struct pair){before + least / 2, ns};
        }
    }
    return best;
}

static void measure_rate(struct clock *clock) {
    struct pair start = read_both();
    while (clock_system_ns() - start.ns < CALIBRATE_NS)
        continue;
    struct pair end = read_both();
    clock->hz = (double)(end.ticks - start.ticks) * 1e9 / (double)(end.ns - start.ns);
}

/* Some counters add 1 when they are read twice within one step, so that no two reads are equal
 * (AMD, family 26): then a difference is 1 more or less than a multiple, which tells nothing of a
 * step of a few ticks. */
static bool is_multiple(uint64_t difference, uint64_t step) {
    uint64_t rest = difference % step;
    return rest == 0 || (step >= COARSE_TICKS && (rest == 1 || rest == step - 1));
}

static size_t exact_multiples(const uint64_t *differences, size_t count, uint64_t step) {
    size_t exact = 0;
    for (size_t i = 0; i < count; i++)
        exact += differences[i] % step == 0;
    return exact;
}

/* Nearly all differences; not quite, since a virtual machine that is moved comes back with an
 * offset. */
static bool is_step(const uint64_t *differences, size_t count, uint64_t step) {
    size_t multiples = 0;
    for (size_t i = 0; i < count; i++)
        multiples += is_multiple(differences[i], step);
    return multiples >= count - count / 50;
}

uint64_t clock_step_of(const uint64_t *differences, size_t count) {
    uint64_t smallest = UINT64_MAX;
    for (size_t i = 0; i < count; i++)
        if (differences[i] > 1 && differences[i] < smallest)
            smallest = differences[i];
    if (smallest == UINT64_MAX)
        return 1;
    uint64_t step = smallest;
    if (exact_multiples(differences, count, smallest + 1) >
        exact_multiples(differences, count, smallest))
        step = smallest + 1; /* the smallest is one that lacks 1 */
    while (step > 1 && !is_step(differences, count, step))
        step--;
    return step;
}

/* Reads that are some time apart, each pair another: else the cost of a read would pass for a step.
 */
static void measure_step(struct clock *clock) {
    uint64_t differences[READS], before = clock_ticks(clock);
    for (int i = 0; i < READS; i++) {
        for (volatile int idle = i % 13; idle > 0; idle--)
            continue;
        uint64_t now = clock_ticks(clock);
        differences[i] = now - before;
        before = now;
    }
    clock->quantum_ns = (double)clock_step_of(differences, READS) * clock->ns_per_tick;
}

/* One read after the other, the quickest of several rounds. */
static void measure_cost(struct clock *clock) {
    uint64_t least = UINT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t first = clock_ticks(clock), last = first;
        for (int i = 0; i < READS; i++)
            last = clock_ticks(clock);
        least = last - first < least ? last - first : least;
    }
    clock->cost_ns = (double)least * clock->ns_per_tick / READS;
}

void clock_calibrate(struct clock *clock) {
    *clock = (struct clock){.source = CLOCK_SYSTEM, .hz = 1e9};
    if (counter_is_invariant()) {
        clock->source = CLOCK_COUNTER;
        measure_rate(clock);
    }
    clock->ns_per_tick = 1e9 / clock->hz;
    measure_step(clock);
    measure_cost(clock);
}

const char *clock_name(const struct clock *clock) {
    if (clock->source == CLOCK_MANUAL)
        return "manual";
    if (clock->source == CLOCK_SYSTEM)
        return "clock_gettime";
#if defined(__aarch64__)
    return "cntvct";
#else
    return "tsc";
#endif
}
