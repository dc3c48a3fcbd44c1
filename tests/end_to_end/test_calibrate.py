# SPDX-License-Identifier: MIT
"""ipcbench calibrate: the floors of this machine. How low they are is not asserted."""

import json
import os

from support import Case, ipcbench, needs_two_cpus


def only_one_cpu():
    """Leaves a process that is about to start one CPU."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


class Calibrate(Case):
    def calibration(self, *arguments):
        result = ipcbench("calibrate", "--json", *arguments)
        self.assert_result(result, 0)
        self.assertEqual(result.stderr, "")
        return json.loads(result.stdout)

    def assert_floor(self, pair, name, known):
        for field in (f"{name}_ns", f"{name}_median_ns"):
            self.assertEqual(pair[field] is not None, known, field)

    def test_help(self):
        self.assert_help("calibrate")

    def test_the_host_and_one_cpu(self):
        found = self.calibration("-p", "same-core,unpinned")
        self.assertEqual([pair["placement"] for pair in found["pairs"]], ["same-core", "unpinned"])
        same_core, unpinned = found["pairs"]
        self.assertEqual(same_core["server_cpu"], same_core["client_cpu"])
        self.assertIsNone(unpinned["server_cpu"])
        for pair, switch in ((same_core, True), (unpinned, False)):
            self.assert_floor(pair, "wakeup", True)
            self.assert_floor(pair, "switch", switch)
            self.assert_floor(pair, "bounce", False)
            self.assert_floor(pair, "line", False)
        sizes = [copy["size_bytes"] for copy in found["copies"]]
        self.assertEqual(sizes, sorted(set(sizes)))
        self.assertTrue({64, 1024, 4096, 65536, 1 << 20, 16 << 20} <= set(sizes))
        self.assertGreater(found["system_call_ns"], 0)
        self.assertGreater(found["clock"]["hz"], 0)

    @needs_two_cpus
    def test_two_cpus(self):
        cpus = sorted(os.sched_getaffinity(0))[:2]
        pair, = self.calibration("-p", f"{cpus[1]},{cpus[0]}")["pairs"]
        self.assertEqual([pair["server_cpu"], pair["client_cpu"]], [cpus[1], cpus[0]])
        self.assert_floor(pair, "bounce", True)
        self.assert_floor(pair, "line", True)
        self.assert_floor(pair, "wakeup", True)
        self.assert_floor(pair, "switch", False)

    def test_the_table_shows_the_default_placements(self):
        result = ipcbench("calibrate")
        self.assert_result(result, 0)
        self.assertEqual(result.stderr, "")
        for words in ("system call", "clock step", "16MiB", "bounce", "line", "wake-up", "switch"):
            self.assertIn(words, result.stdout)
        names = {"same-core"} | ({"cross-core"} if len(os.sched_getaffinity(0)) > 1 else set())
        for name in names:
            self.assertRegex(result.stdout, rf"(?m)^ +{name} ")
        self.assertLessEqual(max(map(len, result.stdout.splitlines())), 100)
        self.assertNotIn("\x1b", result.stdout)

    def test_wrong_usage(self):
        self.assert_one_sentence(ipcbench("calibrate", "-p", "0,8000"), 2, "CPU 8000")
        self.assert_one_sentence(ipcbench("calibrate", "-p", "near"), 2, "near")
        self.assert_one_sentence(ipcbench("calibrate", "word"), 2, "'word'")

    def test_what_this_host_has_not(self):
        result = ipcbench("calibrate", "-p", "cross-core", preexec_fn=only_one_cpu)
        self.assert_one_sentence(result, 77, "cross-core", "only one core")
        result = ipcbench("calibrate", "--json", "-p", "cross-core,same-core",
                          preexec_fn=only_one_cpu)
        self.assert_result(result, 0)
        self.assertIn("only one core", result.stderr)
        self.assertEqual(len(json.loads(result.stdout)["pairs"]), 1)
