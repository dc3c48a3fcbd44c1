/* SPDX-License-Identifier: MIT */
/*
 * network.c - moves into a private network namespace and furnishes it, or finds the host's own
 * address; all over netlink, so that nothing is ever sent to anybody.
 */
#include "host/network.h"

#include "host/namespaces.h"
#include "host/network_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netdb.h>
#include <netlink/errno.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <nss.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PRIVATE_ADDRESS "198.51.100.1"
#define PRIVATE_NETWORK PRIVATE_ADDRESS "/24"
#define PRIVATE_DEVICE  "ipcbench0"
#define PRIVATE_PEER    "ipcbench1"
#define PEER_ADDRESS    "198.51.100.2"
#define PEER_NETWORK    PEER_ADDRESS "/24"
/* An address of the reserved class E, which no network near a host has: where the kernel would
 * send it, there the default route leads. It is looked up, never sent to. */
#define FAR_ADDRESS "240.0.0.1"

const char *const network_modes[] = {"auto", "private", "host", NULL};

/* libnl has numbers of its own; these are the ones that a caller may want to tell apart. */
static int errno_of(int nl_error) {
    static const struct {
        int nl, error;
    } table[] = {{NLE_PERM, EPERM},           {NLE_NOACCESS, EACCES},
                 {NLE_NOMEM, ENOMEM},         {NLE_OPNOTSUPP, EOPNOTSUPP},
                 {NLE_NODEV, ENODEV},         {NLE_EXIST, EEXIST},
                 {NLE_INVAL, EINVAL},         {NLE_AF_NOSUPPORT, EAFNOSUPPORT},
                 {NLE_NOADDR, EADDRNOTAVAIL}, {NLE_OBJ_NOTFOUND, ESRCH}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].nl == abs(nl_error))
            return -table[i].error;
    return nl_error < 0 ? -EIO : 0;
}

/* The socket is made here, since libnl has no number for want of descriptors. */
static int netlink_open(struct nl_sock **netlink) {
    *netlink = nl_socket_alloc();
    if (*netlink == NULL)
        return -ENOMEM;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return -errno;
    int error = 0;
    const struct sockaddr_nl any = {.nl_family = AF_NETLINK};
    if (bind(fd, (const void *)&any, sizeof any) < 0)
        error = -errno;
    else
        error = errno_of(nl_socket_set_fd(*netlink, NETLINK_ROUTE, fd));
    if (error)
        (void)close(fd);
    return error;
}

/* A device's number, or a negative errno. */
static int device_index(struct nl_sock *netlink, const char *name) {
    struct rtnl_link *device = NULL;
    int error = errno_of(rtnl_link_get_kernel(netlink, 0, name, &device));
    int index = error ? error : rtnl_link_get_ifindex(device);
    rtnl_link_put(device);
    return index;
}

static int device_up(struct nl_sock *netlink, const char *name) {
    struct rtnl_link *device = rtnl_link_alloc(), *change = rtnl_link_alloc();
    int index = device_index(netlink, name);
    int error = index < 0 ? index : -ENOMEM;
    if (index > 0 && device != NULL && change != NULL) {
        rtnl_link_set_ifindex(device, index);
        rtnl_link_set_flags(change, IFF_UP);
        error = errno_of(rtnl_link_change(netlink, device, change, 0));
    }
    rtnl_link_put(change);
    rtnl_link_put(device);
    return error;
}

static int veth_make(struct nl_sock *netlink) {
    struct rtnl_link *link = rtnl_link_veth_alloc();
    if (link == NULL)
        return -ENOMEM;
    struct rtnl_link *peer = rtnl_link_veth_get_peer(link);
    rtnl_link_set_name(link, PRIVATE_DEVICE);
    rtnl_link_set_name(peer, PRIVATE_PEER);
    int error = errno_of(rtnl_link_add(netlink, link, NLM_F_CREATE | NLM_F_EXCL));
    rtnl_link_put(peer);
    rtnl_link_veth_release(link);
    return error;
}

static int device_address(struct nl_sock *netlink, const char *device, const char *text) {
    struct rtnl_addr *address = rtnl_addr_alloc();
    struct nl_addr *local = NULL;
    int index = device_index(netlink, device);
    int error = index < 0         ? index
                : address == NULL ? -ENOMEM
                                  : errno_of(nl_addr_parse(text, AF_INET, &local));
    if (error == 0) {
        rtnl_addr_set_ifindex(address, index);
        error = errno_of(rtnl_addr_set_local(address, local));
    }
    if (error == 0)
        error = errno_of(rtnl_addr_add(netlink, address, 0));
    nl_addr_put(local);
    rtnl_addr_put(address);
    return error;
}

