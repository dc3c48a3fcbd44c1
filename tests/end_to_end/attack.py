# SPDX-License-Identifier: MIT
"""Attacks one trial of tcp-public while it listens, in the network namespace that it is started in,
which must be of the test's own: attack.py IPCBENCH. Prints what came of it as JSON."""

import json
import os
import select
import socket
import subprocess
import sys
import time

HOST, STRANGER = "198.51.100.1", "198.51.100.2"  # of a block that is for documentation only
CROWD = 1000
KINDS = ("wrong address", "wrong token", "short token", "slow token", "no token")


def listening_port():
    """The port on which something listens at HOST, or None."""
    address = "{:02X}{:02X}{:02X}{:02X}".format(*reversed([int(part) for part in HOST.split(".")]))
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in table:
            fields = line.split()
            if fields[1].startswith(address + ":") and fields[3] == "0A":
                return int(fields[1].split(":")[1], 16)
    return None


def call(port, source=HOST):
    """A connection under way, or None when it was refused."""
    caller = socket.socket()
    caller.setblocking(False)
    caller.bind((source, 0))
    error = caller.connect_ex((HOST, port))
    if error not in (0, 115):
        caller.close()
        return None
    return caller


def say(caller, data):
    try:
        caller.send(data)
    except OSError:
        pass


def hear(callers, seconds):
    """How many bytes anybody gets until all are closed or the time is over. Callers whom the kernel
    dropped, since the queue was full, are never told."""
    got, end = 0, time.monotonic() + seconds
    left = {caller.fileno(): caller for caller in callers}
    poll = select.poll()
    for number in left:
        poll.register(number, select.POLLIN)
    while left and time.monotonic() < end:
        for number, _ in poll.poll(100):
            try:
                data = left[number].recv(4096)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            got += len(data)
            if not data:
                poll.unregister(number)
                left.pop(number).close()
    return got


def attack(port):
    """One stranger of each kind, then the crowd; all of them in the sockets that are returned."""
    callers = [call(port, STRANGER if kind == "wrong address" else HOST) for kind in KINDS]
    callers = [caller for caller in callers if caller]
    time.sleep(0.05)
    for caller, words in zip(callers, (b"x" * 16, b"x" * 16, b"x" * 5, b"x", b"")):
        say(caller, words)
    crowd = [call(port, (HOST, STRANGER)[i % 2]) for i in range(CROWD)]
    for slow in range(5):
        say(callers[3], b"x")
        time.sleep(0.02)
    return callers + [caller for caller in crowd if caller]


def main():
    for words in ("link set lo up", "link add public type veth peer name other",
                  f"address add {HOST}/24 dev public", f"address add {STRANGER}/24 dev public",
                  "link set public up", "link set other up",
                  "route add default via 198.51.100.254 dev public"):
        subprocess.run(["ip", *words.split()], check=True)
    # The peer comes half a second late, so that the strangers are there first.
    trial = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", os.devnull, "-e", "trace=connect",
         "-e", "inject=connect:delay_enter=500000", sys.argv[1], "trial",
         "tcp-public/pingpong/block/same-core/64B", "--net", "host", "--exchanges", "20000",
         "--json"], stdout=subprocess.PIPE, text=True)
    port = None
    while port is None and trial.poll() is None:
        port = listening_port()
    callers = attack(port) if port else []
    got = hear(callers, 5)
    output, _ = trial.communicate(timeout=60)
    late = call(port) if port else None
    try:
        answered = late is not None and bool(late.getpeername())
    except OSError:
        answered = False
    print(json.dumps({"code": trial.returncode, "record": json.loads(output or "null"),
                      "called": len(callers), "bytes": got,
                      "late": answered}))


if __name__ == "__main__":
    main()
