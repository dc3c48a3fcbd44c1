/* SPDX-License-Identifier: MIT */
/*
 * doctor_processor.c - checks of how the processor runs: its frequency, its sleep, its clock, what
 * else it does at a system call, and whether it is a real one.
 */
#include "host/doctor_host.h"

#include <string.h>

#define CLOCK            "/sys/devices/system/clocksource/clocksource0"
#define HALT_POLL        "/sys/module/haltpoll/parameters/guest_halt_poll_ns"
#define NO_TURBO         DOCTOR_CPUS "/intel_pstate/no_turbo"
#define BOOST            DOCTOR_CPUS "/cpufreq/boost"
#define LEAVE_AT_MOST_US 10 /* an idle state that takes longer to leave shows in a wake-up */
#define NOT_FROM_INSIDE  "can't be mended from inside a guest"

/* What a name stands for. A table ends with a NULL name, whose verdict holds for other names. */
struct meaning {
    const char *name;
    enum doctor_verdict verdict;
};

static enum doctor_verdict meaning_of(const struct meaning *table, const char *name) {
    while (table->name != NULL && strcmp(table->name, name) != 0)
        table++;
    return table->verdict;
}

static const struct meaning governors[] = {
    {"performance", DOCTOR_OK},   {"userspace", DOCTOR_OK},      {"powersave", DOCTOR_WARNING},
    {"ondemand", DOCTOR_WARNING}, {"schedutil", DOCTOR_WARNING}, {"conservative", DOCTOR_WARNING},
    {NULL, DOCTOR_UNKNOWN},
};

/* CPUs may have different governors, "performance, powersave"; the worst counts. */
static void governor(const struct doctor_host *host, struct doctor_finding *finding) {
    char names[128], *rest = NULL;
    enum doctor_verdict worst = DOCTOR_OK;
    const char *found = doctor_text(host, "cpu", "frequency_governor");
    const char *driver = doctor_text(host, "cpu", "frequency_driver");
    if (found == NULL) {
        doctor_absent(host, finding);
        return;
    }
    (void)snprintf(names, sizeof names, "%s", found);
    for (char *name = strtok_r(names, ", ", &rest); name; name = strtok_r(NULL, ", ", &rest)) {
        enum doctor_verdict verdict = meaning_of(governors, name);
        worst = verdict > worst ? verdict : worst;
    }
    doctor_found(finding, worst, "%s (driver %s)", found, driver ? driver : "not known");
}

static void boost(const struct doctor_host *host, struct doctor_finding *finding) {
    const json_t *on = json_object_get(json_object_get(host->environment, "cpu"), "boost");
    if (!json_is_boolean(on)) {
        doctor_absent(host, finding);
        return;
    }
    doctor_found(finding, json_is_true(on) ? DOCTOR_WARNING : DOCTOR_OK, "%s",
                 json_is_true(on) ? "on" : "off");
    if (doctor_number(host, NO_TURBO, -1) >= 0 && json_is_true(on))
        doctor_mend(finding, "echo 1 | sudo tee " NO_TURBO);
}

/* The shallowest idle state of a CPU that takes long to leave, or -1, and the deepest of all. */
struct idle_states {
    int first_slow, deepest;
    long long deepest_us;
};

static struct idle_states idle_states(const struct doctor_host *host, int cpu) {
    struct idle_states states = {-1, -1, 0};
    for (int i = 0; i < 10; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, DOCTOR_CPUS "/cpu%d/cpuidle/state%d/latency", cpu, i);
        long long us = doctor_number(host, path, -1);
        (void)snprintf(path, sizeof path, DOCTOR_CPUS "/cpu%d/cpuidle/state%d/disable", cpu, i);
        if (us < 0 || doctor_number(host, path, 0) != 0)
            continue;
        if (states.deepest < 0 || us > states.deepest_us) {
            states.deepest = i;
            states.deepest_us = us;
        }
        if (us > LEAVE_AT_MOST_US && states.first_slow < 0)
            states.first_slow = i;
    }
    return states;
}

static void idle(const struct doctor_host *host, struct doctor_finding *finding) {
    char name[64] = "", path[128];
    const char *driver = doctor_text(host, "cpu", "idle_driver");
    const char *idle_governor = doctor_text(host, "cpu", "idle_governor");
    int cpu = hwloc_bitmap_first(host->used);
    struct idle_states states = idle_states(host, cpu < 0 ? 0 : cpu);
    if (driver == NULL || states.deepest < 0) {
        doctor_absent(host, finding);
        return;
    }
    (void)snprintf(path, sizeof path, DOCTOR_CPUS "/cpu%d/cpuidle/state%d/name", cpu < 0 ? 0 : cpu,
                   states.deepest);
    (void)doctor_line(host, path, name, sizeof name);
    doctor_found(finding, states.first_slow < 0 ? DOCTOR_OK : DOCTOR_WARNING,
                 "driver %s, governor %s, deepest state %s: %lld us to leave", driver,
                 idle_governor ? idle_governor : "not known", name[0] ? name : "without a name",
                 states.deepest_us);
    if (states.first_slow >= 0)
        doctor_mend(finding, "echo 1 | sudo tee " DOCTOR_CPUS "/cpu*/cpuidle/state[%d-9]/disable",
                    states.first_slow);
}