/* Sets lo up, which gives it 127.0.0.1 and ::1. The kernel doesn't probe for duplicates of an
 * address on a loopback device, so ::1 can be used at once. */
static int loopback_up(void) {
    struct nl_sock *netlink = NULL;
    int error = netlink_open(&netlink);
    if (error == 0)
        error = device_up(netlink, "lo");
    nl_socket_free(netlink);
    return error;
}

/* Once namespace_text is set, there may be no way back. */
static int move_to_private(bool rehearse, struct network *network) {
    int error = namespaces_enter(CLONE_NEWNET, loopback_up, rehearse);
    if (error == 0 || error == -ENOTRECOVERABLE)
        (void)snprintf(network->namespace_text, sizeof network->namespace_text, "private (%s)",
                       namespaces_way());
    return error;
}

static void has_address(struct network *network, const char *address, const char *device) {
    (void)snprintf(network->public_ipv4, sizeof network->public_ipv4, "%s", address);
    (void)snprintf(network->device, sizeof network->device, "%s", device);
    network->for_transport.public_ipv4 = network->public_ipv4;
}

__attribute__((format(printf, 2, 3))) static void has_none(struct network *network,
                                                           const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(network->why_none, sizeof network->why_none, format, arguments);
    va_end(arguments);
    network->for_transport.why_none = network->why_none;
}

static void furnish_private(struct network *network) {
    /* Keeps the pair quiet: with IPv6 it would announce itself during the trial. Where /proc/sys
     * is read-only it does, which does no harm but a few packets to its own other end. */
    (void)namespaces_write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
    struct nl_sock *netlink = NULL;
    int error = netlink_open(&netlink);
    if (error == 0)
        error = veth_make(netlink);
    if (error == 0)
        error = device_address(netlink, PRIVATE_DEVICE, PRIVATE_NETWORK);
    if (error == 0)
        error = device_up(netlink, PRIVATE_DEVICE);
    if (error == 0)
        error = device_up(netlink, PRIVATE_PEER);
    nl_socket_free(netlink);
    if (error == 0) {
        has_address(network, PRIVATE_ADDRESS, PRIVATE_DEVICE);
        network->for_transport.peer_ipv4 = PEER_ADDRESS;
        network->for_transport.peer_socket = network_peer_socket;
    } else {
        has_none(network,
                 "the private namespace has no public address, since the kernel refused a veth "
                 "pair (%s); load its module (modprobe veth) or use --net host",
                 strerror(-error));
    }
}

int network_send_peer(int namespace) {
    struct nl_sock *netlink = NULL;
    struct rtnl_link *device = rtnl_link_alloc(), *change = rtnl_link_alloc();
    int error = device && change ? netlink_open(&netlink) : -ENOMEM;
    int index = error ? error : device_index(netlink, PRIVATE_PEER);
    if (index < 0)
        error = index;
    if (error == 0) {
        rtnl_link_set_ifindex(device, index);
        rtnl_link_set_ns_fd(change, namespace);
        error = errno_of(rtnl_link_change(netlink, device, change, 0));
    }
    rtnl_link_put(change);
    rtnl_link_put(device);
    nl_socket_free(netlink);
    return error;
}

int network_furnish_peer(void) {
    struct nl_sock *netlink = NULL;
    (void)namespaces_write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
    int error = netlink_open(&netlink);
    if (error == 0)
        error = device_address(netlink, PRIVATE_PEER, PEER_NETWORK);
    if (error == 0)
        error = device_up(netlink, PRIVATE_PEER);
    nl_socket_free(netlink);
    return error;
}

/* Which device carries the address (an IPv4 one of this host). */
static bool find_device(const char *address, char *device, size_t room) {
    struct in_addr wanted;
    struct ifaddrs *list = NULL;
    bool found = false;
    if (inet_pton(AF_INET, address, &wanted) != 1 || getifaddrs(&list) < 0)
        return false;
    for (const struct ifaddrs *at = list; at != NULL && !found; at = at->ifa_next) {
        if (at->ifa_addr == NULL || at->ifa_addr->sa_family != AF_INET)
            continue;
        const struct sockaddr_in *own = (const void *)at->ifa_addr;
        found = own->sin_addr.s_addr == wanted.s_addr;
        if (found)
            (void)snprintf(device, room, "%s", at->ifa_name);
    }
    freeifaddrs(list);
    return found;
}

