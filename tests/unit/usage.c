/* SPDX-License-Identifier: MIT */
/*
 * usage.c (test) - what a process reads of itself agrees with what its parent is told of it by
 * wait4, and with the kernel's clock of its CPU time. No time is asserted, only that accounts
 * agree.
 */
#include "host/usage.h"

#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Two readings of itself, each with the clock's beside it; shared with the parent. */
struct account {
    struct usage before, after;
    int64_t clock_before_ns, clock_after_ns;
};

static int64_t cpu_clock_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#define HALF_NS INT64_C(75000000)

static void burn_user_time(void) {
    for (int64_t end = cpu_clock_ns() + HALF_NS; cpu_clock_ns() < end;)
        for (unsigned i = 0; i < 100000; i++)
            __asm__ volatile("" : "+r"(i));
}

static void burn_system_time(void) {
    static char bytes[1 << 16];
    int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    for (int64_t end = cpu_clock_ns() + HALF_NS; zero >= 0 && cpu_clock_ns() < end;)
        (void)!read(zero, bytes, sizeof bytes);
    (void)close(zero);
}

enum { SLEEPS = 7, PAGES = 32 };

static void sleep_often(void) {
    const struct timespec moment = {.tv_nsec = 1000000};
    for (int i = 0; i < SLEEPS; i++)
        (void)nanosleep(&moment, NULL);
}

static void touch_new_pages(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *bytes =
        mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return;
    (void)madvise(bytes, PAGES * page, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < PAGES; i++)
        ((volatile char *)bytes)[i * page] = 1;
    (void)munmap(bytes, PAGES * page);
}

/* Runs the work in a child that keeps an account of itself; what wait4 says of it is the other. */
static void keep_account(void (*work)(void), struct account *account, struct rusage *told) {
    int status = -1;
    struct account *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    assert_true(shared != MAP_FAILED);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        shared->clock_before_ns = cpu_clock_ns();
        usage_read(&shared->before);
        work();
        usage_read(&shared->after);
        shared->clock_after_ns = cpu_clock_ns();
        _exit(0);
    }
    assert_int_equal(wait4(child, &status, 0, told), child);
    assert_int_equal(status, 0);
    *account = *shared;
    assert_int_equal(munmap(shared, sizeof *shared), 0);
}

static double cpu_ns(const struct usage *usage) {
    return (double)(usage->user_ns + usage->system_ns);
}

static double told_ns(const struct rusage *told) {
    return ((double)told->ru_utime.tv_sec + (double)told->ru_stime.tv_sec) * 1e9 +
           ((double)told->ru_utime.tv_usec + (double)told->ru_stime.tv_usec) * 1e3;
}

static void assert_agree(double one, double other) {
    if (!(fabs(one / other - 1) < 0.02))
        fail_msg("%.0f and %.0f differ by more than 2%%", one, other);
}

static void burn(void) {
    burn_user_time();
    burn_system_time();
}

static void test_cpu_time_agrees_with_the_parents_account(void **state) {
    (void)state;
    struct account account;
    struct rusage told;
    keep_account(burn, &account, &told);
    assert_true(cpu_ns(&account.after) >= 0.98 * 2 * (double)HALF_NS);
    assert_agree(cpu_ns(&account.after), told_ns(&told));
}

static void test_cpu_time_agrees_with_the_processs_clock(void **state) {
    (void)state;
    struct account account;
    struct rusage told;
    keep_account(burn, &account, &told);
    assert_agree(cpu_ns(&account.after) - cpu_ns(&account.before),
                 (double)(account.clock_after_ns - account.clock_before_ns));
}

static void test_waiting_is_a_voluntary_switch(void **state) {
    (void)state;
    struct account account;
    struct rusage told;
    keep_account(sleep_often, &account, &told);
    int64_t seen = account.after.voluntary_switches - account.before.voluntary_switches;
    assert_true(seen >= SLEEPS);
    assert_true(seen <= told.ru_nvcsw);
    assert_true(account.after.involuntary_switches <= told.ru_nivcsw);
}

static void test_new_pages_are_minor_faults(void **state) {
    (void)state;
    struct account account;
    struct rusage told;
    keep_account(touch_new_pages, &account, &told);
    int64_t seen = account.after.minor_faults - account.before.minor_faults;
    assert_true(seen >= PAGES);
    assert_true(seen <= told.ru_minflt);
    assert_int_equal(account.after.major_faults - account.before.major_faults, 0);
}

static void test_what_proc_says_grows_or_is_unknown(void **state) {
    (void)state;
    struct usage before, after;
    usage_read_slow(&before, 0, 0);
    usage_read_slow(&after, 0, 0);
    assert_true(before.migrations == -1 || after.migrations >= before.migrations);
    assert_true(before.run_wait_ns == -1 || after.run_wait_ns >= before.run_wait_ns);
    assert_true(before.steal_ns == -1 || after.steal_ns >= before.steal_ns);
}

static void test_no_cpu_has_no_steal(void **state) {
    (void)state;
    struct usage usage;
    usage_read_slow(&usage, -1, 0);
    assert_int_equal(usage.steal_ns, -1);
    usage_read_slow(&usage, 1 << 20, 1 << 20);
    assert_int_equal(usage.steal_ns, -1);
}

static void test_the_cpu_is_the_callers(void **state) {
    (void)state;
    struct usage usage;
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    size_t cpu = CPU_SETSIZE - 1;
    while (!CPU_ISSET(cpu, &before))
        cpu--;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    usage_read(&usage);
    assert_int_equal(usage.cpu, cpu);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpu_time_agrees_with_the_parents_account),
        cmocka_unit_test(test_cpu_time_agrees_with_the_processs_clock),
        cmocka_unit_test(test_waiting_is_a_voluntary_switch),
        cmocka_unit_test(test_new_pages_are_minor_faults),
        cmocka_unit_test(test_what_proc_says_grows_or_is_unknown),
        cmocka_unit_test(test_no_cpu_has_no_steal),
        cmocka_unit_test(test_the_cpu_is_the_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
