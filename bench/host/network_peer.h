/* SPDX-License-Identifier: MIT */
/*
 * network_peer.h - between network.c, which knows the devices, and network_peer.c, which goes to
 * and fro between the two namespaces.
 */
#ifndef BENCH_NETWORK_PEER_H
#define BENCH_NETWORK_PEER_H

#include "host/network.h"

/* ipc_network.peer_socket of transport.h, for a `struct network` in a private namespace. */
int network_peer_socket(const struct ipc_network *base, int domain, int type, int protocol);

/* Moves the veth pair's other end into that namespace (a descriptor). 0 or -errno. */
int network_send_peer(int namespace);

/* In that namespace: gives its devices an address and sets them up. 0 or -errno. */
int network_furnish_peer(void);

#endif
