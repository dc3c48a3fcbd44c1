# SPDX-License-Identifier: MIT
"""strace shows exactly the system calls that a transport owes for each exchange, and none of the
harness's own."""

import collections
import json
import pathlib
import re
import subprocess
import unittest

from support import IPCBENCH, Case, ipcbench, needs_program, needs_transports, needs_two_cpus

# How often somebody asks the kernel while waiting for another, at a gate or for an end's end, is a
# matter of chance.
CHANCE = {"futex", "poll", "restart_syscall"}


@unittest.skipIf(b"__asan_init" in pathlib.Path(IPCBENCH).read_bytes(),
                 "a sanitizer makes system calls of its own")
@needs_program("strace")
class SystemCalls(Case):
    def counts(self, key, exchanges):
        log = self.folder / "strace"
        subprocess.run(["strace", "-f", "-qq", "-o", str(log), IPCBENCH, "trial", key, "--exchanges",
                        str(exchanges), "--warmup-exchanges", "100", "--seed", "1"], check=True,
                       capture_output=True, timeout=300)
        # A call that another process interrupts stands in two lines: "unfinished", "resumed".
        calls = re.findall(r"(?m)^\d+ +([a-z_0-9]+)\(", log.read_text())
        return collections.Counter(calls)

    def difference(self, key):
        less, more = self.counts(key, 1000), self.counts(key, 3000)
        return {name: more[name] - less[name] for name in set(less) | set(more)
                if more[name] != less[name] and name not in CHANCE}

    @needs_transports("pipe")
    def test_pipe_is_two_reads_and_two_writes(self):
        self.assertEqual(self.difference("pipe/pingpong/block/same-core/64B"),
                         {"read": 4000, "write": 4000})

    @needs_transports("tcp", "unix")
    def test_stream_sockets_are_two_of_each(self):
        for name in ("unix", "tcp-localhost"):
            with self.subTest(name=name):
                difference = self.difference(f"{name}/pingpong/block/same-core/64B")
                self.assertEqual(sorted(difference.values()), [4000, 4000], difference)

    @needs_transports("shm")
    @needs_two_cpus
    def test_spinning_shared_memory_is_none(self):
        self.assertEqual(self.difference("shm/pingpong/spin/cross-core/64B"), {})

    def test_each_owes_what_its_table_says(self):
        """Both ends block on one CPU: each has to sleep for every message."""
        for entry in json.loads(ipcbench("list", "--json").stdout):
            owed = entry["system_calls"]
            if not entry["available"] or owed is None:
                continue
            size = min(64, entry["max_bytes"] or 64)
            with self.subTest(name=entry["name"]):
                result = ipcbench("trial", f"{entry['name']}/pingpong/block/same-core/{size}B",
                                  "--exchanges", "2000", "--count", "--json")
                self.assert_result(result, 0)
                counted = json.loads(result.stdout)["system_calls"]
                if counted is None:
                    self.skipTest("this host lets nobody count")
                # Both messages of an exchange; now and then one end is preempted, not asleep.
                self.assertGreaterEqual(counted / 2, owed["least"] - 0.05)
                self.assertLessEqual(counted / 2, owed["most"] + 0.05)

    @needs_transports("null")
    def test_no_transport_is_none(self):
        self.assertEqual(self.difference("null/pingpong/block/same-core/64B"), {})
