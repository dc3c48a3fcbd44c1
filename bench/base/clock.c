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

enum { CALIBRATE_NS = 5000000, READS = 1000, ROUNDS = 5 };

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

/* How many of the differences are whole multiples of a step. */
static int multiples(const uint64_t *differences, uint64_t step) {
    int count = 0;
    for (int i = 0; i < READS; i++)
        count += differences[i] % step == 0;
    return count;
}

/* On some hosts the counter advances by many ticks at a time. The step is the greatest part of the
 * smallest difference of which nearly all differences are multiples; not quite all, since a virtual
 * machine that is moved comes back with an offset. */
static uint64_t step_of(const uint64_t *differences) {
    uint64_t smallest = UINT64_MAX;
    for (int i = 0; i < READS; i++)
        if (differences[i] > 0 && differences[i] < smallest)
            smallest = differences[i];
    for (uint64_t parts = 1; smallest != UINT64_MAX && parts <= smallest; parts++)
        if (smallest % parts == 0 && multiples(differences, smallest / parts) >= READS - READS / 50)
            return smallest / parts;
    return 1;
}

/* One read after the other; the cost is that of the quickest of several rounds. */
static void measure_reads(struct clock *clock) {
    uint64_t differences[READS];
    uint64_t least = UINT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t first = clock_ticks(clock), before = first;
        for (int i = 0; i < READS; i++) {
            uint64_t now = clock_ticks(clock);
            differences[i] = now - before;
            before = now;
        }
        least = before - first < least ? before - first : least;
    }
    clock->quantum_ns = (double)step_of(differences) * clock->ns_per_tick;
    clock->cost_ns = (double)least * clock->ns_per_tick / READS;
}

void clock_calibrate(struct clock *clock) {
    *clock = (struct clock){.source = CLOCK_SYSTEM, .hz = 1e9};
    if (counter_is_invariant()) {
        clock->source = CLOCK_COUNTER;
        measure_rate(clock);
    }
    clock->ns_per_tick = 1e9 / clock->hz;
    measure_reads(clock);
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
