/* SPDX-License-Identifier: MIT */
/*
 * doctor_share.c - who else wants the CPUs of a made-up host is found and judged, in files and over
 * a window of time.
 */
#include "doctor_tree.h"

#define V1(group) \
    { "proc/self/cgroup", "5:memory:/\n4:cpu,cpuacct:" group "\n0::/\n" }

static const struct change changes[] = {
    {{GONE(CPUS "smt/active")}, "SMT", DOCTOR_UNKNOWN, "not visible on this host", ""},
    {{{CPUS "smt/active", "0\n"}}, "SMT", DOCTOR_OK, "off", ""},
    {{{CPUS "smt/active", "0\n"}, GUEST}, "SMT", DOCTOR_UNKNOWN, "in this guest", ""},
    {{{"proc/loadavg", "2.40 1.00 1.00 5/234 5678\n"}},
     "load",
     DOCTOR_WARNING,
     "2.40 over the last minute, 4 others running now",
     NULL},
    {{GONE("proc/loadavg")}, "load", DOCTOR_UNKNOWN, "not visible", ""},
    {{{"proc/self/status", STATUS "Cpus_allowed_list:\t3\n"}},
     "usable CPUs",
     DOCTOR_WARNING,
     "1",
     "see cpuset"},
    {{{"proc/self/status", STATUS "Cpus_allowed_list:\t3\n"}},
     "cpuset",
     DOCTOR_WARNING,
     "CPUs 3 of 0-3",
     "sudo taskset -cp 0-3 $$ # for a container: docker update --cpuset-cpus"},
    {{{"proc/self/status", STATUS "Cpus_allowed_list:\t0-63\n"}},
     "cpuset",
     DOCTOR_OK,
     "all CPUs that are online (0-3)",
     ""},
    {{{"proc/self/status", STATUS "Cpus_allowed_list:\t0\n"}, {CPUS "online", "0\n"}},
     "usable CPUs",
     DOCTOR_WARNING,
     "1",
     NULL},
    {{{"sys/fs/cgroup/slice/job/cpu.max", "50000 100000\n"},
      {"sys/fs/cgroup/slice/job/cpu.stat", "usage_usec 5\nnr_throttled 12\n"}},
     "CPU quota",
     DOCTOR_UNFIT,
     "0.50 CPUs, and a trial keeps 2 busy; throttled 12 times",
     "echo max | sudo tee /sys/fs/cgroup/slice/job/cpu.max"},
    {{{"sys/fs/cgroup/slice/cpu.max", "150000 100000\n"}},
     "CPU quota",
     DOCTOR_UNFIT,
     "1.50 CPUs",
     "echo max | sudo tee /sys/fs/cgroup/slice/cpu.max"},
    {{{"sys/fs/cgroup/cpu.max", "100000 100000\n"}, {"proc/self/cgroup", "0::/\n"}},
     "CPU quota",
     DOCTOR_UNFIT,
     "1.00 CPUs",
     "can't be mended from inside; start the container without a limit "
     "of CPU time (docker run without --cpus)"},
    {{{"sys/fs/cgroup/slice/cpu.max", "200000 100000\n"}}, "CPU quota", DOCTOR_OK, "2.00 CPUs", ""},
    {{{"sys/fs/cgroup/slice/cpu.max", "200000 100000\n"},
      {"proc/self/status", STATUS "Cpus_allowed_list:\t0-3\n"}},
     "CPU quota",
     DOCTOR_WARNING,
     "2.00 CPUs",
     NULL},
    {{V1("/box"),
      {"sys/fs/cgroup/cpu/cgroup.procs", "1\n"},
      {"sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "30000\n"},
      {"sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n"}},
     "CPU quota",
     DOCTOR_UNFIT,
     "0.30 CPUs",
     "echo -1 | sudo tee /sys/fs/cgroup/cpu/box/cpu.cfs_quota_us"},
    {{V1("/"),
      {"sys/fs/cgroup/cpu,cpuacct/cgroup.procs", "1\n"},
      {"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"}},
     "CPU quota",
     DOCTOR_OK,
     "no limit",
     ""},
    {{V1("/"), {"sys/fs/cgroup/unified/cgroup.procs", "1\n"}},
     "CPU quota",
     DOCTOR_UNKNOWN,
     "not visible",
     ""},
    {{GONE("sys/fs/cgroup/cgroup.procs")}, "CPU quota", DOCTOR_UNKNOWN, "not visible", ""},
};

static void each_change_is_found_judged_and_mended(void **state) {
    (void)state;
    expect_changes(changes, sizeof changes / sizeof *changes);
}

/* Two looks at /proc/stat, 100 ticks apart for each CPU. */
static const struct window {
    const char *after, *check, *found;
    enum doctor_verdict verdict;
    bool guest;
} windows[] = {
    {"cpu0 101 0 0 1099 0 0 0 0\ncpu1 100 0 0 1100 0 0 0 0\n", "busy CPUs", "1% of CPU 0",
     DOCTOR_OK, false},
    {"cpu0 100 0 0 1100 0 0 0 0\ncpu1 100 0 6 1094 0 0 0 0\n", "busy CPUs", "6% of CPU 1",
     DOCTOR_WARNING, false},
    {"cpu0 100 90 0 1010 0 0 0 0\ncpu1 100 0 0 1100 0 0 0 0\n", "busy CPUs", "90% of CPU 0",
     DOCTOR_UNFIT, false},
    {"cpu0 100 0 0 1010 90 0 0 0\ncpu1 100 0 0 1100 0 0 0 0\n", "busy CPUs", "0% of CPU 0",
     DOCTOR_OK, false},
    {"cpu0 100 0 0 1100 0 0 0 0\ncpu2 190 0 0 1010 0 0 0 0\n", "busy CPUs",
     "of the others CPU 2, with 90%", DOCTOR_WARNING, false},
    {"cpu0 100 0 0 1100 0 0 0 0\ncpu3 190 0 0 1010 0 0 0 0\n", "SMT", "CPU 3, was 90% busy",
     DOCTOR_WARNING, false},
    {"cpu0 100 0 0 1100 0 0 0 0\ncpu2 100 0 0 1100 0 0 0 0\n", "SMT", "was 0% busy", DOCTOR_OK,
     false},
    {"cpu0 100 0 0 1075 0 0 0 25\ncpu1 100 0 0 1100 0 0 0 0\n", "steal", "12.5% over 0.5 s",
     DOCTOR_UNFIT, true},
    {"cpu0 100 0 0 1095 0 0 0 5\ncpu1 100 0 0 1100 0 0 0 0\n", "steal", "2.5% over 0.5 s, 0.2%",
     DOCTOR_WARNING, true},
    {"cpu0 100 0 0 1099 0 0 0 1\ncpu1 100 0 0 1100 0 0 0 0\n", "steal", "0.5% over", DOCTOR_OK,
     true},
    {"cpu0 100 0 0 1100 0 0 0 0\n", "steal", "none reported", DOCTOR_UNKNOWN, true},
    {"cpu0 50 0 0 500 0 0 0 0\n", "busy CPUs", "not visible", DOCTOR_UNKNOWN, false},
    {"intr 5\n", "busy CPUs", "not visible", DOCTOR_UNKNOWN, false},
};

static void what_others_do_in_the_window_is_measured(void **state) {
    static const struct file guest = GUEST;
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        struct doctor_report report;
        struct doctor_host host;
        put(*state, fine_file("proc/stat"));
        put(*state, windows[i].guest ? &guest : fine_file(guest.path));
        assert_int_equal(doctor_host_open(*state, &host), 0);
        put(*state, &(struct file){"proc/stat", windows[i].after});
        assert_int_equal(doctor_times_read(*state, &host.after), 0);
        doctor_look(&host, &report);
        doctor_host_close(&host);
        expect(&report, windows[i].check, windows[i].verdict, windows[i].found, NULL);
    }
}

static void a_guest_that_was_often_robbed_is_warned_of(void **state) {
    static const struct file guest = GUEST;
    struct doctor_report report;
    put(*state, &guest);
    put(*state, &(struct file){"proc/stat", "cpu0 100 0 0 800 0 0 0 100\n"});
    examine(*state, &fine_answers, &report);
    expect(&report, "steal", DOCTOR_WARNING, "10.0% since the guest started", NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_is_found_judged_and_mended),
        WITH_TREE(what_others_do_in_the_window_is_measured),
        WITH_TREE(a_guest_that_was_often_robbed_is_warned_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
