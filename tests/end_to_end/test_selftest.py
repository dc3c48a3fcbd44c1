# SPDX-License-Identifier: MIT
"""ipcbench selftest: its form, since the verdict depends on the host; and unfit where it must be."""

import json
import os
import signal
import subprocess
import sys

from support import (PLUGINS, Case, descendants, ipcbench, needs_transports, needs_two_cpus,
                     wait_until)

CHECKS = ["delay of 200 ns", "delay of 1 us", "rare delay", "tie same-core", "tie cross-core",
          "null", "floor", "interference", "doctor"]
CODES = {"fit": 0, "failed": 1, "unfit": 3}
SPIN = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); print(flush=True)\nwhile 1: pass"


def shared_memory():
    return {name for name in os.listdir("/dev/shm") if "ipcbench" in name}


@needs_transports("null", "pipe", "shm")
class Selftest(Case):
    def selftest(self, *arguments, **how):
        """Runs it and returns its answer, whichever it is."""
        before = shared_memory()
        result = ipcbench("selftest", "--json", *arguments, cwd=self.folder, **how)
        self.assertIn(result.returncode, CODES.values(), result.stderr)
        self.assertEqual(result.stderr, "")
        self.assertEqual(self.files(), [])
        self.assertEqual(shared_memory() - before, set())
        answer = json.loads(result.stdout)
        self.assertEqual(CODES[answer["verdict"]], result.returncode)
        self.assertEqual([check["name"] for check in answer["checks"]], CHECKS)
        self.assertEqual(set(answer["smallest_difference"]), {"same-core", "cross-core"})
        for check in answer["checks"]:
            self.assertIn(check["verdict"], ("pass", "skipped", "unfit", "fail"))
            self.assertTrue(check["found"] and check["expected"] and check["why"], check)
        return answer, {check["name"]: check for check in answer["checks"]}

    def hog(self, cpu):
        """Keeps a CPU busy until the test's end; returns once it does."""
        process = subprocess.Popen([sys.executable, "-c", SPIN, str(cpu)], stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        process.stdout.readline()

    def test_help(self):
        self.assert_help("selftest")

    def test_form(self):
        answer, checks = self.selftest("--budget", "6")
        self.assertGreaterEqual(answer["rounds"], 1)
        verdicts = {check["verdict"] for check in checks.values()}
        if answer["verdict"] == "fit":
            self.assertLessEqual(verdicts, {"pass", "skipped"})
        else:
            self.assertIn({"failed": "fail", "unfit": "unfit"}[answer["verdict"]], verdicts)
        self.assertEqual(checks["null"]["verdict"], "pass")

    def test_text(self):
        result = ipcbench("selftest", "--budget", "3")
        self.assertIn(result.returncode, CODES.values())
        self.assertEqual(result.stderr, "")
        for name in CHECKS:
            self.assertRegex(result.stdout, rf"(?m)^ +{name} ")
        self.assertLessEqual(max(map(len, result.stdout.splitlines())), 100)
        self.assertNotIn("\x1b", result.stdout)

    def test_one_cpu_skips_what_needs_two(self):
        cpu = min(os.sched_getaffinity(0))
        answer, checks = self.selftest("--budget", "3",
                                       preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        for name in ("tie cross-core", "floor"):
            self.assertEqual(checks[name]["verdict"], "skipped")
        self.assertIsNone(answer["smallest_difference"]["cross-core"])

    @needs_two_cpus
    def test_hogs_on_its_cpus_make_the_host_unfit(self):
        placements = json.loads(ipcbench("list", "--placements", "--json").stdout)["placements"]
        cross, = (place for place in placements if place["name"] == "cross-core")
        for cpu in (cross["server_cpu"], cross["client_cpu"]):
            self.hog(cpu)
        answer, checks = self.selftest("--budget", "10")
        self.assertEqual(answer["verdict"], "unfit")
        self.assertEqual(checks["interference"]["verdict"], "unfit")
        self.assertIn("something else runs on CPU", checks["interference"]["why"])

    def test_interrupted(self):
        process = self.start("selftest", "--budget", "60")
        self.assertTrue(wait_until(lambda: len(descendants(process.pid)) > 1), "no trial started")
        trials = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
        self.assertEqual((process.returncode, output), (130, ""), errors)
        self.assertIn("interrupted", errors)
        self.assert_gone(trials)

    def test_wrong_usage(self):
        self.assert_one_sentence(ipcbench("selftest", "pipe"), 2, "pipe", "--help")
        self.assert_one_sentence(ipcbench("selftest", "--budget", "1"), 2, "--budget", "3")
        self.assert_one_sentence(ipcbench("selftest", "--budget", "soon"), 2, "--budget", "soon")
        self.assert_one_sentence(ipcbench("selftest", "--transports", PLUGINS), 2, "null")
