/* SPDX-License-Identifier: MIT */
/*
 * network.h - the addresses that a trial over IP may use. A benchmark must not open a port to
 * strangers, so by default a trial moves into a network namespace of its own, whose loopback is up
 * and whose veth end carries 198.51.100.1 (RFC 5737, TEST-NET-2) as the public address.
 */
#ifndef BENCH_NETWORK_H
#define BENCH_NETWORK_H

#include "base/problem.h"
#include "transport.h"

enum network_mode {
    NETWORK_AUTO,    /* private; where the host forbids that, as NETWORK_HOST */
    NETWORK_PRIVATE, /* private, or fail */
    NETWORK_HOST     /* the host's own primary address */
};
extern const char *const network_modes[]; /* "auto", "private", "host", NULL */

struct network {
    struct ipc_network for_transport; /* its strings point into this struct */
    char public_ipv4[48];
    char why_none[256];
    char namespace_text[64]; /* "private" or "host", and how: "private (root)", "private (user)" */
    char device[32];         /* the device that carries the public address */
    int peer;                /* a descriptor of the second namespace; 0: none was asked for */
};

/* Moves the calling process (single-threaded) into the namespace that the mode asks for and fills
 * `network`. No public address is not an error. 0 or -errno with a problem. Everything made here
 * vanishes with the last process of the namespace. */
int network_enter(enum network_mode mode, struct network *network, struct problem *problem);

/* Lets go of the second namespace, if there is one. */
void network_leave(struct network *network);

/* How the kernel would route to the address, as `ip route get` says it: "local 198.51.100.1 dev lo
 * src 198.51.100.1". 0 or -errno. Asked over netlink; sends nothing to anybody. */
int network_route(const char *address, char *text, size_t room, struct problem *problem);

#endif