static int route_look_up(const char *address, struct rtnl_route **route) {
    struct nl_sock *netlink = NULL;
    struct nl_addr *to = NULL;
    int error = errno_of(nl_addr_parse(address, AF_UNSPEC, &to));
    if (error == 0 && nl_addr_get_family(to) != AF_INET && nl_addr_get_family(to) != AF_INET6)
        error = -EINVAL;
    if (error == 0)
        error = netlink_open(&netlink);
    if (error == 0)
        error = errno_of(rtnl_route_lookup(netlink, to, route));
    /* To libnl "network is unreachable" is one of the failures without a number. */
    if (error == -EIO)
        error = -ENETUNREACH;
    nl_socket_free(netlink);
    nl_addr_put(to);
    return error;
}

/* An address as text, without the length of its prefix. */
static const char *text_of(struct nl_addr *address, char text[INET6_ADDRSTRLEN]) {
    if (address == NULL || inet_ntop(nl_addr_get_family(address), nl_addr_get_binary_addr(address),
                                     text, INET6_ADDRSTRLEN) == NULL)
        return "";
    return text;
}

static bool source_of_default_route(char address[INET6_ADDRSTRLEN]) {
    struct rtnl_route *route = NULL;
    bool found = route_look_up(FAR_ADDRESS, &route) == 0 &&
                 *text_of(rtnl_route_get_pref_src(route), address) != '\0';
    rtnl_route_put(route);
    return found;
}

/* The address that /etc/hosts gives to the host's name. Asking DNS would be traffic. */
static bool address_of_host_name(char address[INET6_ADDRSTRLEN]) {
    char name[256] = "";
    struct addrinfo *list = NULL;
    const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    if (gethostname(name, sizeof name - 1) < 0 || __nss_configure_lookup("hosts", "files") != 0 ||
        getaddrinfo(name, NULL, &hints, &list) != 0)
        return false;
    const struct sockaddr_in *first = (const void *)list->ai_addr;
    (void)inet_ntop(AF_INET, &first->sin_addr, address, INET6_ADDRSTRLEN);
    freeaddrinfo(list);
    return true;
}

static void furnish_host(struct network *network) {
    bool (*const sources[])(char *) = {source_of_default_route, address_of_host_name};
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        char address[INET6_ADDRSTRLEN], device[sizeof network->device];
        if (sources[i](address) && strncmp(address, "127.", 4) != 0 &&
            find_device(address, device, sizeof device)) {
            has_address(network, address, device);
            return;
        }
    }
    has_none(network, "this host has no public address: no default route leads out of it and its "
                      "name stands for none of its devices; use --net private");
}

int network_enter(enum network_mode mode, struct network *network, struct problem *problem) {
    *network = (struct network){0};
    int error = 0;
    if (mode != NETWORK_HOST)
        error = move_to_private(mode == NETWORK_AUTO, network);
    if (error && (mode == NETWORK_PRIVATE || network->namespace_text[0] != '\0'))
        return problem_set(problem, -error,
                           "a private network namespace is forbidden here (%s); run as root, allow "
                           "user namespaces (sysctl user.max_user_namespaces and, on Ubuntu, "
                           "kernel.apparmor_restrict_unprivileged_userns=0), or use --net host",
                           strerror(-error));
    if (error || mode == NETWORK_HOST) {
        (void)snprintf(network->namespace_text, sizeof network->namespace_text, "host%s%s%s",
                       error ? " (private: " : "", error ? strerror(-error) : "", error ? ")" : "");
        furnish_host(network);
    } else {
        furnish_private(network);
    }
    return 0;
}

static void route_print(struct rtnl_route *route, const char *address, char *text, size_t room) {
    char type[32], device[IF_NAMESIZE] = "?", gateway[INET6_ADDRSTRLEN], source[INET6_ADDRSTRLEN];
    struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, 0);
    const char *via = text_of(hop ? rtnl_route_nh_get_gateway(hop) : NULL, gateway);
    const char *src = text_of(rtnl_route_get_pref_src(route), source);
    if (hop != NULL)
        (void)if_indextoname((unsigned)rtnl_route_nh_get_ifindex(hop), device);
    bool plain = rtnl_route_get_type(route) == RTN_UNICAST;
    (void)nl_rtntype2str(rtnl_route_get_type(route), type, sizeof type);
    (void)snprintf(text, room, "%s%s%s%s%s dev %s%s%s", plain ? "" : type, plain ? "" : " ",
                   address, *via ? " via " : "", via, device, *src ? " src " : "", src);
}

int network_route(const char *address, char *text, size_t room, struct problem *problem) {
    struct rtnl_route *route = NULL;
    int error = route_look_up(address, &route);
    text[0] = '\0';
    if (error == 0)
        route_print(route, address, text, room);
    rtnl_route_put(route);
    return error ? problem_set(problem, -error, "the kernel gives no route to '%s' (%s)", address,
                               strerror(-error))
                 : 0;
}
