/* SPDX-License-Identifier: MIT */
/*
 * network.c - private namespaces as root and as an ordinary user, what happens where they are
 * forbidden, the host's own address, and that nothing is left. Each case runs in a child.
 */
#include "host/network.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <ifaddrs.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY 65534u

enum verdict { PASSED, FAILED, SKIPPED };

/* What a child leaves for its parent. */
struct report {
    enum verdict verdict;
    char text[1024];
    ino_t namespace;
};

typedef void (*case_body)(struct report *report);

#define EXPECT(condition)                                                              \
    do {                                                                               \
        if (!(condition)) {                                                            \
            (void)snprintf(report->text, sizeof report->text, "line %d: %s", __LINE__, \
                           #condition);                                                \
            report->verdict = FAILED;                                                  \
            return;                                                                    \
        }                                                                              \
    } while (0)

static ino_t namespace_of(const char *process) {
    char path[300];
    struct stat info;
    (void)snprintf(path, sizeof path, "/proc/%s/ns/net", process);
    return stat(path, &info) == 0 ? info.st_ino : 0;
}

static int processes_in(ino_t namespace) {
    int count = 0;
    DIR *folder = opendir("/proc");
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
            count += namespace_of(entry->d_name) == namespace;
    (void)closedir(folder);
    return count;
}

static bool become(uid_t user) {
    return getuid() == user ||
           (getuid() == 0 && setgroups(0, NULL) == 0 && setresgid(user, user, user) == 0 &&
            setresuid(user, user, user) == 0);
}

static void run_child(uid_t user, bool dumpable, case_body body, struct report *report) {
    if (!become(user)) {
        report->verdict = SKIPPED;
        (void)snprintf(report->text, sizeof report->text, "can't become user %u", user);
    } else {
        /* A change of user takes away the right to write to /proc/self; who logs in has it. */
        (void)prctl(PR_SET_DUMPABLE, dumpable);
        body(report);
    }
    report->namespace = namespace_of("self");
    _exit(0);
}

/* Runs the body as that user in a child, and checks that the child leaves no trace. */
static void run_as(uid_t user, bool dumpable, case_body body) {
    struct report *report =
        mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(report, MAP_FAILED);
    ino_t own = namespace_of("self");
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        run_child(user, dumpable, body, report);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(namespace_of("self"), own);
    assert_int_equal(if_nametoindex("ipcbench0") + if_nametoindex("ipcbench1"), 0);
    if (report->namespace != own)
        assert_int_equal(processes_in(report->namespace), 0);
    struct report copy = *report;
    (void)munmap(report, sizeof *report);
    if (copy.verdict == FAILED)
        fail_msg("%s", copy.text);
    if (copy.verdict == SKIPPED) {
        print_message("skipped: %s\n", copy.text);
        skip();
    }
}

/* Enters a private namespace, or says that the host forbids it. */
static bool enter(enum network_mode mode, struct network *network, struct report *report) {
    struct problem problem = {""};
    if (network_enter(mode, network, &problem) == 0 &&
        strncmp(network->namespace_text, "private", 7) == 0)
        return true;
    report->verdict = SKIPPED;
    (void)snprintf(report->text, sizeof report->text, "%s",
                   problem.text[0] != '\0' ? problem.text : network->namespace_text);
    return false;
}

static bool is_up(const char *device) {
    struct ifaddrs *list = NULL;
    bool up = false;
    if (getifaddrs(&list) < 0)
        return false;
    for (const struct ifaddrs *at = list; at != NULL; at = at->ifa_next)
        if (strcmp(at->ifa_name, device) == 0)
            up = (at->ifa_flags & IFF_UP) != 0; /* IFF_RUNNING follows some time later */
    freeifaddrs(list);
    return up;
}

static bool can_bind_ipv6_loopback(void) {
    const struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool can = bind(fd, (const struct sockaddr *)&name, sizeof name) == 0;
    (void)close(fd);
    return can;
}

static bool routed_as(const char *address, const char *expected) {
    char text[128];
    struct problem problem;
    return network_route(address, text, sizeof text, &problem) == 0 && strcmp(text, expected) == 0;
}

static int device_count(void) {
    int count = 0;
    struct if_nameindex *list = if_nameindex();
    while (list != NULL && list[count].if_index != 0)
        count++;
    if_freenameindex(list);
    return count;
}

static void expect_furnished(const struct network *network, struct report *report) {
    EXPECT(network->for_transport.public_ipv4 == network->public_ipv4);
    EXPECT(strcmp(network->public_ipv4, "198.51.100.1") == 0);
    EXPECT(network->for_transport.why_none == NULL);
    EXPECT(strcmp(network->device, "ipcbench0") == 0);
    EXPECT(is_up("lo") && is_up("ipcbench0") && is_up("ipcbench1"));
    EXPECT(device_count() >= 3);
    EXPECT(routed_as("198.51.100.1", "local 198.51.100.1 dev lo src 198.51.100.1"));
    EXPECT(routed_as("127.0.0.1", "local 127.0.0.1 dev lo src 127.0.0.1"));
    EXPECT(routed_as("198.51.100.7", "198.51.100.7 dev ipcbench0 src 198.51.100.1"));
    /* What only a kernel with IPv6 has; the address can be used at once. */
    EXPECT(access("/proc/net/if_inet6", R_OK) != 0 || can_bind_ipv6_loopback());
    EXPECT(access("/proc/net/if_inet6", R_OK) != 0 || routed_as("::1", "local ::1 dev lo src ::1"));
}

static void expect_private(enum network_mode mode, struct report *report) {
    struct network network;
    ino_t outside = namespace_of("self");
    uid_t user = geteuid();
    gid_t group = getegid();
    if (!enter(mode, &network, report))
        return;
    EXPECT(namespace_of("self") != outside);
    EXPECT(user == 0 || strcmp(network.namespace_text, "private (user)") == 0);
    EXPECT(geteuid() == user && getegid() == group);
    EXPECT(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    expect_furnished(&network, report);
}

static void body_private(struct report *report) {
    expect_private(NETWORK_PRIVATE, report);
}

static void body_auto(struct report *report) {
    expect_private(NETWORK_AUTO, report);
}

static void private_as_root(void **state) {
    (void)state;
    run_as(0, true, body_private);
    run_as(0, true, body_auto);
}

static void private_as_ordinary_user(void **state) {
    (void)state;
    run_as(getuid() ? getuid() : NOBODY, true, body_private);
    run_as(getuid() ? getuid() : NOBODY, true, body_auto);
}

/* As seccomp profiles of containers do it. */
static bool forbid_unshare(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* A first private namespace plays the host, so that the outcome is known. */
static void body_forbidden(struct report *report) {
    struct network network;
    struct problem problem = {""};
    if (!enter(NETWORK_PRIVATE, &network, report))
        return;
    EXPECT(forbid_unshare());
    EXPECT(network_enter(NETWORK_PRIVATE, &network, &problem) == -EPERM);
    EXPECT(strstr(problem.text, "Operation not permitted") != NULL);
    EXPECT(strstr(problem.text, "--net host") != NULL);
    problem.text[0] = '\0';
    EXPECT(network_enter(NETWORK_AUTO, &network, &problem) == 0);
    EXPECT(problem.text[0] == '\0');
    EXPECT(strcmp(network.namespace_text, "host (private: Operation not permitted)") == 0);
    EXPECT(network.for_transport.public_ipv4 == NULL);
    EXPECT(network.for_transport.why_none == network.why_none);
    EXPECT(strstr(network.why_none, "--net private") != NULL);
}

static void forbidden_namespaces_fall_back_to_the_host(void **state) {
    (void)state;
    run_as(getuid(), true, body_forbidden);
}

/* The namespaces can be made but not used, as AppArmor has it on Ubuntu: auto must find out without
 * getting stuck in them. */
static void body_useless(struct report *report) {
    struct network network;
    struct problem problem = {""};
    ino_t outside = namespace_of("self");
    EXPECT(network_enter(NETWORK_AUTO, &network, &problem) == 0);
    EXPECT(strncmp(network.namespace_text, "host (private: ", 15) == 0);
    EXPECT(outside == namespace_of("self"));
    EXPECT(geteuid() == NOBODY);
    EXPECT(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void useless_namespaces_are_not_entered(void **state) {
    (void)state;
    run_as(NOBODY, false, body_useless);
}

/* Only finds the address and asks for its route: sends nothing. */
static void body_host(struct report *report) {
    struct network network;
    struct problem problem = {""};
    char text[128];
    ino_t outside = namespace_of("self");
    EXPECT(network_enter(NETWORK_HOST, &network, &problem) == 0);
    EXPECT(outside == namespace_of("self"));
    EXPECT(strcmp(network.namespace_text, "host") == 0);
    if (network.for_transport.public_ipv4 == NULL) {
        EXPECT(network.for_transport.why_none == network.why_none && network.why_none[0] != '\0');
        return;
    }
    EXPECT(strncmp(network.public_ipv4, "127.", 4) != 0);
    EXPECT(if_nametoindex(network.device) > 0);
    EXPECT(network_route(network.public_ipv4, text, sizeof text, &problem) == 0);
    EXPECT(strncmp(text, "local ", 6) == 0);
    EXPECT(strstr(text, network.public_ipv4) != NULL);
}

static void host_mode_finds_an_address_of_its_own(void **state) {
    (void)state;
    run_as(getuid(), true, body_host);
}

static bool add_default_route(const char *gateway, const char *device) {
    struct nl_sock *netlink = nl_socket_alloc();
    struct rtnl_route *route = rtnl_route_alloc();
    struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
    struct nl_addr *via = NULL, *all = NULL;
    bool done = nl_connect(netlink, NETLINK_ROUTE) == 0 &&
                nl_addr_parse(gateway, AF_INET, &via) == 0 &&
                nl_addr_parse("default", AF_INET, &all) == 0;
    rtnl_route_nh_set_gateway(hop, via);
    rtnl_route_nh_set_ifindex(hop, (int)if_nametoindex(device));
    rtnl_route_add_nexthop(route, hop);
    done = done && rtnl_route_set_dst(route, all) == 0 && rtnl_route_add(netlink, route, 0) == 0;
    nl_addr_put(all);
    nl_addr_put(via);
    rtnl_route_put(route);
    nl_socket_free(netlink);
    return done;
}

static void body_default_route(struct report *report) {
    struct network network;
    struct problem problem = {""};
    if (!enter(NETWORK_PRIVATE, &network, report))
        return;
    EXPECT(add_default_route("198.51.100.2", "ipcbench0"));
    EXPECT(network_enter(NETWORK_HOST, &network, &problem) == 0);
    EXPECT(network.for_transport.public_ipv4 == network.public_ipv4);
    EXPECT(strcmp(network.public_ipv4, "198.51.100.1") == 0);
    EXPECT(strcmp(network.device, "ipcbench0") == 0);
    EXPECT(strcmp(network.namespace_text, "host") == 0);
    EXPECT(routed_as("203.0.113.5", "203.0.113.5 via 198.51.100.2 dev ipcbench0 src 198.51.100.1"));
}

static void host_mode_takes_the_source_of_the_default_route(void **state) {
    (void)state;
    run_as(getuid(), true, body_default_route);
}

static void body_no_route(struct report *report) {
    struct network network;
    struct problem problem = {""};
    char text[64] = "old";
    if (!enter(NETWORK_PRIVATE, &network, report))
        return;
    EXPECT(network_route("203.0.113.5", text, sizeof text, &problem) == -ENETUNREACH);
    EXPECT(text[0] == '\0');
    EXPECT(strstr(problem.text, "203.0.113.5") != NULL);
    EXPECT(network_route("no address", text, sizeof text, &problem) < 0);
    EXPECT(strstr(problem.text, "no address") != NULL);
}

static void no_route_is_said(void **state) {
    (void)state;
    run_as(getuid(), true, body_no_route);
}

static void modes_have_their_names(void **state) {
    (void)state;
    assert_string_equal(network_modes[NETWORK_AUTO], "auto");
    assert_string_equal(network_modes[NETWORK_PRIVATE], "private");
    assert_string_equal(network_modes[NETWORK_HOST], "host");
    assert_null(network_modes[NETWORK_HOST + 1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(private_as_root),
        cmocka_unit_test(private_as_ordinary_user),
        cmocka_unit_test(forbidden_namespaces_fall_back_to_the_host),
        cmocka_unit_test(useless_namespaces_are_not_entered),
        cmocka_unit_test(host_mode_finds_an_address_of_its_own),
        cmocka_unit_test(host_mode_takes_the_source_of_the_default_route),
        cmocka_unit_test(no_route_is_said),
        cmocka_unit_test(modes_have_their_names),
    };
    alarm(60);
    return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
