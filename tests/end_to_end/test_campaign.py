# SPDX-License-Identifier: MIT
"""A small part of the fault campaign, the same faults each time: see scripts/prove-faults."""

import json
import os
import re
import subprocess
import unittest

from support import BUILD, SCRIPTS, Case, needs_transports

# One for each way in which a transport keeps what could be left behind, and a guest.
TRANSPORTS = "pipe,shm,unix-path,posix-mq,sysv-mq,python-pipe"


@unittest.skipIf("-" in BUILD.name, "a sanitizer must be the first library of a process")
@needs_transports("pipe", "shm", "unix", "posix-mq", "sysv-mq")
class Campaign(Case):
    def campaign(self, *arguments):
        result = subprocess.run([f"{SCRIPTS}/prove-faults", *arguments], capture_output=True, text=True,
                                timeout=500, check=False, env={**os.environ, "TMPDIR": str(self.folder)})
        self.assert_result(result, 0)
        return int(re.search(r"^(\d+) faults happened.* 0 with something wrong$", result.stdout,
                             re.MULTILINE).group(1))

    def test_a_sample_of_every_kind(self):
        happened = self.campaign("--count", "40", "--seed", "3", "--workloads", "pingpong", "--transports",
                                 TRANSPORTS)
        self.assertGreaterEqual(happened, 40)

    def test_what_it_once_found(self):
        cell = "unix-path/pingpong/block/same-core/8B"
        for fault in ({"kind": "descriptors", "value": 4}, {"kind": "storm", "value": 200},
                      {"kind": "error", "role": "trial", "call": "poll", "errno": "ENOMEM", "nth": 1,
                       "times": 0},
                      {"kind": "error in run", "role": "run", "call": "open", "errno": "ENOSPC", "nth": 9,
                       "times": 0},
                      {"kind": "error in run", "role": "run", "call": "poll", "errno": "ENOMEM", "nth": 1,
                       "times": 0},
                      {"kind": "error in run", "role": "run", "call": "calloc", "errno": "ENOMEM", "nth": 1,
                       "times": 0},
                      {"kind": "error in run", "role": "run", "call": "fsync", "errno": "EIO", "nth": 3,
                       "times": 3}):
            with self.subTest(fault=fault):
                line = json.dumps({"number": 0, "key": cell, "guest": False, **fault})
                self.assertEqual(self.campaign("--fault", line, "--transports", "unix-path", "--workloads",
                                               "pingpong"), 1)
