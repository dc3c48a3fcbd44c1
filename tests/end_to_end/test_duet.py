# SPDX-License-Identifier: MIT
"""ipcbench duet: two builds by turns. No verdict is asserted of a host that may be busy, except where a
build is so slow that no noise hides it."""

import json
import os
import pathlib
import shutil
import signal

from support import BUILD, IPCBENCH, Case, descendants, ipcbench, needs_transports, wait_until

TRANSPORTS = str(BUILD / "transports")
CELL = "pipe/pingpong/block/same-core/64B"
SHORT = ["--time", "0.02", "--warmup", "0.01"]
PIPE = ["-t", "pipe", "-s", "64", "-W", "block", "-p", "same-core", *SHORT]


def command_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


@needs_transports("pipe")
class Trial(Case):
    def trial(self, key, *arguments, code=0):
        result = ipcbench("duet", "--trial", key, TRANSPORTS, TRANSPORTS, *SHORT, *arguments)
        self.assert_result(result, code)
        return json.loads(result.stdout)

    def test_form(self):
        trial = self.trial(CELL, "--first", "head", "--seed", "7")
        self.assertEqual((trial["key"], trial["status"], trial["first"], trial["seed"]),
                         (CELL, "ok", "head", "7"))
        self.assertEqual(trial["slices"] % 4, 0)
        self.assertEqual(len(trial["log_ratios"]), 3)
        for side in ("base", "head"):
            self.assertGreater(trial[side]["exchanges"], 0)

    def test_every_way_to_wait_and_every_kind_of_name(self):
        names = {"pipe": "block", "shm": "block", "tcp-localhost": "block", "sysv-mq": "block",
                 "posix-mq": "block", "fifo": "block", "unix-path": "block", "null": "block"}
        for name, wait in names.items():
            if not os.path.exists(f"{TRANSPORTS}/{name.split('-localhost')[0].split('-path')[0]}.so"):
                continue
            with self.subTest(name):
                trial = self.trial(f"{name}/pingpong/{wait}/same-core/64B")
                self.assertEqual(trial["status"], "ok", trial["why"])

    def test_a_large_message(self):
        self.assertEqual(self.trial("pipe/pingpong/block/same-core/256KiB")["status"], "ok")

    def test_a_wait_that_neither_can(self):
        trial = self.trial("pipe/pingpong/park/same-core/64B")
        self.assertEqual(trial["status"], "not applicable")

    def test_what_fails_says_which_build(self):
        fakes = str(BUILD / "tests" / "transports")
        for script, words in (("dead", "killed by signal"), ("attach-error", "of the base"), ("corrupt", "was damaged")):
            key = f"fake:script={script}/pingpong/block/same-core/64B"
            result = ipcbench("duet", "--trial", key, fakes, fakes, *SHORT)
            self.assert_result(result, 1)
            trial = json.loads(result.stdout)
            self.assertEqual(trial["status"], "failed")
            self.assertIn(words, trial["why"])


