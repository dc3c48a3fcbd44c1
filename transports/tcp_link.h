/* SPDX-License-Identifier: MIT */
/*
 * tcp_link.h - the link of tcp.c: what can be set of it, and the names under which it is listed.
 */
#ifndef IPC_TCP_LINK_H
#define IPC_TCP_LINK_H

#include "connection.h"

#include <netinet/in.h>

enum tcp_address { TCP_LOCALHOST, TCP_PUBLIC, TCP_VETH };
enum tcp_protocol { TCP_PLAIN, TCP_MULTIPATH };
enum tcp_family { TCP_V4, TCP_V6 };

union tcp_name {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct tcp_link {
    struct ipc_link base;
    uint64_t address, family, protocol, nodelay, sndbuf, rcvbuf, zerocopy, busypoll, linger;
    uint64_t backlog;
    union tcp_name name;   /* where the server listens */
    union tcp_name caller; /* where the client calls from */
    int listener;          /* does not block */
    int calling;           /* the client's socket where setup had to make it; else 0 */
};

static const struct ipc_knob tcp_knobs[] = {
    {.name = "address",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct tcp_link, address),
     .fallback = "localhost",
     .choices = (const char *const[]){"localhost", "public", "veth", NULL},
     .help = "the loopback address, the address by which others know this host, or that one from "
             "another network namespace"},
    {.name = "family",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct tcp_link, family),
     .fallback = "4",
     .choices = (const char *const[]){"4", "6", NULL},
     .help = "IP version; 6 only with address=localhost"},
    {.name = "protocol",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct tcp_link, protocol),
     .fallback = "tcp",
     .choices = (const char *const[]){"tcp", "mptcp", NULL},
     .help = "plain TCP, or Multipath TCP (over its one path)"},
    {.name = "nodelay",
     .kind = IPC_KNOB_FLAG,
     .offset = offsetof(struct tcp_link, nodelay),
     .fallback = "1",
     .high = 1,
     .help = "1 sends each message at once (TCP_NODELAY), 0 lets Nagle's algorithm gather them"},
    {.name = "sndbuf",
     .kind = IPC_KNOB_BYTES,
     .offset = offsetof(struct tcp_link, sndbuf),
     .fallback = "0",
     .high = 1u << 30,
     .help = "send buffer in bytes (SO_SNDBUF); 0 leaves it to the kernel's autotuning"},
    {.name = "rcvbuf",
     .kind = IPC_KNOB_BYTES,
     .offset = offsetof(struct tcp_link, rcvbuf),
     .fallback = "0",
     .high = 1u << 30,
     .help = "receive buffer in bytes (SO_RCVBUF); 0 leaves it to the kernel's autotuning"},
    {.name = "zerocopy",
     .kind = IPC_KNOB_FLAG,
     .offset = offsetof(struct tcp_link, zerocopy),
     .fallback = "0",
     .high = 1,
     .help = "1 sends with MSG_ZEROCOPY and waits for its completion; a control: nothing is spared "
             "here"},
    {.name = "busypoll",
     .kind = IPC_KNOB_NUMBER,
     .offset = offsetof(struct tcp_link, busypoll),
     .fallback = "0",
     .high = 1000000,
     .help = "SO_BUSY_POLL in us; a control: there is no device's queue to poll here"},
    {.name = "linger",
     .kind = IPC_KNOB_CHOICE,
     .offset = offsetof(struct tcp_link, linger),
     .fallback = "off",
     .choices = CONNECTION_LINGERS,
     .help = CONNECTION_LINGER_HELP},
    {.name = "backlog",
     .kind = IPC_KNOB_NUMBER,
     .offset = offsetof(struct tcp_link, backlog),
     .fallback = "128",
     .low = 1,
     .high = 65535,
     .help = CONNECTION_BACKLOG_HELP},
    {.name = NULL}};

static const struct ipc_preset tcp_presets[] = {
    {.name = "tcp-localhost",
     .knobs = "address=localhost",
     .summary = "TCP over the loopback address"},
    {.name = "tcp-public",
     .knobs = "address=public",
     .summary = "TCP over an address of this host that is not loopback"},
    {.name = "tcp-veth",
     .knobs = "address=veth",
     .summary = "TCP across a veth pair between two network namespaces, as between containers",
     .group = "kernel"},
    {.name = "mptcp",
     .knobs = "address=localhost,protocol=mptcp",
     .summary = "Multipath TCP over the loopback address",
     .group = "kernel"},
    {.name = NULL}};

#endif
