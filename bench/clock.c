/* SPDX-License-Identifier: MIT */
/*
 * clock.c - picks the clock and measures its rate, its cost and its quantum.
 */
#include "clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

enum { CALIBRATE_NS = 5000000, READS = 2000 };

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

/* The step is what all differences have in common: on some hosts the counter advances by more than
 * one tick at a time, though a read costs more than a step. */
static uint64_t common_divisor(uint64_t a, uint64_t b) {
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static void measure_reads(struct clock *clock) {
    uint64_t reads[READS];
    uint64_t step = 0;
    for (int i = 0; i < READS; i++)
        reads[i] = clock_ticks(clock);
    for (int i = 1; i < READS; i++)
        step = common_divisor(reads[i] - reads[i - 1], step);
    clock->quantum_ns = (double)step * clock->ns_per_tick;
    clock->cost_ns = (double)(reads[READS - 1] - reads[0]) * clock->ns_per_tick / (READS - 1);
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