@needs_transports("pipe")
class Gate(Case):
    def duet(self, base, head, *arguments):
        result = ipcbench("duet", str(base), str(head), *PIPE, "--json", *arguments,
                          env=dict(os.environ, TMPDIR=str(self.folder)))
        return result, json.loads(result.stdout) if result.stdout else None

    def copy(self, name, *files):
        folder = self.folder / name
        folder.mkdir()
        for file in files:
            shutil.copy(f"{TRANSPORTS}/{file}", folder)
        return folder

    def test_help(self):
        self.assert_help("duet")

    def test_form(self):
        result, answer = self.duet(TRANSPORTS, TRANSPORTS, "--trials", "8", "--seed", "3")
        codes = {"pass": 0, "inconclusive": 3, "regression": 1, "environment": 3}
        self.assertEqual(result.returncode, codes[answer["verdict"]], result.stderr)
        self.assertEqual(answer["schema"], "ipcbench-duet-1")
        self.assertEqual([(cell["key"], cell["canary"]) for cell in answer["cells"]],
                         [(CELL, False), (CELL, True)])
        for cell in answer["cells"]:
            self.assertEqual(cell["count"], 8)
            self.assertEqual([trial["first"] for trial in cell["trials"]], ["base", "head"] * 4)
            self.assertEqual(len({trial["seed"] for trial in cell["trials"]}), 8)
            self.assertAlmostEqual(cell["p50"]["coverage"], 1 - 2 / 256)

    def test_sources(self):
        """A plug-in, a folder, and a program: all the same here."""
        for base in (f"{TRANSPORTS}/pipe.so", IPCBENCH):
            _, answer = self.duet(base, f"{TRANSPORTS}/pipe.so", "--trials", "8")
            self.assertEqual(answer["base"], TRANSPORTS)
            self.assertEqual(answer["cells"][0]["key"], CELL)

    @needs_transports("unix", "shm")
    def test_lost_and_new(self):
        one, other = self.copy("one", "pipe.so", "unix.so"), self.copy("other", "pipe.so", "shm.so")
        result = ipcbench("duet", str(one), str(other), "-s", "64", "-W", "block", "-p", "same-core",
                          *SHORT, "--trials", "8", "--json")
        answer = json.loads(result.stdout)
        why = {cell["key"]: cell["why"] for cell in answer["cells"] if not cell["canary"]}
        self.assertIn("the base has no shm", why["shm/pingpong/block/same-core/64B"])
        self.assertEqual(why["unix"], "the head has none")
        self.assertIsNone(why[CELL])
        self.assertNotEqual(result.returncode, 0)

    def test_limits(self):
        limits = self.folder / "limits.json"
        limits.write_text(json.dumps({"cells": [
            {"match": "pipe/*", "tolerance": 0.5, "alarm": 0.5, "reason": "a test"},
            {"match": "*/64B", "gated": False, "reason": "another"}]}))
        result, answer = self.duet(TRANSPORTS, TRANSPORTS, "--trials", "8", "--limits", str(limits))
        self.assertEqual(answer["cells"][0]["limits"],
                         {"gated": False, "alarm": 0.02, "tolerance": 0.05, "reason": "another"})
        self.assertIn(result.returncode, (0, 3))

    def test_bad_limits(self):
        for entry, words in (
                ({"match": "pipe/*"}, "'reason' is missing"),
                ({"match": "pipe/*", "reason": "  "}, "'reason' is missing"),
                ({"match": "nobody/*", "reason": "x"}, "matches no cell"),
                ({"match": "*", "reason": "x", "alarm": "5%"}, "'alarm' must be a share"),
                ({"match": "*", "reason": "x", "alarn": 1}, "nobody knows 'alarn'"),
                ({"reason": "x"}, "'match' must be")):
            limits = self.folder / "limits.json"
            limits.write_text(json.dumps({"cells": [entry]}))
            result, _ = self.duet(TRANSPORTS, TRANSPORTS, "--limits", str(limits))
            self.assert_one_sentence(result, 2, words)
        limits.write_text("{\n]")
        result, _ = self.duet(TRANSPORTS, TRANSPORTS, "--limits", str(limits))
        self.assert_one_sentence(result, 2, "not JSON at line 2")
        result, _ = self.duet(TRANSPORTS, TRANSPORTS, "--limits", "120")
        self.assert_one_sentence(result, 2, "can't read 120: No such file")
        limits.write_text('{"cells": []} []')
        result, _ = self.duet(TRANSPORTS, TRANSPORTS, "--limits", str(limits))
        self.assert_one_sentence(result, 2, "something follows")
        limits.write_text("[" * 100_000)
        result, _ = self.duet(TRANSPORTS, TRANSPORTS, "--limits", str(limits))
        self.assert_one_sentence(result, 2, "nested deeper than 32 levels")

    def test_bad_input(self):
        for arguments, words in (
                ([], "which builds?"), ([TRANSPORTS], "which builds?"),
                ([TRANSPORTS, "/nonexistent"], "HEAD: /nonexistent"),
                ([TRANSPORTS, __file__], "neither a folder"),
                ([TRANSPORTS, TRANSPORTS, "third"], "one too many"),
                ([TRANSPORTS, TRANSPORTS, "--trials", "7"], "--trials"),
                ([TRANSPORTS, TRANSPORTS, "-t", "nobody"], "nobody")):
            self.assert_one_sentence(ipcbench("duet", *arguments), 2, words)

    def test_interrupted(self):
        """Ctrl-C ends the trial, leaves nothing behind, and is told by the exit code."""
        process = self.start("duet", TRANSPORTS, TRANSPORTS, "-t", "pipe", "-s", "64", "-W", "block",
                             "--json")

        def trials():
            return [pid for pid in descendants(process.pid) if "--trial" in command_of(pid)]

        self.assertTrue(wait_until(trials))
        pids = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertTrue(json.loads(out)["interrupted"])
        self.assert_gone(pids)