static void halt_polling(const struct doctor_host *host, struct doctor_finding *finding) {
    int guest = doctor_guest(host);
    const char *idle_governor = doctor_text(host, "cpu", "idle_governor");
    long long ns = doctor_number(host, HALT_POLL, -1);
    if (guest == 0)
        doctor_found(finding, DOCTOR_OK, "not needed, since this is no guest");
    else if (guest < 0 || ns < 0 || idle_governor == NULL)
        doctor_absent(host, finding);
    else if (strcmp(idle_governor, "haltpoll") != 0)
        doctor_found(finding, DOCTOR_UNKNOWN,
                     "not by this guest (idle governor %s); by its host: not visible",
                     idle_governor);
    else if (ns == 0)
        doctor_found(finding, DOCTOR_WARNING, "off: guest_halt_poll_ns is 0");
    else
        doctor_found(finding, DOCTOR_OK, "a CPU polls up to %lld ns before it halts", ns);
}

static const struct meaning clocks[] = {
    {"tsc", DOCTOR_OK},
    {"arch_sys_counter", DOCTOR_OK},
    {"riscv_clocksource", DOCTOR_OK},
    {"timebase", DOCTOR_OK},
    {"tod", DOCTOR_OK},
    {"kvm-clock", DOCTOR_WARNING},
    {"hyperv_clocksource_tsc_page", DOCTOR_WARNING},
    {"xen", DOCTOR_WARNING},
    {"hyperv_clocksource_msr", DOCTOR_UNFIT},
    {"hpet", DOCTOR_UNFIT},
    {"acpi_pm", DOCTOR_UNFIT},
    {"pit", DOCTOR_UNFIT},
    {"jiffies", DOCTOR_UNFIT},
    {"refined-jiffies", DOCTOR_UNFIT},
    {NULL, DOCTOR_UNKNOWN},
};

static void clock_source(const struct doctor_host *host, struct doctor_finding *finding) {
    char others[128] = "";
    const char *name = doctor_text(host, "kernel", "clock_source");
    if (name == NULL) {
        doctor_absent(host, finding);
        return;
    }
    enum doctor_verdict verdict = meaning_of(clocks, name);
    (void)doctor_line(host, CLOCK "/available_clocksource", others, sizeof others);
    doctor_found(finding, verdict, "%s", name);
    if (verdict != DOCTOR_WARNING && verdict != DOCTOR_UNFIT)
        return;
    if (doctor_has_word(others, "tsc"))
        doctor_mend(finding, "echo tsc | sudo tee " CLOCK "/current_clocksource");
    else if (doctor_guest(host) == 1)
        doctor_mend(finding, NOT_FROM_INSIDE "; its host must offer an invariant TSC");
}

static void tsc(const struct doctor_host *host, struct doctor_finding *finding) {
    char flags[8192];
    if (!doctor_value(host, "/proc/cpuinfo", "flags", flags, sizeof flags)) {
        doctor_absent(host, finding);
        return;
    }
    bool constant = doctor_has_word(flags, "constant_tsc");
    bool nonstop = doctor_has_word(flags, "nonstop_tsc");
    if (constant && nonstop)
        doctor_found(finding, DOCTOR_OK, "invariant (constant_tsc, nonstop_tsc)");
    else
        doctor_found(finding, DOCTOR_WARNING, "not invariant: without %s%s%s",
                     constant ? "" : "constant_tsc", constant || nonstop ? "" : " and ",
                     nonstop ? "" : "nonstop_tsc");
}

static const char *mitigation(const struct doctor_host *host, const char *name) {
    const char *text = doctor_text(host, "mitigations", name);
    return text ? text : "";
}

static size_t count_mitigations(const struct doctor_host *host, const char *beginning) {
    const char *name;
    json_t *text;
    size_t count = 0;
    json_object_foreach(json_object_get(host->environment, "mitigations"), name, text) {
        const char *value = json_string_value(text);
        count += value != NULL && strncmp(value, beginning, strlen(beginning)) == 0;
    }
    return count;
}

/* Those that cost something at each system call or switch: the file, a word in it, and ours. */
static const char *const costly[][3] = {
    {"meltdown", "PTI", "PTI"},
    {"spectre_v2", "Mitigation: Retpolines", "retpolines"},
    {"spectre_v2", "Mitigation: IBRS", "IBRS"},
    {"mds", "Clear CPU buffers", "buffer clearing"},
    {"mmio_stale_data", "Clear CPU buffers", "MMIO buffer clearing"},
    {"retbleed", "Mitigation", "retbleed"},
    {"spec_rstack_overflow", "afe RET", "safe RET"},
};
enum { COSTLY = sizeof costly / sizeof *costly };

