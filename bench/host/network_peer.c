/* SPDX-License-Identifier: MIT */
/*
 * network_peer.c - a second private namespace at the other end of the veth pair, made when the
 * first socket in it is asked for. Sockets belong to the namespace in which they were made, so the
 * process goes there only for that moment.
 */
#include "host/network_peer.h"

#include "host/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

static int own_namespace(void) {
    int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int enter(int namespace) {
    return setns(namespace, CLONE_NEWNET) < 0 ? -errno : 0;
}

/* Makes the namespace and comes back. */
static int make(struct network *network, int home) {
    if (unshare(CLONE_NEWNET) < 0)
        return -errno;
    int fd = own_namespace();
    network->peer = fd < 0 ? 0 : fd;
    int error = enter(home);
    return fd < 0 ? fd : error;
}

static int furnish(struct network *network, int home) {
    int error = network_send_peer(network->peer);
    if (error == 0)
        error = enter(network->peer);
    if (error)
        return error;
    error = network_furnish_peer();
    int back = enter(home);
    return error ? error : back;
}

static int socket_there(int there, int home, int domain, int type, int protocol) {
    int error = enter(there);
    if (error)
        return error;
    int fd = socket(domain, type, protocol);
    int result = fd < 0 ? -errno : fd;
    error = enter(home);
    if (error && fd >= 0)
        (void)close(fd);
    return error ? error : result;
}

int network_peer_socket(const struct ipc_network *base, int domain, int type, int protocol) {
    /* The transport's view is the first member of ours, and ours may change. */
    struct network *network = (struct network *)(uintptr_t)base;
    int home = own_namespace();
    int result = home < 0 ? home : 0;
    if (result == 0 && network->peer == 0) {
        result = make(network, home);
        if (result == 0)
            result = furnish(network, home);
    }
    if (result == 0)
        result = socket_there(network->peer, home, domain, type, protocol);
    if (home >= 0)
        (void)close(home);
    return result;
}

void network_leave(struct network *network) {
    if (network->peer > 0)
        (void)close(network->peer);
    network->peer = 0;
}
