# SPDX-License-Identifier: MIT
"""scripts/crosscheck and scripts/prove-peers: their form. What they find is a measurement, and not
asserted here."""

import json
import os
import pathlib
import shutil
import subprocess

from support import (BUILD, CELL, IPCBENCH, SCRIPTS, Case, needs_program, needs_transports,
                     needs_two_cpus)

OTHER = CELL.replace("pipe", "unix")


class Script(Case):
    """Runs a script; with `without`, on a PATH on which that program is missing."""

    name = None

    def script(self, *arguments, without=None):
        environment = dict(os.environ)
        if without:
            environment["PATH"] = str(self.path_without(without))
        return subprocess.run([shutil.which("python3"), f"{SCRIPTS}/{self.name}", *arguments],
                              capture_output=True, text=True, timeout=300, check=False,
                              stdin=subprocess.DEVNULL, env=environment)

    def path_without(self, program):
        folder = self.folder / "bin"
        folder.mkdir()
        for place in os.environ["PATH"].split(os.pathsep):
            for path in pathlib.Path(place).glob("*"):
                if path.name != program and not os.path.lexists(folder / path.name):
                    (folder / path.name).symlink_to(path)
        return folder

    def assert_measured(self, result):
        """Either verdict will do, but nothing may have gone wrong."""
        self.assertIn(result.returncode, (0, 1), result.stdout + result.stderr)
        self.assertEqual(result.stderr, "")

    def assert_refused(self, result, *words):
        self.assert_result(result, 2)
        self.assertEqual(result.stdout, "")
        for word in words:
            self.assertIn(word, result.stderr)

    def assert_helps(self):
        result = self.script("--help")
        self.assert_result(result, 0)
        for words in ("example:", f"scripts/{self.name} ", "Exit codes: 0"):
            self.assertIn(words, result.stdout)


@needs_transports("null", "pipe", "unix")
class Crosscheck(Script):
    name = "crosscheck"

    def crosscheck(self, *arguments, **how):
        return self.script("--ipcbench", IPCBENCH, "--rounds", "1", *arguments, **how)

    def test_help(self):
        self.assert_helps()

    @needs_program("hyperfine")
    def test_a_row_for_each_key_and_the_files_are_kept(self):
        keep = self.folder / "keep"
        result = self.crosscheck("-k", CELL, "-k", OTHER, "--exchanges", "500,2000", "--keep",
                                 str(keep))
        self.assert_measured(result)
        head, *rows, last = result.stdout.splitlines()
        self.assertEqual(head.split(), ["cell", "slope", "harness", "mean_ns", "differ", "spread",
                                        "set-up", "verdict"])
        self.assertEqual([row.split()[0] for row in rows], [CELL, OTHER])
        for row in rows:
            self.assertEqual("agrees" in row, "DIFFERS" not in row)
        self.assertEqual(result.returncode, int("DIFFERS" in result.stdout))
        self.assertIn(str(keep), last)
        self.assert_kept(keep)

    def assert_kept(self, keep):
        folder, = keep.glob("*/round-1")
        for key in (CELL, OTHER):
            stem = key.replace("/", "-")
            for name, exchanges in (("short", 500), ("long", 2000)):
                timed, = json.loads((folder / f"{stem}-{name}.json").read_text())["results"]
                self.assertEqual(len(timed["times"]), 1)
                self.assertIn(f"trial {key} --exchanges {exchanges} ", timed["command"])
            record = json.loads((folder / f"{stem}-record.json").read_text())
            self.assertEqual([record["key"], record["exchanges"]], [key, 2000])
        self.assertEqual(len(list(folder.iterdir())), 6)

    @needs_program("hyperfine")
    def test_what_a_trial_refuses_is_one_sentence(self):
        result = self.crosscheck("-k", "pipe/pingpong")
        self.assert_result(result, 1)
        self.assertRegex(result.stderr, r"\Acrosscheck: .*5 belong.*\n\Z")

    @needs_program("hyperfine")
    def test_what_is_not_applicable_is_skipped(self):
        result = self.crosscheck("-k", "null/pingpong/park/same-core/64B")
        self.assert_result(result, 77)
        self.assertIn("skipped: null can't park", result.stdout)

    def test_without_hyperfine(self):
        result = self.crosscheck("-k", CELL, without="hyperfine")
        self.assert_result(result, 77)
        self.assertIn("hyperfine is not installed", result.stderr)

    def test_wrong_usage(self):
        self.assert_refused(self.crosscheck("--exchanges", "20,10"), "LOW,HIGH")
        self.assert_refused(self.crosscheck("--rounds", "0"), "from 1")


