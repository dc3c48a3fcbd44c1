# SPDX-License-Identifier: MIT
"""The gate from end to end: a slow build is found; make regress; and the simulation over recorded trials,
which is deterministic."""

import json
import shutil
import subprocess
import unittest

from support import BUILD, ROOT, SCRIPTS, Case, ipcbench, needs_program, needs_transports

SIMULATE = str(BUILD / "tests" / "gate" / "simulate")
RECORDED = str(ROOT / "tests" / "gate" / "recorded.json")


class Simulation(Case):
    def simulate(self, *arguments):
        result = subprocess.run([SIMULATE, *arguments], capture_output=True, text=True, check=False,
                                timeout=110)
        self.assert_result(result, 0)
        return json.loads(result.stdout)

    def test_recorded_trials(self):
        """Holm's promise, 5% of the suites, with room for chance in 150; and what is slowed is found."""
        answer = self.simulate(RECORDED, "--suites", "150", "--json")
        self.assertEqual((answer["suites"], answer["unchanged"]), (150, 6000))
        self.assertLessEqual(answer["alarmed_suites"], 16)
        found = [level["found"] for level in answer["levels"]]
        self.assertEqual([level["slowed"] for level in answer["levels"]], [150] * 4)
        self.assertEqual(found, sorted(found))
        self.assertGreater(found[3], 75)

    def test_repeats(self):
        arguments = [RECORDED, "--suites", "5", "--json", "--seed"]
        self.assertEqual(self.simulate(*arguments, "9"), self.simulate(*arguments, "9"))
        self.assertNotEqual(self.simulate(*arguments, "9"), self.simulate(*arguments, "10"))

    def test_bad_input(self):
        wrong = self.folder / "wrong.json"
        wrong.write_text('{"cells": [{"key": "pipe/pingpong/block/same-core/64B", "p50": [1]}]}')
        for arguments in ([str(wrong)], ["/nonexistent"], [], [RECORDED, "--cells", "2"]):
            result = subprocess.run([SIMULATE, *arguments], capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 2)
            self.assertEqual(result.stderr.count("\n"), 1)


@needs_transports("pipe")
@needs_program("gcc")
class Found(Case):
    def test_a_slow_build(self):
        """Three times as slow: no noise hides that."""
        folder = self.folder / "slow"
        folder.mkdir()
        subprocess.run(["gcc", "-O2", "-std=gnu11", "-D_GNU_SOURCE", "-fPIC", "-shared", "-I",
                        str(ROOT / "transports"), '-DPLANTED_SOURCE="pipe.c"',
                        str(ROOT / "tests/gate/planted.c"), "-o", str(folder / "pipe.so"), "-ldl"],
                       check=True)
        (folder / "planted").write_text("pipe block same 64 200000\n")
        cells = self.folder / "cells"
        cells.write_text("# two\npipe/pingpong/block/same-core/64B\npipe/pingpong/block/same-core/1KiB\n")
        result = ipcbench("duet", str(BUILD / "transports"), str(folder), "--cells", str(cells), "--time", "0.1",
                          "--warmup", "0.02", "--json")
        answer = json.loads(result.stdout)
        slow = answer["cells"][0]
        if answer["verdict"] == "environment":
            raise unittest.SkipTest("the canary alarmed: this host is too busy")
        self.assertEqual((slow["key"], slow["verdict"]), ("pipe/pingpong/block/same-core/64B", "regression"))
        self.assertGreater(slow["p50"]["change"], 0.5)
        self.assert_result(result, 1)


class Regress(Case):
    def regress(self, *arguments):
        return subprocess.run([f"{SCRIPTS}/regress", "--build", str(BUILD), *arguments], capture_output=True,
                              text=True, check=False, timeout=60)

    def test_bad_input(self):
        for arguments, words in (([], "against what?"), (["--base", "no-such-commit"], "is no commit"),
                                 (["--bsae"], "nobody knows '--bsae'")):
            result = self.regress(*arguments)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(words, result.stderr)

    def test_help(self):
        result = self.regress("--help")
        self.assert_result(result, 0)
        self.assertIn("--base REF", result.stdout)
