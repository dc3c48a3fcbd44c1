/* SPDX-License-Identifier: MIT */
/*
 * doctor_system.c - the memory, the permissions and the build of a made-up host are found and
 * judged.
 */
#include "doctor_tree.h"

static const struct change changes[] = {
    {{{"sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n"}},
     "huge pages",
     DOCTOR_WARNING,
     "always",
     "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled"},
    {{{"proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: 262144 kB\n"}},
     "memory",
     DOCTOR_WARNING,
     "256 MiB available of 8192",
     NULL},
    {{{"proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: 1024 kB\n"}},
     "memory",
     DOCTOR_UNFIT,
     "1 MiB",
     NULL},
    {{{"proc/meminfo", "SwapTotal: 2048 kB\nSwapFree: 1024 kB\n"}},
     "swap",
     DOCTOR_WARNING,
     "1 MiB of 2 in use",
     "sudo swapoff -a"},
    {{{"proc/self/limits", LIMITS "Max locked memory         65536     65536     bytes\n"}},
     "locked memory",
     DOCTOR_WARNING,
     "64 KiB",
     "sudo prlimit --memlock=unlimited --pid $$"},
    {{{"proc/self/limits", LIMITS "Max locked memory         unlimited unlimited bytes\n"}},
     "locked memory",
     DOCTOR_OK,
     "unlimited",
     ""},
    {{{"proc/self/status", "CapEff:\t0000000000804000\nCpus_allowed_list:\t0-1\n"},
      GONE("proc/self/limits")},
     "locked memory",
     DOCTOR_OK,
     "CAP_IPC_LOCK",
     ""},
    {{{"proc/self/status", "CapEff:\t0000000000800000\nCpus_allowed_list:\t0-1\n"}},
     "real-time priority",
     DOCTOR_OK,
     "CAP_SYS_NICE",
     ""},
    {{{"proc/self/limits", LIMITS "Max realtime priority     99        99\n"}},
     "real-time priority",
     DOCTOR_OK,
     "permitted by the limit",
     ""},
    {{{"proc/self/schedstat", "0 0 0\n"}}, "schedstat", DOCTOR_WARNING, "without times", NULL},
    {{GONE("proc/self/schedstat")}, "schedstat", DOCTOR_WARNING, "not there", NULL},
};

static void each_change_is_found_judged_and_mended(void **state) {
    (void)state;
    expect_changes(changes, sizeof changes / sizeof *changes);
}

static void what_trying_told_is_judged(void **state) {
    static const struct attempt {
        struct doctor_answers answers;
        enum doctor_verdict verdict;
        const char *paranoid, *check, *found, *mend;
    } attempts[] = {
        {{.software_events = -EACCES},
         DOCTOR_WARNING,
         "2\n",
         "software events",
         "forbidden (kernel.perf_event_paranoid = 2)",
         "sudo sysctl kernel.perf_event_paranoid=1"},
        {{.events_of_user_space_only = true},
         DOCTOR_WARNING,
         "2\n",
         "software events",
         "only user space",
         "sudo sysctl kernel.perf_event_paranoid=1"},
        {{.hardware_events = -EPERM},
         DOCTOR_WARNING,
         "0\n",
         "hardware counters",
         "forbidden",
         "run as root; in a container also: docker run --cap-add PERFMON"},
        {{.hardware_events = -EPERM, .superuser = true},
         DOCTOR_WARNING,
         "3\n",
         "hardware counters",
         "forbidden",
         "sysctl kernel.perf_event_paranoid=1"},
        {{.hardware_events = -ENOENT},
         DOCTOR_OK,
         "2\n",
         "hardware counters",
         "none on this host",
         ""},
        {{.hardware_events = DOCTOR_NOT_ASKED},
         DOCTOR_UNKNOWN,
         "2\n",
         "hardware counters",
         "not tried",
         ""},
        {{.private_network = DOCTOR_NOT_ASKED},
         DOCTOR_UNKNOWN,
         "2\n",
         "namespaces",
         "not tried",
         ""},
        {{.private_network = -EPERM, .private_network_text = "Operation not permitted"},
         DOCTOR_WARNING,
         "2\n",
         "namespaces",
         "no private network: Operation not permitted",
         "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"},
        {{.private_network_has_address = false},
         DOCTOR_WARNING,
         "2\n",
         "namespaces",
         "without a veth pair",
         "sudo modprobe veth"},
        {{.private_network_has_address = true, .private_network_text = "private (user)"},
         DOCTOR_OK,
         "2\n",
         "namespaces",
         "private (user)",
         ""},
        {{.optimised = false},
         DOCTOR_WARNING,
         "2\n",
         "build of ipcbench",
         "without optimisation",
         "make clean && make"},
        {{.optimised = true, .sanitized = true},
         DOCTOR_WARNING,
         "2\n",
         "build of ipcbench",
         "with a sanitizer",
         "make clean && make"},
    };
    put(*state, &(struct file){"proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n"});
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        struct doctor_report report;
        put(*state, &(struct file){"proc/sys/kernel/perf_event_paranoid", attempts[i].paranoid});
        examine(*state, &attempts[i].answers, &report);
        expect(&report, attempts[i].check, attempts[i].verdict, attempts[i].found,
               attempts[i].mend);
    }
}

static void the_flags_of_a_sanitizer_are_seen(void **state) {
    struct doctor_host host;
    struct doctor_report report;
    assert_int_equal(doctor_host_open(*state, &host), 0);
    host.answers = fine_answers;
    say_build(&host, "-O2 -fsanitize=undefined");
    doctor_look(&host, &report);
    doctor_host_close(&host);
    expect(&report, "build of ipcbench", DOCTOR_WARNING, "with a sanitizer", NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_is_found_judged_and_mended),
        WITH_TREE(what_trying_told_is_judged),
        WITH_TREE(the_flags_of_a_sanitizer_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