@needs_transports("pipe", "shm")
class ProvePeers(Script):
    name = "prove-peers"

    def prove(self, *arguments, **how):
        return self.script("--build", str(BUILD), "--rounds", "1", "--seconds", "0.02", *arguments,
                           **how)

    def test_help(self):
        self.assert_helps()

    @needs_two_cpus
    def test_a_row_for_each_comparison(self):
        result = self.prove("--only", "pipe block")
        self.assert_measured(result)
        head, *rows = result.stdout.splitlines()
        self.assertTrue(head.startswith("row "))
        names = [row.split("  ")[0] for row in rows]
        self.assertEqual(names, ["pipe block same-core 4B : perf bench",
                                 "pipe block same-core 64B : bare.c",
                                 "pipe block cross-core 64B : bare.c"])
        for row in rows:
            self.assertRegex(row, r"<= 1\.05  (met|MISSED|skipped: .+)$")
        self.assertEqual(result.returncode, int("MISSED" in result.stdout))

    @needs_two_cpus
    def test_shared_memory_beside_the_bare_line(self):
        result = self.prove("--only", "shm")
        self.assert_measured(result)
        self.assertRegex(result.stdout.splitlines()[1], r"^shm .*<= 1\.15  (met|MISSED)$")

    def test_without_perf_its_row_is_skipped(self):
        result = self.prove("--only", "perf bench", without="perf")
        self.assert_result(result, 77)
        self.assertIn("skipped: perf is not installed", result.stdout)

    def test_wrong_usage(self):
        self.assert_refused(self.prove("--only", "nothing"), "no row")
        self.assert_refused(self.prove("--rounds", "x"), "from 1")


class Bare(Case):
    """The plainest loop: it has to do what it says, or the comparison is worth nothing."""

    def bare(self, *words):
        return subprocess.run([str(BUILD / "tests/peers/bare"), *words], capture_output=True,
                              text=True, timeout=60, check=False)

    def test_each_kind_prints_one_number(self):
        cpu = str(min(os.sched_getaffinity(0)))
        for kind in ("pipe", "unix", "tcp"):
            for size in ("1", "64", "65536"):
                with self.subTest(kind=kind, size=size):
                    result = self.bare(kind, "block", cpu, cpu, size, "200")
                    self.assert_result(result, 0)
                    self.assertRegex(result.stdout, r"\A\d+\.\d{3}\n\Z")

    @needs_two_cpus
    def test_spinning(self):
        server, client = map(str, sorted(os.sched_getaffinity(0))[:2])
        for kind in ("pipe", "unix", "tcp"):
            with self.subTest(kind=kind):
                self.assert_result(self.bare(kind, "spin", server, client, "64", "200"), 0)

    def test_wrong_usage(self):
        for words in ((), ("pipe", "sleep", "0", "0", "64", "10"),
                      ("fax", "block", "0", "0", "64", "10"),
                      ("pipe", "block", "0", "0", "65537", "10"),
                      ("pipe", "block", "0", "0", "64", "0")):
            result = self.bare(*words)
            self.assert_result(result, 2)
            self.assertIn("Usage: bare ", result.stderr)

    def test_a_cpu_that_is_not_there(self):
        self.assert_result(self.bare("pipe", "block", "0", "1023", "64", "10"), 1)