static void mitigations(const struct doctor_host *host, struct doctor_finding *finding) {
    static const char *const switches[] = {"mitigations=off", "nopti",   "pti=off",
                                           "spectre_v2=off",  "mds=off", "nospectre_v2",
                                           "retbleed=off"};
    char list[96] = "";
    if (!json_is_object(json_object_get(host->environment, "mitigations"))) {
        doctor_absent(host, finding);
        return;
    }
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        if (doctor_has_word(doctor_text(host, "kernel", "command_line"), switches[i])) {
            doctor_found(finding, DOCTOR_WARNING, "switched off by %s", switches[i]);
            doctor_mend(finding, "remove %s from the kernel's command line and restart",
                        switches[i]);
            return;
        }
    for (size_t i = 0, used = 0; i < COSTLY && used < sizeof list; i++)
        if (strstr(mitigation(host, costly[i][0]), costly[i][1]) != NULL)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s",
                                     used ? ", " : "; with ", costly[i][2]);
    doctor_found(finding, DOCTOR_OK, "%zu mitigated, %zu vulnerable, %zu not affected%s",
                 count_mitigations(host, "Mitigation"), count_mitigations(host, "Vulnerable"),
                 count_mitigations(host, "Not affected"), list);
}

static void hypervisor(const struct doctor_host *host, struct doctor_finding *finding) {
    int guest = doctor_guest(host);
    const char *name = doctor_text(host, "hypervisor", "name");
    if (guest < 0)
        doctor_absent(host, finding);
    else if (guest == 0)
        doctor_found(finding, DOCTOR_OK, "none");
    else
        doctor_found(finding, DOCTOR_WARNING, "a guest of %s", name ? name : "one without a name");
}

/* The kernel writes an empty line or "(null)" where there are none. */
static void isolated(const struct doctor_host *host, struct doctor_finding *finding) {
    char list[2][64] = {"", ""};
    bool known = doctor_line(host, DOCTOR_CPUS "/isolated", list[0], sizeof list[0]);
    (void)doctor_line(host, DOCTOR_CPUS "/nohz_full", list[1], sizeof list[1]);
    for (int i = 0; i < 2; i++)
        if (list[i][0] == '\0' || list[i][0] == '(')
            (void)snprintf(list[i], sizeof list[i], "none");
    if (!known) {
        doctor_absent(host, finding);
        return;
    }
    doctor_found(finding, DOCTOR_OK, "isolcpus %s, nohz_full %s", list[0], list[1]);
    if (strcmp(list[0], "none") != 0)
        doctor_mend(finding, "taskset -c %s ipcbench run", list[0]);
}

const struct doctor_check doctor_processor_checks[] = {
    {"frequency governor", governor,
     "While the clock frequency follows the load, the same work takes a different time from trial "
     "to trial.",
     "echo performance | sudo tee " DOCTOR_CPUS "/cpu*/cpufreq/scaling_governor"},
    {"turbo", boost,
     "The clock frequency depends on the temperature and on how many cores are busy, so that two "
     "busy ends run slower than one.",
     "echo 0 | sudo tee " BOOST},
    {"idle states", idle,
     "A blocking end waits for its CPU to leave a deep idle state, which adds this time to a "
     "wake-up.",
     NULL},
    {"halt polling", halt_polling,
     "Each blocking wait that leaves a CPU idle exits to the hypervisor, and that cost covers the "
     "differences between transports.",
     "echo 200000 | sudo tee " HALT_POLL},
    {"clock source", clock_source,
     "Each exchange reads the clock once; a clock that user space can't read quickly adds its own "
     "cost to each round trip.",
     "sudo dmesg | grep -i -e tsc -e clocksource # says why the kernel left the TSC"},
    {"TSC", tsc,
     "A TSC that changes its pace or stops with the CPU makes durations wrong, or the kernel "
     "chooses a slower clock.",
     "can't be mended: the processor, or the hypervisor that shows it, has no invariant TSC"},
    {"mitigations", mitigations,
     "Mitigations make system calls and switches dearer, so that numbers transfer only to hosts "
     "with the same ones.",
     NULL},
    {"hypervisor", hypervisor,
     "Wake-ups, timers and interrupts cost what the hypervisor makes of them, so that numbers hold "
     "for such guests only.",
     NOT_FROM_INSIDE "; measure on the bare machine where that matters"},
    {"isolated CPUs", isolated,
     "Nothing else is scheduled on isolated CPUs, which makes tails shorter; trials go there only "
     "under taskset.",
     NULL},
    {NULL, NULL, NULL, NULL},
};
