/* SPDX-License-Identifier: MIT */
/*
 * fake-lossy.c - the transport that goes wrong on request, with the mark that messages may be lost:
 * then the harness must count a loss, and refuse everything else as before.
 *
 * A message costs 2 system calls (one send, one recv on a socket pair) and 2 copies.
 */
#define FAKE_NAME  "fake-lossy"
#define FAKE_LOSSY "the script loses what it is told to"

#include "fake.c"
